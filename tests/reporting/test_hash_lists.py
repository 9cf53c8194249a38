"""Lists of hashes as the tools of those who send items write them."""

from __future__ import annotations

import hashlib

import pytest

from slim_cli.errors import UsageError
from slim_cli.reporting.hash_lists import ListedHash, read_hash_list

NAME = r"C:\Evidence\Gespräch, 2.wav"
MD5, SHA1, SHA256, SHA512 = (hashlib.new(kind, b"speech").hexdigest() for kind in ("md5", "sha1", "sha256", "sha512"))
LIST = f"""

Algorithm : SHA512
Hash      : {SHA512[:60].upper()}
            {SHA512[60:].upper()}
Path      : C:\\Evidence\\Gespräch, 
            2.wav

Algorithm : MD5
Hash      : {MD5.upper()}
Path      : b.wav

"""
TABLE = f"""

Algorithm       Hash                                                                   Path
---------       ----                                                                   ----
SHA256          {SHA256.upper()}       {NAME}
MD5             {MD5.upper()}                                       b.wav


"""
HASHDEEP = f"""%%%% HASHDEEP-1.0
%%%% size,md5,sha256,filename
## Invoked from: C:\\Evidence
## C:\\> hashdeep -r .
##
6,{MD5},{SHA256},{NAME}
"""
BOTH = [(NAME, MD5, "md5"), (NAME, SHA256, "sha256")]

FORMS = {
    "sha256sum": (f"{SHA256}  {NAME}\n", [(NAME, SHA256, "sha256")]),
    "sha1sum, binary": (f"{SHA1} *{NAME}\n", [(NAME, SHA1, "sha1")]),
    "md5sum with a comment": (f"; made by a tool\n{MD5.upper()}  a.wav\n", [("a.wav", MD5, "md5")]),
    "a name with a line end": (f"\\{MD5}  a\\nb\\\\c.wav\n", [("a\nb\\c.wav", MD5, "md5")]),
    "BSD": (f"SHA512 ({NAME}) = {SHA512}\n", [(NAME, SHA512, "sha512")]),
    "openssl": (f"SHA2-256(a.wav)= {SHA256}\n", [("a.wav", SHA256, "sha256")]),
    "another algorithm of that length": (f"BLAKE2b (a.wav) = {SHA512}\n", [("a.wav", SHA512, "blake2b")]),
    "hashdeep": (HASHDEEP, BOTH),
    "CSV of several algorithms": (f'Filename,MD5,SHA-256,Size\n"{NAME}",{MD5},{SHA256},6\n', BOTH),
    "CSV with an empty hash": (f"name;md5;sha256\na.wav;;{SHA256}\n", [("a.wav", SHA256, "sha256")]),
    "a table with tabs": (
        f"MD5\tSHA1\tFileNames\n{MD5}\t{SHA1}\ta.wav\n",
        [("a.wav", MD5, "md5"), ("a.wav", SHA1, "sha1")],
    ),
    "Export-Csv": (
        f'#TYPE FileHashInfo\n"Algorithm","Hash","Path"\n"SHA256","{SHA256.upper()}","{NAME}"\n',
        [(NAME, SHA256, "sha256")],
    ),
    "Format-Table": (TABLE, [(NAME, SHA256, "sha256"), ("b.wav", MD5, "md5")]),
    "Format-List": (LIST, [(NAME, SHA512, "sha512"), ("b.wav", MD5, "md5")]),
}
ENCODINGS = {"UTF-8": "utf-8", "with a mark": "utf-8-sig", "UTF-16": "utf-16", "UTF-16 without a mark": "utf-16-le"}
ENCODINGS |= {"UTF-16, big end first": "utf-16-be", "Windows": "cp1252"}


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize(("text", "hashes"), FORMS.values(), ids=FORMS)
def test_every_form_is_read_in_every_encoding(text: str, hashes: list[tuple[str, str, str]], encoding: str) -> None:
    found = read_hash_list(text.replace("\n", "\r\n").encode(encoding), "list")
    assert list(found) == [ListedHash(*one) for one in hashes]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{SHA256}  a.wav\na.wav {SHA256}\n", "Line 2 of the hash list 'list' is not in the form of sha256sum"),
        (TABLE.replace(NAME, r"C:\Evidence\A..."), "Line 5 .* was cut short by PowerShell"),
        (f"name,sha256\na.wav,{SHA1}\n", "Line 2 .* holds no sha256 hash of 64 digits"),
        (f"name,sha256\na.wav,{SHA256},x\n", "Line 2 .* has 3 columns; the heading has 2"),
        ("name,sha256\na.wav,none\n", "Line 2 .* holds no hash"),
        (f"%%%% size,md5,filename\n6,{SHA1},\n6,x,a.wav\n", "Line 3 .* is none of hashdeep's"),
        (f"Algorithm : MD5\nHash : {MD5}\nAlgorithm : MD5\n", "before the one above has hash and path"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        read_hash_list(text.encode(), "list")
    assert "\n" not in str(refused.value)
