"""The second opinion of one file: its own scores of the windows that a scan hears, under the same weights and gate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slim_cli.audio.scoring import ChannelScorer, WindowBatches
from slim_cli.audio.speech import ChannelSpeech
from slim_cli.engines.options import GivesOpinion
from slim_cli.results import Opinion


class OpinionScorer:
    """Scores the windows of one file with a second opinion.

    Args:
        source: the second opinion.
        min_speech_s: net speech that a channel needs to be scored, seconds.

    Attributes:
        name: its name in the row.
        scorer: what hears the file's windows.
    """

    def __init__(self, source: GivesOpinion, min_speech_s: float) -> None:
        self.name, self._source = source.name, source
        self._batches = WindowBatches(self._scores)
        self.scorer = ChannelScorer(self._batches, min_speech_s)
        self.scorer.stage = "opinions"

    def opinion(self, speech: Sequence[ChannelSpeech]) -> Opinion:
        """What it says of the file: the score of the channel that it scores highest; call after the last samples."""
        self.scorer.close()
        self._batches.flush()
        scores = [channel.score for channel in self.scorer.channels(speech) if channel.score is not None]
        return Opinion(max(scores, default=None), self._source.fingerprint, self._source.label)

    def _scores(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = self._source.score(waveforms, lengths)
        return scores, np.zeros_like(scores)  # why: a window holds a mismatch too, which a second opinion has not
