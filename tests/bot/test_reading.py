"""Updates that cannot be read: passed over, told in the log without what they say, and no hindrance to the others."""

from typing import Any

import pytest

from bot.reading import UpdateRequest

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
    assert UpdateRequest.parse_json_payload(payload)["result"] == [{"update_id": 7}]
