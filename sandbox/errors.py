"""The one error of the Bot API side, shaped as Telegram shapes it."""

from typing import Any


class ApiError(Exception):
    """A refusal with Telegram's error code; `description` carries the usual prefix, such as `Bad Request: `."""

    def __init__(self, code: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def to_api(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            answer["parameters"] = {"retry_after": self.retry_after}
        return answer


def bad_request(why: str) -> ApiError:
    return ApiError(400, f"Bad Request: {why}")
