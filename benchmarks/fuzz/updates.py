"""Updates for the fuzzer: as Telegram may send them with anything in what people choose, and such as it never would."""

from typing import Any

from hypothesis import strategies as st

from benchmarks.fuzz.deployment import ADMIN, USER
from benchmarks.fuzz.inputs import ANYTHING, NUMBERS, TEXTS

_CHAT = {"id": USER, "type": "private", "first_name": "User"}
_SENDER = {"id": USER, "is_bot": False, "first_name": "User", "username": "user", "language_code": "de"}
_MESSAGE = {"message_id": 7, "date": 1_700_000_000, "chat": _CHAT, "from": _SENDER}
_FILE = {"file_id": "f", "file_unique_id": "f", "file_name": "chat.txt", "file_size": 10}
_GROUP = {"id": -5, "type": "supergroup", "title": "Group"}
_COMMAND = [{"type": "bot_command", "offset": 0, "length": 3}]
_MENTION = [{"type": "mention", "offset": 0, "length": 17}]
_REPLY = {"reply_to_message": {**_MESSAGE, "text": "y"}, "quote": {"text": "y", "position": 0}}
_QUERY = {"id": "1", "from": _SENDER, "chat_instance": "1", "message": {**_MESSAGE, "text": "?"}, "data": "again:1"}
WHOLE = (
    {"update_id": 1, "message": {**_MESSAGE, "text": "Hey"}},
    {"update_id": 1, "message": {**_MESSAGE, "text": "/me Lisa", "entities": _COMMAND}},
    {"update_id": 1, "message": {**_MESSAGE, "caption": "look", "document": _FILE}},
    {"update_id": 1, "message": {**_MESSAGE, **_REPLY, "text": "x"}},
    {"update_id": 1, "message": {**_MESSAGE, "chat": _GROUP, "text": "@twin_sandbox_bot", "entities": _MENTION}},
    {"update_id": 1, "message": {**_MESSAGE, "pinned_message": {**_MESSAGE, "text": "p"}}},
    {"update_id": 1, "edited_message": {**_MESSAGE, "text": "z", "edit_date": 1_700_000_001}},
    {"update_id": 1, "channel_post": {**_MESSAGE, "text": "c"}},
    {"update_id": 1, "callback_query": _QUERY},
)


@st.composite
def updates(draw: st.DrawFn) -> dict[str, Any]:
    """Updates as Telegram may send them, of admins and others, with anything in what people choose."""
    user = draw(st.sampled_from([ADMIN, USER, 5003]))
    name, text = draw(TEXTS) or "x", draw(TEXTS)
    sender = {**_SENDER, "id": user, "first_name": name, "last_name": draw(TEXTS), "language_code": draw(TEXTS)}
    group = {**_GROUP, "title": draw(TEXTS) or "x", "is_forum": draw(st.booleans())}
    chat = draw(st.sampled_from([{**_CHAT, "id": user}, group]))
    message: dict[str, Any] = {**_MESSAGE, "message_id": draw(st.integers(1, 2**40)), "chat": chat, "from": sender}
    message["date"] = draw(st.integers(0, 2**31))
    if text.strip():
        message["text"] = text
    length = len(text.split()[0].encode("utf-16-le")) // 2 if text.split() else 0
    kind = draw(st.sampled_from(["bot_command", "mention", "text_link", "custom_emoji"]))
    if text.startswith("/") and length > 1:
        kind = "bot_command"
    message["entities"] = [{"type": kind, "offset": 0, "length": length}] if text.strip() else []
    extra: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "reply_to_message": st.just({**_MESSAGE, "chat": chat, "from": sender, "text": draw(TEXTS) or "x"}),
                "quote": st.builds(lambda quoted: {"text": quoted, "position": 0}, TEXTS),
                "forward_origin": st.builds(
                    lambda who: {"type": "hidden_user", "date": 0, "sender_user_name": who}, TEXTS
                ),
                "message_thread_id": st.integers(1, 2**40),
                "is_topic_message": st.booleans(),
            },
        )
    )
    if "text" not in message:
        extra |= draw(
            st.sampled_from([{"dice": {"value": 1, "emoji": "🎲"}}, {"document": {**_FILE, "file_name": name}}])
        )
        extra["caption"] = draw(TEXTS)
    return {"update_id": 1, draw(st.sampled_from(["message", "edited_message"])): {**message, **extra}}


def callbacks() -> st.SearchStrategy[dict[str, Any]]:
    """Buttons that were pressed by clients which send whatever they like."""
    verbs = (
        "again:",
        "good:",
        "bad:",
        "let:",
        "out:",
        "cancel:",
        "use:",
        "agree:",
        "discard:",
        "revoke:",
        "withdraw:",
        "unlearn:",
    )
    more = ("persona:", "me:", "stop:", "forget:", "forget:yes", "")
    data = st.builds(lambda verb, rest: f"{verb}{rest}", st.sampled_from(verbs + more), NUMBERS | TEXTS | ANYTHING)
    return st.builds(
        lambda user, sent: {
            "update_id": 1,
            "callback_query": {
                **_QUERY,
                "from": {**_SENDER, "id": user},
                "message": {**_MESSAGE, "chat": {**_CHAT, "id": user}, "text": "?"},
                "data": sent[:64],
            },
        },
        st.sampled_from([ADMIN, USER]),
        data,
    )
