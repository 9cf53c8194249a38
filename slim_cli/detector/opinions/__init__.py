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
from typing import Any

from slim_cli.detector.opinions.opinion_interface import SecondOpinion
from slim_cli.detector.registry import Registry

DEFAULT_KIND = "transformers"
OPINIONS: Registry[SecondOpinion] = Registry(
    "second opinion",
    "slim_cli.opinions",
    {DEFAULT_KIND: "slim_cli.detector.opinions.classifier:AudioClassifier"},
)


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


__all__ = ["OPINIONS", "SecondOpinion", "load_opinion"]
