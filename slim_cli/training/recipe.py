"""A recipe: one TOML file that says how a bundle is trained, from which data, with which encoders."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slim_cli.corpora.manifest import Clip
from slim_cli.detector.codebook import CodebookEncoder, CodebookEncoderConfig
from slim_cli.detector.coherence import CoherenceEncoder
from slim_cli.detector.hub import load_encoder
from slim_cli.detector.model import HeadConfig, Slim
from slim_cli.errors import UsageError
from slim_cli.training.codebook import CodebookRecipe
from slim_cli.training.stage1 import Stage1Recipe
from slim_cli.training.stage2 import Stage2Recipe


@dataclass(frozen=True)
class Protocol:
    """Which clips each stage learns from; those of no stage are left alone.

    Attributes:
        stage1: origins, or parts of them as `origin:subset`, whose bona fide speech stage 1 reads; empty for all.
        stage2: the same for stage 2, which reads both classes.
    """

    stage1: Sequence[str] = ()
    stage2: Sequence[str] = ()

    def reads(self, stage: str, clip: Clip) -> bool:
        """Whether `stage1` or `stage2` learns from a clip."""
        if stage == "stage1" and clip.is_spoof:
            return False
        parts = self.stage1 if stage == "stage1" else self.stage2
        return not parts or clip.origin in parts or f"{clip.origin}:{clip.subset}" in parts

    def needs(self, clip: Clip) -> bool:
        """Whether any stage learns from a clip."""
        return self.reads("stage1", clip) or self.reads("stage2", clip)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what training gives, except the audio itself.

    Attributes:
        name: name of the bundle.
        version: version of its weights.
        description: one sentence.
        encoders: kind of encoders and their sources or sizes.
        head: sizes above the encoders; its families are those of stage 2.
        codebook: how the codebook encoder's patterns are found; None where there is no codebook.
        protocol: which clips the stages learn from.
        windows: windows in the feature cache of stages 1 and 2; 0 for two of each clip. Ready-made encoders hear every
            clip whole and once.
        stage1: how to train stage 1.
        stage2: how to train stage 2.
    """

    name: str
    version: str
    description: str
    encoders: dict[str, Any]
    head: HeadConfig = field(default_factory=HeadConfig)
    codebook: CodebookRecipe | None = None
    protocol: Protocol = field(default_factory=Protocol)
    windows: int = 6000
    stage1: Stage1Recipe = field(default_factory=Stage1Recipe)
    stage2: Stage2Recipe = field(default_factory=Stage2Recipe)


def load_recipe(path: Path) -> Recipe:
    """Reads a recipe.

    Raises:
        UsageError: not readable, not TOML, or a key that no recipe has.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        kinds: dict[str, Any] = {
            "head": HeadConfig,
            "codebook": CodebookRecipe,
            "protocol": Protocol,
            "stage1": Stage1Recipe,
            "stage2": Stage2Recipe,
        }
        parts = {name: kind(**data.pop(name)) for name, kind in kinds.items() if name in data}
        recipe = Recipe(**data, **parts)
        return replace(recipe, head=replace(recipe.head, families=tuple(recipe.stage2.families)))
    except (OSError, tomllib.TOMLDecodeError, TypeError, UnicodeDecodeError) as error:
        raise UsageError(f"The recipe {path} cannot be used: {error}.") from error


def build_slim(recipe: Recipe) -> Slim:
    """The untrained SLIM that a recipe starts from.

    Raises:
        EnvironmentUnfit: a ready-made encoder was not pulled.
        IntegrityError: a ready-made encoder is not as at its first pull.
        UsageError: unknown kind of encoders, or a table of one that is wrong.
    """
    spec = dict(recipe.encoders)
    kind = spec.pop("kind", None)
    if kind == "acoustic":
        codebook = CodebookEncoder(CodebookEncoderConfig(**spec.pop("codebook", {})))
        return Slim(CoherenceEncoder(), codebook, recipe.head)
    if kind != "transformers":
        raise UsageError(f"A recipe's encoders are of kind acoustic or transformers, not {kind!r}.")
    try:
        style, linguistics = spec["style"], spec["linguistics"]
    except KeyError as error:
        raise UsageError(f"The recipe {recipe.name} names no encoder for {error}.") from error
    return Slim(load_encoder(style), load_encoder(linguistics), recipe.head)
