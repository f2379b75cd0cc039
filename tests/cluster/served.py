"""`twin serve --on ray` as a process, with two replicas."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Served:
    """The process that holds the replicas, and where they answer."""

    process: subprocess.Popen[str]
    url: str

    def replicas(self) -> list[psutil.Process]:
        """The processes of the replicas."""
        everyone = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in everyone if one.is_running() and "ServeReplica" in "".join(one.cmdline())]


@contextmanager
def served_on_ray(data: Path, **settings: str) -> Iterator[Served]:
    """Two replicas on this machine, as long as the block runs."""
    argv = [sys.executable, "-m", "cli", "serve", "--on", "ray", "--replicas", "2", "--cpus", "0.5", "--port", "0"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(data),
        "ENGINE_URL": "",
        "OMP_NUM_THREADS": "1",
        **settings,
    }
    with subprocess.Popen(argv, cwd=data, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = next((line.strip() for line in process.stdout if "ENGINE_URL=" in line), "=").partition("=")[2]
            assert url, "it did not start"
            yield Served(process, url)
        finally:
            started = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(120)
            finally:
                for one in [process, *started]:  # nothing of Ray may stay behind
                    with suppress(psutil.NoSuchProcess):
                        one.kill()
