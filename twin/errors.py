"""The one exception that a user sees: its text is a clear line, and the `twin` command prints nothing else."""


class TwinError(Exception):
    """Something the user can mend. The message says what is wrong, where, and what to do, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))  # whatever was quoted in it
