"""Documents and photos, from the bot to the user and back, with Telegram's limits."""

import struct
import zlib

import aiohttp
import pytest
from telegram import Bot, InputMediaDocument, InputMediaPhoto
from telegram.error import BadRequest

from sandbox import Sandbox
from sandbox.api import MAX_DOWNLOAD, MAX_PHOTO
from tests.sandbox.conftest import DANIEL, SOON, TOKEN, Call


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress((b"\0" + b"\x7f\xb0\x90" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


JPEG_30_BY_20 = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x0b\x08\x00\x14\x00\x1e\x01\x01\x11\x00"
)


@pytest.fixture(autouse=True)
async def daniel_has_written(sandbox: Sandbox) -> None:
    await sandbox.say(DANIEL, "/start")


async def test_document_up_and_down(sandbox: Sandbox, bot: Bot) -> None:
    content = bytes(range(256)) * 99
    sent = await bot.send_document(
        DANIEL, content, filename="Bericht für Lisa.pdf", caption="<i>here</i>", parse_mode="HTML"
    )
    assert (sent.document.file_name, sent.document.mime_type) == ("Bericht für Lisa.pdf", "application/pdf")
    assert (sent.document.file_size, sent.caption, sent.caption_entities[0].type) == (len(content), "here", "italic")
    shown = await sandbox.next_message(DANIEL, 0, SOON)
    assert (shown.file.name, shown.file.content, shown.text) == ("Bericht für Lisa.pdf", content, "here")

    file = await bot.get_file(sent.document.file_id)
    assert file.file_path.endswith(".pdf")
    assert bytes(await file.download_as_bytearray()) == content

    again = await bot.send_document(DANIEL, sent.document.file_id)
    assert again.document.file_id == sent.document.file_id


async def test_users_document_reaches_the_bot(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.send_file(DANIEL, "facts.txt", b"Lisa plays the cello.", "read this")
    message = (await bot.get_updates(offset=-1))[0].message
    assert (message.document.file_name, message.caption) == ("facts.txt", "read this")
    assert bytes(await (await message.document.get_file()).download_as_bytearray()) == b"Lisa plays the cello."


@pytest.mark.parametrize(("content", "size"), [(png(30, 20), (30, 20)), (JPEG_30_BY_20, (30, 20))])
async def test_photos_of_both_sides(sandbox: Sandbox, bot: Bot, content: bytes, size: tuple[int, int]) -> None:
    sent = await bot.send_photo(DANIEL, content, caption="a picture")
    assert (sent.photo[-1].width, sent.photo[-1].height) == size
    assert bytes(await (await sent.photo[-1].get_file()).download_as_bytearray()) == content

    await sandbox.send_file(DANIEL, "me.png", content)
    message = (await bot.get_updates(offset=-1))[0].message
    assert message.document is None
    assert (message.photo[-1].width, message.photo[-1].height) == size


async def test_an_album(sandbox: Sandbox, bot: Bot) -> None:
    photos = [InputMediaPhoto(png(30, 20), caption="<b>one</b>", parse_mode="HTML"), InputMediaPhoto(png(20, 30))]
    sent = await bot.send_media_group(DANIEL, photos)
    assert [message.photo[-1].width for message in sent] == [30, 20]
    assert sent[0].media_group_id == sent[1].media_group_id is not None
    assert [(m.text, m.file.kind) for m in sandbox.messages(DANIEL)[1:]] == [("one", "photo"), ("", "photo")]
    both = [InputMediaDocument(b"a", filename="a.txt"), InputMediaDocument(sent[0].photo[-1].file_id)]
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_media_group(DANIEL, both)
    with pytest.raises(BadRequest, match="2 to 10"):
        await bot.send_media_group(DANIEL, photos[:1])
    assert len(sandbox.messages(DANIEL)) == 3


async def test_what_is_no_picture_or_no_file_is_refused(bot: Bot, call: Call) -> None:
    for content in (b"no picture", png(30, 20)[:20], JPEG_30_BY_20[:22]):
        with pytest.raises(BadRequest, match="Image_process_failed"):
            await bot.send_photo(DANIEL, content)
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await bot.send_document(DANIEL, b"")
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_document(DANIEL, "file17")
    with pytest.raises(BadRequest, match="fetches nothing from the network"):
        await bot.send_document(DANIEL, "https://example.org/a.pdf")
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_document(DANIEL, b"a", caption="x" * 1025)
    assert (await call("sendDocument", chat_id=DANIEL))[1]["description"] == "Bad Request: there is no document"
    with pytest.raises(BadRequest, match="Invalid file_id"):
        await bot.get_file("file17")


async def test_a_file_above_20_mb_can_be_sent_but_not_fetched(
    sandbox: Sandbox, bot: Bot, http: aiohttp.ClientSession
) -> None:
    message = await sandbox.send_file(DANIEL, "film.bin", b"\0" * (MAX_DOWNLOAD + 1))
    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(message.file.id)
    async with http.get(f"/file/bot{TOKEN}/{message.file.path}") as response:
        assert response.status == 404
    await sandbox.send_file(DANIEL, "film.bin", b"\0" * MAX_DOWNLOAD)
    assert (await bot.get_file(sandbox.messages(DANIEL)[-1].file.id)).file_size == MAX_DOWNLOAD


async def test_a_photo_above_its_limit_is_413(http: aiohttp.ClientSession) -> None:
    form = aiohttp.FormData({"chat_id": str(DANIEL), "photo": "attach://pic"})
    form.add_field("pic", png(30, 20) + b"\0" * MAX_PHOTO, filename="big.png")
    async with http.post(f"/bot{TOKEN}/sendPhoto", data=form) as response:
        assert response.status == 413
        assert await response.json() == {"ok": False, "error_code": 413, "description": "Request Entity Too Large"}


async def test_download_needs_the_token_and_an_existing_path(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    path = (await sandbox.send_file(DANIEL, "a.txt", b"a")).file.path
    for url, status in (
        (f"/file/bot{TOKEN}/{path}", 200),
        (f"/file/bot4321:other/{path}", 401),
        (f"/file/bot{TOKEN}/documents/other.txt", 404),
        (f"/file/bot{TOKEN}/../state.py", 404),
    ):
        async with http.get(url) as response:
            assert response.status == status, url
