"""A request that we understood and will not carry out."""

from dataclasses import dataclass
from typing import Any, Literal

Method = Literal["totp", "passkey", "recovery_code"]
"""A second factor that an account can show."""


class Refused(Exception):
    """`code` is stable and for programs, the text is one sentence for a person, `retry_after` is in seconds.

    Which codes exist, and which HTTP status each has: `signaling.http.problems`.
    """

    def __init__(self, code: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class SecondStep:
    """How to go on after the right password. `expires_at` in seconds since the epoch; `passkey`: browser's options."""

    ticket: str
    expires_at: float
    methods: tuple[Method, ...]
    passkey: dict[str, Any] | None


class SecondFactorRequired(Refused):
    """The password was right, and is not enough."""

    def __init__(self, step: SecondStep) -> None:
        super().__init__("second_factor_required", "show a second factor as well")
        self.step = step
