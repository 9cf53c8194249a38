"""WaveFake: a folder of spoof per vocoder and voice; see zenodo.org/records/5642694.

`ljspeech_<vocoder>` and `jsut_<vocoder>` resynthesise the recordings of LJSpeech and JSUT, which come apart;
`common_voices_prompts_from_<system>_ljspeech` reads texts of Common Voice with LJSpeech's voice, and holds each file a
second time in a folder `generated`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from slim_cli.corpora.datasets.lines import first_folder
from slim_cli.corpora.datasets.recordings import read_jsut, read_ljspeech
from slim_cli.corpora.manifest import Clip

_NAMES = (r"(?P<voice>ljspeech|jsut)_(?P<system>.+)", r"common_voices_prompts_from_(?P<system>.+)_(?P<voice>ljspeech)")
_LANGUAGES = {"ljspeech": "en", "jsut": "ja"}
_SOURCE_PART = "basic5000"


def read(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads `generated_audio`, and LJSpeech and JSUT where they lie in the folder or are it; all are one origin.

    Args:
        folder: the folder, or the one that holds `generated_audio`.
        subset: one folder of spoof by its name, `ljspeech` or `jsut` for these recordings; None for all.
    """
    home = first_folder(folder / "generated_audio", folder)
    for inner in sorted(path for path in home.glob("*") if path.is_dir() and subset in (None, path.name)):
        found = next((match for match in (re.fullmatch(name, inner.name) for name in _NAMES) if match), None)
        if found:
            clip = Clip(inner, "spoof", found["system"], found["voice"], "wavefake", _LANGUAGES[found["voice"]])
            for path in sorted(inner.glob("*.wav")) or sorted(inner.glob("*/*.wav")):
                yield replace(clip, path=path, role="test", subset=inner.name)
    if subset in (None, "ljspeech"):
        yield from (replace(clip, origin="wavefake", subset="ljspeech") for clip in read_ljspeech(folder, None))
    if subset in (None, "jsut"):
        yield from (replace(clip, origin="wavefake", subset="jsut") for clip in read_jsut(folder, _SOURCE_PART))
