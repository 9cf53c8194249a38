"""What a calibration came to, in lines on stdout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slim_cli.cli.console import complain, show


def tell_calibration(content: dict[str, Any], output: Path) -> None:
    """Prints how many files there were, how good the ratios are, and what they hold for."""
    from slim_cli.assessment.calibration import family_name

    data, bounds, metrics, scope = (content[name] for name in ("data", "bounds", "metrics", "scope"))
    ends = [f"{limit:g}" for limit in scope["net_speech_s"]]
    if not (bounds["low"] or bounds["high"]):
        complain("These files support no ratio other than 1: their scores do not tell the classes apart well enough.")
    show(
        f"{data['n_bona_fide']} bona fide and {data['n_spoof']} spoof files of {len(data['generators'])} generators; "
        f"left out: {sum(data['excluded'].values())}; outside the scope: {data['outside_scope']}",
        *(
            f"{name}: {metrics[name]['value']:.3f} [{metrics[name]['low']:.3f}, {metrics[name]['high']:.3f}]"
            for name in ("cllr", "cllr_min", "eer")
        ),
        f"log10 likelihood ratios from {bounds['low']:+.2f} to {bounds['high']:+.2f} (ELUB)",
        f"holds for {ends[0]} to {ends[1]} s of net speech, codecs {', '.join(map(family_name, scope['codecs']))}",
        f"Written: {output}",
    )
