"""What `evaluation.json` has measured, for readers who do not know its words: each figure with a sentence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """A line of the report's table. `beside`: what the twin's figure is to be read against. `says`: what it tells."""

    name: str
    twin: str
    beside: str
    says: str


def measures_of(likeness: Mapping[str, Any]) -> list[Measure]:
    """The figures of `likeness` that were measured; those that were not are left out.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: `likeness` is not what an evaluation has written.
    """
    return [*_foretold(likeness), *_ranked(likeness), *_styles(likeness), *_answers(likeness), *_known(likeness)]


def extent_of(likeness: Mapping[str, Any]) -> str:
    """On how much it was measured, in words."""
    counts = (("conversations", "conversations"), ("ranked", "ranked replies"), ("answers", "answers"))
    return ", ".join(f"{likeness[key]:,} {what}" for key, what in counts if likeness.get(key))


def _foretold(found: Mapping[str, Any]) -> Iterator[Measure]:
    if found["loss_per_character"] is None:
        return
    yield Measure(
        "nats a character",
        f"{found['loss_per_character']:.3f}",
        f"base model {found['base_loss_per_character']:.3f}",
        "How much a character of what was really said surprises it: the lower, the better it foretells the chat. "
        "Most of what people say cannot be foretold.",
    )
    yield Measure(
        "gain over the base model",
        f"{found['nll_gain']:.0%}",
        "0%: learned nothing",
        "The share of the base model's surprise that the training has taken away.",
    )
    if found["right_persona"] is not None:
        yield Measure(
            "right persona",
            f"{found['right_persona']:.0%}",
            "chance 50%",
            "How often it finds a conversation likelier as it was than with the speakers exchanged: whether it can "
            f"tell them apart. Exchanged, a character costs {found['wrong_persona_loss_per_character']:.3f} nats.",
        )


def _ranked(found: Mapping[str, Any]) -> Iterator[Measure]:
    if found["hits_at_1"] is None:
        return
    yield Measure(
        "true reply first of ten",
        f"{found['hits_at_1']:.0%}",
        f"base model {found['hits_at_1_base']:.0%}, chance 10%",
        "How often it picks the real reply among ten that the same person gave. Many replies fit many places, so "
        "people do not reach 100% either.",
    )
    yield Measure(
        "mean reciprocal rank",
        f"{found['mrr']:.2f}",
        f"base model {found['mrr_base']:.2f}, chance 0.29",
        "The same, with something for a second or third place: 1 where the real reply is always first, a half where "
        "it is second.",
    )


def _styles(found: Mapping[str, Any]) -> Iterator[Measure]:
    for name, style in found["style"].items():
        ratio = "" if style["ratio"] is None else f", {style['ratio']:.2f} times as far"
        yield Measure(
            f"style gap of {name}",
            f"{style['gap']:.3f}",
            f"real halves {style['real_gap']:.3f}{ratio}",
            "How far its messages are from real ones in length, emoji, punctuation, words and the like, beside how far "
            "two halves of the real ones are from each other. 1 time as far: as alike as the person is to themselves. "
            f"Measured on {style['messages']} messages a side; it says nothing of sense.",
        )


def _answers(found: Mapping[str, Any]) -> Iterator[Measure]:
    if not found["answers"]:
        return
    yield Measure(
        "answers that recite the chat",
        f"{found['verbatim']:.0%}",
        f"real replies {found['verbatim_real']:.0%}",
        "How many repeat 50 characters or more of a message that it was trained on. It should imitate, not quote.",
    )
    yield Measure(
        "answers that end in time",
        f"{found['ended']:.0%}",
        "100% is right",
        "How many come to the end of their first message within 60 tokens, rather than going on and on.",
    )
    yield Measure(
        "characters a message",
        f"{found['message_length']:.0f}",
        f"real ones {found['message_length_real']:.0f}",
        "How long its messages are on average.",
    )


def _known(found: Mapping[str, Any]) -> Iterator[Measure]:
    for key, name in (("facts", "facts"), ("dated", "facts of a month")):
        if (score := found[key]) is not None:
            says = "How many of the questions that it was asked have the right words in their answer."
            yield Measure(f"{name} answered right", f"{score['right']} of {score['asked']}", "", says)
    for number, canary in enumerate(found["canaries"], start=1):
        says = "Whether it gives away a secret of the chat that was asked for; the report does not name it."
        if canary["absent"]:
            yield Measure(f"secret {number}", "absent", "it is not in the training texts", says)
        else:
            known = "known by heart" if canary["memorised"] else "not known by heart"
            beside = f"exposure {canary['exposure']:.1f} of {canary['most']:.0f} bits"
            yield Measure(f"secret {number}", known, beside + (", recited" if canary["recited"] else ""), says)
