"""What people do on the page, in a real browser, with the real bot between the stand-ins."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser import stories
from tests.browser.sandbox import Sandbox, see

pytestmark = pytest.mark.browser


async def test_guest_writes_and_staff_answer(sandbox: Sandbox) -> None:
    """A guest's message arrives in the thread, the answer on the phone, marked delivered."""
    await stories.guest_is_answered(sandbox)


async def test_the_newest_stays_in_sight_when_a_drawer_opens(sandbox: Sandbox) -> None:
    """Lists that stood at their end do so still, with less height, and with all of it again."""
    await stories.guest_is_answered(sandbox)
    for pane in ("faults", "wire", "scenes"):
        await sandbox.pane(pane)
        for place in (sandbox.bubbles, sandbox.replies):
            await expect(place.last).to_be_in_viewport(ratio=0.9)
    await sandbox.page.locator("#bench-close").click()
    await expect(sandbox.bubbles.last).to_be_in_viewport(ratio=0.9)


async def test_note_is_not_sent(sandbox: Sandbox) -> None:
    """A note gets a lock and never reaches the phone; a later reply does."""
    await sandbox.choose("Klara Wiesner")
    await stories.note_stays_inside(sandbox)
    await sandbox.staff_write("A cot is ready for you.")
    # Replies of a conversation keep their order: what was to come before would be there now.
    await see(sandbox.bubbles.filter(has_text="A cot is ready"))
    await see(sandbox.bubbles.filter(has_text="Room 12"), count=0)


@pytest.mark.parametrize("scenario", ["second-thoughts.toml"])
async def test_edit_and_deletion_in_the_undo_window(sandbox: Sandbox) -> None:
    """Changed words reach the guest in their new form alone, what is deleted never does."""
    await sandbox.choose("Marisol")
    wrong = await sandbox.staff_write("Oops, wrong thread")
    await sandbox.use_menu(wrong, "Delete message")
    await see(wrong, count=0)
    await sandbox.staff_write("There is one around the corner.")
    await sandbox.choose("Jonas Reitmeier")
    answer = await sandbox.staff_write("The yard is 2.00 m high.")
    await sandbox.edit(answer, "The yard is 2.40 m high.")
    await see(sandbox.bubbles.filter(has_text="2.40 m"))
    await see(sandbox.bubbles.filter(has_text="2.00 m"), count=0)
    await see(sandbox.replies.filter(has_text="2.40 m").locator(".edited"))
    await sandbox.choose("Marisol")
    await see(sandbox.bubbles.filter(has_text="around the corner"))
    await see(sandbox.bubbles.filter(has_text="wrong thread"), count=0)


async def test_reservation_is_found(sandbox: Sandbox) -> None:
    """``/reservation`` shows the guest's card, visible to the one who asked alone."""
    await sandbox.channel("guests")
    await sandbox.command("/reservation 4312539005")
    card = sandbox.page.locator("#posts .post.ephemeral")
    await see(card)
    await expect(card).to_contain_text("Only visible to you")
    await expect(card).to_contain_text("Lucía Ferrán")


async def test_person_of_another_organisation_is_told(sandbox: Sandbox) -> None:
    """Who may not answer is told so privately, and the guest gets nothing."""
    await sandbox.choose("Emily Hartwell")
    await sandbox.page.locator("#you").select_option(
        label="Priya Nair, laundry service, another organisation"
    )
    await sandbox.staff_write("Towels at ten")
    await see(sandbox.page.locator("#replies .post.ephemeral"))
    await sandbox.page.locator("#you").select_option(index=0)  # a receptionist
    await sandbox.staff_write("Breakfast is from seven.")
    # Replies of a conversation keep their order: what was to come before would be there now.
    await see(sandbox.bubbles.filter(has_text="Breakfast is from seven."))
    await see(sandbox.bubbles.filter(has_text="Towels"), count=0)


