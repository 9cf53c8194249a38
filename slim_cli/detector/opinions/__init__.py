"""Second opinions: detectors of other makers, whose scores stand beside SLIM's and are never mixed into it.

A laboratory names them in `slim.toml`, one table each:

    [opinions.arena]
    source = "owner/name"        # or a folder
    revision = "0123...cdef"     # commit, 40 hexadecimal digits; none for a folder
    synthetic = "spoof"          # the model's own word for synthetic speech

Without a `kind` that is an audio classification model of `transformers`; other kinds come through entry points of the
group `slim_cli.opinions`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slim_cli.detector.opinions.interface import SecondOpinion
from slim_cli.detector.registry import Registry
from slim_cli.errors import UsageError
from slim_cli.loading import parse_toml
from slim_cli.resources import user_dir

SETTINGS = "slim.toml"
DEFAULT_KIND = "transformers"
OPINIONS: Registry[SecondOpinion] = Registry(
    "second opinion",
    "slim_cli.opinions",
    {DEFAULT_KIND: "slim_cli.detector.opinions.classifier:AudioClassifier"},
)


def opinion_table(name: str, settings: Path | None = None) -> dict[str, Any]:
    """The table of a second opinion in the settings file.

    Args:
        name: its name there.
        settings: the file; by default `slim.toml` in the working folder, else in the user's.

    Raises:
        UsageError: there is no such file or no such table.
    """
    places = [settings] if settings else [Path(SETTINGS), user_dir() / SETTINGS]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise UsageError(f"The second opinion {name!r} needs a {SETTINGS} that names it: looked for {places[0]}.")
    tables = parse_toml(path.read_bytes(), str(path)).get("opinions", {})
    if not isinstance(tables, dict) or not isinstance(tables.get(name), dict):
        raise UsageError(f"{path} has no table [opinions.{name}].")
    return dict(tables[name])


def load_opinion(name: str, table: Mapping[str, Any], device: str = "auto") -> SecondOpinion:
    """Loads a second opinion.

    Args:
        name: its name in the settings.
        table: what the settings say of it.
        device: `auto`, `cpu` or `cuda:N`.

    Raises:
        UsageError: the table is wrong, or there is no such kind.
        EnvironmentUnfit: what it needs is not on this machine.
        IntegrityError: a file differs from what was recorded at the first pull.
    """
    rest = dict(table)
    kind = str(rest.pop("kind", DEFAULT_KIND))
    opinion = OPINIONS.find(kind).from_table(rest, device)
    deciding = {"kind": kind, "plug": OPINIONS.provenance(kind), "table": rest, "files": opinion.digests}
    opinion.name = name
    opinion.fingerprint = hashlib.sha256(json.dumps(deciding, sort_keys=True, default=str).encode()).hexdigest()
    return opinion


__all__ = ["OPINIONS", "SecondOpinion", "load_opinion", "opinion_table"]
