"""Makes `lir.json`: what the package lir (Netherlands Forensic Institute) says of a few made-up sets of scores.

In an environment of its own, because lir needs packages that slim does not: `pip install lir==1.3.1`, then
`python tests/assessment/oracle/make.py`.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from lir.algorithms.bayeserror import elub
from lir.algorithms.logistic_regression import LogitCalibrator
from lir.data.models import LLRData
from lir.metrics import cllr, cllr_min

CASES = {  # name: (bona fide files, spoof files, distance of the means in standard deviations, decimals)
    "good": (300, 200, 4.0, 4),
    "fair": (150, 400, 2.0, 4),
    "weak": (200, 120, 0.4, 4),
    "useless": (80, 90, 0.0, 4),
    "separated": (25, 30, 12.0, 4),
    "many ties": (200, 200, 1.5, 0),
}


def judge(bona_fide: np.ndarray, spoof: np.ndarray) -> dict[str, float]:
    """The scores as lir calibrates, bounds and measures them."""
    scores = np.concatenate([bona_fide, spoof])
    labels = np.concatenate([np.zeros(len(bona_fide), int), np.ones(len(spoof), int)])
    calibrator = LogitCalibrator(tol=1e-10, max_iter=10_000)
    log10 = calibrator.fit(scores, labels).transform(scores)
    low, high = elub(log10.copy(), labels)
    data = LLRData(features=log10.reshape(-1, 1), labels=labels)
    return {
        "slope": float(calibrator._logit.coef_[0, 0]),
        "intercept": float(calibrator._logit.intercept_[0]),
        "elub_low": float(low),
        "elub_high": float(high),
        "cllr": cllr(data),
        "cllr_min": cllr_min(data),
    }


def main() -> None:
    """Writes `lir.json` beside this script."""
    rng = np.random.default_rng(2026)
    cases = {}
    for name, (n_bona_fide, n_spoof, distance, decimals) in CASES.items():
        bona_fide = np.round(rng.normal(-0.3, 1, n_bona_fide), decimals)
        spoof = np.round(rng.normal(-0.3 + distance, 1, n_spoof), decimals)
        scores = {"bona_fide": bona_fide.tolist(), "spoof": spoof.tolist()}
        cases[name] = {**scores, "lir": {k: round(v, 8) for k, v in judge(bona_fide, spoof).items()}}
    text = json.dumps({"lir": version("lir"), "scikit-learn": version("scikit-learn"), "cases": cases})
    Path(__file__).with_name("lir.json").write_text(text.replace('{"bona_fide"', '\n{"bona_fide"') + "\n")


if __name__ == "__main__":
    main()
