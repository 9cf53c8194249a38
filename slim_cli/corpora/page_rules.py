"""Rules that label the audio of a published page by its path: one table per repository, first match wins.

A rule is a line of seven fields apart by tabs; the last ones may be missing:

    regular expression, label, family, system, language, speaker, starts of clips in a long file
    (seconds; negative: from its end)

System and speaker may use the groups of the expression (`\\1`). `#` starts a comment; `#! per-system 20`,
`#! raw-rate 8000` and `#! ref COMMIT` set the most clips of one system, the rate of headerless files, and a commit
that holds audio beside those of the usual branches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slim_cli.errors import UsageError

LABELS = ("bonafide", "spoof", "skip")
FAMILIES = ("tts", "clone", "vc", "vocoder", "codec")
FIELDS = 7


@dataclass(frozen=True)
class PageLabel:
    """What a rule says of a file.

    Attributes:
        label: `bonafide`, `spoof` or `skip`.
        family: kind of synthesis, `natural` for recordings.
        system: synthesis system, or the kind of recording.
        language: ISO 639 code, empty where not known.
        speaker: who speaks, empty where not known.
        starts_s: where clips start, seconds; negative: from the end.
    """

    label: str
    family: str
    system: str
    language: str
    speaker: str
    starts_s: tuple[float, ...]


@dataclass(frozen=True)
class PageRules:
    """The rules of one repository.

    Attributes:
        rules: pattern and what it says, in order.
        per_system: most clips of one system; None where the page sets none.
        raw_rate_hz: rate of headerless files; None where there are none.
        commits: commits to look through beside the usual branches.
    """

    rules: Sequence[tuple[re.Pattern[str], Sequence[str]]]
    per_system: int | None = None
    raw_rate_hz: int | None = None
    commits: Sequence[str] = field(default=())

    def label(self, path: str) -> PageLabel | None:
        """What the first rule that matches says of a path; None where none does."""
        for pattern, (label, family, system, language, speaker, starts) in self.rules:
            if match := pattern.search(path):
                return PageLabel(
                    label,
                    family or "natural",
                    _filled(system, match) or "natural",
                    language,
                    _filled(speaker, match),
                    tuple(float(start) for start in starts.split(",") if start) or (0.0,),
                )
        return None


def read_rules(path: Path) -> PageRules:
    """Reads the rules of one repository.

    Raises:
        UsageError: the file cannot be read, or a line of it is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The page rules {path} cannot be read: {error}.") from error
    rules, settings, commits = [], dict[str, int](), []
    for number, line in enumerate(lines, 1):
        try:
            if line.startswith("#! ref "):
                commits.append(_commit(line.split()[2]))
            elif line.startswith("#! "):
                settings[line.split()[1]] = int(line.split()[2])
            elif line.strip() and not line.startswith("#"):
                rules.append(_rule(line))
        except (ValueError, IndexError, re.error) as error:
            raise UsageError(f"{path}, line {number}: {error}.") from error
    if unknown := settings.keys() - {"per-system", "raw-rate"}:
        raise UsageError(f"The page rules {path} set what there is not: {min(unknown)}.")
    return PageRules(rules, settings.get("per-system"), settings.get("raw-rate"), commits)


def _rule(line: str) -> tuple[re.Pattern[str], Sequence[str]]:
    expression, label, family, system, *rest = (line.split("\t") + [""] * FIELDS)[:FIELDS]
    if label not in LABELS:
        raise ValueError(f"the label {label!r} is none of {', '.join(LABELS)}")
    if label == "spoof" and (family not in FAMILIES or not system):
        raise ValueError(f"a spoof needs a system and a family among {', '.join(FAMILIES)}, not {family!r}")
    [float(start) for start in rest[2].split(",") if start]
    return re.compile(expression), (label, family, system, *rest)


def _commit(name: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{7,40}", name):
        raise ValueError(f"{name!r} is no commit")
    return name


def _filled(text: str, match: re.Match[str]) -> str:
    """A field with the groups of the match put in, in lower case where it uses some."""
    return match.expand(text).strip().lower() if "\\" in text else text
