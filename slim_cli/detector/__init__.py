"""SLIM itself: encoders, compression, classifier, mismatch, and the bundles that hold trained weights."""

from slim_cli.detector.bundle import BundleInfo, load_bundle, save_bundle, verify_bundle
from slim_cli.detector.model import Slim
from slim_cli.detector.runtime import Detector, load_detector

__all__ = [
    "BundleInfo",
    "Detector",
    "Slim",
    "load_bundle",
    "load_detector",
    "save_bundle",
    "verify_bundle",
]
