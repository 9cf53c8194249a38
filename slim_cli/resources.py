"""Where files are: those that travel with the package (models, templates, schemas) and those that a user fetched."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    """The folder inside an installed wheel, else the one at the top of the repository."""
    installed = _PACKAGE / "_resources" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def models_dir() -> Path:
    """The folder that holds one folder per bundled model."""
    return _folder("models")


def user_dir() -> Path:
    """The folder for what this user fetched: `SLIM_HOME`, else `slim` in the user's data folder."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(os.environ.get("SLIM_HOME") or Path(data) / "slim")


def templates_dir() -> Path:
    """The folder of the report's templates, styles and words."""
    return _folder("reports/templates")
