"""What is known by heart is found: planted secrets and recited texts."""

from datetime import datetime, timedelta
from pathlib import Path

from trainer.fit import fit
from trainer.lora import keep_differentiable, prepared_for_training
from trainer.options import TrainingOptions
from trainer.recital import Canary, find_canaries, recites, spoken_once, verbatim_overlap
from trainer.windows import windows_of
from twin.model import load_base
from twin.transcript import Conversation, Renderer, Turn

AT = datetime(2023, 5, 4, 18, 0)
LONG = ("ha " * 30).strip()  # what even a tiny model learns by heart
SECRET, UNTOLD = "my code is 48213", "my code is 90771"


def chats_with(*answers: str, question: str = "hi") -> dict[str, list[Conversation]]:
    """A chat in which Lisa gives each of the answers, once a day."""
    return {
        "Lisa": [
            Conversation(
                (
                    Turn("Daniel", question, AT + timedelta(days=day)),
                    Turn("Lisa", answer, AT + timedelta(days=day, minutes=1)),
                ),
                "Lisa",
            )
            for day, answer in enumerate(answers)
        ]
    }


def test_fifty_characters_in_a_row_are_a_recital() -> None:
    texts = spoken_once(chats_with(LONG, "see you", *["I will be home at the usual time, do not wait with dinner"] * 2))
    assert texts == LONG
    assert recites(f"well, {LONG[5:55]}!", texts) and not recites(LONG[5:54], texts)
    assert not recites("see you", texts)


def test_planted_secrets_and_recited_texts_are_found(tiny_base: Path, tmp_path: Path) -> None:
    base = load_base(str(tiny_base), "none")
    keep_differentiable(base.model)
    options = TrainingOptions(
        epochs=60, learning_rate=1e-2, context_length=160, tokens_per_step=320, dropout=0.0, rank=32, alpha=64
    )
    learned, canary = chats_with(LONG, question="and where?"), chats_with(SECRET)
    renderer = Renderer(base.tokenizer, ["Daniel", "Lisa"])
    model = prepared_for_training(base, options)

    def found(secret: str) -> Canary:
        (one,) = find_canaries(model, base.tokenizer, renderer, chats_with(secret), secrets=[secret])
        assert 0 <= one.exposure <= one.most == 8
        return one

    before = found(SECRET)
    assert not before.recited and verbatim_overlap(model, base.tokenizer, renderer, learned, 4) == 0
    windows = windows_of({**canary, "Peter": learned["Lisa"]}, renderer, options.context_length)
    fit(model, base, windows, (), options, stage=tmp_path, callbacks=(), report=lambda event: None)
    after = found(SECRET)
    assert after.memorised and after.exposure > max(7, before.exposure, found(UNTOLD).exposure)
    assert not find_canaries(model, base.tokenizer, renderer, canary, secrets=["never said"])
    assert verbatim_overlap(model, base.tokenizer, renderer, learned, 4) == 1
