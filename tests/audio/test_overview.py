"""The picture data: bounded, exact in time, calibrated in level."""

import numpy as np
import pytest

from slim_cli.audio.overview import MAX_COLUMNS, Overview, OverviewBuilder
from slim_cli.errors import UsageError


def draw(samples: np.ndarray, rate: int, block: int = 20_000) -> Overview:
    builder = OverviewBuilder(rate, 1)
    for start in range(0, len(samples), block):
        builder.push(samples[None, start : start + block].astype(np.float32))
    return builder.finish()[0]


@pytest.mark.parametrize(("seconds", "rate"), [(2.4, 8_000), (9.7, 44_100), (40, 16_000), (700, 8_000)])
def test_columns_cover_the_signal_and_stay_within_bounds(seconds, rate):
    overview = draw(np.zeros(round(seconds * rate)), rate)
    columns = len(overview.envelope_min)
    assert 300 <= columns <= MAX_COLUMNS
    assert (columns - 1) * overview.hop_s < seconds <= columns * overview.hop_s + 1e-9
    assert overview.mel_db.shape == (128, columns)
    assert overview.linear_db.shape == (128, columns)
    assert not overview.mel_db.any()
    assert overview.duration_s == pytest.approx(seconds)


@pytest.mark.parametrize("rate", [8_000, 48_000])
@pytest.mark.parametrize("scale", ["mel", "linear"])
def test_a_full_scale_sine_reads_within_3_db_of_0_dbfs_in_its_band(rate, scale):
    t = np.arange(12 * rate) / rate
    overview = draw(np.sin(2 * np.pi * 1000 * t), rate)
    levels, centres = getattr(overview, f"{scale}_db"), getattr(overview, f"{scale}_hz")
    loudest = levels[:, 100].argmax()
    assert centres[loudest] == pytest.approx(1000, abs=100)
    assert int(levels[loudest, 100]) * 100 / 255 - 100 == pytest.approx(0, abs=3.1)
    assert overview.envelope_max[100] == pytest.approx(1, abs=0.01)


def test_a_click_stands_in_its_column_whatever_the_blocks():
    samples = np.zeros(60 * 16_000)
    samples[30 * 16_000] = 0.7
    pictures = [draw(samples, 16_000, block) for block in (777, 16_000, 960_000)]
    for picture in pictures:
        assert picture.envelope_max.argmax() == int(30 / picture.hop_s)
        np.testing.assert_array_equal(picture.mel_db, pictures[0].mel_db)
        np.testing.assert_array_equal(picture.envelope_max, pictures[0].envelope_max)


def test_it_is_stored_and_read_back_without_pickle(tmp_path):
    overview = draw(np.random.default_rng(0).normal(0, 0.1, 50_000), 16_000)
    overview.save(tmp_path / "overview" / "1.npz")
    loaded = Overview.load(tmp_path / "overview" / "1.npz")
    for name, value in vars(overview).items():
        np.testing.assert_array_equal(getattr(loaded, name), value)
    assert [p.name for p in (tmp_path / "overview").iterdir()] == ["1.npz"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04K\x01."])
def test_what_is_no_overview_is_an_error_in_words(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        Overview.load(tmp_path / "a.npz")
