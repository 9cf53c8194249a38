"""Writes `requirements.lock`: every package that the wheel and its laboratory extras need, with version and hash.

Run by the interpreter that the lock is for, in an environment with pip and hatchling: `make lock`. It asks pip what it
would install under constraints.txt; hashes are those of the files that pip chose, so the lock is of one platform.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
LOCK = REPOSITORY / "requirements.lock"
EXTRAS = "credentials,parquet,query,sign"
OWN = "slim-audit"


def main() -> None:
    """Resolves and writes."""
    asked = ["--dry-run", "--ignore-installed", "--no-build-isolation", "--quiet", "--report", "-"]
    constrained = ["--constraint", str(REPOSITORY / "constraints.txt"), f"{REPOSITORY}[{EXTRAS}]"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
    report = subprocess.run([*pip, *asked, *constrained], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = sorted(line(entry) for entry in json.loads(report)["install"] if entry["metadata"]["name"] != OWN)
    head = (
        f"# Made by `make lock` for {platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]} on "
        f"{platform.system()} {platform.machine()}: {OWN} with the extras {EXTRAS}.\n"
        "# pip install --require-hashes -r requirements.lock\n"
    )
    LOCK.write_text(head + "".join(lines), encoding="utf-8")


def line(entry: dict[str, Any]) -> str:
    """One package as pip reads it."""
    name, version = entry["metadata"]["name"].lower().replace("_", "-"), entry["metadata"]["version"]
    return f"{name}=={version} --hash=sha256:{entry['download_info']['archive_info']['hashes']['sha256']}\n"


if __name__ == "__main__":
    main()
