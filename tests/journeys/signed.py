"""Cameras whose code a browser has drawn: they know their owner, and believe nobody else."""

import asyncio
import re

from playwright.async_api import Page

from tests.home import SMALL_SOURCE, CameraProcess, Household

LINK = re.compile(r"/#/accept/signed/([A-Za-z0-9_-]{22})$")


async def add_protected(page: Page, home: Household, name: str) -> CameraProcess:
    """By the wizard of the owner who is signed in on this page; ends online and confirmed, on the list of cameras."""
    await page.goto(f"{home.server.url}/#/add")
    await page.get_by_text("Belvedere without a lens").click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_text("It is on the network already").click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Continue").click()
    text = await page.get_by_label("QR code for the camera").input_value()
    assert '"x":"' in text, "the code has a secret that the server does not know"
    camera = home.new_camera("--source", SMALL_SOURCE, "--wifi", "already-online")
    paired = await asyncio.to_thread(camera.pair, text)
    assert paired.returncode == 0, paired.stdout + paired.stderr
    await asyncio.to_thread(camera.start)
    await page.get_by_role("button", name="Yes, this is mine").click()
    await page.get_by_role("link", name=f"Watch {name}").wait_for()
    camera.id = next(one["id"] for one in home.call("GET", "/api/cameras")["cameras"] if one["name"] == name)
    return camera


async def open_settings(page: Page, home: Household, camera: CameraProcess) -> None:
    await page.goto(f"{home.server.url}/#/camera/{camera.id}/settings")
    await page.get_by_role("heading", name="Sharing").wait_for()


async def signed_link(page: Page) -> str:
    """By the dialog of the settings page that is open."""
    await page.get_by_role("button", name="Invite somebody").click()
    await page.get_by_role("dialog").get_by_role("button", name="Make a link").click()
    link = await page.get_by_label("Invitation link").input_value()
    assert LINK.search(link), link
    await page.get_by_role("button", name="Done").click()
    return link


async def register_by(page: Page, link: str, email: str, password: str) -> None:
    """A new account, by a signed link; ends where the camera is watched."""
    await page.goto(link)
    await page.get_by_text("Checked: the camera is that of whoever made this link").wait_for()
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_role("textbox", name="Password").fill(password)
    await page.get_by_role("button", name="Create account").click()
    await page.wait_for_url(re.compile(r"#/camera/[^/]+$"))
