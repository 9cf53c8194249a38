"""What files are examined with, and who follows the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from slim_cli.audio.silero import Network, load_network
from slim_cli.audio.stage_times import StageTimes
from slim_cli.custody.ledger import Ledger
from slim_cli.engines.options import ExaminationOptions, ScoresWindows
from slim_cli.evidence.decoding import Decoder, Limits
from slim_cli.results import FileResult


@dataclass(frozen=True)
class Tools:
    """What files are examined with; use as a context manager, which ends the decoding process.

    A copy that went through pickle starts a decoding process of its own.

    Attributes:
        detector: what scores the windows; None measures files without scoring them.
        options: how to work.
        fingerprint: of the pipeline, for the rows.
        occlude_above: files that score above it get an occlusion curve; None for no file.
        ledger: what was examined before; None where nothing is known.
    """

    detector: ScoresWindows | None
    options: ExaminationOptions
    fingerprint: str = ""
    occlude_above: float | None = None
    ledger: Ledger | None = None

    @cached_property
    def decoder(self) -> Decoder:
        """The isolated decoding process."""
        return Decoder()

    @cached_property
    def network(self) -> Network:
        """Weights of the speech detector."""
        return load_network()

    @property
    def limits(self) -> Limits:
        """What decoding may cost."""
        return Limits(self.options.max_duration_s, self.options.timeout_s)

    def weighed(self, row: FileResult) -> FileResult:
        """A row with what the calibration says of its score."""
        if row.score is None or self.options.calibration is None:
            return row
        status, reasons, ratio = self.options.calibration.assess(row, row.fingerprint)
        return replace(row, lr_status=status, lr_reasons=reasons, lr=ratio)

    def above(self, score: float | None) -> Tools:
        """The same tools, in the same process, with another `occlude_above`."""
        return self._changed(replace(self, occlude_above=score))

    def writing_to(self, folder: Path) -> Tools:
        """The same tools, in the same process, with another output folder."""
        return self._changed(replace(self, options=replace(self.options, output=folder)))

    def _changed(self, changed: Tools) -> Tools:
        changed.__dict__.update({name: self.__dict__[name] for name in ("decoder", "network") if name in self.__dict__})
        return changed

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("decoder", "network")}

    def __enter__(self) -> Tools:
        self.decoder, self.network  # noqa: B018 # why: made before `above` copies them
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.decoder.close()


@dataclass(frozen=True)
class Watch:
    """Who follows the work.

    Attributes:
        times: where the time per stage is added up.
        tell: called after each block with the seconds decoded and the duration that the container announces, or None.
    """

    times: StageTimes
    tell: Callable[[float, float | None], None] = lambda seconds, expected_s: None
