"""Exports that admins send, and the datasets that come of them."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from telegram import Document, Update
from telegram.constants import FileSizeLimit
from telegram.error import BadRequest
from telegram.ext import ContextTypes

from bot import files
from bot.desk import Desk, acknowledge, place_of
from bot.process import Twin, result_of
from bot.retrain import Retrain
from bot.texts import Words, short
from storage.store import Buttons, Upload
from twin.errors import TwinError

Context = ContextTypes.DEFAULT_TYPE
AGREE, DISCARD, REVOKE, REVOKE_YES, UNLEARN = "agree:", "discard:", "revoke:", "withdraw:", "unlearn:"
_MOST_UPLOADS = 10  # that wait to be decided about
_DOWNLOAD_SECONDS = 300.0
_SPEAKERS = 12  # whose messages are counted in the summary


class DataHandlers:
    """Args: twin: gives the arguments of a process that runs our command; environment: what it is told."""

    def __init__(self, desk: Desk, retrain: Retrain | None, twin: Twin, environment: Mapping[str, str]) -> None:
        self._desk = desk
        self._retrain = retrain
        self._twin = twin
        self._environment = environment

    async def export(self, update: Update, _: Context) -> None:
        """An admin has sent a text file or a zip: show what it holds, and ask whether its people agree."""
        message = update.message
        if message is None or message.document is None:
            return
        words, document = await self._desk.words(update), message.document
        if (document.file_size or 0) > FileSizeLimit.FILESIZE_DOWNLOAD:
            await self._desk.say(update, words("too_large", dataset="NAME"))
            return
        if await self._desk.store.count_uploads() >= _MOST_UPLOADS:
            await self._desk.say(update, words("too_many_uploads", number=_MOST_UPLOADS))
            return
        dataset = files.dataset_name(message.caption) if message.caption else await self._dataset(update)
        upload = await self._keep(update, document, dataset)
        if upload is None:
            await self._desk.say(update, words("too_large", dataset=dataset))
            return
        try:
            found = await result_of(self._twin("prepare", upload.path, "--json"), self._environment)
        except TwinError as error:
            reason = str(error).replace(upload.path, document.file_name or "")
            await self._decided(update, upload, words("no_export", reason=short(reason, 500)))
            return
        buttons: Buttons = [
            [(words("button_agree", dataset=dataset), f"{AGREE}{upload.id}")],
            [(words("button_discard"), f"{DISCARD}{upload.id}")],
        ]
        await self._desk.say(update, f"{_summary(words, found)}\n\n{words('consent', dataset=dataset)}", buttons)

    async def agree(self, update: Update, _: Context) -> None:
        """The admin states that the people in the export agree: it goes into the dataset, and so does the statement."""
        words, query, user = await self._desk.words(update), update.callback_query, update.effective_user
        upload = await self._pressed(update)  # it stays until it is told what came of it, so that a restart begins anew
        if query is None or user is None or upload is None:
            return
        statement = words("statement", name=user.full_name, number=user.id, date=f"{datetime.now():%Y-%m-%d}")
        arguments = self._twin("prepare", upload.path, "--dataset", upload.dataset, "--consent", statement, "--json")
        try:
            found = await result_of(arguments, self._environment)
            text = words("added", dataset=upload.dataset, conversations=found.get("conversations", 0))
        except TwinError as error:
            text = words("no_export", reason=short(str(error), 500))
        await self._decided(update, upload, text)

    async def discard(self, update: Update, _: Context) -> None:
        words, upload = await self._desk.words(update), await self._pressed(update)
        if upload:
            await self._decided(update, upload, words("discarded"))

    async def datasets(self, update: Update, _: Context) -> None:
        """All datasets, who stated what about them, and a button to withdraw each."""
        words = await self._desk.words(update)
        known = await asyncio.to_thread(files.datasets, self._desk.settings.data_dir)
        if not known:
            await self._desk.say(update, words("no_datasets"))
            return
        texts = [
            words(
                "dataset",
                name=dataset.name,
                kept=dataset.kept,
                conversations=dataset.conversations,
                speakers=short(", ".join(dataset.speakers), 200),
                consent=short(dataset.consent or words("no_consent"), 300),
            )
            for dataset in known
        ]
        buttons = [[(words("button_revoke", dataset=one.name), REVOKE + _key(one.name))] for one in known]
        await self._desk.say(update, short("\n\n".join(texts), 3500), buttons)

    async def revoke(self, update: Update, _: Context) -> None:
        """Ask first, then remove the data and mark what learned from it."""
        query = update.callback_query
        if query is None or query.data is None:
            return
        words, data_dir = await self._desk.words(update), self._desk.settings.data_dir
        verb, key = query.data.split(":")
        known = await asyncio.to_thread(files.datasets, data_dir)
        name = next((dataset.name for dataset in known if _key(dataset.name) == key), None)
        if name is None:
            await acknowledge(query, words("gone"))
            return
        if self._retrain and self._retrain.runs:  # what comes of it would not be marked
            await acknowledge(query, words("training_runs"))
            return
        await acknowledge(query)
        if f"{verb}:" == REVOKE:
            buttons = [[(words("button_revoke", dataset=name), REVOKE_YES + key)]]
            await self._desk.say(update, words("revoke_really", dataset=name), buttons)
            return
        await self._desk.strip(query)
        try:
            marked = await asyncio.to_thread(files.withdraw, data_dir, self._desk.adapters, name)
        except TwinError as error:  # a training that was started by hand, perhaps
            await self._desk.say(update, words("refused_because", reason=short(str(error), 300)))
            return
        text = words("revoked", dataset=name)
        if marked:
            text += f" {words('learned_from_it', adapters=', '.join(marked))}"
        buttons = [[(words("button_unlearn", adapter=one), UNLEARN + _key(one))] for one in marked]
        await self._desk.say(update, text, buttons)

    async def unlearn(self, update: Update, _: Context) -> None:
        """Remove what an adapter learned from withdrawn data; its last version without takes over."""
        query, adapters = update.callback_query, self._desk.adapters
        if query is None or query.data is None:
            return
        words, key = await self._desk.words(update), query.data.removeprefix(UNLEARN)
        name = await asyncio.to_thread(lambda: next((one for one in files.marked(adapters) if _key(one) == key), None))
        if name is None:
            await acknowledge(query, words("gone"))
            return
        if self._retrain and self._retrain.runs:
            await acknowledge(query, words("training_runs"))
            return
        await acknowledge(query)
        try:
            version = await asyncio.to_thread(files.unlearn, adapters, name)
        except TwinError as error:
            await self._desk.say(update, words("refused_because", reason=short(str(error), 300)))
            return
        await self._desk.engine.reload()
        serves = words("serves", adapter=name, version=version) if version else words("serves_no_more", adapter=name)
        await self._desk.say(update, f"{words('unlearned', adapter=name)} {serves}")

    # what they share

    async def _keep(self, update: Update, document: Document, dataset: str) -> Upload | None:
        """Download an export to where it is decided about; None if it is larger than Telegram said."""
        user = update.effective_user
        async with asyncio.timeout(_DOWNLOAD_SECONDS):
            try:
                file = await document.get_file()
            except BadRequest:  # Telegram gives bots no larger ones, whatever the message says
                return None
            if (file.file_size or 0) > FileSizeLimit.FILESIZE_DOWNLOAD:
                return None  # but a Bot API server of one's own does
            content = bytes(await file.download_as_bytearray())
        path = await asyncio.to_thread(
            files.upload_path, self._desk.settings.data_dir, update.update_id, document.file_name or "export.txt"
        )
        await asyncio.to_thread(files.write_private_bytes, path, content)
        return await self._desk.store.add_upload(place_of(update), user.id if user else 0, str(path), dataset)

    async def _decided(self, update: Update, upload: Upload, text: str) -> None:
        """Say what came of an export, and let go of it."""
        async with self._desk.store.transaction():
            await self._desk.store.drop_upload(upload.id)
            await self._desk.say(update, text)
        await asyncio.to_thread(files.remove_uploads, [upload.path])

    async def _pressed(self, update: Update) -> Upload | None:
        """The upload whose button was pressed; whoever presses second, once it is decided about, finds it gone."""
        query = update.callback_query
        if query is None or query.data is None:
            return None
        upload = await self._desk.store.upload(int(query.data.partition(":")[2]))
        if upload is None:
            await acknowledge(query, (await self._desk.words(update))("gone"))
            return None
        await acknowledge(query)
        await self._desk.strip(query)
        return upload

    async def _dataset(self, update: Update) -> str:
        """The dataset that the adapter in this chat learned from; without one, a name to begin with."""
        thread = await self._desk.thread(place_of(update))
        if thread is None:
            user = update.effective_user
            return files.dataset_name(user.first_name if user else "")
        adapter = await asyncio.to_thread(self._desk.adapters.load, thread.adapter)
        return adapter.manifest.datasets[0] if adapter.manifest.datasets else thread.adapter


def _summary(words: Words, found: dict[str, Any]) -> str:
    """What `twin prepare` found, in a few lines."""
    speakers = list(found.get("speakers", {}).items())
    lines = [
        words(
            "found",
            messages=found.get("messages", 0),
            kept=found.get("kept", 0),
            conversations=found.get("conversations", 0),
            alone=found.get("one_message_conversations", 0),
            first=str(found.get("first"))[:10],
            last=str(found.get("last"))[:10],
        ),
        *(f"· {short(name, 40)}: {count}" for name, count in speakers[:_SPEAKERS]),
    ]
    if len(speakers) > _SPEAKERS:
        lines.append("· …")
    dropped = found.get("dropped") or {}
    if dropped:
        lines.append(words("left_out", what=", ".join(f"{kind} {number}" for kind, number in dropped.items())))
    lines += [f"⚠ {short(str(warning), 200)}" for warning in (found.get("warnings") or [])[:5]]
    return short("\n".join(lines), 3000)


def _key(name: str) -> str:
    """A dataset's name as callback data: short enough for any."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]
