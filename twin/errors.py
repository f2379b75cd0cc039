"""The one exception that a user sees: its text is a clear line, and the `twin` command prints nothing else.

Any other is told by its kind and place alone, for its text may quote what somebody wrote.
"""

import traceback
from pathlib import Path


class TwinError(Exception):
    """Something the user can mend. The message says what is wrong, where, and what to do, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))  # whatever was quoted in it


def kind_and_place(error: BaseException) -> str:
    """What kind of error it is, and where it arose."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def frames_of(error: BaseException) -> str:
    """The way that an error took, for the log of a developer."""
    return "".join(traceback.format_tb(error.__traceback__))
