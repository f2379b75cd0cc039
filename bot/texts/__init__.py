"""Everything that the bot itself says. One file a language; each has the same texts with the same places to fill."""

from typing import Any

from bot.texts.de import COMMANDS as GERMAN_COMMANDS
from bot.texts.de import KINDS as GERMAN_KINDS
from bot.texts.de import TEXTS as GERMAN
from bot.texts.en import COMMANDS, KINDS, TEXTS

_TEXTS = {"en": TEXTS, "de": GERMAN}
_COMMANDS = {"en": COMMANDS, "de": GERMAN_COMMANDS}
_KINDS = {"en": KINDS, "de": GERMAN_KINDS}
LANGUAGES = tuple(_TEXTS)
_MOST = 64  # characters of a name that someone typed


class Words:
    """The bot's words in one language: `words("swapped", answers=..., writes=...)`."""

    def __init__(self, language: str | None) -> None:
        """`language` is a code such as Telegram tells of its users; one that is not known is served in English."""
        code = (language or "").split("-")[0].lower()
        self.language = code if code in _TEXTS else "en"

    def __call__(self, key: str, **values: Any) -> str:
        return _TEXTS[self.language][key].format(**values)

    def command(self, name: str) -> str:
        """What a command does, in a line."""
        return _COMMANDS[self.language][name]

    def kind(self, name: str) -> str:
        """A kind of message, such as a photo."""
        kinds = _KINDS[self.language]
        return kinds.get(name, kinds["other"])

    def either(self, names: list[str]) -> str:
        """One or the other."""
        *others, last = names
        return self("either", others=", ".join(others), last=last) if others else last

    def duration(self, seconds: float) -> str:
        minutes, rest = divmod(round(max(0.0, seconds)), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return f"{hours} h {minutes} min"
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def short(text: str, most: int = _MOST) -> str:
    """At most so many characters of a text."""
    return text if len(text) <= most else text[: most - 1] + "…"
