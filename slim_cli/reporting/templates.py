"""Rendering the one set of templates for a medium: `html` for the screen, `pdf` for the printing press."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slim_cli.evidence.names import safe_name
from slim_cli.reporting.formats import DASH, FILTERS
from slim_cli.reporting.view import Report
from slim_cli.resources import templates_dir
from slim_cli.results import HOP_S, MIN_NET_SPEECH_S, MODEL_RATE_HZ, WINDOW_S

_STYLES = {"html": ("style.css", "screen.css"), "pdf": ("style.css", "print.css")}


def render(report: Report, medium: str, folder: Path | None = None) -> str:
    """The report as one HTML document without outside references.

    Every text that is put in passes `safe_name` and is then escaped.

    Args:
        report: the view model.
        medium: `html` or `pdf`.
        folder: the templates, by default those of the package.
    """
    folder = folder or templates_dir()
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    style = "\n".join((folder / name).read_text(encoding="utf-8") for name in _STYLES[medium])
    script = (folder / "table.js").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        report=report,
        medium=medium,
        style=Markup(style),
        script=Markup(script),
        style_hash=_source_hash(style),
        script_hash=_source_hash(script),
        say=report.words.say,
        item=report.words.item,
        command=shlex.join(report.run.command),
        parameters=[(name, _text(value)) for name, value in report.run.parameters.items()],
        window_s=f"{WINDOW_S:g}",
        hop_s=f"{HOP_S:g}",
        min_net_speech_s=f"{MIN_NET_SPEECH_S:g}",
        model_rate_khz=f"{MODEL_RATE_HZ / 1000:g}",
        DASH=DASH,
    )


def _visible(value: Any) -> Any:
    return safe_name(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
