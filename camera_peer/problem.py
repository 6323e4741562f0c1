"""What can go wrong on a camera: a stable code, a sentence for a person, and what the camera does next.

The codes travel to the server as `belvedere.event` and become a camera's `problem.code`; the sentence is what the
log, the status hook and the app show.
"""

from enum import StrEnum, auto


class Problem(StrEnum):
    """Stable codes; on the wire each is its name in lower case (`wifi_password_wrong`).

    `FINAL` says which of them mean that this QR code will never work.
    """

    WIFI_PASSWORD_WRONG = auto()
    NETWORK_NOT_FOUND = auto()
    WIFI_UNAVAILABLE = auto()
    NO_INTERNET = auto()
    SERVER_UNREACHABLE = auto()
    SERVER_UNTRUSTED = auto()
    SERVER_UNENCRYPTED = auto()
    TOKEN_EXPIRED = auto()
    TOKEN_USED = auto()
    TOKEN_UNKNOWN = auto()
    NETWORK_NOT_ALLOWED = auto()
    PROOF_INVALID = auto()
    ACTIVATION_REFUSED = auto()
    CLOCK_WRONG = auto()
    IDENTITY_REJECTED = auto()
    CODE_WRONG = auto()
    OWNER_UNPROVEN = auto()
    OTHER_OWNER = auto()
    NOT_TRUSTED = auto()
    SOURCE_FAILED = auto()


SENTENCES: dict[Problem, str] = {
    Problem.WIFI_PASSWORD_WRONG: "The Wi-Fi refused the password. Check it, make a new code and show it again.",
    Problem.NETWORK_NOT_FOUND: "The Wi-Fi was not found. Check its name, move closer, and use a 2.4 GHz network.",
    Problem.WIFI_UNAVAILABLE: "This camera has no Wi-Fi it can use. Check the adapter, or use --wifi already-online.",
    Problem.NO_INTERNET: "The camera is on the network but cannot look up the server's name. Is there internet, or a "
    "guest portal?",
    Problem.SERVER_UNREACHABLE: "The server does not answer. Is it running, and reachable from this network?",
    Problem.SERVER_UNTRUSTED: "The server that answered is not the one this code was made by, so nothing was sent.",
    Problem.SERVER_UNENCRYPTED: "This code names a server address without encryption (http:), so nothing was sent. "
    "Give the server an https address and make a new code.",
    Problem.TOKEN_EXPIRED: "This code is no longer valid: it has run out, was replaced or was taken back. Use the "
    "newest one in the app, or make a new one.",
    Problem.TOKEN_USED: "This code was already used by another camera. Make a new one and show it again.",
    Problem.TOKEN_UNKNOWN: "The server does not know this code. It may be of another server, or cancelled.",
    Problem.NETWORK_NOT_ALLOWED: "The server accepts this camera only from another network.",
    Problem.PROOF_INVALID: "The server does not accept this camera's proof of its key. Restart the camera.",
    Problem.ACTIVATION_REFUSED: "The server refused this camera. Make a new code and show it again.",
    Problem.CLOCK_WRONG: "The camera's clock is wrong, so it cannot check the server's certificate. Set the clock.",
    Problem.IDENTITY_REJECTED: "The server no longer knows this camera. It was removed there; pair it again.",
    Problem.CODE_WRONG: "The Wi-Fi password in this code is not encrypted for this camera. Type the setup code of this "
    "very camera and make a new code.",
    Problem.OWNER_UNPROVEN: "The server could not show whose this camera is, so the camera did not join. Remove it "
    "in the app and make a new code. If it happens again, somebody may stand between you and the camera.",
    Problem.OTHER_OWNER: "This camera belongs to somebody else. Reset it at the camera to pair it anew.",
    Problem.NOT_TRUSTED: "Somebody stood between this camera and a viewer, so it showed nothing.",
    Problem.SOURCE_FAILED: "The camera has no picture.",
}

FINAL = frozenset(
    {
        Problem.WIFI_PASSWORD_WRONG,
        Problem.NETWORK_NOT_FOUND,
        Problem.WIFI_UNAVAILABLE,
        Problem.SERVER_UNTRUSTED,
        Problem.SERVER_UNENCRYPTED,
        Problem.TOKEN_EXPIRED,
        Problem.TOKEN_USED,
        Problem.TOKEN_UNKNOWN,
        Problem.NETWORK_NOT_ALLOWED,
        Problem.PROOF_INVALID,
        Problem.ACTIVATION_REFUSED,
        Problem.CODE_WRONG,
        Problem.OWNER_UNPROVEN,
        Problem.OTHER_OWNER,
    }
)
"""Trying the same code again cannot help: back to scanning. The others are tried again while the token lives."""
OF_THE_OWNER = frozenset({Problem.OWNER_UNPROVEN, Problem.OTHER_OWNER})
"""Final already before a network was joined: to come nearer mends none of them."""


class CameraProblem(Exception):
    """Something outside is at fault. `problem` is the code; the text is one sentence, without secrets."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(detail or SENTENCES[problem])
        self.problem = problem

    @property
    def final(self) -> bool:
        """Whether the same code can never work."""
        return self.problem in FINAL
