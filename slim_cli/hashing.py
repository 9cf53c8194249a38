"""Hashes of files and of anything that JSON can hold."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical(content: Any) -> bytes:
    """JSON in canonical form: keys in order, no spaces, ASCII; what is no number is refused."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(content: Any) -> str:
    """SHA-256 over anything that JSON can hold, in canonical form."""
    return hashlib.sha256(canonical(content)).hexdigest()
