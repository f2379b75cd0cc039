"""Updates that cannot be read: passed over, told in the log without what they say, and no hindrance to the others."""

import json
from typing import Any

import pytest
from telegram import Update

from bot.reading import UpdateRequest, sent

DANIEL = 1001
World = Any
CHAT = {"id": DANIEL, "type": "private"}
MESSAGE = {"message_id": 1, "date": 0, "chat": CHAT, "from": {"id": DANIEL, "is_bot": False, "first_name": "D"}}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("message", {"text": "my secret", "chat": "my secret"}),
        ("message", {**MESSAGE, "date": "my secret"}),
        ("message", {**MESSAGE, "chat": {**CHAT, "id": []}, "text": "my secret"}),
        ("message", {**MESSAGE, "chat": {**CHAT, "id": 2**63}, "text": "my secret"}),
        ("callback_query", {"data": "my secret"}),
    ],
)
async def test_the_next_one_is_answered(
    world: World, kind: str, content: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    world.sandbox._state.add_update(kind, content)
    assert await world.ask("Hey") == "Lisa heard Hey"
    assert "cannot be read, and is passed over" in caplog.text
    assert "my secret" not in caplog.text
    assert await world.store.pending() == []


def test_what_has_no_number_is_left_out() -> None:
    payload = b'{"ok": true, "result": [{}, 5, {"update_id": "x"}, {"update_id": 1e99}, {"update_id": 7}]}'
    assert [one["update_id"] for one in UpdateRequest.parse_json_payload(payload)["result"]] == [7]


def test_an_update_is_kept_as_telegram_sent_it() -> None:
    values = {"update_id": 7, "message": {**MESSAGE, "text": "Grüße 😀", "unheard_of": {"a": [1]}}}
    payload = json.dumps({"ok": True, "result": [values]}).encode()
    (fetched,) = UpdateRequest.parse_json_payload(payload)["result"]
    assert json.loads(sent(Update.de_json(fetched, None))) == values
    pushed = Update.de_json(values, None)
    assert sent(pushed) == pushed.to_json()
