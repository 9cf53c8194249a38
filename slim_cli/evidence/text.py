"""Text found in evidence (tags, decoder messages), made fit to store: one visible line, bounded."""

from __future__ import annotations

from slim_cli.evidence.names import safe_name


def clean(text: object, limit: int = 300) -> str:
    """The text on one line, harmless by `safe_name`, at most `limit` characters."""
    safe = safe_name(" ".join(str(text)[: 4 * limit].split()))
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"
