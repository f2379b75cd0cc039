"""The recipe of an adapter's version, `twin.json`: what serving must follow to match training. Loads no torch."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from twin.transcript import Turn

FORMAT_VERSION = 1
HOTTEST, _COLDEST = 100, 1e-3  # temperatures


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn.

    Attributes:
        temperature: from 0 to `HOTTEST`.
        top_p: the share of the probability that may be drawn, above 0.
        repetition_penalty: from 0.1 to 10; 1 is none.
        seed: makes an answer repeatable.

    Raises:
        ValueError: a value is none of these. The model would die of it.
    """

    temperature: float = 0.8
    top_p: float = 0.9
    repetition_penalty: float = 1.1
    seed: int | None = None

    def __post_init__(self) -> None:
        numbers = (self.temperature, self.top_p, self.repetition_penalty)
        if not (
            all(isinstance(number, int | float) for number in numbers)
            and 0 <= self.temperature <= HOTTEST
            and 0 < self.top_p < math.inf
            and 0.1 <= self.repetition_penalty <= 10
            and is_seed(self.seed)
        ):
            raise ValueError("sampling has a value with which nothing can be drawn")

    @property
    def by_chance(self) -> bool:
        """Whether tokens are drawn; else the likeliest is taken. Colder logits would not fit into fp32."""
        return self.temperature >= _COLDEST


def is_seed(value: object) -> bool:
    """Whether a source of randomness can begin with it, or it is None."""
    return value is None or (isinstance(value, int) and abs(value) < 2**63)


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that the adapter learned from.

    Attributes:
        name: the chat's name in its dataset.
        speakers: who wrote in it, the one who wrote most first.
        trained_until: conversations that began before it were trained on.
        validated_until: later ones that began before it chose the checkpoint; those after it are for reports only.
    """

    name: str
    speakers: tuple[str, ...]
    trained_until: datetime
    validated_until: datetime


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long a speaker takes for the next message of a burst: `seconds`, and `per_character` of it.

    The defaults are those of typing on a phone: 36 words a minute (Palin et al. 2019, "How do people type on mobile
    devices?").
    """

    seconds: float = 0.0
    per_character: float = 0.3

    def pause(self, text: str) -> float:
        """The seconds before `text` is sent."""
        return self.seconds + self.per_character * len(text)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`twin.json`: what must match between training and serving, and where the adapter came from."""

    base_model: str
    base_revision: str | None
    base_digest: str
    quantisation: str
    speakers: tuple[str, ...]
    chats: tuple[Chat, ...]
    datasets: tuple[str, ...]
    dataset_digest: str
    context_length: int
    gap_seconds: int
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    sampling: Sampling = Sampling()
    rhythm: dict[str, Rhythm] = field(default_factory=dict)  # of the speakers of whom enough is known
    refit_of: str | None = None  # the version that passed the gate, where this one has learned all conversations
    facts_digest: str | None = None  # of the facts in `facts.json`, which an export may have left out
    continued_from: str | None = None  # ADAPTER/VERSION, whose weights this one began with
    general: bool = False  # learned how people write from a corpus, and imitates nobody
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    format_version: int = FORMAT_VERSION

    @property
    def trained_until(self) -> datetime:
        """The end of the trained period; later dates are served as its last one."""
        return max(chat.trained_until for chat in self.chats)

    @property
    def gap(self) -> timedelta:
        """The silence that starts a new conversation."""
        return timedelta(seconds=self.gap_seconds)

    def room(self, tokens: int) -> int:
        """How many of so many tokens of an answer there is room for after a conversation."""
        return min(tokens, self.context_length // 3)

    def everyone(self, turns: Iterable[Turn], answering: str) -> tuple[str, ...]:
        """Its speakers, and after them those of a thread whom it does not know: labels depend on the order."""
        strangers = {answering, *(turn.speaker for turn in turns)}.difference(self.speakers)
        return *self.speakers, *sorted(strangers)

    def counterpart(self, speaker: str) -> str:
        """Whom `speaker` wrote with in the first chat that has both, else whoever wrote most of the others."""
        for chat in self.chats:
            if speaker in chat.speakers:
                for other in chat.speakers:
                    if other != speaker:
                        return other
        return next((other for other in self.speakers if other != speaker), speaker)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, default=lambda value: value.isoformat()) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read `twin.json`.

        Raises:
            ValueError: it is not JSON, lacks a field, or was written by a newer program.
        """
        try:
            values = json.loads(text)
        except RecursionError:
            raise ValueError("brackets within brackets without end") from None
        if not isinstance(values, dict):
            raise ValueError("not an object")
        version = values.get("format_version", FORMAT_VERSION)
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise ValueError("written by a newer Twin")
        known = {key: values[key] for key in (item.name for item in fields(cls)) if key in values}
        try:
            known["speakers"], known["datasets"] = tuple(known["speakers"]), tuple(known["datasets"])
            known["chats"] = tuple(_chat(chat) for chat in known["chats"])
            known["sampling"] = Sampling(**known.get("sampling", {}))
            known["rhythm"] = {name: Rhythm(**rhythm) for name, rhythm in known.get("rhythm", {}).items()}
            known["created"] = datetime.fromisoformat(known["created"])
            manifest = cls(**known)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"incomplete: {error}") from None
        _check(manifest)
        return manifest


def _check(manifest: Manifest) -> None:
    """That what others build upon is of its kind: the file may come from elsewhere.

    Raises:
        ValueError: it is not.
    """
    chats = manifest.chats
    texts = [manifest.base_model, manifest.base_digest, manifest.quantisation, *manifest.speakers, *manifest.datasets]
    texts += [text for chat in chats for text in (chat.name, *chat.speakers)]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a name in it is no text")
    if not all(chat.speakers and set(chat.speakers) <= set(manifest.speakers) for chat in chats):
        raise ValueError("a chat in it has no speakers, or others than the adapter")
    if not all(_is_positive(number) for number in (manifest.context_length, manifest.gap_seconds)):
        raise ValueError("context_length and gap_seconds must be whole numbers above 0")
    paces = [pace for rhythm in manifest.rhythm.values() for pace in (rhythm.seconds, rhythm.per_character)]
    if not all(isinstance(number, int | float) and 0 <= number < math.inf for number in paces):
        raise ValueError("rhythm must be numbers from 0 on")


def _is_positive(number: object) -> bool:
    return isinstance(number, int) and 0 < number < 2**31


def _chat(values: dict[str, Any]) -> Chat:
    until, validated = (
        datetime.fromisoformat(values[key]).replace(tzinfo=None) for key in ("trained_until", "validated_until")
    )
    return Chat(values["name"], tuple(values["speakers"]), until, validated)
