"""The bot's words: complete in every language, filled by the same values, and all of them used."""

import re
import string
from pathlib import Path

import pytest

from bot.menus import ADMIN, PRIVATE
from bot.texts import LANGUAGES, Words, de, en

SOURCES = [path.read_text(encoding="utf-8") for path in (Path(__file__).parents[2] / "bot").glob("*.py")]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_language_has_every_text_with_the_same_places() -> None:
    assert de.TEXTS.keys() == en.TEXTS.keys()
    assert de.COMMANDS.keys() == en.COMMANDS.keys() == {*PRIVATE, *ADMIN}
    assert de.KINDS.keys() == en.KINDS.keys()
    for key, text in en.TEXTS.items():
        assert places(text) == places(de.TEXTS[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_too_long_for_telegram(language: str) -> None:
    words = Words(language)
    assert all(len(words.command(name)) <= 256 for name in (*PRIVATE, *ADMIN))
    answers = [
        text for key, text in {"en": en, "de": de}[language].TEXTS.items() if key in {"gone", "refused", "thanks"}
    ]
    assert all(len(text) <= 190 for text in answers)  # these stand in notices under buttons


def test_german_is_not_english() -> None:
    same = {key for key, text in en.TEXTS.items() if text == de.TEXTS[key]}
    assert same == set()


def test_texts_are_those_that_are_used() -> None:
    quoted = set(re.findall(r"""["']([a-z_]+)["']""", "".join(SOURCES)))
    made = {"either"} | {f"job_{name}" for name in ("reload", "retrain", "backup", "clean")}
    assert en.TEXTS.keys() - quoted - made == set()
    used = {key for source in SOURCES for key in re.findall(r"""words\)?\(\s*["']([a-z_]+)["']""", source)}
    assert used - en.TEXTS.keys() == set()


@pytest.mark.parametrize(
    ("code", "language"), [("de", "de"), ("de-AT", "de"), ("fr", "en"), (None, "en"), ("EN-us", "en")]
)
def test_language_of_a_user(code: str | None, language: str) -> None:
    assert Words(code).language == language
