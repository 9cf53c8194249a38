"""SLIM audit: scan folders of audio for signs of speech synthesis and write an evidence report."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slim_cli.custody.verification import VerifyOptions, verify
    from slim_cli.engines.scanning import ScanOptions, scan
    from slim_cli.reporting.reporting_again import ReportOptions, report
    from slim_cli.training.training_run import TrainOptions, train
    from slim_cli.validation.calibration_file import CalibrateOptions, calibrate
    from slim_cli.validation.validating import ValidateOptions, validate

__version__ = "0.1.0"
__all__ = [
    "CalibrateOptions",
    "ReportOptions",
    "ScanOptions",
    "TrainOptions",
    "ValidateOptions",
    "VerifyOptions",
    "__version__",
    "calibrate",
    "report",
    "scan",
    "train",
    "validate",
    "verify",
]

_HOMES = MappingProxyType(
    {
        "calibrate": "validation.calibration_file",
        "report": "reporting.reporting_again",
        "scan": "engines.scanning",
        "train": "training.training_run",
        "validate": "validation.validating",
        "verify": "custody.verification",
    }
)


def __getattr__(name: str) -> Any:
    """Loads a function or its options on first use, so that importing the package stays light."""
    home = _HOMES.get(name.removesuffix("Options").lower())
    if home is None or name not in __all__:
        raise AttributeError(f"module 'slim_cli' has no attribute {name!r}")
    return getattr(import_module(f"slim_cli.{home}"), name)
