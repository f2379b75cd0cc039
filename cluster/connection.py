"""A Ray cluster to work on: the one that RAY_ADDRESS names, or else one on this machine, for as long as needed."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from twin.errors import TwinError

_DEFAULTS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing about this machine goes anywhere
    "RAY_worker_niceness": "0",  # Ray's own 15 lets every other program go first, and people wait for answers
}


@contextmanager
def connected(*, cpus: float, gpus: float) -> Iterator[None]:
    """Be connected to a cluster within the block; a connection that is there already is used, and stays.

    Args:
        cpus: what is going to be asked of it.
        gpus: the same.

    Raises:
        TwinError: it cannot be reached, or will never have so much.
    """
    begins = not ray.is_initialized()
    if begins:
        _connect()
    try:
        there = ray.cluster_resources()
        for what, wanted in (("CPU", cpus), ("GPU", gpus)):
            if wanted > there.get(what, 0.0):
                raise TwinError(
                    f"the Ray cluster has {there.get(what, 0.0):g} {what}s, and {wanted:g} are asked for: "
                    "add machines, or ask for less"
                )
        yield
    finally:
        if begins:
            ray.shutdown()


def _connect() -> None:
    for key, value in _DEFAULTS.items():
        os.environ.setdefault(key, value)
    try:
        ray.init(include_dashboard=False, logging_level=logging.WARNING, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        at = os.environ.get("RAY_ADDRESS", "this machine")
        raise TwinError(f"no Ray cluster can be had at {at} ({type(error).__name__}): check RAY_ADDRESS") from None
