"""Whether this installation can do the work, part by part."""

from __future__ import annotations

import os
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slim_cli.errors import EnvironmentUnfit, SlimError
from slim_cli.resources import bundled

OK, FAILED, NOTE = "ok", "FAILED", "note"


@dataclass(frozen=True)
class InstallationCheck:
    """One line of the examination.

    Attributes:
        part: what was looked at.
        state: `ok`, `FAILED` or `note`.
        detail: what was found, and what to do if it failed.
        exit_code: code that a failure leads to.
    """

    part: str
    state: str
    detail: str
    exit_code: int = EnvironmentUnfit.exit_code


def examine_installation() -> Iterator[InstallationCheck]:
    """Looks at every part: versions, devices, decoders, fonts, extras and models."""
    yield from _versions()
    yield from _devices()
    yield _decoding()
    yield _confinement()
    yield _pdf()
    yield _fonts()
    yield from _scripts()
    yield from _extras()
    yield from _models()


def _versions() -> Iterator[InstallationCheck]:
    from slim_cli.engines.software_versions import MISSING, software_versions

    for name, version in software_versions().items():
        yield InstallationCheck(name, FAILED if version.startswith(MISSING) else OK, version)


def _devices() -> Iterator[InstallationCheck]:
    try:
        import torch
    except (ImportError, OSError) as error:
        yield InstallationCheck("devices", FAILED, f"torch cannot be loaded: {error}")
        return
    yield InstallationCheck("cpu", OK, f"{os.cpu_count()} cores, {torch.get_num_threads()} threads used")
    for number in range(torch.cuda.device_count()):
        name = torch.cuda.get_device_name(number)
        memory = torch.cuda.get_device_properties(number).total_memory / 2**30
        yield InstallationCheck(f"cuda:{number}", OK, f"{name}, {memory:.0f} GiB")
    if not torch.cuda.is_available():
        yield InstallationCheck("cuda", NOTE, "no CUDA device; scans run on the CPU")


def _decoding() -> InstallationCheck:
    """Decodes half a second of silence the way evidence is decoded, in a process of its own."""
    from slim_cli.engines.local import examine_files
    from slim_cli.words import load_words

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "silence.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes(16_000))
        try:
            result = next(iter(examine_files([path], detector=None)))
        except SlimError as error:
            return InstallationCheck("decoding", FAILED, str(error))
    if result.media is None:
        return InstallationCheck("decoding", FAILED, load_words().sentence(result.reason))
    return InstallationCheck("decoding", OK, "a test file was decoded in a separate process")


def _confinement() -> InstallationCheck:
    """What holds the processes that decode, tried in one of them."""
    from slim_cli.evidence.confinement import probe
    from slim_cli.words import load_words

    try:
        held = probe()
    except SlimError as error:
        return InstallationCheck("isolation", FAILED, str(error))
    complete = held.limits and held.landlock and held.seccomp
    return InstallationCheck("isolation", OK if complete else NOTE, load_words().sentences(held.remarks()))


def _pdf() -> InstallationCheck:
    try:
        from weasyprint.text.ffi import pango
    except (ImportError, OSError) as error:
        first = str(error).splitlines()[0]
        hint = "sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        return InstallationCheck("PDF (Pango)", FAILED, f"{first}; install it: {hint}")
    version = pango.pango_version()
    return InstallationCheck("PDF (Pango)", OK, f"Pango {version // 10000}.{version // 100 % 100}.{version % 100}")


def _fonts() -> InstallationCheck:
    folders = (
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "~/.local/share/fonts",
        "~/.fonts",
        "/System/Library/Fonts",
    )
    found = (
        p for f in folders for p in Path(f).expanduser().rglob("*") if p.suffix.lower() in (".ttf", ".otf", ".ttc")
    )
    count = sum(1 for _ in found)
    if count:
        return InstallationCheck("fonts", OK, f"{count} font files")
    return InstallationCheck(
        "fonts", FAILED, "no fonts for the PDF; sudo apt-get install fonts-dejavu-core brings some"
    )


def _scripts() -> Iterator[InstallationCheck]:
    """Whether the PDF finds letters for names in the world's scripts, and which package brings them."""
    from slim_cli.engines.extras_and_fonts import SCRIPTS, fonts_for

    lacking: dict[str, list[str]] = {}
    for script, (letters, package) in SCRIPTS.items():
        fonts = fonts_for(letters)
        if fonts is None:
            yield InstallationCheck(
                "scripts", NOTE, "fontconfig's fc-list is not installed: which scripts have fonts is not known"
            )
            return
        if not fonts:
            lacking.setdefault(package, []).append(script)
    for package, scripts in lacking.items():
        hint = f"no font for {', '.join(scripts)} in names: sudo apt-get install {package}"
        yield InstallationCheck("scripts", NOTE, hint)
    if not lacking:
        yield InstallationCheck("scripts", OK, f"fonts for {', '.join(SCRIPTS)}")


def _extras() -> Iterator[InstallationCheck]:
    """Which extras of the package are not installed, and how to get them."""
    from slim_cli.engines.extras_and_fonts import EXTRAS, missing_packages

    for extra, purpose in EXTRAS.items():
        lacking = missing_packages(extra)
        if lacking is None:
            continue
        if lacking:
            detail = f"{purpose}; missing: {', '.join(lacking)}; pip install 'slim-audit[{extra}]'"
            yield InstallationCheck(f"extra {extra}", NOTE, detail)
        else:
            yield InstallationCheck(f"extra {extra}", OK, purpose)


def _models() -> Iterator[InstallationCheck]:
    from slim_cli.detector.bundle import verify_bundle

    folders = list(bundled())
    if not folders:
        yield InstallationCheck("models", FAILED, "no model came with this installation; install it anew")
    for folder in folders:
        try:
            count = len(verify_bundle(folder))
        except SlimError as error:
            yield InstallationCheck(f"model {folder.name}", FAILED, str(error), error.exit_code)
        else:
            yield InstallationCheck(f"model {folder.name}", OK, f"{count} files as listed in it")
