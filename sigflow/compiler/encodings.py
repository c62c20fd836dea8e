"""Character encodings: their canonical names (those of the language's style guide) and Python's names for them."""

from __future__ import annotations

import re

#: Canonical name -> Python codec.
NAMES: dict[str, str] = {
    "ASCII": "ascii",
    "UTF-8": "utf-8",
    "UTF-16LE": "utf-16-le",
    "UTF-16BE": "utf-16-be",
    "UTF-32LE": "utf-32-le",
    "UTF-32BE": "utf-32-be",
    **{f"ISO-8859-{number}": f"iso8859-{number}" for number in range(1, 17) if number != 12},
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    **{
        f"IBM{number}": f"cp{number}"
        for number in (437, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869)
    },
    "SJIS": "shift_jis",
    "EUC-JP": "euc_jp",
    "ISO-2022-JP": "iso2022_jp",
    "EUC-KR": "euc_kr",
    "GB2312": "gb2312",
    "GBK": "gbk",
    "GB18030": "gb18030",
    "Big5": "big5",
    "KOI8-R": "koi8_r",
    "KOI8-U": "koi8_u",
}

#: Other names in use, folded (lower case, no punctuation) -> canonical name.
_ALIASES: dict[str, str] = {
    "usascii": "ASCII",
    "latin1": "ISO-8859-1",
    "iso88591": "ISO-8859-1",
    "shiftjis": "SJIS",
    "windows31j": "SJIS",
    "cp932": "SJIS",
    "eucjp": "EUC-JP",
    **{f"cp{name.removeprefix('IBM')}": name for name in NAMES if name.startswith("IBM")},
    **{f"cp{name.removeprefix('windows-')}": name for name in NAMES if name.startswith("windows-")},
    **{f"win{name.removeprefix('windows-')}": name for name in NAMES if name.startswith("windows-")},
    **{
        f"latin{alias}": f"ISO-8859-{number}"
        for alias, number in ((2, 2), (3, 3), (4, 4), (5, 9), (6, 10), (7, 13), (8, 14), (9, 15), (10, 16))
    },
}


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_FOLDED = {**{_fold(name): name for name in NAMES}, **_ALIASES}


def canonical(name: str) -> str | None:
    """The canonical name of an encoding, None if it is not known."""
    return name if name in NAMES else _FOLDED.get(_fold(name)) if re.fullmatch(r"[A-Za-z0-9_. :-]+", name) else None


def python_name(name: str) -> str:
    """What Python calls it; an unknown name is kept, and fails when it is used."""
    known = canonical(name)
    return NAMES[known] if known else name


def terminator(name: str) -> bytes:
    """What ends a zero-terminated string: one, two or four zero bytes."""
    known = canonical(name) or ""
    return bytes(4 if known.startswith("UTF-32") else 2 if known.startswith("UTF-16") else 1)
