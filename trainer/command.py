"""How a program that must not load the model's libraries has an adapter trained: as a process of its own."""

import sys


def train_command(name: str) -> list[str]:
    """The arguments of a process that trains adapter `name` as last time, and tells about it in JSON lines."""
    return [sys.executable, "-m", "cli", "train", name, "--json"]
