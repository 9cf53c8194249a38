"""What may be missing on a machine: extras of the package, and fonts for names in the world's scripts."""

from __future__ import annotations

import re
import subprocess
from importlib import metadata

DISTRIBUTION = "slim-audit"
EXTRAS = {
    "analyze": "figures and tables (slim analyze), curves of slim validate",
    "credentials": "content credentials (C2PA) in recordings",
    "parquet": "results as Parquet (--format parquet)",
    "query": "questions in SQL to many runs (slim query)",
    "ray": "files examined on a cluster, files in object stores (slim scan --engine ray)",
    "rooms": "simulated rooms (slim validate --conditions surroundings)",
    "sign": "signed reports (slim report --sign)",
}
SCRIPTS = {
    "Latin": ("aß", "fonts-dejavu-core"),
    "Greek": ("ω", "fonts-dejavu-core"),
    "Cyrillic": ("ж", "fonts-dejavu-core"),
    "Arabic": ("ع", "fonts-noto-core"),
    "Hebrew": ("א", "fonts-noto-core"),
    "Devanagari": ("अ", "fonts-noto-core"),
    "Bengali": ("অ", "fonts-noto-core"),
    "Tamil": ("அ", "fonts-noto-core"),
    "Thai": ("ก", "fonts-noto-core"),
    "Georgian": ("ა", "fonts-noto-core"),
    "Armenian": ("ա", "fonts-noto-core"),
    "Ethiopic": ("አ", "fonts-noto-core"),
    "Chinese": ("漢语", "fonts-noto-cjk"),
    "Japanese": ("あア", "fonts-noto-cjk"),
    "Korean": ("한", "fonts-noto-cjk"),
    "emoji": ("😀", "fonts-noto-color-emoji"),
}


def fonts_for(letters: str) -> list[str] | None:
    """Families of installed fonts that hold all of some letters; None where that cannot be told."""
    charset = " ".join(f"{ord(letter):x}" for letter in letters)
    try:
        listed = subprocess.run(
            ["fc-list", f":charset={charset}", "family"], capture_output=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return sorted(set(listed.stdout.decode("utf-8", "replace").split("\n")) - {""})


def missing_packages(extra: str) -> list[str] | None:
    """What an extra of this package needs and is not installed; None where the package has no such extra.

    What is needed only on other systems counts as there.
    """
    needed = []
    for line in metadata.requires(DISTRIBUTION) or ():
        requirement, _, marker = line.partition(";")
        if re.search(rf"""extra\s*==\s*["']{extra}["']""", marker) and "sys_platform" not in marker:
            needed.append(re.split(r"[^\w.-]", requirement)[0])
    if not needed:
        return None
    return [name for name in needed if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
