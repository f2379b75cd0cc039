"""The German chat through the whole path, on a base model with the quirks of the German one."""

from datetime import timedelta
from pathlib import Path

from trainer import dataset, prepare, run
from twin.adapter import AdapterFolder
from twin.engine import Request, whole
from twin.local import LocalEngine
from twin.manifest import Sampling
from twin.settings import Settings
from twin.transcript import Turn, render

CHAT = Path(__file__).parent / "fixtures" / "german_chat.txt"


async def test_a_german_chat_becomes_a_twin(german_base: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, base_model=str(german_base))
    folder = settings.dataset("zoe")
    summary = prepare.prepare([CHAT], dataset=folder)
    assert set(summary.counts.speakers) == {"Jürgen", "Zoë"}
    assert summary.counts.conversations >= 15 and not summary.counts.unparsed_lines

    said = [
        turn for part in dataset.load(folder).chats.values() for conversation in part for turn in conversation.turns
    ]
    text = render(said, {"Jürgen": "Jürgen", "Zoë": "Zoë"})
    assert all(letter in text for letter in "äöüß") and any(ord(letter) > 0x1F000 for letter in text)

    options = {"epochs": 1, "learning_rate": 1e-2, "context_length": 256, "tokens_per_step": 512}
    result = run.train_adapter("zoe", settings, run.Choices(options=options), lambda event: None)
    assert result.held_out_loss is not None and result.base_loss is not None
    assert result.held_out_loss < result.base_loss

    engine = LocalEngine(AdapterFolder(settings.adapters))
    at = said[-1].at + timedelta(minutes=1)
    for speaker, other in (("Zoë", "Jürgen"), ("Jürgen", "Zoë")):
        request = Request("zoe", (Turn(other, "Schöne Grüße, bis später! 🥨", at),), speaker, at, Sampling(seed=1))
        answer = engine.answer(request)
        assert await whole(answer)
        assert answer.finish in {"separator", "length"}
    await engine.close()
