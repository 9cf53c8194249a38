"""The slip that seals a folder, on one page to print, sign and keep apart."""

from __future__ import annotations

from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slim_cli.custody.seal_slip import Slip
from slim_cli.reporting.numbers import moment
from slim_cli.reporting.pdf import print_document
from slim_cli.resources import templates_dir
from slim_cli.whole_files import replacing
from slim_cli.words import load_words

_GROUP = 8


def write_slip(slip: Slip, target: Path, language: str = "en") -> None:
    """Writes the slip as a PDF with itself attached as `seal.json`; its code holds the hash of the log's entry.

    Raises:
        EnvironmentUnfit: it could not be printed.
    """
    environment = Environment(loader=FileSystemLoader(templates_dir()), autoescape=True, undefined=StrictUndefined)
    environment.filters["moment"] = moment
    document = environment.get_template("slip.html.j2").render(
        slip=slip,
        language=language,
        say=load_words(language).say,
        grouped=[slip.head[at : at + _GROUP] for at in range(0, len(slip.head), _GROUP)],
        code=Markup(segno.make(slip.head, micro=False).svg_inline(scale=4)),
    )
    with replacing(target) as partial:
        print_document(document, partial, {"seal.json": slip.to_json().encode()}, slip.sealed)
