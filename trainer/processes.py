"""Several processes train one model under `accelerate launch`: one a card. The first one writes and speaks."""

import os

import torch.distributed


def is_first() -> bool:
    """Whether this process is the only one, or the first of several."""
    return int(os.environ.get("RANK", "0")) == 0


def count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def wait_for_all() -> None:
    """Go on when every process has come here."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()


def any_says(flag: bool) -> bool:
    """Whether `flag` is set in any process; to be asked by all of them."""
    if not torch.distributed.is_initialized():
        return flag
    said = [False] * count()
    torch.distributed.all_gather_object(said, flag)
    return any(said)
