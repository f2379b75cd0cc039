"""The split by time and the batches."""

from datetime import datetime, timedelta

import torch
from transformers import BloomConfig, BloomForCausalLM

from trainer.loss import held_out_loss, summed_loss
from trainer.windows import IGNORED, Collator, split_by_time
from twin.transcript import Conversation, Tokens, Turn

AT = datetime(2023, 1, 1)


def conversation(day: int, chat: str = "Lisa") -> Conversation:
    return Conversation(
        (Turn("Daniel", "hi", AT + timedelta(days=day)), Turn(chat, "hey", AT + timedelta(days=day))), chat
    )


def test_each_part_is_later_than_the_one_before() -> None:
    split = split_by_time({"Lisa": [conversation(day) for day in range(100)]})
    assert [len(part["Lisa"]) for part in (split.training, split.validation, split.test)] == [90, 5, 5]
    (chat,) = split.chats
    assert (chat.trained_until, chat.validated_until) == (AT + timedelta(days=90), AT + timedelta(days=95))
    assert max(c.turns[0].at for c in split.training["Lisa"]) < chat.trained_until
    assert all(chat.trained_until <= c.turns[0].at < chat.validated_until for c in split.validation["Lisa"])


def test_chats_of_different_years_are_all_trained_on() -> None:
    old = [conversation(day) for day in range(40)]
    new = [conversation(day, "Peter") for day in range(1000, 1040)]
    split = split_by_time({"Lisa": old, "Peter": new})
    assert all(len(split.training[name]) == 36 and split.validation[name] for name in ("Lisa", "Peter"))


def test_one_conversation_is_trained_on_and_nothing_is_held_out() -> None:
    split = split_by_time({"Lisa": [conversation(0)]})
    assert (len(split.training["Lisa"]), split.validation["Lisa"], split.test["Lisa"]) == (1, [], [])


def test_padding_and_unsupervised_tokens_are_ignored() -> None:
    batch = Collator(pad_id=9)([Tokens([1, 2, 3], [False, True, True]), Tokens([4], [True])])
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORED, 2, 3], [4, IGNORED, IGNORED]]


def test_the_loss_equals_the_full_cross_entropy() -> None:
    torch.manual_seed(0)
    model = BloomForCausalLM(BloomConfig(vocab_size=50, hidden_size=32, n_layer=2, n_head=2)).eval()
    windows = [Tokens(list(range(1, 9)), [False, True] * 4), Tokens([5, 6, 7], [False, True, True])]
    batch = Collator(pad_id=0)(windows)
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    full = torch.nn.functional.cross_entropy(
        logits[:, :-1].reshape(-1, 50), batch["labels"][:, 1:].reshape(-1), reduction="sum", ignore_index=IGNORED
    )
    assert torch.allclose(summed_loss(model, batch), full, atol=1e-5)
    mean = held_out_loss(model, windows, Collator(pad_id=0), rows=1)
    assert abs(mean - full.item() / 6) < 1e-5
