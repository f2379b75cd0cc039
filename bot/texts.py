"""Everything that the bot itself says, in English, in one place."""

from collections.abc import Sequence
from typing import Any

from storage.store import Thread

COMMANDS = (
    ("start", "what this is, and who answers"),
    ("persona", "choose who answers: /persona Lisa"),
    ("swap", "change sides: the twin takes yours, you take theirs"),
    ("reset", "forget this conversation"),
    ("help", "all commands"),
)
_ADMIN_COMMANDS = (("retrain", "learn anew from the dataset"),)

CANNOT_ANSWER = "The twin cannot answer right now. Please try again in a while."
CANNOT_SEE = "The twin reads text only: it cannot see that. Tell it in words."
FAILED = "That did not work, and it is not your fault. Please try again; if it stays so, tell whoever runs this bot."
GONE = "That choice is not there any more. /persona shows those that are."
NO_ONE = (
    "There is nobody to talk with yet: no adapter has been trained. Whoever runs this bot does it with: twin train NAME"
)
PRIVATE_ONLY = "I talk in private chats only. Write to me there."
UNKNOWN_COMMAND = "I do not know that command. /help shows those I know."
WHO = "Who should answer?"

RETRAIN_ADMINS_ONLY = "Only an admin of this bot may retrain it."
RETRAIN_RUNS = "A training is under way already; one at a time."
RETRAIN_STOPPED = "Training stopped, because the bot was stopped. The old version stays."
RETRAIN_UNAVAILABLE = "This bot was started without a way to train."

_BAR = 20  # characters of a progress bar
_SAMPLE = 200  # characters shown of each part of a sample


def start(thread: Thread | None) -> str:
    who = NO_ONE if thread is None else f"Now {sides(thread)}"
    return (
        "This is an AI. It imitates how a person writes; it has learned that from their chats. Nobody real reads along "
        "or answers here, and nothing it says was said by them.\n\n"
        f"{who}\n\n{_commands(COMMANDS)}"
    )


def help_text(thread: Thread | None, *, admin: bool) -> str:
    listed = _commands((*COMMANDS, *_ADMIN_COMMANDS) if admin else COMMANDS)
    who = NO_ONE if thread is None else f"Now {sides(thread)}"
    return f"Write, and an AI answers in the voice of someone it has learned from.\n\n{who}\n\n{listed}"


def sides(thread: Thread) -> str:
    return f"{thread.answers} answers, and you write as {thread.writes}."


def switched(thread: Thread) -> str:
    return f"From here on {sides(thread)}"


def swapped(thread: Thread) -> str:
    return f"Sides changed: now {sides(thread)} What was said stays."


def reset(thread: Thread | None) -> str:
    if thread is None:
        return "There is nothing to forget."
    return f"What you and {thread.answers} said here is forgotten."


def unknown_persona(name: str, nearest: Sequence[str]) -> str:
    return f"I know no {_short(name)}. " + (
        f"Did you mean {_either(nearest)}?" if nearest else "/persona shows those I know."
    )


def unknown_adapter(name: str, known: Sequence[str]) -> str:
    return f"There is no adapter {_short(name)}" + (f"; there is {_either(known)}." if known else " yet.")


def refused(user_id: int) -> str:
    return f"Sorry, this bot is private. If you should have access, give its admin your number: {user_id}"


def labelled(speaker: str, text: str) -> str:
    """An answer that comes after the chat has moved on to another persona."""
    return f"{speaker}: {text}"


def silent(speaker: str) -> str:
    return f"({speaker} says nothing to that.)"


def retrain_started(adapter: str) -> str:
    return f"Training {adapter}: getting ready ..."


def retrain_progress(adapter: str, progress: dict[str, Any], sample: dict[str, Any] | None) -> str:
    """The progress message; both mappings are as the training process printed them."""
    step, steps = int(progress.get("step", 0)), max(1, int(progress.get("steps", 1)))
    full = min(_BAR, _BAR * step // steps)
    loss, speed, left = (float(progress.get(key, 0)) for key in ("loss", "tokens_per_s", "seconds_left"))
    lines = [
        f"Training {adapter}: {100 * step // steps} %",
        "▓" * full + "░" * (_BAR - full),
        f"step {step} of {steps}, loss {loss:.2f}, {speed:.0f} tokens/s, {_duration(left)} left",
    ]
    if sample:
        context, answer, real = (_short(str(sample.get(key, "")), _SAMPLE) for key in ("context", "answer", "real"))
        lines += ["", context, f"→ {answer}", f"(really: {real})"]
    return "\n".join(lines)


def retrain_done(adapter: str, result: dict[str, Any]) -> str:
    """The end of a training; `result` is as the training process printed it."""
    version, loss, seconds = result.get("version", "?"), result.get("held_out_loss"), result.get("seconds")
    facts = [f"version {version}"]
    if loss is not None:
        facts.append(f"held-out loss {float(loss):.3f}")
    if seconds is not None:
        facts.append(f"in {_duration(float(seconds))}")
    what = "It answers from now on." if result.get("promoted", True) else "The old version goes on answering."
    return f"Training {adapter} is done: {', '.join(facts)}. {what}"


def retrain_failed(adapter: str, reason: str) -> str:
    return f"Training {adapter} failed: {_short(reason, 500) or 'it gave no reason'}\nThe old version stays."


def _commands(commands: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"/{name} - {what}" for name, what in commands)


def _either(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _short(text: str, most: int = 64) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
