"""`slim scan`: examine recordings and write the evidence report."""

from __future__ import annotations

import sys
from typing import Any

import typer

from slim_cli.cli import archive_options as asked
from slim_cli.cli import choices, progress, quantities
from slim_cli.cli import common_options as common
from slim_cli.cli import scan_options as given
from slim_cli.cli.console import complain
from slim_cli.cli.scan_output import tell_outcome
from slim_cli.cli.settings import effective_apart, opinion_tables
from slim_cli.resources import DEFAULT_MODEL


def scan(
    context: typer.Context,
    paths: given.Paths = None,
    output: given.Output = None,
    model: common.Model = DEFAULT_MODEL,
    device: common.Device = "auto",
    calibration: given.Calibrated = None,
    stability: given.Stability = False,
    occlusion: given.Occlusion = "flagged",
    embed_audio: given.EmbedAudio = False,
    opinion: given.Opinions = None,
    formats: common.Formats = choices.DEFAULT_FORMATS,
    report: common.Sections = "top:300",
    case: given.CaseFile = None,
    language: common.Language = "en",
    fail_on: given.FailOn = None,
    allow_errors: given.AllowErrors = False,
    max_duration: given.MaxDuration = "24h",
    max_size: given.MaxSize = None,
    timeout: given.Timeout = "120s",
    track: given.Track = None,
    force: given.Force = False,
    resume: given.Resume = False,
    quiet: common.Quiet = False,
    no_progress: given.NoProgress = False,
    json_line: given.JsonLine = False,
    timings: given.Timings = False,
    open_report: common.Open = False,
    ledger: asked.LedgerFile = None,
    trust_stat: asked.TrustStat = False,
    files_from: asked.FilesFrom = None,
    since: asked.Since = None,
    include: asked.Include = None,
    exclude: asked.Exclude = None,
    shard: asked.Shard = None,
    max_runtime: asked.MaxRuntime = None,
    workers: asked.Workers = 1,
    engine: asked.Engine = "local",
    address: asked.Address = None,
    remote: asked.Remote = None,
    metrics: asked.Metrics = None,
) -> None:
    """Examine recordings for signs of speech synthesis and write an evidence report."""
    from slim_cli.engines import scanning

    as_given = ("files_from", "since", "shard", "workers", "engine", "address", "force", "resume", "model", "device")
    plain: dict[str, Any] = {name: context.params[name] for name in as_given}
    options = scanning.ScanOptions(
        paths=paths or (),
        **plain,
        remote=remote or (),
        include=include or (),
        exclude=exclude or (),
        output=output,
        calibration=calibration,
        stability=stability,
        occlusion=occlusion,
        embed_audio=embed_audio,
        opinions=opinion_tables(opinion or (), context.obj),
        formats=choices.chosen_formats(formats),
        sections=report,
        case=case,
        language=language,
        max_duration_s=quantities.seconds(max_duration),
        max_size_bytes=quantities.size(max_size) if max_size else None,
        timeout_s=quantities.seconds(timeout),
        track=track - 1 if track else None,
        ledger=ledger,
        trust_stat=trust_stat,
        max_runtime_s=quantities.seconds(max_runtime) if max_runtime else None,
        metrics=metrics,
        fail_on=quantities.score_threshold(fail_on) if fail_on else None,
        allow_errors=allow_errors,
        command=("slim", *sys.argv[1:]),
        settings=effective_apart(context, paths or ()),
    )
    with progress.choose(not (quiet or no_progress)) as display:
        summary = scanning.scan(options, display, complain)
    tell_outcome(summary, quiet, json_line, timings, open_report)
    raise typer.Exit(summary.exit_code)
