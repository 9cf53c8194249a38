"""What a bundle was trained on, by name, so that later data can be shown to be none of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from slim_cli.corpora.manifest import Clip
from slim_cli.detector.bundle import write_sums
from slim_cli.errors import EnvironmentUnfit, FormatError
from slim_cli.loading import load, read

SCHEMA = "slim-training-data/1"
FILE_NAME = "training.json"


@dataclass(frozen=True)
class TrainingRecord:
    """Names in the training data of a bundle, from its manifests.

    Attributes:
        speakers: known speakers, of recordings and of synthetic clips.
        systems: synthesis systems, in lower case.
        relatives: names of systems that these equal or descend from.
        origins: where the clips, and the recordings that copies were made from, were published.
    """

    speakers: frozenset[str]
    systems: frozenset[str]
    relatives: frozenset[str]
    origins: frozenset[str]

    @classmethod
    def of(cls, clips: Iterable[Clip]) -> TrainingRecord:
        """The record of some training clips."""
        every = list(clips)
        spoof = [clip for clip in every if clip.is_spoof]
        return cls(
            frozenset(clip.speaker for clip in every if clip.speaker_known),
            frozenset(clip.system.lower() for clip in spoof),
            frozenset(relative for clip in spoof for relative in clip.relatives),
            frozenset(origin for clip in every for origin in (clip.origin, clip.source_origin) if origin),
        )

    def shares(self, clip: Clip) -> str:
        """What a clip has in common with the training data, in words; empty for nothing.

        The rule is that of the leave-origin-out split: a system also counts as known where a training system descends
        from it. A recording whose speaker is not known must be of another origin.
        """
        if clip.is_spoof:
            system = clip.system.lower()
            if system in self.systems or not self.relatives.isdisjoint(system.split("+")):
                return f"the system {clip.system}"
        if clip.speaker_known:
            return f"the speaker {clip.speaker}" if clip.speaker in self.speakers else ""
        return f"the origin {clip.origin}, of unknown speakers" if clip.origin in self.origins else ""


def write_record(bundle: Path, clips: Iterable[Clip]) -> None:
    """Writes `training.json` into a bundle and renews its hash list."""
    names = {key: sorted(values) for key, values in asdict(TrainingRecord.of(clips)).items()}
    text = json.dumps({"schema": SCHEMA, **names}, indent=1, ensure_ascii=False)
    (bundle / FILE_NAME).write_text(text + "\n", encoding="utf-8")
    write_sums(bundle)


def read_record(bundle: Path) -> TrainingRecord | None:
    """The record of a bundle, None where it has none.

    Raises:
        EnvironmentUnfit: it has one that cannot be read.
    """
    path = bundle / FILE_NAME
    if not path.exists():
        return None
    try:
        return read(TrainingRecord, load(path, SCHEMA), str(path))
    except FormatError as error:
        raise EnvironmentUnfit(str(error)) from error
