"""Whether evidence is there still as a whole: a medium that was pulled out makes none of its files unreadable."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from slim_cli.errors import EnvironmentUnfit
from slim_cli.evidence.names import safe_name


class EvidencePresence:
    """What the named files and folders were when a scan began.

    Args:
        roots: files and folders.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._known = {root: _identity(root) for root in roots}

    def check(self) -> None:
        """Looks whether they are the same still.

        Raises:
            EnvironmentUnfit: one is gone, or another stands in its place.
        """
        for root, known in self._known.items():
            if _identity(root) != known:
                raise EnvironmentUnfit(
                    f"The evidence {safe_name(str(root))} is no longer there; bring it back and go on with --resume."
                )


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        state = os.stat(root)
    except OSError:
        return None
    return state.st_dev, state.st_ino
