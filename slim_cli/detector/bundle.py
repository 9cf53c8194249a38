"""A bundle: the folder that holds one trained SLIM. Loading checks every hash, needs no network, never unpickles.

Layout: `config.json`, the weights of each encoder (`style.safetensors`, `linguistics.safetensors`, ...) and of the
head, `reference.json`, and `SHA256SUMS`, which lists these; beside them `MODEL_CARD.md` and whatever else explains it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from slim_cli.bundle_config import CONFIG, SCHEMA, BundleConfig, read_config
from slim_cli.detector.encoders import ENCODERS, build_encoder, describe_encoder
from slim_cli.detector.heads import HEADS, describe_head
from slim_cli.detector.model import Slim
from slim_cli.detector.published import fingerprint
from slim_cli.errors import EnvironmentUnfit, IntegrityError, SlimError, UsageError
from slim_cli.resources import user_dir

SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class BundleInfo:
    """What a bundle says of itself.

    Attributes:
        name: short name, e.g. `slim-mini`.
        version: version of the weights.
        description: one sentence.
        parameters: number of weights.
        sha256: SHA-256 of every file by name.
        details: training facts recorded by the trainer.
        plugs: for kinds of other makers, their package, version and hash by kind.
    """

    name: str
    version: str
    description: str
    parameters: int = 0
    sha256: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    plugs: dict[str, dict[str, str]] = field(default_factory=dict)


def save_bundle(folder: Path, model: Slim, info: BundleInfo) -> None:
    """Writes configuration and fp16 weights, then the hash list."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "schema": SCHEMA,
        "name": info.name,
        "version": info.version,
        "description": info.description,
        "encoders": {name: describe_encoder(model.encoder(name)) for name in model.encoders},
        "head": describe_head(model.head),
        "details": info.details,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=1, default=str) + "\n", encoding="utf-8")
    for name, part in _parts(model).items():
        save_file(_half(part), folder / f"{name}.safetensors")
    write_sums(folder)


def write_sums(folder: Path) -> None:
    """Writes `SHA256SUMS` over the files that a scan reads, in the format of `sha256sum`."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(folder).items())]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def verify_bundle(folder: Path) -> dict[str, str]:
    """Compares every file that a scan reads with the bundle's hash list.

    Returns:
        SHA-256 of every file by name.

    Raises:
        EnvironmentUnfit: no bundle there.
        IntegrityError: a file is missing, changed or not listed.
    """
    try:
        lines = [line.split("  ", 1) for line in (folder / SUMS).read_text("utf-8").splitlines()]
        listed = {name: digest for digest, name in lines}
    except (OSError, ValueError) as error:
        raise EnvironmentUnfit(f"There is no usable model bundle in {folder}: {error}.") from error
    found = _digests(folder)
    wrong = sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))
    if wrong:
        raise IntegrityError(
            f"The model bundle {folder} is not as its hash list says; these files differ: {', '.join(wrong)}."
        )
    return found


def load_bundle(folder: Path) -> tuple[Slim, BundleInfo]:
    """Verifies and loads a bundle in fp32, in evaluation mode.

    Raises:
        EnvironmentUnfit: no bundle there, or one of another schema.
        IntegrityError: a file differs from the hash list.
    """
    sums = verify_bundle(folder)
    try:
        config = read_config(folder)
        model = Slim({name: build_encoder(spec) for name, spec in config.encoders.items()}, config.head)
        for name, part in _parts(model).items():
            state = {k: v.float() for k, v in load_file(folder / f"{name}.safetensors").items()}
            _load_exactly(part, state)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise EnvironmentUnfit(f"The model bundle {folder} cannot be loaded: {error}.") from error
    model.share_front()
    parameters = sum(p.numel() for p in model.parameters())
    info = BundleInfo(
        config.name,
        config.version,
        config.description,
        parameters,
        sums,
        config.details,
        _plugs(config),
    )
    return model.eval().requires_grad_(False), info


def read_plugs(folder: Path) -> dict[str, dict[str, str]]:
    """For kinds of other makers that a bundle needs, their package, version and hash by kind."""
    return _plugs(read_config(folder))


def take_bundle(wanted: str, disk: Path) -> Path:
    """Copies the bundle of a fingerprint from a disk to this user's models.

    Args:
        wanted: the fingerprint.
        disk: folder at or below which it lies.

    Returns:
        where it is now.

    Raises:
        UsageError: there is none of that fingerprint.
    """
    for sums in sorted(disk.rglob(SUMS)):
        try:
            found = fingerprint(verify_bundle(sums.parent), read_plugs(sums.parent))
        except SlimError:
            continue  # why: what is no whole bundle is not the one that is looked for
        if found == wanted:
            target = user_dir() / "models" / wanted
            shutil.copytree(sums.parent, target, dirs_exist_ok=True)
            return target
    raise UsageError(f"No model below {disk} has the fingerprint {wanted}.")


def _parts(model: Slim) -> dict[str, nn.Module]:
    return {**{name: model.encoder(name) for name in model.encoders}, "head": model.head}


def _plugs(config: BundleConfig) -> dict[str, dict[str, str]]:
    found = {spec["kind"]: ENCODERS.provenance(spec["kind"]) for spec in config.encoders.values()}
    found |= {f"head {kind}": HEADS.provenance(kind) for kind in [config.head["kind"]]}
    return {kind: whence for kind, whence in found.items() if whence}


def _load_exactly(module: nn.Module, state: dict[str, torch.Tensor]) -> None:
    integers = {k: v.dtype for k, v in module.state_dict().items() if not v.is_floating_point()}
    module.load_state_dict({k: v.to(integers.get(k, torch.float32)) for k, v in state.items()})


def _half(module: nn.Module) -> dict[str, torch.Tensor]:
    return {
        k: (v.detach().half() if v.is_floating_point() else v.detach()).contiguous().clone()
        for k, v in module.state_dict().items()
    }


def _digests(folder: Path) -> dict[str, str]:
    files = [p for p in folder.iterdir() if p.suffix in (".json", ".safetensors")]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
