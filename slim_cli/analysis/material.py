"""What analyses are made from: clips, the bundle of each clip, and their embeddings, computed when first asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from slim_cli.analysis.embeddings import Embeddings, Report, embed
from slim_cli.assessment.reference import load_reference
from slim_cli.corpora.manifest import Clip
from slim_cli.detector import Detector, load_detector
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.evidence.names import safe_name
from slim_cli.validation.scores import Scores


@dataclass(frozen=True)
class Material:
    """Clips with the bundles that may judge them.

    Attributes:
        every: all clips of the manifests.
        shares: the clips that each bundle embeds; several bundles are leave-out twins of one model.
        folder: where results go; embeddings are kept below it.
        device: `auto`, `cpu` or `cuda:N`.
        recipe: recipe whose ready-made encoders the layer analysis reads with all their blocks.
        report: called with (clips done, clips in all) while embedding.
    """

    every: Sequence[Clip]
    shares: Sequence[tuple[Path, Sequence[Clip]]]
    folder: Path
    device: str = "auto"
    recipe: Path | None = None
    report: Report | None = None

    @property
    def clips(self) -> tuple[Clip, ...]:
        """The clips that are embedded, in the order of the embeddings."""
        return tuple(clip for _, share in self.shares for clip in share)

    @cached_property
    def _root(self) -> str:
        return os.path.commonpath([clip.path.absolute().parent for clip in self.every])

    def name(self, clip: Clip) -> str:
        """A clip's path below the folder that holds all clips, so that no table tells where that folder is."""
        return os.path.relpath(clip.path.absolute(), self._root)

    @cached_property
    def detectors(self) -> tuple[Detector, ...]:
        """The loaded bundles."""
        return tuple(load_detector(bundle, self.device) for bundle, _ in self.shares)

    @cached_property
    def parts(self) -> tuple[Embeddings, ...]:
        """The embeddings of each bundle's share; dependency features of different bundles cannot be compared.

        Raises:
            UsageError: one of the classes is missing.
        """
        if len({clip.is_spoof for clip in self.clips}) < 2:
            raise UsageError("This analysis needs clips of both classes, bonafide and spoof.")
        pairs = zip(self.detectors, self.shares, strict=True)
        return tuple(embed(detector, share, self.folder / "embeddings", self.report) for detector, (_, share) in pairs)

    @cached_property
    def scores(self) -> Scores:
        """Scores and mismatches of every embedded clip."""
        parts = [part.scores(share) for part, (_, share) in zip(self.parts, self.shares, strict=True)]
        return sum(parts[1:], parts[0])

    @property
    def source(self) -> str:
        """Which bundles saw how many clips, one line for a picture."""
        names = dict.fromkeys(safe_name(f"{one.info.name} {one.info.version}") for one in self.detectors)
        twins = f", {len(self.detectors)} leave-out twins" if len(self.detectors) > 1 else ""
        prints = ", ".join(one.fingerprint[:12] for one in self.detectors)
        return f"{', '.join(names)}{twins} ({prints}); {len(self.clips):,} clips"

    @property
    def threshold(self) -> float | None:
        """The bundle's review threshold; None where it has no reference statistics, or where there are several."""
        if len(self.shares) > 1:
            return None
        try:
            return load_reference(self.shares[0][0]).operating_point.score
        except EnvironmentUnfit:
            return None

    def largest(self) -> tuple[tuple[Clip, ...], Embeddings]:
        """The largest share with its embeddings."""
        (_, clips), part = max(zip(self.shares, self.parts, strict=True), key=lambda pair: len(pair[0][1]))
        return tuple(clips), part


def sample(clips: Sequence[Clip], limit: int | None, seed: int = 0) -> list[Clip]:
    """At most `limit` clips at random, the same ones at every call, in their order."""
    if limit is None or limit >= len(clips):
        return list(clips)
    chosen = np.random.default_rng(seed).choice(len(clips), limit, replace=False)
    return [clips[number] for number in sorted(chosen)]
