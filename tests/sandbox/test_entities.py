"""Entities: offsets in UTF-16 units, what Telegram finds by itself, and the bot's HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.entities import found_entities, parse_html, trimmed, utf16_length
from sandbox.errors import ApiError


def cut(text: str, entity: dict) -> str:
    units = text.encode("utf-16-le")
    return units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start", [("bot_command", "/start")]),
        ("/persona@twin_sandbox_bot lisa", [("bot_command", "/persona@twin_sandbox_bot")]),
        ("🚲🚲 /swap now, /reset", [("bot_command", "/swap"), ("bot_command", "/reset")]),
        ("hello @twin_sandbox_bot!", [("mention", "@twin_sandbox_bot")]),
        ("see https://example.org/a?b=c.", [("url", "https://example.org/a?b=c")]),
        ("and/or 1/2 /usr/bin </b> a@b.example", []),
        ("", []),
    ],
)
def test_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(entity["type"], cut(text, entity)) for entity in found_entities(text)] == expected


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("plain &amp; simple &nbsp;", "plain & simple &nbsp;", []),
        ("🚲<b>a</b>", "🚲a", [("bold", "a")]),
        ("<B>a<i>b</i></B >", "ab", [("bold", "ab"), ("italic", "b")]),
        ('<a href="https://example.org/?a=1&amp;b=2">x</a><a>y</a>', "xy", [("text_link", "x")]),
        ("<b></b><code>&lt;b&gt;</code>", "<b>", [("code", "<b>")]),
        ("<blockquote expandable>q</blockquote>", "q", [("blockquote", "q")]),
    ],
)
def test_html(source: str, text: str, expected: list[tuple[str, str]]) -> None:
    parsed, entities = parse_html(source)
    assert (parsed, [(entity["type"], cut(text, entity)) for entity in entities]) == (text, expected)
    assert all(
        entity.get("url", "https://example.org/?a=1&b=2") == "https://example.org/?a=1&b=2" for entity in entities
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("ä <script>", 'Unsupported start tag "script" at byte offset 3'),
        ("a < b", "Unsupported start tag at byte offset 2"),
        ("<b>a</i>", 'Unexpected end tag "i" at byte offset 4'),
        ("a</b>", 'Unexpected end tag "b" at byte offset 1'),
        ("<b>a<i>b</i>", 'Can\'t find end tag corresponding to start tag "b"'),
    ],
)
def test_html_is_refused(source: str, why: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_html(source)
    assert caught.value.description == f"Bad Request: can't parse entities: {why}"


@given(before=st.text(), inside=st.text(min_size=1), after=st.text())
def test_trimming_keeps_what_an_entity_covers(before: str, inside: str, after: str) -> None:
    whole = before + inside + after
    entity = {"type": "bold", "offset": utf16_length(before), "length": utf16_length(inside)}
    text, entities = trimmed(whole, [entity])
    assert text == whole.strip()
    covered = "".join(cut(text, entity) for entity in entities)
    assert covered.strip() == inside.strip()
