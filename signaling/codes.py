"""Six digits of an authenticator app, or a recovery code: what a person types as a second factor."""

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling import recovery_codes, totp
from signaling.refusals import Method, Refused
from signaling.store import factors
from signaling.store.rows import Totp
from signaling.vault import Unreadable, Vault

log = structlog.get_logger(__name__)


class Codes:
    """Both kinds are good once: using one up is an update of a row that one caller wins."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def spend(self, connection: AsyncConnection, account_id: str, text: str, now: float) -> Method:
        """Use a code up. Raises `Refused` (second_factor_wrong)."""
        code = "".join(text.split())
        if totp.is_code(code):
            step = self.step_of(await factors.totp_of(connection, account_id), code, now)
            if step is not None and await factors.use_step(connection, account_id, step):
                return "totp"
        elif await factors.use_code(connection, account_id, self._hash(account_id, text)):
            return "recovery_code"
        raise Refused("second_factor_wrong", "this code is not right, or was used before")

    async def is_recovery_code(self, connection: AsyncConnection, account_id: str, text: str) -> bool:
        """Whether it is a good one; nothing is used up."""
        return await factors.has_code(connection, account_id, self._hash(account_id, text))

    def _hash(self, account_id: str, text: str) -> str:
        return self._vault.hash(recovery_codes.normalised(text) or "", account_id)

    def step_of(self, app: Totp | None, code: str, now: float) -> int | None:
        """The time step of this code that is still good; None where there is none."""
        if app is None:
            return None
        try:
            secret = self._vault.open(app.secret, app.account_id)
        except Unreadable:
            log.warning("second_factor_unreadable", reason="the server's secret is not the one it was made under")
            return None
        return totp.step_of(secret, code, after=app.last_step, now=now)
