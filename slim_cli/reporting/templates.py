"""Rendering the one set of templates for a medium: `html` for the screen, `pdf` for paper."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from slim_cli.assessment.calibration import family_name
from slim_cli.audio.proxy import LONGEST_S
from slim_cli.evidence.confinement import remarks_of as confinement_remarks
from slim_cli.evidence.names import safe_name
from slim_cli.reporting.hash_lists import printed_algorithm
from slim_cli.reporting.numbers import DASH, Numbers
from slim_cli.reporting.signatories import ROLES, described
from slim_cli.reporting.view import Report
from slim_cli.resources import templates_dir
from slim_cli.results import HOP_S, MIN_NET_SPEECH_S, MODEL_RATE_HZ, WINDOW_S
from slim_cli.run_record import COMMAND_LINE, DEFAULT_ORIGIN
from slim_cli.words import Words

_TOLD_APART = ("propositions", "metrics", "tippett")
_SCRIPTS = ("table.js", "viewer.js")
_STYLES = {"html": ("style.css", "screen.css"), "pdf": ("style.css", "print.css")}


def render(report: Report, medium: str, folder: Path | None = None) -> str:
    """The report as one HTML document; see `pieces`."""
    return "".join(pieces(report, medium, folder))


def pieces(report: Report, medium: str, folder: Path | None = None) -> Iterator[str]:
    """The report as one HTML document without outside references, piece by piece.

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
    environment.filters.update(Numbers(report.words).filters(), algorithm=printed_algorithm)
    style = "\n".join((folder / name).read_text(encoding="utf-8") for name in _STYLES[medium])
    if medium == "pdf":
        style += page_style(report)
    tick = Numbers(report.words).tick
    script = "".join((folder / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    return environment.get_template("report.html.j2").generate(
        report=report,
        medium=medium,
        style=Markup(style),
        script=Markup(script),
        style_hash=_source_hash(style),
        script_hash=_source_hash(script),
        say=report.words.say,
        said=report.words.sentence,
        item=report.words.item,
        command=shlex.join(report.run.command),
        parameters=list(flat(report.run.parameters)),
        settings=chosen_settings(report),
        confinement=confinement_remarks(report.run.parameters),
        calibration=list(flat(_readable(report.run.calibration))),
        window_s=tick(WINDOW_S),
        hop_s=tick(HOP_S),
        min_net_speech_s=tick(MIN_NET_SPEECH_S),
        model_rate_khz=tick(MODEL_RATE_HZ / 1000),
        proxy_limit_s=LONGEST_S,
        roles=ROLES,
        described=described,
        DASH=DASH,
    )


def chosen_settings(report: Report) -> list[tuple[str, str]]:
    """Options that were not left at their defaults: the name, and the value with where it was given."""
    told = {COMMAND_LINE: report.words.say("method.command_line")}
    return [
        (name, f"{_plain(one['value'])} ({told.get(one['origin'], one['origin'])})")
        for name, one in report.run.settings.items()
        if one["origin"] != DEFAULT_ORIGIN
    ]


def signature_document(words: Words, values: Mapping[str, Any], url: str | None, size: tuple[int, int]) -> str:
    """What is seen of a signature, as an HTML document of one page.

    Args:
        words: the language.
        values: what is told of it: `name`, `moment`, `issuer`, `serial`, `sha256`.
        url: time-stamping service that was asked.
        size: of the page, points.
    """
    environment = Environment(
        loader=FileSystemLoader(templates_dir()), autoescape=True, finalize=_visible, undefined=StrictUndefined
    )
    environment.filters.update(Numbers(words).filters())
    return environment.get_template("signature.html.j2").render(say=words.say, signed=values, url=url, size=size)


def page_style(report: Report) -> str:
    """What the words put on every printed page: its number, and the mark of a draft across it."""
    say = report.words.say
    number = f'"{say("page")} " counter(page) " {say("page_of")} " counter(pages)'
    draft = say("draft.mark")
    look = f'font-family="DejaVu Sans" font-size="{min(62, 1200 // len(draft))}" fill="#9a3b00" fill-opacity="0.1"'
    mark = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="595" height="842"><text x="297" y="421" text-anchor="middle" '
        f'transform="rotate(-55 297 421)" {look}>{escape(draft)}</text></svg>'
    )
    image = f'url("data:image/svg+xml;base64,{base64.b64encode(mark.encode()).decode()}")' if report.draft else "none"
    return f"@page {{ background: {image} center / 100% 100% no-repeat; @bottom-right {{ content: {number}; }} }}\n"


def _visible(value: Any) -> Any:
    return safe_name(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _readable(calibration: Mapping[str, Any]) -> dict[str, Any]:
    """What is not told apart of a calibration's account, its codecs as readers know them."""
    kept = {name: entry for name, entry in calibration.items() if name not in _TOLD_APART}
    scope = kept.get("scope", {})
    if "codecs" in scope:
        kept["scope"] = {**scope, "codecs": [family_name(codec) for codec in scope["codecs"]]}
    return kept


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every entry of nested tables by its dotted name.

    >>> list(flat({"a": {"b": 1.5, "c": ["x", "y"]}, "d": "text"}))
    [('a.b', '1.5'), ('a.c', 'x, y'), ('d', 'text')]
    """
    for key, entry in value.items():
        if isinstance(entry, Mapping) and entry:
            yield from flat(entry, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _plain(entry)


def _plain(entry: Any) -> str:
    if isinstance(entry, list | tuple) and all(isinstance(one, str | float | int) for one in entry):
        return ", ".join(map(str, entry))
    return entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
