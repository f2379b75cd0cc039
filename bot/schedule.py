"""The schedule: reload check, outbox, retraining, backup, cleaning. What comes late is run late, never dropped."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from telegram.ext import Application, ContextTypes, Job

from bot import files
from bot.desk import Desk
from bot.logs import described
from bot.retrain import Retrain
from storage.backups import backup_path
from storage.store import Place
from twin.errors import TwinError

log = logging.getLogger(__name__)
App = Application[Any, Any, Any, Any, Any, Any]

_OUTBOX_SECONDS = 60.0  # how often messages that could not be sent are tried again
_WATCH_SECONDS = 30.0  # between two looks at the clock
_PUT_BACK = 10.0  # seconds; less is what any clock is corrected by
_CLEANING = "45 3 * * *"
_ON_TIME = {"misfire_grace_time": None, "coalesce": True}


class Schedule:
    def __init__(self, application: App, desk: Desk, retrain: Retrain | None) -> None:
        self._application = application
        self._desk = desk
        self._retrain = retrain
        self._watching: asyncio.Task[None] | None = None
        self._crons: dict[str, tuple[CronTrigger, Callable[[], Awaitable[None]]]] = {}

    def plan(self) -> None:
        """Put everything on the schedule.

        Raises:
            TwinError: a time in the settings is none.
        """
        settings = self._desk.settings
        self._every(settings.reload_every.total_seconds(), "reload", self._reload)
        self._every(_OUTBOX_SECONDS, "outbox", self.catch_up)
        self._at("clean", "", _CLEANING, self._clean)
        if settings.backup_cron:
            self._at("backup", "BACKUP_CRON", settings.backup_cron, self._back_up)
        if settings.retrain_cron and self._retrain:
            self._at("retrain", "RETRAIN_CRON", settings.retrain_cron, self._retrain_all)

    async def begin(self) -> None:
        """Run once what should have run while the bot was off, and watch the clock from here on."""
        await self._make_up()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _make_up(self) -> None:
        for name, (trigger, _) in self._crons.items():
            last = await self._desk.store.last_run(name)
            if last is None or last > datetime.now(UTC):  # never, or by a clock that was ahead
                await self._desk.store.note_run(name)  # from now on
            elif (due := trigger.get_next_fire_time(None, last)) and due < datetime.now(due.tzinfo):
                self._jobs.run_once(self._job(name), 1.0, name=f"{name} made up", job_kwargs=_ON_TIME)

    async def catch_up(self) -> None:
        """Send what could not be sent, tell what had to be set aside, and empty the log that could not be emptied."""
        await self._desk.tell_set_aside()
        await self._desk.delivery.wake_all()
        await self._desk.store.empty_log()

    def next_runs(self) -> list[tuple[str, datetime | None]]:
        """What is on the schedule, and when it runs next, local time."""
        names = ("reload", "retrain", "backup", "clean")
        jobs = {name: self._jobs.get_jobs_by_name(name) for name in names}
        return [(name, _local(jobs[name][0])) if jobs[name] else (name, None) for name in names]

    async def back_up(self) -> Path:
        """Copy the database, and remove copies that are too old.

        Raises:
            TwinError: it cannot be written.
        """
        settings = self._desk.settings
        file = await asyncio.to_thread(backup_path, settings.data_dir)
        await self._desk.store.backup(file)
        await asyncio.to_thread(files.age_out_backups, settings.data_dir, settings.backup_days)
        return file

    @property
    def _jobs(self) -> Any:
        assert self._application.job_queue is not None  # noqa: S101  PTB is installed with its extra
        return self._application.job_queue

    def _every(self, seconds: float, name: str, work: Callable[[], Awaitable[None]]) -> None:
        async def run(_: ContextTypes.DEFAULT_TYPE) -> None:
            await _logged(name, work)

        self._jobs.run_repeating(run, seconds, name=name, job_kwargs=_ON_TIME)

    def _at(self, name: str, key: str, cron: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            trigger = CronTrigger.from_crontab(cron)
        except ValueError as error:
            raise TwinError(f"{key} is no time that cron knows: {error}") from None
        self._crons[name] = (trigger, work)
        self._jobs.run_custom(self._job(name), {"trigger": trigger, **_ON_TIME}, name=name)

    def _job(self, name: str) -> Callable[[ContextTypes.DEFAULT_TYPE], Awaitable[None]]:
        async def run(_: ContextTypes.DEFAULT_TYPE) -> None:
            await _logged(f"noting {name}", partial(self._desk.store.note_run, name))
            await _logged(name, self._crons[name][1])

        return run

    async def _watch(self) -> None:
        """Plan everything anew when the clock is put back: the jobs' next times were set by it, and would be waited for
        until it has caught up. Put forward, jobs are late, and run at once."""
        while True:
            before = _ahead()
            await asyncio.sleep(_WATCH_SECONDS)
            if _ahead() < before - _PUT_BACK:
                log.warning("the clock was put back: the schedule begins anew")
                for job in self._jobs.scheduler.get_jobs():
                    now = datetime.now(UTC)
                    job.modify(next_run_time=job.trigger.get_next_fire_time(now, now) or now)

    async def _reload(self) -> None:
        for name, version in (await self._desk.engine.reload()).items():
            log.info("adapter %s now answers with version %s", name, version)

    async def _back_up(self) -> None:
        await self.back_up()

    async def _clean(self) -> None:
        settings = self._desk.settings
        retention = timedelta(days=settings.retention_days) if settings.retention_days else None
        paths = await self._desk.store.clean(retention)
        await asyncio.to_thread(files.remove_uploads, paths)
        await asyncio.to_thread(files.age_out_uploads, settings.data_dir)
        await asyncio.to_thread(files.age_out_backups, settings.data_dir, settings.backup_days)

    async def _retrain_all(self) -> None:
        """Train every adapter anew, one after another; the first admin sees it. Those with nothing new are skipped."""
        admins = self._desk.access.admins
        if not admins or self._retrain is None:
            return
        words = await self._desk.words_in(Place(admins[0]))
        for name in await asyncio.to_thread(self._desk.adapters.twins):
            await self._retrain.finished()
            await self._retrain.start(Place(admins[0]), name, words)
        await self._retrain.finished()


def _ahead() -> float:
    """How far the clock on the wall is ahead of the one that nobody can put back."""
    return time.time() - time.monotonic()


async def _logged(name: str, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except Exception as error:
        log.error("%s, on the schedule, failed: %s", name, described(error))


def _local(job: Job[Any]) -> datetime | None:
    return job.next_t.astimezone() if job.next_t else None
