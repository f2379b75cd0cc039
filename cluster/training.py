"""`twin train --on ray`: each adapter a task of its own, several side by side, each with its share of the machines.

A task does what `twin train` does here, and writes to the same folders, which all machines must see under one path.
With several workers, one adapter is trained on several cards at once: Ray Train starts the processes and connects them
(DDP), and the Trainer finds them so as under `accelerate launch`.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty
from typing import Any

import ray
from ray.util.queue import Queue

from cluster.connection import connected
from trainer import run
from trainer.progress import Event
from trainer.train import Interrupted, TrainingResult
from twin.errors import TwinError
from twin.settings import Settings

LOOK = 0.2  # seconds between two looks at what the tasks have told
Outcome = TrainingResult | TwinError  # an interruption is one, too
Told = Callable[[str, Event], None]


@dataclass(frozen=True, slots=True)
class Share:
    """What one adapter is trained with.

    Attributes:
        workers: processes that train it together.
        cpus: processor cores of each of them.
        gpus: cards of each of them, or a part of one.
    """

    workers: int = 1
    cpus: float = 1.0
    gpus: float = 0.0


@dataclass(frozen=True, slots=True)
class _Job:
    """What a task needs to know."""

    name: str
    settings: Settings
    choices: run.Choices
    share: Share
    folder: Path  # where the command was given: relative paths begin there

    def train(self, queue: Queue) -> Outcome:
        """Train, and put what is told of it into the queue with the adapter's name."""
        with suppress(OSError):
            os.chdir(self.folder)
        try:
            return run.train_adapter(
                self.name, self.settings, self.choices, lambda event: queue.put((self.name, event))
            )
        except TwinError as error:
            return error


def train_all(
    names: Sequence[str], settings: Settings, choices: run.Choices, share: Share, report: Told
) -> dict[str, Outcome]:
    """Train several adapters side by side, as many at once as there is room for.

    Args:
        report: told what each of them tells, in this process.

    Returns:
        By adapter the result, or why there is none. Ctrl-C interrupts all of them; they can be gone on with.

    Raises:
        TwinError: there is no cluster, or not even one of them has room on it.
    """
    settings = replace(settings, telegram_token=None, engine_key=None)
    jobs = [_Job(name, settings, choices, share, Path.cwd()) for name in dict.fromkeys(names)]
    with connected(cpus=share.workers * share.cpus, gpus=share.workers * share.gpus):
        queue = Queue(actor_options={"num_cpus": 0})
        tasks = {_start(job, queue): job.name for job in jobs}
        try:
            _follow(list(tasks), queue, report)
        except KeyboardInterrupt:
            for task in tasks:
                ray.cancel(task, force=False)
            _follow(list(tasks), queue, report)
        return {name: _outcome(task, name) for task, name in tasks.items()}


def _start(job: _Job, queue: Queue) -> Any:
    share = job.share
    if share.workers > 1:  # the task itself only waits
        return ray.remote(_together).options(num_cpus=0, max_retries=0).remote(job, queue)
    options = {"num_cpus": share.cpus, "num_gpus": share.gpus, "max_retries": 0}
    return ray.remote(_alone).options(**options).remote(job, queue)


def _alone(job: _Job, queue: Queue) -> Outcome:
    return job.train(queue)


def _together(job: _Job, queue: Queue) -> Outcome:
    """Have several processes train one adapter; the first of them tells what came of it."""
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    share = job.share
    scaling = ScalingConfig(
        num_workers=share.workers,
        use_gpu=share.gpus > 0,
        resources_per_worker={"CPU": share.cpus} | ({"GPU": share.gpus} if share.gpus else {}),
    )
    kept = (
        job.settings.data_dir if job.settings.data_dir.is_absolute() else job.folder / job.settings.data_dir
    ) / ".ray"
    outcomes = Queue(actor_options={"num_cpus": 0})
    config = {"job": job, "queue": queue, "outcomes": outcomes}
    TorchTrainer(
        _worker, train_loop_config=config, scaling_config=scaling, run_config=RunConfig(storage_path=str(kept))
    ).fit()
    outcome: Outcome = outcomes.get(timeout=60)
    return outcome


def _worker(config: dict[str, Any]) -> None:
    """One of several processes. All but the first leave when the training is done: the rest is the first one's work."""
    with suppress(SystemExit):
        config["outcomes"].put(config["job"].train(config["queue"]))


def _follow(tasks: list[Any], queue: Queue, report: Told) -> None:
    """Pass on what the tasks tell, until all of them have ended."""
    while tasks:
        _, tasks = ray.wait(tasks, num_returns=len(tasks), timeout=LOOK)
        with suppress(Empty):
            while True:
                report(*queue.get_nowait())


def _outcome(task: Any, name: str) -> Outcome:
    try:
        outcome: Outcome = ray.get(task)
    except ray.exceptions.TaskCancelledError:
        return Interrupted("stopped before it began")
    except ray.exceptions.RayError as error:
        return TwinError(f"the training of {name!r} failed on the cluster ({type(error).__name__})")
    return outcome
