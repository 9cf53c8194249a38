"""Making text that comes from files (names, tags, decoder messages) safe to show."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Zl", "Zp"})


def safe_name(text: str) -> str:
    r"""Makes every character of hostile text visible and harmless on one line.

    Control characters (terminal escapes, line breaks), invisible and direction-changing format characters, private
    and unassigned code points become escapes such as `\x1b` and `\u202e`; undecodable bytes become U+FFFD. All other
    characters stay, markup included: HTML must still be escaped, and a terminal given plain text, not Rich markup.

    Args:
        text: any text, lone surrogates allowed.

    Returns:
        One line that can be encoded as UTF-8. Applying the function twice changes nothing more.

    >>> print(safe_name("call\x1b[2J\u202egpj.wav"))
    call\x1b[2J\u202egpj.wav
    """
    return "".join(map(_visible, text))


def same_spelling(name: str) -> str:
    r"""A file name in the one spelling by which names are compared: those of all systems, in all Unicode forms.

    >>> same_spelling(".\\Gespra\u0308ch\\a.wav") == "Gespr\u00e4ch/a.wav"
    True
    """
    return unicodedata.normalize("NFC", name.replace("\\", "/")).removeprefix("./")


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return character.encode("unicode_escape").decode("ascii") if category in _HIDDEN else character
