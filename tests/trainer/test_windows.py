"""The split by time and the batches."""

from datetime import datetime, timedelta

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import BloomConfig, BloomForCausalLM, PreTrainedTokenizerFast

from trainer.loss import chunked_cross_entropy, held_out_loss, weighted_loss
from trainer.windows import IGNORED, Collator, Window, split_by_time, windows_of
from twin.transcript import Conversation, Renderer, Turn

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
    collate = Collator(pad_id=9)
    batch = collate([Window([1, 2, 3], [0, 1, 0.1]), Window([4], [1])])
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORED, 2, 3], [4, IGNORED, IGNORED]]
    assert torch.equal(batch["weights"], torch.tensor([[0, 1, 0.1], [1, 0, 0]]))
    assert collate.padding == pytest.approx(2 / 6)


def test_focus_weighs_the_turns_of_others_a_tenth(tokenizer: PreTrainedTokenizerFast) -> None:
    renderer = Renderer(tokenizer, ["Daniel", "Lisa"])
    chats = {"Lisa": [conversation(0), conversation(1)]}
    (plain,), (focused,) = (windows_of(chats, renderer, 256, focus=focus) for focus in (None, "Lisa"))
    assert plain.ids == focused.ids
    hers = [*renderer.ids(" Lisa:"), *renderer.ids(" hey"), *renderer.ids(" |"), tokenizer.eos_token_id]
    his = [*renderer.ids(" Daniel:"), *renderer.ids(" hi"), *renderer.ids(" |")]
    by_weight = {
        weight: [i for i, w in zip(focused.ids, focused.weights, strict=True) if w == weight] for weight in (1, 0.1)
    }
    assert by_weight[1] == hers * 2
    assert by_weight[0.1] == [*his[len(renderer.ids(" Daniel:")) :], *his]
    assert {weight for weight, w in zip(plain.weights, focused.weights, strict=True) if w} == {1.0}


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_the_chunked_loss_and_its_gradients_equal_the_full_cross_entropy(chunk: int) -> None:
    torch.manual_seed(0)
    head = torch.nn.Linear(32, 50).requires_grad_(False)
    hidden = torch.randn(40, 32, requires_grad=True)
    targets, weights = torch.randint(50, (40,)), torch.rand(40)
    full = (torch.nn.functional.cross_entropy(head(hidden), targets, reduction="none") * weights).sum()
    (expected,) = torch.autograd.grad(full * 0.5, hidden)
    loss = chunked_cross_entropy(hidden, head, targets, weights, chunk=chunk)
    (found,) = torch.autograd.grad(loss * 0.5, hidden)
    assert torch.allclose(loss, full, atol=1e-5) and torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_loss_of_a_batch_equals_the_models_own(wrapped: bool) -> None:
    torch.manual_seed(0)
    model = BloomForCausalLM(BloomConfig(vocab_size=50, hidden_size=32, n_layer=2, n_head=2)).eval()
    if wrapped:
        model = get_peft_model(model, LoraConfig(target_modules="all-linear", init_lora_weights=False)).eval()
    windows = [Window(list(range(1, 9)), [0, 1] * 4), Window([5, 6, 7], [0, 1, 0.1])]
    batch = Collator(pad_id=0)(windows)
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    losses = torch.nn.functional.cross_entropy(
        logits[:, :-1].reshape(-1, 50), batch["labels"][:, 1:].reshape(-1), reduction="none", ignore_index=IGNORED
    )
    full = (losses * batch["weights"][:, 1:].reshape(-1)).sum()
    loss = weighted_loss(model, batch)
    assert torch.allclose(loss, full, atol=1e-5)
    if wrapped:
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        pairs = zip(torch.autograd.grad(loss, trained), torch.autograd.grad(full, trained), strict=True)
        assert all(torch.allclose(found, expected, atol=1e-5) for found, expected in pairs)
    mean = held_out_loss(model, windows, Collator(pad_id=0), rows=1)
    assert abs(mean - full.item() / 5.1) < 1e-5
