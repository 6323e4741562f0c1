"""Cameras over REST: adding, drawing the code, pairing again, confirming, removing."""

import asyncio
import io
import json

import pytest
import zxingcpp
from PIL import Image

from signaling.cameras import MAX_CAMERAS
from signaling.protocol import qr
from signaling.server import Running
from tests.signaling.api import Api
from tests.signaling.device import Device

WIFI = "geheim & süß;\\"


async def test_a_new_camera_waits_with_its_code(owner: Api) -> None:
    answer = await owner.good("POST", "/api/cameras", {"name": " Garden ", "model": "Pi", "ssid": "Hillside"})
    camera, pairing = answer["camera"], answer["pairing"]
    assert (camera["name"], camera["state"], camera["online"]) == ("Garden", "pending", False)
    assert camera["pairing"]["step"] == "waiting" and "token" not in camera["pairing"]
    assert len(pairing["token"]) == 22 and "payload" not in pairing
    assert pairing["server_url"] == owner.origin and pairing["pin"] is None
    assert (await owner.good("GET", "/api/cameras"))["cameras"] == [camera]


async def test_the_server_writes_the_code_when_it_gets_the_password(owner: Api) -> None:
    body = {"name": "A", "model": "B", "ssid": "Hill", "hidden": True, "wifi_password": WIFI}
    pairing = (await owner.good("POST", "/api/cameras", body))["pairing"]
    read = qr.read(pairing["payload"])
    assert (read.ssid, read.password, read.hidden, read.token) == ("Hill", WIFI, True, pairing["token"])
    long = (await owner.good("POST", "/api/cameras", body | {"qr_form": "long"}))["pairing"]["payload"]
    assert set(json.loads(long)) == {"wifi_name", "wifi_password", "server_address", "secret_token", "your_user_id"}
    assert json.loads(long)["your_user_id"] == (await owner.good("GET", "/api/me"))["id"]


@pytest.mark.parametrize("form", ["compact", "long"])
async def test_png_reads_as_what_was_asked_for(owner: Api, form: str) -> None:
    camera, token = await owner.add_camera()
    body = {"token": token, "ssid": "Hill", "wifi_password": WIFI, "form": form}
    answer = await owner.call("POST", f"/api/cameras/{camera}/qr.png", body)
    assert answer.headers["Cache-Control"] == "no-store"
    text = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.data)))[0].text
    assert qr.read(text).password == WIFI and qr.read(text).token == token


async def test_svg_draws_the_same_modules(owner: Api) -> None:
    camera, token = await owner.add_camera()
    answer = await owner.call("POST", f"/api/cameras/{camera}/qr.svg", {"token": token, "ssid": "Hill"})
    text = answer.data.decode()
    side = int(text.partition('viewBox="0 0 ')[2].partition(" ")[0])
    image = Image.new("L", (side * 4, side * 4), 255)
    for run in text.rpartition('d="')[2].split("M")[1:]:
        x, y = map(int, run.partition("h")[0].split())
        image.paste(0, (x * 4, y * 4, x * 4 + 4, y * 4 + 4))
    assert qr.read(zxingcpp.read_barcodes(image)[0].text).token == token


async def test_codes_are_drawn_only_while_pending(owner: Api) -> None:
    camera, token = await owner.add_camera()
    path = f"/api/cameras/{camera}/qr.png"
    assert (await owner.call("POST", path, {"token": "another"})).code == "not_pending"
    await Device(owner).activate(token)
    assert (await owner.call("POST", path, {"token": token})).code == "not_pending"


async def test_what_does_not_fit_a_readable_code_is_refused(owner: Api) -> None:
    camera, token = await owner.add_camera()
    body = {"token": token, "ssid": '"' * 32, "wifi_password": '"' * 63, "form": "long"}
    answer = await owner.call("POST", f"/api/cameras/{camera}/qr.png", body)
    assert (answer.status, answer.code) == (422, "code_too_large")
    body = {"token": token, "ssid": "S", "wifi_password": "short"}
    assert (await owner.call("POST", f"/api/cameras/{camera}/qr.png", body)).code == "wifi_invalid"
    body = {"token": token, "ssid": "ß" * 20, "wifi_password": ""}
    assert (await owner.call("POST", f"/api/cameras/{camera}/qr.png", body)).code == "wifi_invalid"


async def test_other_peoples_cameras_do_not_exist(owner: Api) -> None:
    camera, token = await owner.add_camera()
    guest = owner.another()
    await guest.register(await owner.invite(), "guest@example.org")
    path = f"/api/cameras/{camera}"
    tries = [
        ("GET", path, None),
        ("PATCH", path, {"name": "Mine"}),
        ("DELETE", path, None),
        ("POST", path + "/pairing", {}),
        ("DELETE", path + "/pairing", None),
        ("POST", path + "/qr.png", {"token": token}),
        ("POST", path + "/confirm", {"mine": True}),
        ("POST", path + "/token", None),
    ]
    for method, place, body in tries:
        assert (await guest.call(method, place, body)).code == "not_found"
    assert (await guest.good("GET", "/api/cameras"))["cameras"] == []
    assert (await owner.camera(camera))["name"] == "Garden"


async def test_rename_and_remove(owner: Api) -> None:
    camera, token = await owner.add_camera()
    assert (await owner.good("PATCH", f"/api/cameras/{camera}", {"name": "Yard"}))["name"] == "Yard"
    await owner.good("DELETE", f"/api/cameras/{camera}")
    assert (await owner.call("GET", f"/api/cameras/{camera}")).status == 404
    assert (await Device(owner).try_activate(token)).code == "token_unknown"


async def test_an_account_has_so_many_cameras_at_most(owner: Api) -> None:
    for _ in range(MAX_CAMERAS):
        await owner.add_camera()
    refused = await owner.call("POST", "/api/cameras", {"name": "One", "model": "more"})
    assert (refused.status, refused.code) == (409, "too_many_cameras")


async def test_no_revokes_the_camera_and_yes_ends_the_pairing(owner: Api, running: Running) -> None:
    camera, token = await owner.add_camera()
    assert (await owner.call("POST", f"/api/cameras/{camera}/confirm", {"mine": True})).code == "not_active"
    device = Device(owner)
    await device.activate(token)
    refused = await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": False})
    assert (refused["state"], refused["pairing"], refused["confirmed"]) == ("unpaired", None, False)
    assert await running.services.gate.device_by_token(device.authorization(camera)) is None
    again = (await owner.good("POST", f"/api/cameras/{camera}/pairing", {}))["pairing"]["token"]
    await device.activate(again)
    accepted = await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    assert (accepted["state"], accepted["pairing"], accepted["confirmed"]) == ("active", None, True)
    assert await running.services.gate.device_by_token(device.authorization(camera)) is not None


async def test_a_yes_leaves_no_code_that_could_still_be_used(owner: Api) -> None:
    camera, token = await owner.add_camera()
    await Device(owner).activate(token)
    again = await owner.good("POST", f"/api/cameras/{camera}/pairing", {})
    await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    assert (await Device(owner).try_activate(again["pairing"]["token"])).code == "token_expired"
    assert (await owner.camera(camera))["confirmed"] is True


async def test_the_old_key_works_until_the_new_code_is_used(owner: Api, running: Running) -> None:
    camera, first = await owner.add_camera()
    old, new = Device(owner), Device(owner)
    await old.activate(first)
    gate = running.services.gate
    second = (await owner.good("POST", f"/api/cameras/{camera}/pairing", {"ssid": "New"}))["pairing"]["token"]
    third = (await owner.good("POST", f"/api/cameras/{camera}/pairing", {"ssid": "Newer"}))["pairing"]["token"]
    assert (await new.try_activate(second)).code == "token_expired"
    assert await gate.device_by_token(old.authorization(camera)) is not None
    await new.activate(third)
    assert await gate.device_by_token(old.authorization(camera)) is None
    assert await gate.device_by_token(new.authorization(camera)) is not None
    assert (await old.try_activate(first)).code == "token_used"


async def test_a_cancelled_code_is_dead(owner: Api) -> None:
    camera, token = await owner.add_camera()
    await owner.good("DELETE", f"/api/cameras/{camera}/pairing")
    shown = await owner.camera(camera)
    assert (shown["state"], shown["pairing"]) == ("unpaired", None)
    assert (await Device(owner).try_activate(token)).code == "token_expired"
    assert (await owner.call("DELETE", f"/api/cameras/{camera}/pairing")).code == "not_pending"


async def test_a_foreign_onvif_device_gets_a_bearer(owner: Api, running: Running) -> None:
    camera, token = await owner.add_camera()
    first = (await owner.good("POST", f"/api/cameras/{camera}/token"))["token"]
    second = (await owner.good("POST", f"/api/cameras/{camera}/token"))["token"]
    gate = running.services.gate
    assert await gate.device_by_token(f"Bearer {first}") is None
    device = await gate.device_by_token(f"bearer {second}")
    assert device is not None and device.camera_id == camera
    assert (await Device(owner).try_activate(token)).code == "token_expired"
    assert (await owner.camera(camera))["state"] == "active"


async def test_of_codes_made_at_the_same_moment_each_answer_holds_its_own(owner: Api) -> None:
    camera, _ = await owner.add_camera()
    path = f"/api/cameras/{camera}/pairing"
    answers = await asyncio.gather(*(owner.call("POST", path, {"ssid": "Hillside"}) for _ in range(12)))
    made = [answer.json["pairing"]["id"] for answer in answers if answer.status == 201]
    assert made and len(made) == len(set(made))
    assert {answer.code for answer in answers if answer.status != 201} <= {"not_pending"}
