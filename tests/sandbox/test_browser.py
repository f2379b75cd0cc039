"""The page in a real browser: talking, buttons, files, several people, keys, and both looks. Needs Chromium."""

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup

from sandbox import Sandbox
from sandbox.views import GROUP
from tests.sandbox.conftest import DANIEL, SOON
from tests.sandbox.test_files import png

CHROMIUM = shutil.which("chromium")
EMMA = 1002
FLAGS = (
    "--no-sandbox",  # as root, which tests in a container are
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the page is not tried out")

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Open]:
    """Open the page with options of the browser's context; what its console says is a failure at the end."""
    complaints: list[str] = []

    async def opened(user: int = DANIEL, chat: int = DANIEL, **options: object) -> Page:
        context = await browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **options})
        page = await context.new_page()
        page.set_default_timeout(SOON * 1000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{sandbox.url}/#{user}/{chat}")
        await expect(page.locator("#people .chat")).to_have_count(4)
        return page

    yield opened
    assert complaints == []


def bubbles(page: Page) -> object:
    return page.locator("#rows .bubble .text")


async def test_a_talk(sandbox: Sandbox, bot: Bot, open_page: Open) -> None:
    page = await open_page()
    await expect(page.get_by_text("Press Start")).to_be_visible()
    await page.get_by_role("button", name="Start", exact=True).click()
    await page.get_by_label("Message", exact=True).fill("<img src=x onerror=alert(1)>")
    await page.keyboard.press("Enter")
    await expect(bubbles(page)).to_have_text(["/start", "<img src=x onerror=alert(1)>"])
    assert [m.text for m in sandbox.messages(DANIEL)] == ["/start", "<img src=x onerror=alert(1)>"]

    await bot.send_chat_action(DANIEL, "typing")
    await expect(page.locator("#status")).to_have_text("typing …")
    await bot.send_message_draft(DANIEL, 3, "I was in")
    await expect(page.locator("#draft .text")).to_have_text("I was in")
    question = await bot.send_message(
        DANIEL,
        "I was in *Rome*. <b>You</b>?",
        parse_mode="HTML",
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Me too", callback_data="rome")]]),
    )
    await expect(bubbles(page)).to_have_count(3)
    await expect(page.locator("#draft .text")).to_have_count(0)
    await expect(page.locator("#typing")).to_be_hidden()
    await expect(page.locator("#rows strong")).to_have_text("You")

    await page.get_by_role("button", name="Me too").click()
    await expect(page.locator("#rows .busy")).to_have_count(1)
    await sandbox._state.bell.until(lambda: "callback_query" in sandbox._state.updates[-1] or None, SOON)
    query = (await bot.get_updates(offset=-1))[0].callback_query
    assert (query.data, query.message.message_id) == ("rome", question.message_id)
    await query.answer("Noted")
    await expect(page.locator("#toast")).to_have_text("Noted")
    await query.edit_message_text("Both of us.")
    await expect(bubbles(page).last).to_have_text("Both of us.")
    await expect(page.locator("#rows .row").last).to_contain_text("edited")
    await bot.set_message_reaction(DANIEL, question.message_id, "👍")
    await expect(page.locator(".reaction")).to_have_text("👍")
    await bot.delete_messages(DANIEL, [m.id for m in sandbox.messages(DANIEL)])
    await expect(page.get_by_text("Press Start")).to_be_visible()


async def test_files_of_both_sides(sandbox: Sandbox, bot: Bot, open_page: Open) -> None:
    page = await open_page()
    await page.locator("#file").set_input_files(
        [
            {"name": "cat.png", "mimeType": "image/png", "buffer": png(40, 30)},
            {"name": "facts.txt", "mimeType": "text/plain", "buffer": b"Lisa plays the cello."},
        ]
    )
    await expect(page.locator("#files li")).to_have_count(2)
    await page.get_by_label("Message", exact=True).fill("look")
    await page.keyboard.press("Enter")
    await expect(page.locator("#rows .row")).to_have_count(2)
    photo, document = [update.message for update in await bot.get_updates()]
    assert (photo.photo[-1].width, photo.caption, document.document.file_name) == (40, "look", "facts.txt")

    await page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["dropped"], "dropped.txt"));
            document.dispatchEvent(new DragEvent("dragenter", { dataTransfer: data, bubbles: true }));
            document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    await expect(page.locator("#drop")).to_be_hidden()
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("#rows .row")).to_have_count(3)
    assert sandbox.messages(DANIEL)[-1].file.content == b"dropped"

    await page.get_by_role("button", name="Open the picture cat.png").click()
    await expect(page.locator("#viewer img")).to_be_visible()
    assert await page.locator("#viewer img").evaluate("image => image.naturalWidth") == 40
    await page.keyboard.press("Escape")
    await expect(page.locator("#viewer")).to_be_hidden()
    await bot.send_document(DANIEL, b"<script>alert(1)</script>", filename="report.html")
    async with page.expect_download() as download:
        await page.get_by_role("link", name=re.compile("report.html")).click()
    assert (await download.value).suggested_filename == "report.html"


async def test_a_picture_has_its_place_before_it_is_loaded(sandbox: Sandbox, bot: Bot, open_page: Open) -> None:
    for _ in range(8):
        await sandbox.say(DANIEL, "look")
    await bot.send_photo(DANIEL, png(500, 900))
    page = await open_page(viewport={"width": 400, "height": 600})
    await page.wait_for_function("document.querySelector('#rows img').complete")
    assert await page.evaluate("distance()") < 2  # nothing has moved: the newest message is what one sees
    size = await page.locator("#rows img").bounding_box()
    assert size is not None and (round(size["width"]), round(size["height"])) == (200, 360)


