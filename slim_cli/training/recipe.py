"""A recipe: one TOML file that says how a bundle is trained, from which data, with which encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slim_cli.corpora.manifest import Clip
from slim_cli.detector.encoders import ENCODERS
from slim_cli.detector.encoders.encoder_interface import Encoder
from slim_cli.detector.model import SUBSPACES, Slim
from slim_cli.detector.registry import kind_of
from slim_cli.errors import FormatError, UsageError
from slim_cli.loading import load, read
from slim_cli.training.stage1 import Stage1Recipe
from slim_cli.training.view_tuning import ViewRecipe


@dataclass(frozen=True)
class Protocol:
    """Which clips each stage learns from; those of no stage are left alone.

    Each is a list of origins, or of parts of them as `origin:subset`; `*:subset` means that part of every origin.

    Attributes:
        stage1: whose bona fide speech stage 1 reads; empty for all.
        stage2: what stage 2 reads, both classes; empty for all.
        fusion: clips that nothing else reads, on which the scores of several views are weighed.
    """

    stage1: Sequence[str] = ()
    stage2: Sequence[str] = ()
    fusion: Sequence[str] = ()

    def reads(self, stage: str, clip: Clip) -> bool:
        """Whether `stage1`, `stage2` or `fusion` learns from a clip."""
        if stage == "stage1" and clip.is_spoof:
            return False
        if stage == "fusion":
            return _among(clip, self.fusion)
        parts = self.stage1 if stage == "stage1" else self.stage2
        return _among(clip, parts) if parts else not _among(clip, self.fusion)

    def needs(self, clip: Clip) -> bool:
        """Whether any stage learns from a clip."""
        return any(self.reads(stage, clip) for stage in ("stage1", "stage2", "fusion"))


def _among(clip: Clip, parts: Sequence[str]) -> bool:
    return not {clip.origin, f"{clip.origin}:{clip.subset}", f"*:{clip.subset}"}.isdisjoint(parts)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what training gives, except the audio itself.

    Attributes:
        name: name of the bundle.
        version: version of its weights.
        description: one sentence.
        encoders: for `style`, `linguistics` and each further view its kind and sizes or source, and under `fit` the
            options with which it learns from recorded speech.
        head: kind and sizes of the head.
        prepare: options with which the head finds what it needs in recorded speech.
        protocol: which clips the stages learn from.
        windows: windows in the feature cache of stages 1 and 2; 0 for two of each clip. Ready-made encoders hear every
            clip whole and once.
        view: how encoders beside style and linguistics are tuned.
        stage1: how to train stage 1.
        stage2: options with which the head learns.
        seed: seed of the windows that the feature cache holds.
    """

    name: str
    version: str
    description: str
    encoders: dict[str, dict[str, Any]]
    head: dict[str, Any] = field(default_factory=lambda: {"kind": "attentive"})
    prepare: dict[str, Any] = field(default_factory=dict)
    protocol: Protocol = field(default_factory=Protocol)
    windows: int = 6000
    view: ViewRecipe = field(default_factory=ViewRecipe)
    stage1: Stage1Recipe = field(default_factory=Stage1Recipe)
    stage2: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    def encoder_class(self, name: str) -> type[Encoder]:
        """The class of one of the encoders.

        Raises:
            UsageError: there is none of that kind, or the table names none.
        """
        return ENCODERS.find(kind_of(self.encoders[name], "encoder")[0])

    @property
    def ready_made(self) -> bool:
        """Whether no encoder is trained here."""
        return all(self.encoder_class(name).ready_made for name in self.encoders)


def load_recipe(path: Path) -> Recipe:
    """Reads a recipe.

    Raises:
        FormatError: not readable, not TOML, a value of the wrong kind, or a key that no recipe has.
    """
    recipe = read(Recipe, load(path), str(path))
    for name in SUBSPACES:
        if name not in recipe.encoders:
            raise FormatError(f"{path}: encoders.{name}: is missing")
    return recipe


def build_slim(recipe: Recipe) -> Slim:
    """The untrained SLIM that a recipe starts from.

    Raises:
        EnvironmentUnfit: a ready-made encoder was not pulled.
        IntegrityError: a ready-made encoder is not as at its first pull.
        UsageError: unknown kind of encoder or head, or a table of one that is wrong.
    """
    encoders = {}
    try:
        for name, table in recipe.encoders.items():
            start = {key: value for key, value in kind_of(table, "encoder")[1].items() if key != "fit"}
            encoders[name] = recipe.encoder_class(name).from_recipe(start)
        return Slim(encoders, recipe.head)
    except (TypeError, ValueError, KeyError) as error:
        raise UsageError(f"The recipe {recipe.name} cannot be used: {error}.") from error
