"""The audio files of a fetched repository, read from its git directory without a work tree."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slim_cli.errors import EnvironmentUnfit

_SUFFIXES = (
    "wav wave mp3 flac ogg oga opus m4a aac mp4 webm amr awb 3gp 3gpp gsm g722 g729 ulaw ul alaw sln sln16 aif aiff au"
    " snd sph nist wma caf mov mkv avi spx mka mpga"
)
AUDIO = frozenset(_SUFFIXES.split())
RAW = "raw"
BRANCHES = re.compile(r"/(gh-pages|docs|pages?|project_page|website|site|demo)$")


@dataclass(frozen=True)
class SnapshotFile:
    """An audio file in a snapshot.

    Attributes:
        path: its path in the repository.
        blob: its object id.
    """

    path: str
    blob: str

    @property
    def suffix(self) -> str:
        """Its suffix, in lower case and without the dot."""
        return self.path.rsplit(".", 1)[-1].lower()


@dataclass(frozen=True)
class Snapshot:
    """A git directory, as far as it was fetched.

    Attributes:
        folder: the git directory.
    """

    folder: Path

    @classmethod
    def find(cls, repository: str, mirror: Path) -> Snapshot | None:
        """The snapshot of `owner/name` in a folder of snapshots, `owner+name/repo`, bare or not; None: not there."""
        top = mirror / repository.replace("/", "+") / "repo"
        for folder in (top, top / ".git"):
            if (folder / "objects").is_dir():
                return cls(folder)
        return None

    def commit(self) -> str:
        """The commit that HEAD names."""
        return self._git("rev-parse", "HEAD").decode().strip()

    def audio(self, commits: Sequence[str], raw: bool) -> list[SnapshotFile]:
        """Audio files of HEAD, of the usual branches of pages and of some commits, each path and content once.

        Args:
            commits: commits to look through too.
            raw: whether headerless files count.
        """
        branches = [line.split()[1] for line in self._git("show-ref").decode().splitlines() if BRANCHES.search(line)]
        found: dict[SnapshotFile, None] = {}
        for tree in ("HEAD", *branches, *commits):
            for entry in self._git("ls-tree", "-r", "-z", tree).split(b"\0"):
                meta, _, name = entry.partition(b"\t")
                if meta.split()[1:2] == [b"blob"]:
                    file = SnapshotFile(name.decode("utf-8", "surrogateescape"), meta.split()[2].decode())
                    if "." in file.path and (file.suffix in AUDIO or (raw and file.suffix == RAW)):
                        found.setdefault(file)
        asked = "".join(f"{file.blob}\n" for file in found)
        told = self._git("cat-file", "--batch-check", given=asked.encode()).decode().splitlines()
        return [file for file, line in zip(found, told, strict=True) if not line.endswith("missing")]

    def read(self, file: SnapshotFile) -> bytes:
        """The content of a file; empty where it was not fetched."""
        return self._git("cat-file", "blob", file.blob)

    def _git(self, *arguments: str, given: bytes | None = None) -> bytes:
        """What git prints; nothing where it fails, as for a tree that a snapshot lacks."""
        command = ["git", "-c", "safe.directory=*", "--git-dir", str(self.folder), *arguments]
        try:
            return subprocess.run(command, input=given, capture_output=True, check=False).stdout
        except FileNotFoundError as error:
            raise EnvironmentUnfit("Snapshots of pages are read by git, which is not installed.") from error
