"""What decides a score, as one hash; and what else was done, for the record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from slim_cli import hashing
from slim_cli.assessment.occlusion import occlusion_rule
from slim_cli.audio.proxy import proxy_rule
from slim_cli.audio.silero import load_network
from slim_cli.audio.speech import speech_rule
from slim_cli.audio.stretches import HIGHEST, LENGTHS_S
from slim_cli.engines.options import ExaminationOptions, ScoresWindows
from slim_cli.evidence.confinement import probe
from slim_cli.evidence.decoding import decoder_rule
from slim_cli.observations.rejected_voiced import voiced_rule
from slim_cli.observations.stability import stability_rule
from slim_cli.results import HOP_S, MIN_NET_SPEECH_S, MODEL_RATE_HZ, WINDOW_S

PERMITTED = "ffmpeg_codecs"


def scan_parameters(options: ExaminationOptions) -> dict[str, Any]:
    """Everything but the model that changes a score, for the record and the fingerprint.

    How a decoder is chosen, and its version, decide a score; which codecs are permitted, how long a file may be or how
    long a decoder may take decide only whether, or of how much, there is one.
    """
    return {
        "window_s": WINDOW_S,
        "hop_s": HOP_S,
        "min_net_speech_s": options.min_net_speech_s,
        "model_rate_hz": MODEL_RATE_HZ,
        "speech_detector": load_network().version,
        "speech_rule": speech_rule(),
        "decoders": {name: part for name, part in decoder_rule().items() if name != PERMITTED},
    }


def side_parameters(options: ExaminationOptions) -> dict[str, Any]:
    """What else was done, for the record; it changes no score and is no part of the fingerprint."""
    return {
        "max_duration_s": options.max_duration_s,
        PERMITTED: decoder_rule()[PERMITTED],
        "stability": stability_rule() if options.stability else "none",
        "occlusion": {"files": options.occlusion, **(occlusion_rule() if options.occlusion != "none" else {})},
        "rejected_voiced": voiced_rule(),
        "highest_stretches": {"lengths_s": LENGTHS_S, "each": HIGHEST, "least_speech_s": MIN_NET_SPEECH_S},
        "listening_proxy": proxy_rule() if options.embed_audio else "none",
        "opinions": {opinion.name: opinion.fingerprint for opinion in options.opinions},
    }


def recorded_parameters(options: ExaminationOptions) -> dict[str, Any]:
    """All of these for the record of a run, with what holds the decoding processes on this machine."""
    return {**scan_parameters(options), **side_parameters(options), "confinement": asdict(probe())}


def scan_fingerprint(detector: ScoresWindows | None, options: ExaminationOptions) -> str:
    """SHA-256 over the model's fingerprint, the shape of its batches and `scan_parameters`, as canonical JSON."""
    model = {
        "detector": detector.fingerprint if detector else None,
        "batch_windows": getattr(detector, "batch_windows", None),
    }
    return hashing.digest({**model, **scan_parameters(options)})
