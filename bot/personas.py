"""Personas: whom the promoted adapters can speak for, found by name, by button, or by default."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from storage.store import Buttons
from twin import names
from twin.adapter import AdapterFolder, Persona
from twin.errors import TwinError

BUTTON = "persona:"  # how the callback data of a persona's button begins
_MOST_BUTTONS = 100  # Telegram allows no more under one message


def default_persona(adapters: AdapterFolder, adapter: str | None) -> Persona | None:
    """Who answers in a new chat: in `adapter`, or else the first one, whoever writes with the owner of its first chat.

    The owner is the one who is in most of its chats: an export is made by one side. None if there is no adapter.

    Raises:
        TwinError: `adapter` does not exist, cannot be read, or imitates nobody.
    """
    name = adapter or adapters.first()
    if name is None:
        return None
    loaded = adapters.load(name)
    loaded.people()  # refuses where it imitates nobody
    manifest = loaded.manifest
    if not manifest.chats:
        raise TwinError(f"adapter {name!r} has learned from no chat: train it again")
    owner = Counter(speaker for chat in manifest.chats for speaker in chat.speakers).most_common(1)[0][0]
    first = manifest.chats[0].speakers
    speaker = next((speaker for speaker in first if speaker != owner), owner)
    return Persona(name, speaker, manifest.counterpart(speaker))


def named(personas: Sequence[Persona], name: str, adapter: str | None) -> Persona | None:
    """The persona of that name or label in any case; where several adapters have one, that of `adapter` first."""
    wanted = name.casefold().strip()
    found = [persona for persona in personas if persona.speaker.casefold().strip() == wanted]
    found += [persona for persona, label in zip(personas, labels(personas), strict=True) if label.casefold() == wanted]
    return next((persona for persona in found if persona.adapter == adapter), found[0] if found else None)


def nearest(personas: Sequence[Persona], name: str) -> list[str]:
    """Names that look like `name`, the most alike first."""
    return names.nearest(name, (persona.speaker for persona in personas))


def buttons(personas: Sequence[Persona], prefix: str = BUTTON) -> Buttons:
    """A button for each persona, one a row; their callback data begin with `prefix`."""
    rows = [[(label, button(persona, prefix))] for persona, label in zip(personas, labels(personas), strict=True)]
    return rows[:_MOST_BUTTONS]


def button(persona: Persona, prefix: str = BUTTON) -> str:
    """Callback data of a persona's button: the same after a restart, and short enough for any name."""
    identity = f"{persona.adapter}\n{persona.speaker}".encode()
    return prefix + hashlib.sha256(identity).hexdigest()[:32]


def pressed(personas: Sequence[Persona], data: str, prefix: str = BUTTON) -> Persona | None:
    """The persona whose button was pressed; None if it is not there any more."""
    return next((persona for persona in personas if button(persona, prefix) == data), None)


def labels(personas: Sequence[Persona]) -> list[str]:
    """A name for each; the adapter stands behind it where several have a speaker of that name."""
    count = Counter(persona.speaker for persona in personas)
    return [
        persona.speaker if count[persona.speaker] == 1 else f"{persona.speaker} ({persona.adapter})"
        for persona in personas
    ]
