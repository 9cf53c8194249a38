"""Every codec that can be read has a name that readers know."""

import pytest
import soundfile

from slim_cli.evidence.codec_names import codec_name
from slim_cli.evidence.codecs import FFMPEG_CODECS


@pytest.mark.parametrize("codec", [*FFMPEG_CODECS.split(","), *soundfile.available_subtypes()])
def test_no_codec_is_shown_by_the_name_of_its_decoder(codec: str) -> None:
    assert "_" not in codec_name(codec)
    assert codec_name(codec) != codec


def test_an_unknown_codec_keeps_its_name() -> None:
    assert codec_name("codec2") == "codec2"
