"""Fingerprints of the models that this project has published: what a folder must hold to be called one of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

PUBLISHED: Mapping[str, str] = {
    "fbcd0e391c084eaa1a184898582ae1ab32488d25c47dee85b668c5154ee35b68": "slim-mini 5",
    "1ddbe5b1b122e0fd8591066a8272176c9767d2f9eb1416cf738f5c938ee754c6": "slim-mini 6",
}


def published_as(found: str) -> str:
    """Which published model a fingerprint is of, in words."""
    name = PUBLISHED.get(found)
    return f"fingerprint {found}, " + (f"as published: {name}" if name else "which this version knows no model by")


def fingerprint(sha256: Mapping[str, str], plugs: Mapping[str, Any] | None = None) -> str:
    """SHA-256 over the hashes of every file that decides a score, and over the packages of other makers it needs."""
    deciding: dict[str, Any] = {k: v for k, v in sha256.items() if k == "config.json" or k.endswith(".safetensors")}
    if plugs:
        deciding["plugs"] = plugs
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()
