"""Listening proxies: in time with the original, the same bytes every time, and only of what was examined."""

import hashlib

import av
import numpy as np
import pytest

from slim_cli.audio.proxy import ProxyWriter, proxy_name, proxy_url
from slim_cli.audio.stream import AudioPass


def write(path, samples, rate, examined=None):
    with ProxyWriter(path, rate) as writer:
        blocks = (samples[None, start : start + 5_000] for start in range(0, len(samples), 5_000))
        AudioPass([writer], None).segment(rate, blocks)
        return writer.keep(hashlib.sha256(samples if examined is None else examined).hexdigest())


def decoded(path):
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        return np.concatenate(frames), container.streams.audio[0].rate


def click(rate, at_s, duration_s):
    samples = np.random.default_rng(0).normal(0, 0.001, int(rate * duration_s)).astype(np.float32)
    samples[int(at_s * rate) : int((at_s + 0.02) * rate)] += np.float32(0.5)
    return samples


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_it_keeps_time_within_10_ms_and_is_small(tmp_path, rate):
    samples = click(rate, 3.0, 5.0)
    assert write(tmp_path / "p.webm", samples, rate)
    heard, heard_rate = decoded(tmp_path / "p.webm")
    assert np.abs(heard).argmax() / heard_rate == pytest.approx(3.01, abs=0.015)
    assert len(heard) / heard_rate == pytest.approx(5.0, abs=0.05)
    assert (tmp_path / "p.webm").stat().st_size < 5 * 4_000


def test_the_same_sound_gives_the_same_bytes(tmp_path):
    for name in ("a.webm", "b.webm"):
        write(tmp_path / name, click(16_000, 1.0, 2.0), 16_000)
    assert (tmp_path / "a.webm").read_bytes() == (tmp_path / "b.webm").read_bytes()


def test_other_samples_than_those_examined_leave_nothing(tmp_path):
    samples = click(16_000, 1.0, 2.0)
    assert not write(tmp_path / "proxy" / "p.webm", samples, 16_000, examined=samples[1:].copy())
    assert list((tmp_path / "proxy").iterdir()) == []


def test_samples_that_are_no_numbers_do_no_harm(tmp_path):
    samples = click(16_000, 1.0, 2.0)
    samples[100:200], samples[300] = np.nan, np.inf
    assert write(tmp_path / "p.webm", samples, 16_000)
    assert np.isfinite(decoded(tmp_path / "p.webm")[0]).all()


def test_it_is_found_by_the_name_of_the_overview(tmp_path):
    assert proxy_url(tmp_path, None) is None
    assert proxy_url(tmp_path, "overview/1-a.npz") is None
    write(tmp_path / proxy_name("overview/1-a.npz"), click(16_000, 1.0, 2.0), 16_000)
    assert proxy_url(tmp_path, "overview/1-a.npz").startswith("data:audio/webm;base64,GkXfo")
    assert proxy_url(tmp_path, "overview/../../1-a.npz").startswith("data:")  # only the last part of a name counts