async def test_commands_and_people_are_offered(sandbox: Sandbox) -> None:
    """A slash offers the commands, an @ the people; keys choose, and Enter then sends."""
    await sandbox.channel("guests")
    text = sandbox.page.locator("#channel-text")
    await text.press_sequentially("/res")
    await see(sandbox.page.locator("#channel-hints").get_by_role("option"))
    await text.press("Tab")
    await expect(text).to_have_value("/reservation ")
    await sandbox.choose("Emily Hartwell")
    thread = sandbox.page.locator("#thread-text")
    await thread.press_sequentially("@Gre")
    await thread.press("Enter")
    await thread.press_sequentially("please look")
    await thread.press("Enter")
    await see(sandbox.replies.locator(".mention", has_text="@Greta Lund"))


async def test_arrow_edits_the_last_message(sandbox: Sandbox) -> None:
    """As in Slack, the arrow upwards takes one's last message into the composer."""
    await sandbox.choose("Emily Hartwell")
    await sandbox.staff_write("// first version")
    await see(sandbox.replies.filter(has_text="first version"))
    text = sandbox.page.locator("#thread-text")
    await text.press("ArrowUp")
    await expect(text).to_have_value("// first version")
    await text.fill("// second version")
    await text.press("Enter")
    await see(sandbox.replies.filter(has_text="second version").locator(".edited"))


async def test_page_says_what_to_try_next(sandbox: Sandbox) -> None:
    """The line on top leads from the first message to the first answer."""
    line = sandbox.page.locator("#guidance")
    await expect(line).to_contain_text("Write as a guest")
    await sandbox.guest_writes("Emily Hartwell", "Hello?")
    await expect(line).to_contain_text("Answer it there")
    await sandbox.staff_write("Hello!")
    await expect(line).to_contain_text("Delivered")


async def test_two_windows_stay_in_step(sandbox: Sandbox, browser: Browser, address: str) -> None:
    """What is written in one window appears in the other."""
    other = Sandbox(await browser.new_page())
    await other.open(address)
    await sandbox.guest_writes("Owen Maddox", "Is there a gym?")
    # A line that changes is drawn anew: what is pressed down on the old one is no click.
    await see(other.page.locator(".inbox", has_text="Is there a gym?"))
    await other.choose("Owen Maddox")
    await see(other.bubbles.filter(has_text="Is there a gym?"))
    await see(other.replies.filter(has_text="Is there a gym?"))
    assert other.errors == []


async def test_story_on_a_phones_width(phone_sandbox: Sandbox) -> None:
    """On a telephone one pane is in front at a time, nothing sticks out, and the story works."""
    page = phone_sandbox.page
    await phone_sandbox.guest_writes("Bastien Arnoux", "À quelle heure ?")
    await phone_sandbox.channel("guests-tre-fontane")
    await page.locator("#posts .post", has_text="Bastien Arnoux").locator(".reply-line").click()
    await see(phone_sandbox.replies.filter(has_text="À quelle heure ?"))
    await phone_sandbox.staff_write("De 7 h à 10 h.")
    await phone_sandbox.choose("Bastien Arnoux")
    await see(phone_sandbox.bubbles.filter(has_text="De 7 h à 10 h."))
    home = await phone_sandbox.home()
    await expect(home).to_contain_text("waiting")
    for pane in ("document.documentElement", "document.getElementById('home')"):
        wide = await page.evaluate(f"{pane}.scrollWidth - {pane}.clientWidth")
        assert wide <= 0


async def test_nothing_comes_from_outside(sandbox: Sandbox, address: str) -> None:
    """The page asks its own server alone."""
    asked: list[str] = []
    sandbox.page.on("request", lambda request: asked.append(request.url))
    await sandbox.open(address)
    await expect(sandbox.page.locator("#posts .post").first).to_be_visible()
    assert asked
    assert all(url.startswith(address) for url in asked)


async def test_scenario_is_played_by_a_click(sandbox: Sandbox) -> None:
    """A scenario that is chosen on the page starts at its own time of day, and its guests write."""
    pane = await sandbox.pane("scenes")
    await pane.locator("#scene-speed").select_option(label="300 times")
    await pane.get_by_role("button", name="A busy check-in afternoon").click()
    await expect(sandbox.page.locator("#scene")).to_contain_text("14:")
    await sandbox.choose("Emily Hartwell")
    await see(sandbox.replies.filter(has_text="Can we leave our bags"))
    await see(sandbox.bubbles.filter(has_text="the desk keeps them for you"))
