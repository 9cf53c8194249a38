"""What a bundle says of itself: its `config.json`, read without loading the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slim_cli.errors import EnvironmentUnfit, FormatError
from slim_cli.loading import load, of_schema, read

SCHEMA, FIRST = "slim-bundle/2", "slim-bundle/1"
CONFIG = "config.json"


@dataclass(frozen=True)
class BundleConfig:
    """The content of `config.json`.

    Attributes:
        name: short name, e.g. `slim-mini`.
        version: version of the weights.
        description: one sentence.
        encoders: for `style`, `linguistics` and each further view its kind and what makes its architecture again.
        head: the same for the head.
        details: training facts recorded by the trainer.
    """

    name: str
    version: str
    description: str
    encoders: dict[str, dict[str, Any]]
    head: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict)


def read_config(bundle: Path) -> BundleConfig:
    """The configuration of a bundle, unverified.

    Raises:
        EnvironmentUnfit: it is missing or broken.
    """
    path = bundle / CONFIG
    try:
        data = load(path)
        if data.get("schema") == FIRST:
            first = read(_First, of_schema(FIRST, data, str(path)), str(path))
            return BundleConfig(first.name, first.version, first.description, *_parts(first), first.details)
        return read(BundleConfig, of_schema(SCHEMA, data, str(path)), str(path))
    except FormatError as error:
        raise EnvironmentUnfit(str(error)) from error


@dataclass(frozen=True)
class _First:
    """The first schema: two encoders, and one head of either pooling."""

    name: str
    version: str
    description: str
    style: dict[str, Any]
    linguistics: dict[str, Any]
    head: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict)


_SUPERFLUOUS = {"attentive": ("pooling", "families"), "moments": ("pooling", "pooled_dim", "hidden_dim")}


def _parts(config: _First) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Encoders and head as the present schema writes them."""
    kind = config.head.get("pooling", "attentive")
    head = {"kind": kind, **{key: value for key, value in config.head.items() if key not in _SUPERFLUOUS.get(kind, ())}}
    return {"style": config.style, "linguistics": config.linguistics}, head