async def test_people_and_their_group(sandbox: Sandbox, bot: Bot, open_page: Open) -> None:
    page = await open_page()
    emma = page.get_by_role("region", name="As Emma")
    await emma.get_by_role("button", name=re.compile("Daniel & Emma")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Daniel & Emma")
    await page.keyboard.type("@twin_sandbox_bot hey")
    await page.keyboard.press("Enter")
    await expect(bubbles(page)).to_have_text(["@twin_sandbox_bot hey"])
    mention = (await bot.get_updates())[0].message
    assert (mention.chat_id, mention.from_user.id) == (GROUP.id, EMMA)
    await mention.reply_text("hey Emma", do_quote=True)
    await expect(bubbles(page)).to_have_text(["@twin_sandbox_bot hey", "hey Emma"])
    await expect(page.locator("#rows .reply span")).to_have_text("@twin_sandbox_bot hey")

    await sandbox.say(DANIEL, "/start")
    await bot.send_message(DANIEL, "hello Daniel")
    daniel = page.get_by_role("region", name="As Daniel")
    await expect(daniel.get_by_label("1 unread")).to_be_visible()
    await page.reload()  # the address remembers where we were
    await expect(bubbles(page)).to_have_count(2)
    await daniel.get_by_label("Language of Daniel's app").select_option("de")
    await daniel.get_by_role("button").first.click()
    await expect(bubbles(page)).to_have_text(["/start", "hello Daniel"])
    await page.keyboard.type("hallo")
    await page.keyboard.press("Enter")
    await expect(bubbles(page)).to_have_count(3)
    assert (await bot.get_updates(offset=-1))[0].message.from_user.language_code == "de"


async def test_everything_by_keyboard(sandbox: Sandbox, bot: Bot, open_page: Open) -> None:
    await bot.set_my_commands([BotCommand("persona", "choose"), BotCommand("swap", "change sides")])
    page = await open_page()
    box = page.get_by_label("Message", exact=True)
    await expect(box).to_be_focused()
    await page.keyboard.type("/")
    await expect(page.locator("#commands").get_by_role("option")).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(bubbles(page)).to_have_text(["/swap"])
    await page.keyboard.type("two")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("lines")
    await page.keyboard.press("Enter")
    await expect(bubbles(page)).to_have_text(["/swap", "two\nlines"])

    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#context b")).to_have_text("Edit")
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.type("one line")
    await page.keyboard.press("Enter")
    await expect(bubbles(page).last).to_have_text("one line")

    await page.locator("#log").focus()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("r")
    await expect(page.locator("#context span")).to_have_text("/swap")
    await page.keyboard.type("again")
    await page.keyboard.press("Enter")
    await expect(page.locator("#rows .reply span")).to_have_text("/swap")
    assert sandbox.messages(DANIEL)[-1].reply_to.text == "/swap"

    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Daniel & Emma")
    await expect(box).to_be_focused()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Twin")


async def test_a_phone(sandbox: Sandbox, bot: Bot, open_page: Open) -> None:
    page = await open_page(viewport={"width": 360, "height": 640}, has_touch=True)
    await sandbox.say(DANIEL, "/start")
    buttons = [InlineKeyboardButton(name * 12, callback_data=name) for name in "abc"]
    await bot.send_message(DANIEL, "long" * 200, reply_markup=InlineKeyboardMarkup([buttons]))
    await expect(bubbles(page)).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert await page.evaluate("document.getElementById('log').scrollWidth") == 360
    await expect(page.get_by_role("button", name=re.compile("Daniel & Emma"))).to_have_count(0)
    await page.get_by_role("button", name="Chats").tap()
    await page.get_by_role("region", name="As Daniel").get_by_role("button", name=re.compile("Daniel & Emma")).tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Daniel & Emma")
    await expect(page.get_by_role("region", name="As Daniel")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_can_be_read_in_both_looks(sandbox: Sandbox, bot: Bot, open_page: Open, scheme: str) -> None:
    """The contrast that WCAG asks of text, 4.5 to 1, for what is said, by whom, when, and the state of the chat."""
    page = await open_page(color_scheme=scheme)
    await sandbox.say(DANIEL, "hey")
    await bot.send_message(DANIEL, "hello")
    await expect(bubbles(page)).to_have_count(2)
    measured = await page.evaluate(CONTRASTS)
    assert len(measured) > 10
    assert {name: ratio for name, ratio in measured if ratio < 4.5} == {}
    backgrounds = "getComputedStyle(document.body).backgroundColor"
    before = await page.evaluate(backgrounds)
    await page.get_by_role("button", name="Light or dark").click()
    assert await page.evaluate(backgrounds) != before


async def test_controls_have_names(sandbox: Sandbox, bot: Bot, open_page: Open) -> None:
    page = await open_page()
    await sandbox.send_file(DANIEL, "cat.png", png(40, 30))
    await sandbox.say(DANIEL, "hey")
    await expect(page.locator("#rows .row")).to_have_count(2)
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll("button, a, input:not([hidden]), textarea, select, dialog")]
            .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.alt)).map((node) => node.outerHTML)"""
    )
    assert nameless == []


CONTRASTS = """() => {
    const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
        const layers = [];
        for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
        return layers.reverse().reduce((under, [r, g, b, a = 1]) =>
            [r, g, b].map((c, i) => c * a + under[i] * (1 - a)), [255, 255, 255]);
    };
    const found = [];
    const words = ".text, .meta, .name, .day, .as, #status, #title, .what *, .side *, h2, summary";
    for (const node of document.querySelectorAll(words)) {
        if (!node.textContent.trim() || !node.checkVisibility()) continue;
        const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
        found.push([`${node.className || node.id || node.tagName}: ${node.textContent}`, (a + 0.05) / (b + 0.05)]);
    }
    return found;
}"""
