"""A household with a browser that keeps keys, and cameras that know whose they are; what the web app does, by REST.

phone = own(home)                              # the first installation of the owner's keyring
garden = add_protected(home, phone, "Garden")  # paired by a code with a secret that the server never saw
order(home, phone, garden, serials=[7])        # what the owner signs about it
"""

import os
import time
from dataclasses import dataclass, replace

from signaling.protocol import qr
from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import grant, orders, statement
from signaling.protocol.trust.grant import Grant
from signaling.protocol.trust.keyring import follow
from signaling.protocol.trust.orders import Orders
from signaling.protocol.trust.pairing import SECRET_BYTES, camera_proof, owner_proof, read_secret
from signaling.protocol.trust.proof import is_proof
from signaling.protocol.trust.receipt import Receipt, read_receipt
from signaling.protocol.trust.statement import Key
from tests.home import SMALL_SOURCE, CameraProcess, Household, wait_until
from tests.trust_viewer import Installation


@dataclass
class Protected:
    """`key`: the camera's, proven at pairing."""

    process: CameraProcess
    key: Key

    @property
    def id(self) -> str:
        return self.process.id


def own(home: Household) -> Installation:
    """The account's first installation, known to the server."""
    phone = Installation.first()
    publish(home, phone)
    return phone


def publish(home: Household, who: Installation) -> None:
    """The newest statement of the account's keyring."""
    home.call("POST", "/api/me/keyring", {"statement": who.ring[-1]}, 201)


def code_of(home: Household, phone: Installation, name: str) -> tuple[str, qr.OnboardingCode]:
    """Of a pending camera; the owner's proof is at the server."""
    camera_id, code = home.pending(name)
    secret = os.urandom(SECRET_BYTES)
    ring = follow(phone.ring)
    proof = owner_proof(secret, code.server_url, code.token, ring.name, ring.head)
    home.call("PUT", f"/api/cameras/{camera_id}/pairing/owner", {"head": ring.head, "proof": proof}, 204)
    return camera_id, replace(code, pairing_secret=encode_bytes(secret))


def add_protected(
    home: Household, phone: Installation, name: str, source: str = SMALL_SOURCE, *arguments: str
) -> Protected:
    """A camera that is paired, proven, online and confirmed."""
    camera = home.new_camera("--source", source, "--wifi", "already-online", *arguments)
    camera.id, code = code_of(home, phone, name)
    paired = camera.pair(qr.to_compact(code))
    assert paired.returncode == 0, paired.stdout + paired.stderr
    camera.start()
    home.wait_online(camera)
    home.call("POST", f"/api/cameras/{camera.id}/confirm", {"mine": True})
    return Protected(camera, proven_key(home, camera.id, code))


def proven_key(home: Household, camera_id: str, code: qr.OnboardingCode) -> Key:
    """The camera's key, which it has proven under the code's secret."""
    trust = home.call("GET", f"/api/cameras/{camera_id}/trust")
    key = trust["camera_key"]
    assert code.pairing_secret is not None
    secret = read_secret(code.pairing_secret)
    assert is_proof(camera_proof(secret, code.server_url, code.token, key), trust["pairing_proof"])
    return str(key)


def order(home: Household, phone: Installation, camera: Protected, n: int = 0, **said: object) -> str:
    """Signed orders, given to the server; waits for the camera's receipt."""
    fields: dict[str, object] = {"floor": 0, "serials": []} | said
    what = Orders(camera=camera.key, ring=phone.ring_name, n=n, **fields)  # type: ignore[arg-type]
    text = statement.sign(phone.key, orders.KIND, what)
    home.call("PUT", f"/api/cameras/{camera.id}/orders", {"statement": text}, 204)
    wait_until(lambda: (taken := receipt(home, camera)) is not None and taken.n >= n, "the camera's receipt")
    return text


def receipt(home: Household, camera: Protected) -> Receipt | None:
    """The camera's last."""
    text = home.call("GET", f"/api/cameras/{camera.id}/trust")["receipt"]
    return None if text is None else read_receipt(text, camera.key)


def granted(phone: Installation, camera: Protected, to: Key, serial: int, **said: object) -> str:
    """A grant to a keyring, for a minute ago until nothing changes."""
    fields: dict[str, object] = {"scopes": ["live"], "nbf": int(time.time()) - 60} | said
    what = Grant(camera=camera.key, ring=phone.ring_name, to=to, serial=serial, **fields)  # type: ignore[arg-type]
    return statement.sign(phone.key, grant.GRANT, what)
