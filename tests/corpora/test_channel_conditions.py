"""Conditions: each changes a clip as said, keeps its place in time and gives the same at every run."""

from pathlib import Path

import numpy as np
import pytest

from slim_cli.corpora import channel_conditions as module
from slim_cli.corpora.channel_conditions import Condition, channels, conditions, in_turn
from slim_cli.engines.local import examine_files
from slim_cli.errors import EnvironmentUnfit, UsageError

RATE = 16_000
SECONDS = 2


def two_tones() -> np.ndarray:
    """440 Hz, swelling twice a second, and a steady 5.5 kHz that no telephone band holds."""
    time = np.arange(SECONDS * RATE) / RATE
    low, high = np.sin(2 * np.pi * 440 * time) * np.sin(2 * np.pi * time) ** 2, np.sin(2 * np.pi * 5500 * time)
    return (0.3 * low + 0.05 * high).astype(np.float32)


def level(samples: np.ndarray, hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples)) / len(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(spectrum[np.abs(frequency - hz) < 20].max())


@pytest.mark.parametrize("condition", conditions("channels"), ids=lambda c: c.name)
def test_speech_band_survives_and_telephone_bands_end_at_4_khz(condition: Condition) -> None:
    if condition.missing:
        pytest.skip(condition.missing)
    clip = two_tones()
    received = condition.apply(clip)
    assert (received.dtype, received.ndim) == (np.float32, 1)
    assert len(clip) - 0.1 * RATE <= len(received) <= len(clip)
    rel = 0.25 if condition.name == "amr-nb" else 0.1  # why: a speech coder models voices, not tones
    assert level(received, 440) == pytest.approx(level(clip, 440), rel=rel)
    narrow = condition.name in ("g711", "g711-alaw", "amr-nb", "gsm", "band-8k")
    assert (level(received, 5500) < 0.01 * level(clip, 5500)) is narrow
    assert (received[: RATE // 2] != clip[: RATE // 2]).any()
    assert (condition.apply(clip) == received).all()


@pytest.mark.parametrize("condition", conditions("channels"), ids=lambda c: c.name)
def test_the_coded_file_is_the_same_at_every_run_and_can_be_scanned(condition: Condition, tmp_path: Path) -> None:
    if condition.missing or condition.store is None:
        pytest.skip(condition.missing)
    path = tmp_path / f"clip{condition.suffix}"
    path.write_bytes(condition.store(two_tones()))
    assert path.read_bytes() == condition.store(two_tones())
    (row,) = examine_files([path], detector=None)
    assert row.status == "insufficient_speech"
    assert row.media is not None
    assert row.media.duration_s == pytest.approx(SECONDS, abs=0.15)


def test_conditions_are_chosen_by_name_and_in_order() -> None:
    assert [c.name for c in conditions("g722, mp3-64k")] == ["g722", "mp3-64k"]
    coded, around = conditions("channels"), conditions("surroundings")
    assert (len(coded), len(around)) == (10, 4)
    assert [c.name for c in conditions("all")] == [c.name for c in (*coded, *around)]


def test_channels_leave_noise_and_rooms_out() -> None:
    assert [c.name for c in channels("all")] == [c.name for c in conditions("channels")]
    with pytest.raises(UsageError, match="noise-10db makes no file"):
        channels("g722,noise-10db")


def test_clips_go_through_the_conditions_in_turn_within_each_class() -> None:
    labels = ["spoof", "bonafide", "spoof", "spoof", "bonafide", "spoof"]
    assert [c.name for c in in_turn(labels, conditions("g711,g722"))] == ["", "", "g711", "g722", "g711", ""]
    assert {c.name for c in in_turn(labels, [])} == {""}


def test_an_unknown_condition_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'mp4'; choose from all, channels, surroundings, mp3-64k, "):
        conditions("mp3-64k,mp4")


def test_a_condition_this_machine_lacks_is_refused_by_name_and_marked_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(EnvironmentUnfit, match="amr-wb cannot be measured here: no AMR-WB encoder"):
        conditions("amr-wb")
    assert [c.name for c in conditions("channels") if c.missing] == ["amr-wb"]


def test_rooms_need_a_library_and_noise_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentUnfit, match=r"room cannot be measured here: .*slim-audit\[rooms\]"):
        conditions("noise-20db,room")
    assert [c.name for c in conditions("surroundings") if c.missing] == ["room", "room-noise"]
