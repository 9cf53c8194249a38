"""WaveFake: folders `ljspeech_<vocoder>` and `jsut_<vocoder>` of spoof; see zenodo.org/records/5642694."""

from __future__ import annotations

from pathlib import Path

from slim_cli.errors import UsageError
from slim_cli.training.manifest import Clip

_LANGUAGES = (("ljspeech", "en"), ("jsut", "ja"))


def read(folder: Path, subset: str | None) -> list[Clip]:
    """Reads `generated_audio`, files *_gen.wav; a subset is one folder's name. Each corpus is one speaker."""
    clips = []
    for corpus, language in _LANGUAGES:
        for inner in sorted(p for p in folder.glob(f"{corpus}_*") if p.is_dir() and subset in (None, p.name)):
            files = sorted(inner.glob("*_gen.wav"))
            if not files:
                raise UsageError(f"The folder {inner} holds no files *_gen.wav.")
            system = inner.name.removeprefix(f"{corpus}_")
            clips += [Clip(path, "spoof", system, corpus, "wavefake", language) for path in files]
    return clips
