"""Hostile inputs: what is right, with a few things changed, and pieces that have broken programs before."""

import copy
from typing import Any

from hypothesis import strategies as st

# Pieces of the formats that are read, and values at the edge of what programs hold.
PIECES = (
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r", b"\r\n", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\xf0\x9f"),
    *(b'"', b"'''", b"[[fact]]", b"[[question]]", b"{", b"}", b"[" * 5000, b"null", b"NaN", b"1e999", b"-1", b"true"),
    *(b"9" * 5000, b"0000-00", b"9999-12-31T23:59:59", b"\\u0000", b"\\ud800", b"|", b" - : ", b"<|endoftext|>"),
    *(
        b"04.05.23, 18:00 - Ann: ",
        b"[27/03/2022, 21:41:35] Ann: ",
        b"\xe2\x80\x8e",
        b"99.99.9999, 99:99 - ",
        b"PK\x05\x06",
    ),
    *(b"../../x", b"/etc/passwd", b"=", b"\t", b"\xd9\xa2\xd9\xa7", b"x" * 3000),
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        *(
            "",
            " ",
            "\x00",
            "|",
            "a | Lisa: b",
            "[2023-05 Thu evening]",
            "\u202e",
            "¦",
            "𝟘",
            "²",
            "x" * 4096,
            "😀" * 2000,
        ),
        *("nan", "inf", "-1", "1e999", "9" * 4000, "'", '"', "\\", "%s", "{0}", "{answers}", "../..", "~", "$HOME"),
        *("/start", "/claim x", "/persona", "/simulate 9 x", "/simulate a b 3", "/temperature nan", "/mode burst"),
        *(
            "/swap",
            "/undo",
            "/reset",
            "/me Lisa",
            "/language de",
            "/retrain ..",
            "/rollback x",
            "/nothing",
            "/",
            "@",
            "/@",
        ),
    ]
)
NUMBERS = st.integers(-(2**70), 2**70) | st.sampled_from([0, 1, -1, 2**31, 2**63, -(2**63) - 1])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def changed_bytes(draw: st.DrawFn, *whole: bytes) -> bytes:
    """One of the given files with up to six places cut, doubled, overwritten or filled with something else."""
    data = draw(st.sampled_from(whole))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(st.sampled_from([b"", data[start:end] * 2]) | st.sampled_from(PIECES) | st.binary(max_size=8))
        data = data[:start] + piece + data[end:]
    return data


@st.composite
def changed_json(draw: st.DrawFn, *whole: Any) -> Any:
    """One of the given values with up to four of its parts removed, or replaced by anything."""
    value = copy.deepcopy(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(1, 4))):
        parent, key = draw(st.sampled_from(_places(value)))
        if draw(st.booleans()):
            parent[key] = draw(ANYTHING)
        elif isinstance(parent, dict):
            del parent[key]
        if not _places(value):
            break
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place within a value that something stands in."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else range(len(value))
    return [place for key in keys for place in ((value, key), *_places(value[key]))]
