"""SLIM audit: scan folders of audio for signs of speech synthesis and write an evidence report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slim_cli.engines.local import scan

__version__ = "0.1.0"
__all__ = ["__version__", "scan"]


def __getattr__(name: str) -> Any:
    """Loads `scan` on first use, so that importing the package stays light."""
    if name != "scan":
        raise AttributeError(f"module 'slim_cli' has no attribute {name!r}")
    from slim_cli.engines.local import scan

    return scan
