"""Every analysis by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from slim_cli.analysis.correlation import correlation
from slim_cli.analysis.dataset_figures import datasets
from slim_cli.analysis.finding import Finding, styled
from slim_cli.analysis.layers import layers
from slim_cli.analysis.material import Material
from slim_cli.analysis.mismatch import mismatch
from slim_cli.analysis.spectrograms import spectrograms
from slim_cli.analysis.systems import systems
from slim_cli.analysis.tsne import tsne

ANALYSES: Mapping[str, Callable[[Material], Finding]] = MappingProxyType(
    {one.__name__: one for one in (datasets, correlation, mismatch, tsne, layers, spectrograms, systems)}
)


def analyse(name: str, material: Material) -> Finding:
    """Makes one analysis and writes its table and pictures into the material's folder.

    Args:
        name: one of `ANALYSES`.
        material: clips and bundles.

    Raises:
        UsageError: the clips do not suffice for it.
    """
    with styled():
        finding = ANALYSES[name](material)
        finding.write(material.folder)
    return finding
