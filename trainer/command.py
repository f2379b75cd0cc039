"""How a program that must not load the model's libraries has an adapter trained: as a process of its own."""

import sys

PATIENCE = 120  # seconds in which that program can let go of its own model


def train_command(name: str) -> list[str]:
    """The arguments of a process that trains adapter `name` as last time, and tells about it in JSON lines.

    Where the memory does not suffice, it tells so (`shortage`) and waits a while.
    """
    return [sys.executable, "-m", "cli", "train", name, "--json", "--wait-for-memory", f"{PATIENCE}"]
