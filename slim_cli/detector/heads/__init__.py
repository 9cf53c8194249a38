"""Heads: a closed list by kind, to which entry points of the group `slim_cli.heads` add."""

from collections.abc import Mapping
from typing import Any

from slim_cli.detector.heads.head_interface import Head, Output, Subspaces
from slim_cli.detector.registry import Registry, kind_of

HEADS: Registry[Head] = Registry(
    "head",
    "slim_cli.heads",
    {
        "attentive": "slim_cli.detector.heads.attentive:AttentiveHead",
        "moments": "slim_cli.detector.heads.moments:MomentsHead",
        "fused": "slim_cli.detector.heads.fused:FusedHead",
    },
)


def build_head(spec: Mapping[str, Any], dims: Mapping[str, int]) -> Head:
    """Makes the architecture that `describe_head` described, with fresh weights.

    Args:
        spec: its kind and sizes.
        dims: width of each encoder's blocks by its name.

    Raises:
        UsageError: unknown kind.
        ValueError, TypeError, KeyError: a value makes no head.
    """
    kind, rest = kind_of(spec, "head")
    return HEADS.find(kind).from_spec(rest, dims)


def describe_head(head: Head) -> dict[str, Any]:
    """A head's kind and what makes its architecture again."""
    return {"kind": head.kind, **head.describe()}


__all__ = ["HEADS", "Head", "Output", "Subspaces", "build_head", "describe_head"]
