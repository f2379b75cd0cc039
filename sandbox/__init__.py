"""A local Telegram Bot API server with a chat page: try a bot without a token, test one over real HTTP."""

from sandbox.bell import Stopped
from sandbox.model import CallbackAnswer, CallbackQuery, Chat, ChatAction, Draft, File, Message, User
from sandbox.server import Sandbox, random_token, run

__all__ = [
    "CallbackAnswer",
    "CallbackQuery",
    "Chat",
    "ChatAction",
    "Draft",
    "File",
    "Message",
    "Sandbox",
    "Stopped",
    "User",
    "random_token",
    "run",
]
