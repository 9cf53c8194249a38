"""Where the files that travel with the package are: bundled models, report templates, JSON schemas."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    """The folder inside an installed wheel, else the one at the top of the repository."""
    installed = _PACKAGE / "_resources" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def models_dir() -> Path:
    """The folder that holds one folder per bundled model."""
    return _folder("models")


def templates_dir() -> Path:
    """The folder of the report's templates, styles and words."""
    return _folder("reports/templates")
