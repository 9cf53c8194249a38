"""SLIM audit: scan folders of audio for signs of speech synthesis and write an evidence report."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slim_cli.engines.scanning import ScanOptions, scan
    from slim_cli.validation.calibration_file import CalibrateOptions, calibrate
    from slim_cli.validation.validating import ValidateOptions, validate

__version__ = "0.1.0"
__all__ = ["CalibrateOptions", "ScanOptions", "ValidateOptions", "__version__", "calibrate", "scan", "validate"]

_HOMES = MappingProxyType(
    {
        "scan": "engines.scanning",
        "ScanOptions": "engines.scanning",
        "validate": "validation.validating",
        "ValidateOptions": "validation.validating",
        "calibrate": "validation.calibration_file",
        "CalibrateOptions": "validation.calibration_file",
    }
)


def __getattr__(name: str) -> Any:
    """Loads a function or its options on first use, so that importing the package stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'slim_cli' has no attribute {name!r}")
    return getattr(import_module(f"slim_cli.{_HOMES[name]}"), name)
