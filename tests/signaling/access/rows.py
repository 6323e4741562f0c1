"""The access matrix of the REST API as a table: for each route, who gets what.

A new route needs a row here, or the build fails. A row is the request that would succeed (`$camera` and the like stand
for things of the owner, `tests.signaling.access.scene`) and its `rights`: what the owner gets, and what everybody else.
An answer is a status where it is a success and a code of `signaling.http.problems` where it is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signaling.protocol.trust import keyring
from tests.signaling.access.callers import CALLERS, GUESTS, SIGNED_IN, Caller
from tests.signaling.trust.people import NOW, key

Rights = Mapping[Caller, int | str]


def anyone(answer: int | str) -> Rights:
    """The same for all: there is nothing to protect, or what protects it is a secret in the body."""
    return dict.fromkeys(CALLERS, answer)


def signed_in(answer: int | str) -> Rights:
    """Everybody who is signed in, each for their own account alone."""
    return {caller: answer if caller in SIGNED_IN else "unauthorized" for caller in CALLERS}


def owner_only(answer: int | str, **others: int | str) -> Rights:
    """Something of the owner's. To others there is no such thing, unless `others` says what they get."""
    refused: dict[Caller, int | str] = dict.fromkeys(SIGNED_IN, "not_found")
    return {**signed_in("not_found"), **refused, "owner": answer, **others}  # type: ignore[dict-item]


def owner_and_guests(answer: int | str, **others: int | str) -> Rights:
    """What every guest may, whatever was granted, while the grant lasts."""
    return owner_only(answer, **{**dict.fromkeys(GUESTS, answer), **others})


def _may_watch(answer: int | str) -> dict[str, int | str]:
    """Among guests, those with the scope `live`."""
    return {**dict.fromkeys(GUESTS, "forbidden"), "guest_live": answer}


def administrator_only(answer: int | str) -> Rights:
    return owner_only(answer, **dict.fromkeys(SIGNED_IN - {"owner"}, "forbidden"))


@dataclass(frozen=True)
class Row:
    """`id`: what stands for `{id}`. `body`: one that succeeds if the caller may."""

    rights: Rights
    body: Any = None
    id: str = ""


_PASSWORD = "correct horse battery"
_PROOF = {"password": _PASSWORD, "code": "$recovery"}
_RESPONSE = {"clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA", "attestationObject": "AAAA"}
_ASSERTION = _CREDENTIAL = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": _RESPONSE}
_QR = {"token": "$code", "ssid": "Hillside"}
_KEY = "A" * 43
_BEGUN = {"statement": keyring.begin(key("laptop"), NOW)}
"""The first statement of a keyring; the owner has another one."""

