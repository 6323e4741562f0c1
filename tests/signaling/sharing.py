"""What tests of sharing start with: an active, confirmed camera, and somebody it is shared with."""

from typing import Any

from tests.signaling.api import Api
from tests.signaling.device import Device

GUEST = "guest@example.org"


async def confirmed_camera(owner: Api, name: str = "Garden") -> tuple[str, Device]:
    """Paired, and the owner has said yes."""
    camera, token = await owner.add_camera(name)
    device = Device(owner)
    await device.activate(token)
    await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    return camera, device


async def link(owner: Api, camera: str, *scopes: str, **more: Any) -> str:
    """The secret of a new sharing link."""
    body = {"scopes": list(scopes) or ["live"], **more}
    return str((await owner.good("POST", f"/api/cameras/{camera}/invitations", body))["link"].rpartition("/")[2])


async def guest_of(owner: Api, camera: str, *scopes: str, email: str = GUEST, **more: Any) -> Api:
    """A new account that came by a sharing link, signed in."""
    guest = owner.another()
    await guest.register(await link(owner, camera, *scopes, **more), email)
    return guest


async def grants(owner: Api, camera: str) -> Any:
    """What the owner sees."""
    return await owner.good("GET", f"/api/cameras/{camera}/grants")


async def account_id(api: Api) -> str:
    return str((await api.good("GET", "/api/me"))["id"])
