"""`slim datasets`: the published datasets that can be read, and manifests of their folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli import quantities
from slim_cli.cli.console import complain, show
from slim_cli.errors import UsageError
from slim_cli.evidence.names import safe_name

app = typer.Typer(help="List the datasets that can be read as they were downloaded, and write their manifests.")


@app.callback(invoke_without_command=True)
def list_datasets(context: typer.Context) -> None:
    """List the datasets that can be read: classes, parts, layout of the folder, licence and source."""
    from slim_cli.corpora.datasets import DATASETS

    if context.invoked_subcommand is None:
        show("\n\n".join(dataset.described for dataset in DATASETS))


@app.command()
def manifest(
    name: Annotated[str, typer.Argument(help="Read this dataset, as slim datasets calls it.")],
    folders: Annotated[
        list[Path], typer.Argument(help="Read it where it was unpacked; name its recordings too where they lie apart.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write this CSV.")],
    subset: Annotated[str | None, typer.Option(help="Take only this part, in the dataset's own words.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the CSV if it exists.")] = False,
) -> None:
    """Write the manifest of a dataset folder; audio that its lists name but that is missing is counted on stderr."""
    from slim_cli.corpora.datasets import read_dataset
    from slim_cli.corpora.manifest import summary, write_manifest

    if output.exists() and not force:
        raise UsageError(f"{output} exists already; --force replaces it.")
    clips = [clip for folder in folders for clip in read_dataset(name, folder, subset, complain)]
    output.parent.mkdir(parents=True, exist_ok=True)
    write_manifest(output, clips)
    show(f"{safe_name(str(output))}: {summary(clips)}")


@app.command()
def join(
    manifest: Annotated[list[Path], typer.Argument(help="Join the clips of this CSV (path,label,…).")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Write the files and their manifest.csv to this folder.")
    ],
    seconds: Annotated[str, typer.Option(help="Make files of these lengths in turn, seconds.")] = "8,15,30",
    stereo: Annotated[
        bool, typer.Option("--stereo", help="Pair clips of two bona fide speakers as the channels of one file instead.")
    ] = False,
) -> None:
    """Join short clips of one speaker and system into longer files, so that a calibration holds for these too."""
    from slim_cli.corpora.datasets import read_manifests
    from slim_cli.corpora.joining import join_clips, pair_channels
    from slim_cli.corpora.manifest import summary, to_score, write_manifest

    if output.exists():
        raise UsageError(f"{output} exists already; name a new folder.")
    lengths = quantities.numbers(seconds, "--seconds")
    clips = to_score(read_manifests(manifest, complain))
    joined = list(pair_channels(clips, output) if stereo else join_clips(clips, lengths, output))
    if not joined:
        raise UsageError("These clips make no such file: too short, or of no known speakers.")
    write_manifest(output / "manifest.csv", joined)
    show(f"{safe_name(str(output))}: {summary(joined)}")


@app.command()
def pages(
    rules: Annotated[Path, typer.Argument(help="Folder with pages.csv (repo,part,…) and rules/OWNER+NAME.tsv.")],
    snapshots: Annotated[Path, typer.Argument(help="Folder of fetched repositories, each OWNER+NAME/repo.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the clips; a stopped run goes on in it.")],
) -> None:
    """Cut labelled clips from the snapshots of published pages, and write one manifest in which each sound stands once.

    Pages that were cut before are not cut again, so that snapshots can be fetched, cut and dropped a few at a time.
    """
    from slim_cli.corpora.page_clips import MANIFEST, build_pages

    counts = build_pages(rules, snapshots, output, complain)
    show(f"{safe_name(str(output / MANIFEST))}: {counts}")
