"""The examples in the docstrings of the reporting room."""

from __future__ import annotations

import doctest

import pytest

from slim_cli.reporting import build, formats, table
from slim_cli.reporting.figures import axes


@pytest.mark.parametrize("module", [axes, build, formats, table], ids=lambda m: m.__name__)
def test_examples_hold(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed
