"""What a camera without network sees: the code on somebody's screen, held before its (simulated) sensor."""

from playwright.async_api import Page

from tests.home import CameraProcess, Household

SSID, WIFI_PASSWORD = "Café Hillside", "a long wi-fi password"
SCENE = "before-the-lens.png"


def unpaired(home: Household) -> CameraProcess:
    """A camera out of the box, its lens open, near the Wi-Fi `SSID`."""
    camera = home.new_camera("--source", "test:?size=640x360&fps=15", "--wifi", f"simulated:{SSID}:{WIFI_PASSWORD}")
    camera.folder.mkdir()
    camera.arguments += ["--lens", f"image:{camera.folder / SCENE}"]
    camera.start()
    return camera


def hold_up(camera: CameraProcess, image: bytes) -> None:
    """Put an image before the lens."""
    scene = camera.folder / SCENE
    fresh = scene.with_suffix(".part")
    fresh.write_bytes(image)
    fresh.rename(scene)


async def code_on_screen(page: Page) -> bytes:
    """The QR code as the screen shows it, as PNG."""
    return await page.get_by_role("img", name="QR code for the camera").screenshot()


async def fill_wizard(page: Page, name: str, ssid: str = SSID, password: str = WIFI_PASSWORD) -> None:
    """The wizard's first three steps, up to the code."""
    await page.get_by_role("link", name="Add").first.click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Network name").fill(ssid)
    await page.get_by_role("textbox", name="Password").fill(password)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("img", name="QR code for the camera").wait_for()
