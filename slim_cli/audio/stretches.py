"""The highest stretches of a channel: what a long file holds that its mean over all of it hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from slim_cli.results import MIN_NET_SPEECH_S, Stretch, WindowScore

LENGTHS_S = (10.0, 30.0)
HIGHEST = 3
_EXACT_S = 1e-6  # window ends are sums of sample counts


def highest_stretches(windows: Sequence[WindowScore], speech: np.ndarray) -> tuple[Stretch, ...]:
    """The three highest stretches of 10 s and of 30 s that do not overlap, longest looked for last, highest first.

    A stretch counts as a channel cut out would: the mean of the window scores that lie inside it, weighted by their net
    speech, and none where it holds less speech than a channel needs. It starts or ends with a window. Where all windows
    span no more than the length, they are its one stretch.

    Args:
        windows: the channel's windows in time order.
        speech: (N, 2) start and end of detected speech, seconds, in order.
    """
    if not windows:
        return ()
    starts, ends = (np.array([getattr(w, name) for w in windows]) for name in ("start_s", "end_s"))
    whole = ends[-1] - starts[0]
    lengths = [length for place, length in enumerate(LENGTHS_S) if not place or whole > LENGTHS_S[place - 1]]
    sums = _RunningSums(windows, speech)
    found: list[Stretch] = []
    for length in lengths:
        span = min(length, whole)
        at = np.unique(np.clip(np.concatenate([starts, ends - span]), starts[0], ends[-1] - span))
        inside = np.searchsorted(starts, at - _EXACT_S), np.searchsorted(ends, at + span + _EXACT_S, "right")
        found += _apart(Stretch(length, *one) for one in sums.ranked(at, span, *inside))
    return tuple(found)


class _RunningSums:
    """Running sums of scores, weights and speech, from which any stretch is read at once."""

    def __init__(self, windows: Sequence[WindowScore], speech: np.ndarray) -> None:
        weights = np.array([w.speech_s for w in windows])
        scores = np.array([w.score for w in windows])
        self._weights = np.concatenate([[0.0], np.cumsum(weights)])
        self._scores = np.concatenate([[0.0], np.cumsum(weights * scores)])
        self._edges = np.concatenate([[0.0], np.asarray(speech, float).reshape(-1)])
        inside = np.diff(np.asarray(speech, float).reshape(-1, 2), axis=1)
        self._spoken = np.concatenate([[0.0], np.stack([0 * inside, inside], axis=1).reshape(-1)]).cumsum()

    def ranked(
        self, at: np.ndarray, span: float, first: np.ndarray, end: np.ndarray
    ) -> Iterator[tuple[float, float, float]]:
        """Start, end and score of the stretches that hold enough speech, highest first.

        Args:
            at: (K,) where they start, seconds.
            span: how long they are, seconds.
            first: (K,) first window inside each.
            end: (K,) the one behind the last.
        """
        weights = np.where(end > first, self._weights[end] - self._weights[first], 0.0)
        means = (self._scores[end] - self._scores[first]) / np.where(weights > 0, weights, 1.0)
        spoken = np.interp(at + span, self._edges, self._spoken) - np.interp(at, self._edges, self._spoken)
        means[(weights <= 0) | (spoken < MIN_NET_SPEECH_S - _EXACT_S)] = -np.inf
        for place in np.argsort(-means, kind="stable").tolist():
            if not np.isfinite(means[place]):
                return
            yield float(at[place]), float(at[place] + span), float(means[place])


def _apart(ranked: Iterable[Stretch]) -> list[Stretch]:
    """The first few that do not overlap."""
    kept: list[Stretch] = []
    for one in ranked:
        if all(one.end_s <= other.start_s + _EXACT_S or other.end_s <= one.start_s + _EXACT_S for other in kept):
            kept.append(one)
            if len(kept) == HIGHEST:
                break
    return kept
