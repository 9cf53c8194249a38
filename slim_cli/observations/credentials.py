"""Content credentials (C2PA): signer and validation state, read by `c2pa-python` in a process of its own, offline.

Run as a program, this module reads the file on its standard input; the one argument is the format.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

from slim_cli.evidence.confinement import confine
from slim_cli.evidence.sniffing import Kind
from slim_cli.evidence.text import clean
from slim_cli.results import Observation, Remark

FORMATS = {"WAV": "audio/wav", "MP3": "audio/mpeg", "FLAC": "audio/flac", "MP4/MOV": "video/mp4", "AVI": "video/avi"}
TIMEOUT_S = 60
CPU_S, OPEN_FILES = 60, 64
OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}


def observe(fd: int, kind: Kind, found: bool) -> Observation:
    """What the credentials say: 1 where there are any, 0 where there are none, None where that cannot be told.

    Args:
        fd: the file, read-only; its position is moved.
        kind: what its first bytes say.
        found: whether the file holds a manifest store.
    """
    if kind.label not in FORMATS:
        if found:
            return Observation(1.0, "", False, Remark("credentials_not_checkable", {"container": kind.label}))
        return Observation(None, "", False, Remark("no_credentials_format", {"container": kind.label}))
    if not found:
        return Observation(0.0, "", note=Remark("credentials_none"))
    if importlib.util.find_spec("c2pa") is None:
        return Observation(1.0, "", False, Remark("credentials_not_checked"))
    try:
        return Observation(1.0, "", note=_describe(_read_apart(fd, FORMATS[kind.label])))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError, AttributeError):
        return Observation(1.0, "", False, Remark("credentials_unreadable"))


def _read_apart(fd: int, form: str) -> dict[str, Any]:
    """The reader's account, from a process with limited rights."""
    os.lseek(fd, 0, os.SEEK_SET)
    paths = [entry for entry in sys.path if entry]
    program = f"import sys; sys.path[:] = {paths!r}\nfrom {__name__} import main; main({form!r})"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        stdin=fd,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
        check=True,
        start_new_session=True,
    )
    return json.loads(done.stdout)


def _describe(account: dict[str, Any]) -> Remark:
    if account["error"]:
        return Remark("credentials_error", {"message": clean(account["error"], 120)})
    store = account["store"]
    active = store["manifests"][store["active_manifest"]]
    signature = active.get("signature_info", {})
    tools = [str(tool.get("name", "")) for tool in active.get("claim_generator_info", [])]
    codes = [str(entry["code"]) for entry in store.get("validation_status", [])]
    sources = sorted(set(_values(active, "digitalSourceType")))
    return Remark(
        "credentials",
        {
            "state": clean(account["state"], 40),
            "signer": clean(signature.get("common_name") or "?", 60),
            "issuer": clean(signature.get("issuer") or "?", 60),
            "tools": clean(", ".join(filter(None, tools)), 80),
            "sources": clean(", ".join(source.rsplit("/", 1)[-1] for source in sources[:3]), 160),
            "failed": clean(", ".join(codes), 160),
        },
    )


def _values(tree: Any, key: str) -> list[str]:
    """Every text under a key, anywhere in a tree of JSON."""
    if isinstance(tree, list):
        return [value for branch in tree for value in _values(branch, key)]
    if not isinstance(tree, dict):
        return []
    here = [tree[key]] if isinstance(tree.get(key), str) else []
    return here + [value for branch in tree.values() for value in _values(branch, key)]


def main(form: str) -> None:
    """Reads standard input and prints `{"error", "state", "store"}` as JSON."""
    import c2pa

    confine(CPU_S, OPEN_FILES, processes=True)
    account: dict[str, Any] = {"error": "", "state": "", "store": {}}
    try:
        with c2pa.Reader(form, sys.stdin.buffer, context=c2pa.Context(c2pa.Settings.from_dict(OFFLINE))) as reader:
            account.update(state=reader.get_validation_state(), store=json.loads(reader.json()))
    except c2pa.C2paError as error:
        account["error"] = str(error)
    print(json.dumps(account))
