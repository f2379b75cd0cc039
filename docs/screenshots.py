"""The README's picture: a talk with Lisa, the demo's twin, in the sandbox's page. Needs Chromium, a font
with emoji (on Debian: fonts-noto-color-emoji) and the trained demo.

python docs/screenshots.py [--out docs/chat.png] [--dark] [--line TEXT]...
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from playwright.async_api import ViewportSize, async_playwright

from bot import app
from demo.play import ANSWER_SECONDS, GUEST, NAME, demo_settings
from sandbox import Sandbox
from storage.store import Store
from trainer.command import train_command
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.local import LocalEngine
from twin.settings import Settings, load_settings

OUT = Path(__file__).with_name("chat.png")
LINES = ("/persona lisa", "hey, how are you?", "what are you doing today?", "what is your cat called?")
VIEWPORT = ViewportSize(width=420, height=800)  # CSS pixels, each of them two in the picture
MOST_BYTES = 300_000
# root, as in a container, gets no sandbox of the browser's own; the rest keeps it from reaching for the network
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT, help="the picture to write (default: %(default)s)")
    parser.add_argument("--dark", action="store_true", help="the dark look")
    parser.add_argument("--line", action="append", dest="lines", metavar="TEXT", help="what to write; may be repeated")
    arguments = parser.parse_args()
    # httpx would send even loopback requests through a configured proxy
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    try:
        image = asyncio.run(picture(load_settings(), arguments.lines or LINES, dark=arguments.dark))
        if len(image) > MOST_BYTES:
            raise TwinError(f"the picture has {len(image):,} bytes, more than a README should load ({MOST_BYTES:,})")
        arguments.out.write_bytes(image)
        print(f"{arguments.out}: {len(image):,} bytes")
    except TwinError as error:
        sys.exit(f"error: {error}")


async def picture(settings: Settings, lines: Sequence[str], *, dark: bool) -> bytes:
    """Let the guest write the lines to the demo's twin, and return what the page shows then, as a PNG.

    Raises:
        TwinError: there is no Chromium or no trained demo, or the twin does not answer.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise TwinError("no chromium on this machine: install it, on Debian by apt-get install chromium")
    settings = demo_settings(settings)
    adapters = AdapterFolder(settings.adapters)
    if NAME not in adapters.names():
        raise TwinError(f"no trained demo in {settings.adapters}: run  twin demo --once  first")
    server = Sandbox(settings.token())
    await server.start()
    engine = LocalEngine(adapters, settings.quantisation)
    with tempfile.TemporaryDirectory() as folder:  # a history of its own, so that every picture starts blank
        store = await Store.open(Path(folder) / "twin.db", Path(folder) / "key" / "twin.key")
        try:
            await engine.start(NAME)
            settings = replace(settings, telegram_api_url=server.api_url)
            application = app.build(settings, store, engine, adapters, retrain_command=train_command)
            async with app.running(application):
                await talk(server, lines)
                return await shoot(server, chromium, dark=dark)
        finally:
            await store.close()
            await engine.close()
            await server.stop()


async def talk(server: Sandbox, lines: Sequence[str]) -> None:
    """Write line by line, each after the answer to the one before."""
    for line in lines:
        said = await server.say(GUEST, line)
        try:
            answer = await server.next_message(GUEST, said.id, ANSWER_SECONDS)
        except TimeoutError:
            raise TwinError(f"the bot gave no answer to {line!r} within {ANSWER_SECONDS} seconds") from None
        print(f"{said.sender.first_name}: {said.text}\n{answer.sender.first_name}: {answer.text}")


async def shoot(server: Sandbox, chromium: str, *, dark: bool) -> bytes:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = await browser.new_page(
            viewport=VIEWPORT,
            device_scale_factor=2,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            reduced_motion="reduce",
        )
        await page.goto(server.url)
        shown = page.locator("#rows .row")
        await shown.nth(len(server.messages(GUEST)) - 1).wait_for()
        await page.locator("#typing").wait_for(state="hidden")
        await page.locator("#status", has_text="online").wait_for()
        await page.evaluate("document.activeElement.blur()")
        image = await page.screenshot()
        await browser.close()
    return image


if __name__ == "__main__":
    main()