ROWS: dict[str, Row] = {
    "GET /healthz": Row(anyone(200)),
    "GET /readyz": Row(anyone(200)),
    "GET /api/setup": Row(anyone(200)),
    "GET /api/verdicts": Row(anyone(200)),
    # Who has no secret gets nowhere by being somebody.
    "POST /api/accounts": Row(anyone("registration_closed"), {"email": "new@example.org", "password": _PASSWORD}),
    "POST /api/sessions": Row(anyone("credentials_wrong"), {"email": "owner@example.org", "password": "a guess"}),
    "POST /api/sessions/second-step": Row(anyone("ticket_invalid"), {"ticket": "guess", "code": "123456"}),
    "POST /api/sessions/passkey": Row(anyone("passkey_refused"), {"passkey": _ASSERTION}),
    "POST /api/sessions/recovery": Row(
        anyone("credentials_wrong"), {"email": "owner@example.org", "code": "AAAA-BBBB-CCCC"}
    ),
    "POST /api/passkey-challenges": Row(anyone(200)),
    "POST /api/invitations/check": Row(anyone("invitation_invalid"), {"invitation": "guess"}),
    "POST /api/camera/reset": Row(anyone("proof_invalid"), {"token": "guess"}),
    "POST /api/camera/seen": Row(anyone("token_unknown"), {"secret_token": "guess"}),
    "POST /api/camera/activate": Row(
        anyone("token_unknown"), {"secret_token": "guess", "my_hardware_id": "a", "my_local_ip": "192.168.1.2"}
    ),
    "GET /api/sessions": Row(signed_in(200)),
    "DELETE /api/sessions": Row(signed_in(204)),
    "DELETE /api/sessions/current": Row(signed_in(204)),
    "DELETE /api/sessions/{id}": Row(owner_only(204), id="$session"),
    "GET /api/me": Row(signed_in(200)),
    "PATCH /api/me": Row(signed_in(200), {"ways": "never_relay"}),
    "PUT /api/me/password": Row(
        signed_in(204), {"current_password": _PASSWORD, "code": "$recovery", "new_password": _PASSWORD}
    ),
    "POST /api/password-resets": Row(anyone("no_mail"), {"email": "owner@example.org"}),
    "POST /api/password-resets/check": Row(anyone("reset_invalid"), {"reset": "guess"}),
    "POST /api/password-resets/use": Row(
        anyone("reset_invalid"), {"reset": "guess", "new_password": "another horse battery"}
    ),
    # With the right password it is the end of whoever asks, of everybody but the last administrator.
    "DELETE /api/me": Row(signed_in("credentials_wrong"), _PROOF | {"password": "a guess"}),
    "GET /api/me/export": Row(signed_in(200)),
    # Each has its own second factors; the owner has a passkey, and shows a recovery code.
    "GET /api/me/factors": Row(signed_in(200)),
    "POST /api/me/proof-challenges": Row({**signed_in("no_passkey"), "owner": 200}),
    "POST /api/me/totp": Row(signed_in(201), _PROOF),
    "POST /api/me/totp/confirm": Row(signed_in("totp_not_begun"), {"code": "123456"}),
    "POST /api/me/totp/off": Row(
        {**signed_in("no_second_factor"), "owner": "second_factor_wrong"}, _PROOF | {"code": "123456"}
    ),
    "POST /api/me/passkey-challenges": Row(signed_in(200), _PROOF),
    "POST /api/me/passkeys": Row(signed_in("passkey_refused"), {"name": "Phone", "credential": _CREDENTIAL}),
    "PATCH /api/me/passkeys/{id}": Row(owner_only(200), {"name": "Phone"}, id="$passkey"),
    "POST /api/me/passkeys/{id}/remove": Row(owner_only(204), _PROOF, id="$passkey"),
    "POST /api/me/recovery-codes": Row({**signed_in("no_second_factor"), "owner": 200}, _PROOF),
    "PUT /api/me/passkey-only": Row(signed_in("proof_required"), _PROOF | {"on": True}),
    "POST /api/invitations": Row(administrator_only(201)),
    "POST /api/socket-tickets": Row(owner_only(201), {"camera": "$camera"}),
    "GET /api/audit": Row(signed_in(200)),
    "GET /api/events": Row(signed_in(200)),
    "GET /api/cameras": Row(signed_in(200)),
    "POST /api/cameras": Row(signed_in(201), {"name": "Shed", "model": "Test", "ssid": "Hillside"}),
    "GET /api/cameras/{id}": Row(owner_and_guests(200), id="$camera"),
    "PATCH /api/cameras/{id}": Row(
        owner_only(200, **dict.fromkeys(GUESTS, "forbidden") | {"guest_manage": 200}), {"name": "Garden"}, id="$camera"
    ),
    "DELETE /api/cameras/{id}": Row(owner_only(204), id="$camera"),
    "POST /api/cameras/{id}/pairing": Row(owner_only(201), {}, id="$camera"),
    "DELETE /api/cameras/{id}/pairing": Row(owner_only(204), id="$pending"),
    "POST /api/cameras/{id}/qr.png": Row(owner_only(200), _QR, id="$pending"),
    "POST /api/cameras/{id}/qr.svg": Row(owner_only(200), _QR, id="$pending"),
    "POST /api/cameras/{id}/confirm": Row(owner_only(200), {"mine": True}, id="$unconfirmed"),
    "DELETE /api/cameras/{id}/alert": Row(owner_only(204), id="$camera"),
    "POST /api/cameras/{id}/token": Row(owner_only(201), id="$camera"),
    "GET /api/cameras/{id}/grants": Row(owner_only(200), id="$camera"),
    "GET /api/cameras/{id}/viewers": Row(owner_only(200), id="$camera"),
    "POST /api/cameras/{id}/invitations": Row(owner_only(201), {"scopes": ["live"]}, id="$camera"),
    "DELETE /api/grant-invitations/{id}": Row(owner_only(204), id="$invitation"),
    "POST /api/grants/check": Row(anyone("invitation_invalid"), {"invitation": "guess"}),
    "POST /api/grants": Row(signed_in("invitation_invalid"), {"invitation": "guess"}),
    "PATCH /api/grants/{id}": Row(owner_only(200), {"scopes": ["live"]}, id="$grant"),
    "DELETE /api/grants/{id}": Row(owner_only(204), id="$grant"),
    "POST /api/cameras/{id}/transfer": Row(owner_only(201), id="$camera"),
    "GET /api/cameras/{id}/transfer": Row(owner_only(200), id="$camera"),
    "DELETE /api/cameras/{id}/transfer": Row(owner_only(204), id="$camera"),
    "GET /api/me/keyring": Row(signed_in(200)),
    "POST /api/me/keyring": Row({**signed_in(201), "owner": "keyring_moved"}, _BEGUN),
    # As with the end of the account: with the right proof it would be the end of the keyring.
    "DELETE /api/me/keyring": Row(signed_in("credentials_wrong"), _PROOF | {"password": "a guess"}),
    "GET /api/me/installations": Row(signed_in(200)),
    "POST /api/me/installations": Row(signed_in(201), {"key": _KEY, "proof": _KEY, "label": "Phone"}),
    "GET /api/me/installations/{id}": Row(owner_only(200), id="$installation"),
    "PUT /api/me/installations/{id}": Row(owner_only(204), {"proof": _KEY}, id="$installation"),
    "DELETE /api/me/installations/{id}": Row(owner_only(204), id="$installation"),
    "PUT /api/cameras/{id}/pairing/owner": Row(owner_only(204), {"head": "$head", "proof": _KEY}, id="$pending"),
    "GET /api/cameras/{id}/trust": Row(owner_only(200, **_may_watch(200)), id="$camera"),
    "PUT /api/cameras/{id}/introduction": Row(
        owner_only(204, **_may_watch(204)), {"statement": "$introduction"}, id="$camera"
    ),
    "PUT /api/cameras/{id}/orders": Row(owner_only(204), {"statement": "$orders"}, id="$camera"),
    "POST /api/cameras/{id}/alarms": Row(owner_only(204, **_may_watch(204)), {"reason": "not signed"}, id="$camera"),
    # The owner is not whose acceptance it is, and its guest has nothing signed.
    "PUT /api/grants/{id}/acceptance": Row(owner_only("not_found"), _BEGUN, id="$grant"),
    "POST /api/transfers/check": Row(signed_in("transfer_invalid"), {"transfer": "guess"}),
    "POST /api/transfers/accept": Row(signed_in("transfer_invalid"), {"transfer": "guess"}),
}

UNDOCUMENTED: dict[str, str] = {
    "/api/openapi.json": "the document itself: it says nothing about anybody",
    "/api/signaling": "a WebSocket: tests/signaling/access/test_access_matrix_signaling.py",
    "/api/media": "a WebSocket of datagrams that mean nothing without the keys of a session: tests/media/relay",
}
"""What is served beside the OpenAPI document, and why that is right. The web app's own files need no entry."""
