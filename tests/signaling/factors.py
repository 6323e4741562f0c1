"""Second factors, as an app uses them over REST."""

import time
from typing import Any

import pyotp
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.signaling.api import EMAIL, PASSWORD, Answer, Api
from tests.signaling.authenticator import Authenticator

PROOF = {"password": PASSWORD}
LOGIN = {"email": EMAIL, "password": PASSWORD}


async def nothing_to_spend(_: AsyncConnection) -> None:
    """What a proof leaves to do where the account has no second factor."""


async def totp_on(api: Api, proof: Any = PROOF) -> tuple[pyotp.TOTP, list[str]]:
    """The app, and the recovery codes. The code of the step before is used up by it, those of now and later are not."""
    made = await api.good("POST", "/api/me/totp", proof)
    app = pyotp.TOTP(made["secret"])
    body = {"code": app.at(time.time() - app.interval)}
    return app, (await api.good("POST", "/api/me/totp/confirm", body))["recovery_codes"]


async def add_passkey(api: Api, key: Authenticator, name: str = "Phone", proof: Any = PROOF) -> Any:
    options = (await api.good("POST", "/api/me/passkey-challenges", proof))["options"]
    return await api.good("POST", "/api/me/passkeys", {"name": name, "credential": key.create(options)})


async def passkey_proof(api: Api, key: Authenticator) -> Any:
    options = (await api.good("POST", "/api/me/proof-challenges"))["options"]
    return {"passkey": key.get(options)}


async def first_step(api: Api, body: Any = LOGIN) -> Any:
    """What is wanted after the right password."""
    answer = await api.call("POST", "/api/sessions", body)
    assert (answer.status, answer.code) == (401, "second_factor_required")
    return answer.json["second_factor"]


async def second_step(api: Api, ticket: str, **shown: Any) -> Answer:
    answer = await api.call("POST", "/api/sessions/second-step", {"ticket": ticket} | shown)
    if answer.status == 201:
        api.token = answer.json["token"]
    return answer


async def sign_in_by_passkey(api: Api, key: Authenticator) -> Answer:
    options = (await api.good("POST", "/api/passkey-challenges"))["options"]
    answer = await api.call("POST", "/api/sessions/passkey", {"passkey": key.get(options)})
    if answer.status == 201:
        api.token = answer.json["token"]
    return answer
