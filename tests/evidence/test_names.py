import os

import pytest

from slim_cli.evidence.names import safe_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Übung für Zoë 录音.wav", "Übung für Zoë 录音.wav"),
        ("<b>[bold]&=1+1", "<b>[bold]&=1+1"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("c1\x9b31m", r"c1\x9b31m"),
        ("two\nlines\r\ttab", r"two\nlines\r\ttab"),
        ("del\x7f nul\x00", r"del\x7f nul\x00"),
        ("invoice\u202egnp.wav", r"invoice\u202egnp.wav"),
        ("iso\u2066late\u2069", r"iso\u2066late\u2069"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("private\ue000", r"private\ue000"),
        ("", ""),
    ],
)
def test_hidden_characters_become_visible_and_the_rest_stays(text: str, shown: str) -> None:
    assert safe_name(text) == shown


def test_undecodable_bytes_become_the_replacement_character() -> None:
    shown = safe_name(os.fsdecode(b"caf\xe9\xff.wav"))
    assert shown == "caf\ufffd\ufffd.wav"
    assert shown.encode("utf-8")


def test_every_code_point_gives_one_printable_line_and_a_second_pass_changes_nothing() -> None:
    shown = safe_name("".join(map(chr, range(0x110000))))
    assert len(shown.splitlines()) == 1
    assert all(c.isprintable() or c.isspace() for c in shown)
    assert safe_name(shown) == shown
