"""Reading what Telegram sends: an update that cannot be read does not keep the others from being read."""

import json
import logging
from typing import Any

from telegram import Update

from bot.logs import described
from bot.transport import Transport

log = logging.getLogger(__name__)
SENT = "_sent"  # a key of our own, which python-telegram-bot carries along as one that it does not know
_LARGEST = 2**63  # what the database can hold


class UpdateRequest(Transport):
    """The request that fetches updates.

    python-telegram-bot reads a batch as a whole. One update in it that it cannot read, such as one of a kind that is
    newer than it, would come back for ever, and nothing behind it would be seen. Such a one becomes an empty update.
    """

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        values: dict[str, Any] = Transport.parse_json_payload(payload)
        if isinstance(result := values.get("result"), list):
            numbered = [one for one in result if isinstance(one, dict) and _is_number(one.get("update_id"))]
            values["result"] = [
                {**one, SENT: json.dumps(one)} if _readable(one) else {"update_id": one["update_id"]}
                for one in numbered
            ]
        return values


def sent(update: Update) -> str:
    """An update as JSON: as Telegram sent it, if it was fetched, which is far cheaper than to write it anew."""
    kept = update.api_kwargs.get(SENT)
    return kept if isinstance(kept, str) else update.to_json()


def _readable(values: dict[str, Any]) -> bool:
    try:
        update = Update.de_json(values, None)
        found = [party.id for party in (update.effective_chat, update.effective_user) if party]
        if not all(map(_is_number, found)):
            raise TypeError
    except Exception as error:  # whatever it is that it stumbles over
        log.error("update %s cannot be read, and is passed over: %s", values["update_id"], described(error))
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and -_LARGEST <= value < _LARGEST
