"""What the progress message of a training says, from what the training process printed."""

import hashlib
from collections.abc import Sequence
from typing import Any

from bot.texts import Words, short
from storage.store import Buttons
from twin.adapter import AdapterFolder

USE = "use:"  # how the callback data of a button begins that puts a version to work
_BAR = 20  # characters of a progress bar
_SAMPLE = 200  # characters shown of each part of a sample
_SHARES = {"right_persona": "measure_persona", "hits_at_1": "measure_reply", "verbatim": "measure_verbatim"}


def progress(words: Words, adapter: str, values: dict[str, Any], sample: dict[str, Any] | None) -> str:
    """How far it is, and what the model would say now."""
    step, steps = int(values.get("step", 0)), max(1, int(values.get("steps", 1)))
    full = min(_BAR, _BAR * step // steps)
    loss, speed, left = (float(values.get(key) or 0) for key in ("loss", "tokens_per_s", "seconds_left"))
    text = words(
        "training",
        adapter=adapter,
        percent=100 * step // steps,
        bar="▓" * full + "░" * (_BAR - full),
        step=step,
        steps=steps,
        loss=f"{loss:.2f}",
        speed=f"{speed:.0f}",
        left=words.duration(left),
    )
    if not sample:
        return text
    context, answer, real = (short(str(sample.get(key, "")), _SAMPLE) for key in ("context", "answer", "real"))
    return f"{text}\n\n{words('sample', context=context, answer=answer, real=real)}"


def done(words: Words, adapter: str, result: dict[str, Any], evaluations: Sequence[dict[str, Any]]) -> str:
    """The end of a training that went well; the evaluations are those of the new version and of the one before."""
    version, seconds = result.get("version", "?"), result.get("seconds")
    if result.get("skipped"):
        return words("training_skipped", adapter=adapter, version=version)
    lines = [words("training_done", adapter=adapter, version=version, time=words.duration(float(seconds or 0)))]
    loss, base = result.get("held_out_loss"), result.get("base_loss")
    if loss is not None:
        lines.append(words("held_out", loss=f"{float(loss):.3f}"))
    if base is not None:
        lines.append(words("base_loss", loss=f"{float(base):.3f}"))
    lines += _comparison(words, *evaluations)
    reasons = [str(reason) for reason in result.get("reasons") or []]
    promoted = result.get("promoted", True)
    lines.append(words("promoted") if promoted else words("not_promoted", reasons="; ".join(reasons) or "-"))
    return short("\n".join(lines), 3500)


def failed(words: Words, adapter: str, reason: str) -> str:
    return words("training_failed", adapter=adapter, reason=short(reason, 500) or words("no_reason"))


def choice(words: Words, adapter: str, result: dict[str, Any], old: str | None) -> Buttons | None:
    """Buttons that put the new version to work, or the old one back."""
    version = str(result.get("version", ""))
    new_button = (words("button_promote"), use(adapter, version))
    if result.get("skipped"):
        return None if result.get("promoted", True) else [[new_button]]
    if old is None:
        return None if result.get("promoted", True) else [[new_button]]
    return [[new_button, (words("button_keep_old"), use(adapter, old))]]


def use(adapter: str, version: str) -> str:
    """Callback data of the button that puts a version to work: short enough for any name."""
    return USE + hashlib.sha256(f"{adapter}\n{version}".encode()).hexdigest()[:32]


def used(adapters: AdapterFolder, data: str) -> tuple[str, str] | None:
    """The adapter and version whose button was pressed; None if they are gone."""
    known = ((adapter, version) for adapter, versions in adapters.all_versions().items() for version in versions)
    return next((one for one in known if use(*one) == data), None)


def _comparison(words: Words, new: dict[str, Any], old: dict[str, Any]) -> list[str]:
    """What was measured of the new version and of the one before: the loss first, then how alike they are."""
    gate = new.get("gate") or {}
    before, after = gate.get("rival_loss"), gate.get("loss")
    lines = []
    if before is not None and after is not None:
        lines.append(words("compared", what=words("measure_loss"), old=f"{before:.3f}", new=f"{after:.3f}"))
    alike_before, alike_after = old.get("likeness") or {}, new.get("likeness") or {}
    for key, measure in _SHARES.items():
        before, after = alike_before.get(key), alike_after.get(key)
        if before is not None and after is not None:
            lines.append(words("compared", what=words(measure), old=f"{before:.0%}", new=f"{after:.0%}"))
    return lines
