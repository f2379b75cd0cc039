"""Entities of a text: those that Telegram finds in what users write, and those of the bot's HTML.

Offsets and lengths count UTF-16 code units, as everywhere in the Bot API.
"""

import html
import re

from sandbox.errors import bad_request
from sandbox.model import Json

_FOUND = re.compile(
    r"(?<![\w/@<>])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?)(?![\w/<>])"
    r"|(?<![\w@/])(?P<mention>@\w{3,32})"
    r"|(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)\]])"
)
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*)"
    r"(?P<attributes>(?:\s+[a-zA-Z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?)*)\s*>"
)
_HREF = re.compile(r"href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))")
_ESCAPE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def found_entities(text: str) -> list[Json]:
    """The commands, mentions and links of a text that was written without markup."""
    return [
        {
            "type": match.lastgroup,
            "offset": utf16_length(text[: match.start()]),
            "length": utf16_length(match.group()),
        }
        for match in _FOUND.finditer(text)
    ]


def parse_html(source: str) -> tuple[str, list[Json]]:
    """The text without its tags, and their entities. Raises Telegram's 400 for what it would not take."""
    pieces: list[str] = []
    entities: list[Json] = []
    open_tags: list[tuple[str, Json]] = []
    length = position = 0
    while position < len(source):
        start = source.find("<", position)
        end = len(source) if start < 0 else start
        if end > position:
            plain = _ESCAPE.sub(lambda match: html.unescape(match.group()), source[position:end])
            pieces.append(plain)
            length += utf16_length(plain)
        position = end
        if start < 0:
            break
        tag = _TAG.match(source, start)
        if tag is None:
            raise _cannot_parse("Unsupported start tag", source, start)
        if tag["close"]:
            if not open_tags or open_tags[-1][0] != tag["name"].lower():
                raise _cannot_parse(f'Unexpected end tag "{tag["name"]}"', source, start)
            entity = open_tags.pop()[1]
            entity["length"] = length - entity["offset"]
            # a link without an address stays plain text, as in Telegram
            if entity["length"] and (entity["type"] != "text_link" or "url" in entity):
                entities.append(entity)
        else:
            open_tags.append((tag["name"].lower(), _opened(tag, length, source)))
        position = tag.end()
    if open_tags:
        raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag \"{open_tags[-1][0]}\"")
    return "".join(pieces), sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """The text without whitespace at its ends, the entities moved and clipped accordingly."""
    lead = utf16_length(text[: len(text) - len(text.lstrip())])
    text = text.strip()
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, utf16_length(text))
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return text, kept


def with_found(text: str, entities: list[Json]) -> list[Json]:
    """The given entities and, where none of them is, the commands, mentions and links that Telegram finds itself."""
    taken = {unit for entity in entities for unit in range(entity["offset"], entity["offset"] + entity["length"])}
    found = [
        entity
        for entity in found_entities(text)
        if taken.isdisjoint(range(entity["offset"], entity["offset"] + entity["length"]))
    ]
    return sorted([*entities, *found], key=lambda entity: (entity["offset"], -entity["length"]))


def _opened(tag: re.Match[str], offset: int, source: str) -> Json:
    name = tag["name"].lower()
    if name not in _TYPES:
        raise _cannot_parse(f'Unsupported start tag "{name}"', source, tag.start())
    entity: Json = {"type": _TYPES[name], "offset": offset}
    if name == "a" and (href := _HREF.search(tag["attributes"])):
        entity["url"] = html.unescape(next(group for group in href.groups() if group is not None))
    return entity


def _cannot_parse(why: str, source: str, position: int) -> Exception:
    return bad_request(f"can't parse entities: {why} at byte offset {len(source[:position].encode())}")
