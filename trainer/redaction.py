"""Replaces what identifies people in messages: links, e-mail addresses, account, card and phone numbers, given names.

The same value gets the same placeholder, `<phone 2>`, in all exports of a dataset. To know it again, only a keyed
digest of each value is kept. Speakers and chats keep their names, which the twin needs, but for numbers in them.
"""

import hmac
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from trainer.whatsapp import Export, Row

_LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>]+[^\s<>.,;:!?)\]}'\"]", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \u00a0]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_DIGITS = re.compile(r"(?<![\w.,+])[2-6](?:[ \u00a0-]?\d){12,18}(?![\w])")
_NATIONAL = re.compile(r"(?<![\w.,:/-])\(?(?:\+|00?)\)?(?:[ \u00a0()/.-]{0,2}\d){7,14}(?![\w:])")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\D*$")
_ENOUGH_DIGITS = re.compile(r"(?:\d\D{0,3}){7}")
_WORD = re.compile(r"[^\W\d_]+")


class Redactor:
    """Finds and replaces; counts what it replaced by kind.

    Args:
        state: what `state` gave for the same dataset before.
        names: given names to replace beyond the common ones.
    """

    def __init__(self, state: Mapping[str, Any] | None = None, names: Iterable[str] = ()) -> None:
        state = state or {"key": secrets.token_hex(16), "seen": {}}
        self._key: str = state["key"]
        self._seen: dict[str, dict[str, int]] = {
            kind: {digest: number for number, digest in enumerate(digests, start=1)}
            for kind, digests in state["seen"].items()
        }
        self._names = frozenset(name.casefold() for name in names)
        self.counts: Counter[str] = Counter()

    @property
    def state(self) -> dict[str, Any]:
        """What a dataset keeps to go on with the same placeholders."""
        return {"key": self._key, "seen": {kind: list(numbers) for kind, numbers in self._seen.items()}}

    def export(self, export: Export) -> Export:
        """An export with all its rows redacted, and its names: WhatsApp calls a chat by the number nobody saved."""
        kept = {
            word.casefold() for speaker in {row.speaker for row in export.rows} for word in _WORD.findall(speaker or "")
        }
        rows = (
            Row(row.at, row.speaker and self._numbers(row.speaker), row.kind, self.text(row.text, kept=kept))
            for row in export.rows
        )
        file = self._numbers(export.file)
        warnings = tuple(warning.replace(export.file, file) for warning in export.warnings)
        return replace(export, chat=self._numbers(export.chat), rows=tuple(rows), file=file, warnings=warnings)

    def aliases(self, aliases: Mapping[str, str]) -> dict[str, str]:
        """Aliases of speakers, for what those are called in redacted exports."""
        return {self._numbers(old): self._numbers(new) for old, new in aliases.items()}

    def text(self, text: str, *, kept: Iterable[str] = ()) -> str:
        """A text with placeholders in place of all that is found, but for the names in `kept`."""
        if "://" in text or "www." in text.lower():
            text = _LINK.sub(lambda match: self._placeholder("link", match[0]), text)
        if "@" in text:
            text = _EMAIL.sub(lambda match: self._placeholder("e-mail", match[0].casefold()), text)
        text = self._numbers(text)
        return _WORD.sub(lambda match: self._name(match[0], kept), text)

    def _numbers(self, text: str) -> str:
        if not _ENOUGH_DIGITS.search(text):
            return text
        text = _IBAN.sub(self._iban, text)
        text = _DIGITS.sub(self._card, text)
        text = self._phones(text)
        return _NATIONAL.sub(self._national, text)

    def _iban(self, match: re.Match[str]) -> str:
        from stdnum import iban

        characters = [index for index, char in enumerate(match[0]) if not char.isspace()]
        for count in range(len(characters), 14, -1):  # words may follow it
            end = characters[count - 1] + 1
            if iban.is_valid(match[0][:end]):
                return self._placeholder("IBAN", iban.compact(match[0][:end])) + match[0][end:]
        return match[0]

    def _card(self, match: re.Match[str]) -> str:
        from stdnum import luhn

        number = re.sub(r"\D", "", match[0])
        return self._placeholder("card", number) if luhn.is_valid(number) and number.strip("0") else match[0]

    def _phones(self, text: str) -> str:
        """International numbers, wherever they are of."""
        import phonenumbers

        pieces, last = [], 0
        plain = text.translate({0xA0: " ", 0x202F: " ", 0x2011: "-"})
        for match in phonenumbers.PhoneNumberMatcher(plain, None):
            number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
            pieces += [text[last : match.start], self._placeholder("phone", number)]
            last = match.end
        return "".join([*pieces, text[last:]])

    def _national(self, match: re.Match[str]) -> str:
        """Numbers as people of one country write them, with a zero in front."""
        if _DATE.match(match[0]):
            return match[0]
        return self._placeholder("phone", re.sub(r"\D", "", match[0]))

    def _name(self, word: str, kept: Iterable[str]) -> str:
        folded = word.casefold()
        has_case = word.lower() != word.upper()
        common = folded in common_names() and not (has_case and word == word.lower())
        if folded in kept or not (common or folded in self._names):
            return word
        return self._placeholder("name", folded)

    def _placeholder(self, kind: str, value: str) -> str:
        digest = hmac.digest(bytes.fromhex(self._key), value.encode("utf-8", "surrogatepass"), "sha256").hex()[:24]
        numbers = self._seen.setdefault(kind, {})
        self.counts[kind] += 1
        return f"<{kind} {numbers.setdefault(digest, len(numbers) + 1)}>"


@cache
def common_names() -> frozenset[str]:
    """Given names that are common somewhere and no words of another meaning, in small letters."""
    text = resources.files(__package__).joinpath("given_names.txt").read_text(encoding="utf-8")
    return frozenset(name.casefold() for name in text.split())
