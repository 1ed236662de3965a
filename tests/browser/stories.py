"""Stories that the tests check and that ``scripts/pictures`` takes pictures of."""

from __future__ import annotations

import struct
import zlib

from playwright.async_api import FilePayload, Locator, expect

from tests.browser.sandbox import Sandbox, see, see_mark


async def guest_is_answered(sandbox: Sandbox) -> None:
    """Let a guest write and a receptionist answer, until the phone has the answer."""
    await see(await sandbox.guest_writes("Emily Hartwell", "And is the sauna open tonight?"))
    answer = await sandbox.staff_write("Yes to both: the desk is there, the sauna until *ten*.")
    await see(sandbox.bubbles.filter(has_text="the sauna until ten"))
    await see_mark(sandbox.replies.filter(has=answer.page.locator(".reaction")), "white_check_mark")


async def note_stays_inside(sandbox: Sandbox) -> None:
    """Let a receptionist write a note for the colleagues, until the lock is on it."""
    note = await sandbox.staff_write("// Room 12, the quiet one")
    await see_mark(note, "lock")


async def slack_is_down(sandbox: Sandbox) -> Locator:
    """Let Slack go down and a guest write, until the message waits; give where it will arrive."""
    await sandbox.pane("faults")
    card = await sandbox.fault("Slack is down")
    await expect(card.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    arrived = await sandbox.guest_writes("Jonas Reitmeier", "Is there a garage?")
    await expect(sandbox.figure("waiting")).to_have_text("1")
    assert await arrived.count() == 0
    return arrived


async def wire_is_read(sandbox: Sandbox) -> Locator:
    """Let a guest be answered while the wire is open; open the call that sent the answer."""
    wire = await sandbox.pane("wire")
    await wire.locator("#wire-guest").select_option(label="the guest in front")
    await see(await sandbox.guest_writes("Lucía Ferrán", "¿Hay piscina?"))
    await sandbox.staff_write("Sí, en la azotea.")
    sent = wire.locator(".wire-entry", has_text="send to the guest")
    await expect(sent).to_contain_text("Lucía Ferrán")
    await sent.locator("summary").click()
    await expect(sent.locator("pre")).to_contain_text("Sí, en la azotea.")
    return wire


async def night_passes(sandbox: Sandbox) -> Locator:
    """Let a night go by at great speed until somebody is called; give the alert."""
    pane = await sandbox.pane("scenes")
    await pane.locator("#scene-speed").select_option(label="300 times")
    await pane.get_by_role("button", name="A night with nobody on duty").click()
    await sandbox.page.locator("#bench-close").click()
    await sandbox.channel("bridgebot-alerts")
    # The newest: on a busy machine the day before may have raised one about her as well.
    alert = sandbox.page.locator("#posts .post", has_text="Giulia Morandi").last
    await see(alert)
    await expect(alert).to_contain_text("waits for an answer")
    return alert


def picture(name: str, colour: str) -> FilePayload:
    """Make a small picture file: a plain area of one colour."""
    red, green, blue = {"red": (190, 60, 50), "green": (60, 120, 80)}[colour]
    width, height = 240, 160
    rows = (b"\0" + bytes((red, green, blue)) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(inside))
        + kind
        + inside
        + struct.pack(">I", zlib.crc32(kind + inside))
        for kind, inside in chunks
    )
    return {"name": name, "mimeType": "image/png", "buffer": data}


async def pictures_are_sent(sandbox: Sandbox) -> None:
    """Let a guest send a picture and a receptionist one back, until both sides show both."""
    page = sandbox.page
    await sandbox.choose("Emily Hartwell")
    await page.locator("#phone-file").set_input_files(picture("entrance.png", "green"))
    await page.locator("#phone-text").fill("Is this your door?")
    await page.locator("#phone-text").press("Enter")
    await see(sandbox.replies.locator(".file img"))
    await page.locator("#thread-file").set_input_files(picture("map.png", "red"))
    await page.locator("#thread-text").fill("No, it is the red one.")
    await page.locator("#thread-text").press("Enter")
    await see(sandbox.bubbles.locator(".file img"), count=2)
