"""The examples in docstrings."""

from __future__ import annotations

import doctest

import pytest

from slim_cli.analysis import correlation, layers, spectrograms
from slim_cli.assessment import metrics
from slim_cli.cli import progress_text, quantities
from slim_cli.evidence import names
from slim_cli.reporting import build, numbers, scale, table, templates
from slim_cli.reporting.figures import axes


@pytest.mark.parametrize(
    "module",
    [
        axes,
        build,
        correlation,
        numbers,
        layers,
        metrics,
        names,
        progress_text,
        quantities,
        scale,
        spectrograms,
        table,
        templates,
    ],
    ids=lambda m: m.__name__,
)
def test_examples_hold(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed
