"""Speech encoders: a closed list by kind, to which entry points of the group `slim_cli.encoders` add."""

from collections.abc import Mapping
from typing import Any

from slim_cli.detector.encoders.encoder_interface import Encoder
from slim_cli.detector.registry import Registry, kind_of

ENCODERS: Registry[Encoder] = Registry(
    "encoder",
    "slim_cli.encoders",
    {
        "coherence": "slim_cli.detector.encoders.coherence:CoherenceEncoder",
        "codebook": "slim_cli.detector.encoders.codebook:CodebookEncoder",
        "whisper": "slim_cli.detector.encoders.whisper:WhisperEncoder",
        "transformers": "slim_cli.detector.encoders.ready_made:TransformersEncoder",
    },
)


def build_encoder(spec: Mapping[str, Any]) -> Encoder:
    """Makes the architecture that `describe_encoder` described, with fresh weights.

    Raises:
        UsageError: unknown kind.
        ValueError, TypeError: a value makes no encoder.
    """
    kind, rest = kind_of(spec, "encoder")
    return ENCODERS.find(kind).from_spec(rest)


def describe_encoder(encoder: Encoder) -> dict[str, Any]:
    """An encoder's kind and what makes its architecture again."""
    return {"kind": encoder.kind, **encoder.describe()}


__all__ = ["ENCODERS", "Encoder", "build_encoder", "describe_encoder"]
