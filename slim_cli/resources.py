"""Where files are: models, recipes and templates that travel with the package, and what a user fetched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from slim_cli.errors import EnvironmentUnfit, UsageError

DEFAULT_MODEL = "slim-mini"
CONFIG, RECIPE = "config.json", "recipe.toml"
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


def bundled() -> Iterator[Path]:
    """Folders of the models that came with the package."""
    folder = models_dir()
    yield from sorted(p for p in (folder.iterdir() if folder.is_dir() else ()) if (p / CONFIG).is_file())


def presets() -> dict[str, Path]:
    """The recipes that came with the package, by name."""
    folder = models_dir()
    return {path.parent.name: path for path in sorted(folder.glob(f"*/{RECIPE}"))}


def find_recipe(name: str) -> Path:
    """The recipe of that name, or the file.

    Raises:
        UsageError: there is neither.
    """
    known = presets()
    if name in known:
        return known[name]
    if Path(name).is_file():
        return Path(name)
    raise UsageError(f"There is no recipe {name!r}: neither a file nor one of {', '.join(known) or 'none'}.")


def is_fingerprint(name: str) -> bool:
    """Whether a model is named by its fingerprint."""
    return re.fullmatch("[0-9a-f]{64}", name) is not None


def find_bundle(name: str) -> Path:
    """The folder of a model.

    Args:
        name: name of a bundled model, path of a bundle, or fingerprint of one that was pulled.

    Raises:
        UsageError: there is neither.
        EnvironmentUnfit: the default model did not come with this installation.
    """
    known = {folder.name: folder for folder in bundled()}
    if name in known:
        return known[name]
    if Path(name).is_dir():
        return Path(name)
    if is_fingerprint(name):
        taken = user_dir() / "models" / name
        if taken.is_dir():
            return taken
        raise UsageError(f"The model {name} is not on this machine; slim models pull takes it from a disk (--from).")
    if name == DEFAULT_MODEL:
        raise EnvironmentUnfit(
            f"The model {DEFAULT_MODEL} is missing from this installation; install it anew or use --model DIR."
        )
    names = ", ".join(known) or "none"
    raise UsageError(f"There is no model {name!r}: neither a folder nor a bundled model (bundled: {names}).")
