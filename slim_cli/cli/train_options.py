"""The options that the steps of a training share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RecipeArgument = Annotated[
    Path, typer.Argument(help="Train by this recipe (TOML), such as models/slim-mini/recipe.toml.")
]
Work = Annotated[Path, typer.Option("--output", "-o", help="Work in this folder; a stopped training goes on from it.")]
Folds = Annotated[Path | None, typer.Option(help="Read the fold of each origin from this CSV (origin,fold).")]
LeaveOut = Annotated[int | None, typer.Option(help="Leave out the origins, systems and speakers of this fold.")]
MaxClip = Annotated[float, typer.Option("--max-clip-s", min=1, help="Cut longer clips to their first seconds.")]
Bundle = Annotated[Path, typer.Argument(help="Complete this bundle.")]
