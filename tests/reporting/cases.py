"""Invented cases for the report's tests."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from slim_cli.reporting.case_file import Case, blank_case, load_case
from slim_cli.results import FileResult, LikelihoodRatio, Remark
from slim_cli.run_record import RunRecord
from tests.reporting import factory

HOSTILE = "<script>alert(1)</script> {{ 7*7 }} {case} \u202egpj.\x1b[31m =cmd()"
SHORT = Remark("outside_scope", {"quantity": "speech", "value": 2.2, "low": 2.3, "high": 10.0})
RATIO = LikelihoodRatio(1.6, 1.1, 1.9)
PROPOSITIONS = {"h1": "The speech was synthesised.", "h2": "The speech was recorded."}


def filled(text: str = "stated") -> dict[str, Any]:
    """Every item of a case file, each with a text that names it."""
    data = tomllib.loads(blank_case())
    for name, table in data.items():
        for entry in table if isinstance(table, list) else [table]:
            for key in entry:
                entry[key] = [f"{text} conditioning"] if isinstance(entry[key], list) else f"{text} {name}.{key}"
    data["received"]["hash_list"] = data["report"]["scale"] = ""
    data["exhibit"] = data["reference"] = []
    return data


def exhibit(file: str, number: str, **items: str) -> dict[str, str]:
    """One block of a case file."""
    keys = tomllib.loads(blank_case())["exhibit"][0]
    return {**{key: f"stated exhibit.{key}" for key in keys}, "sha256": "", "file": file, "number": number, **items}


def write(folder: Path, data: dict[str, Any], hashes: str | None = None) -> Path:
    """Writes a case file, and the list of hashes beside it."""
    if hashes is not None:
        (folder / "received.sha256").write_text(hashes, encoding="utf-8")
        data = {**data, "received": {"hash_list": "received.sha256"}}
    path = folder / "case.toml"
    path.write_text("".join(_table(name, value) for name, value in data.items()), encoding="utf-8")
    return path


def case(folder: Path, results: list[FileResult]) -> Case:
    """A complete case of which every scored file is an exhibit; the first received hash is wrong."""
    scored = [result for result in results if result.status == "scored"]
    data = {**filled(), "exhibit": [exhibit(r.path, f"E-{n:02d}") for n, r in enumerate(scored, 1)]}
    hashes = "".join(f"{factory.digest(r.path if n else 'other')}  {_line(r.path)}\n" for n, r in enumerate(scored))
    return load_case(write(folder, data, hashes))


def evaluated(results: list[FileResult]) -> list[FileResult]:
    """The results with a ratio for the first scored file, and for the others the reason why there is none."""
    scored = [n for n, result in enumerate(results) if result.status == "scored"]
    out = list(results)
    for place, number in enumerate(scored):
        result = out[number]
        if place == 0:
            turned = {"edges_trimmed": -1.0, "cropped": result.score, "reencoded": None}
            out[number] = replace(result, lr=RATIO, lr_status="given", stability=turned)
        else:
            out[number] = replace(result, lr_status="out_of_scope", lr_reasons=(SHORT,))
    return out


def calibrated(run: RunRecord) -> RunRecord:
    """The run with the account of a calibration."""
    account = {
        "schema": "slim-calibration/1",
        "propositions": PROPOSITIONS,
        "bounds": {"method": "ELUB", "low": -1.5, "high": 2.0},
        "method": {"slope": 1.0, "intercept": 0.2},
        "metrics": {
            "cllr": {"value": 0.71, "low": 0.66, "high": 0.77},
            "misleading_bona_fide": {"value": 0.21, "low": 0.17, "high": 0.26},
            "most_misleading_log10": [1.31, -0.9],
            "by_codec": {
                "lossless": {"n_bona_fide": 300, "n_spoof": 200, "cllr": 0.7, "eer": 0.22},
                "ULAW": {
                    "n_bona_fide": 90,
                    "n_spoof": 80,
                    "cllr": 0.8,
                    "eer": {"value": 0.3, "low": 0.26, "high": 0.35},
                },
            },
        },
        "scope": {"codecs": ["lossless", "MPEG_LAYER_III", "ULAW"]},
        "sha256": factory.digest("calibration"),
    }
    return replace(run, calibration=account)


def _line(path: str) -> str:
    return path.replace("\r", " ").replace("\n", " ").encode("utf-8", "replace").decode()


def _table(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(f"[[{name}]]\n{_pairs(entry)}\n" for entry in value)
    return f"[{name}]\n{_pairs(value)}\n"


def _pairs(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if not isinstance(value, str):
        return str(value)
    return '"' + "".join(c if c.isalnum() or c in " .,:;!?-/()" else f"\\U{ord(c):08X}" for c in value) + '"'
