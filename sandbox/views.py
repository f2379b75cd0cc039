"""What the page is told: users, chats, messages, as plain JSON that it puts into the document as text."""

from sandbox.model import Chat, Json, Message, User
from sandbox.state import State

USERS = (User(1001, "Daniel"), User(1002, "Emma"))
GROUP = Chat(-1001000000001, "Daniel & Emma")
CHATS = frozenset({GROUP.id, *(user.id for user in USERS)})


def snapshot(state: State) -> Json:
    """Everything, for a page that has just been opened."""
    shown = [message for message in state.messages.values() if message.chat.id in CHATS and not message.deleted]
    return {
        "bot": {"id": state.bot.id, "name": state.bot.first_name, "username": state.bot.username},
        "group": {"id": GROUP.id, "name": GROUP.title},
        "messages": [_message(message) for message in shown],
        **_status(state),
    }


def change(state: State, since: int) -> Json:
    """What is new after that revision of the state."""
    changed = [m for m in state.messages.values() if m.chat.id in CHATS and m.revision > since]
    answers = [q for q in state.queries.values() if q.message.chat.id in CHATS and q.revision > since]
    actions = [a for a in state.actions if a.chat_id in CHATS and a.revision > since]
    drafts = [d for d in state.drafts if d.chat_id in CHATS and d.revision > since]
    return {
        "messages": [_message(message) for message in changed if not message.deleted],
        "deleted": [message.id for message in changed if message.deleted],
        "actions": [{"chat": a.chat_id, "action": a.action} for a in actions],
        "drafts": [{"chat": d.chat_id, "id": d.id, "text": d.text, "entities": d.entities} for d in drafts],
        "answers": [
            {"user": q.user.id, "message": q.message.id, "text": q.answer.text, "alert": q.answer.alert}
            for q in answers
            if q.answer is not None
        ],
        **_status(state),
    }


def _status(state: State) -> Json:
    return {"listening": state.listening > 0, "users": [_user(state, user.id) for user in USERS]}


def _user(state: State, user_id: int) -> Json:
    user = state.user(user_id)
    chats = (user.id, GROUP.id)
    commands = {str(chat_id): state.commands_of(chat_id, user) for chat_id in chats}
    return {"id": user.id, "name": user.first_name, "language": user.language, "commands": commands}


def _message(message: Message) -> Json:
    view: Json = {
        "id": message.id,
        "chat": message.chat.id,
        "from": message.sender.id,
        "sender": message.sender.first_name,
        "date": message.date,
        "edited": message.edit_date is not None,
        "text": message.text,
        "entities": message.entities,
        "keyboard": message.keyboard,
        "reaction": message.reaction,
        "topic": message.topic,
    }
    if message.file:
        view["file"] = {
            "url": f"/page/files/{message.file.id}",
            "name": message.file.name,
            "bytes": len(message.file.content),
            "photo": message.file.kind == "photo",
            "size": message.file.size,
        }
    if message.reply_to:
        quoted = message.reply_to
        text = quoted.text or (quoted.file.name if quoted.file else "")
        view["reply"] = {"id": quoted.id, "sender": quoted.sender.first_name, "text": text}
    return view
