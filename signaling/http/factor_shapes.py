"""What goes over the wire about second factors. W3C's own types have W3C's names (WebAuthn Level 3 §5.1.8)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from signaling.http.shapes import URL_SAFE, Body, Name, Password, Secret, Time

Options = dict[str, Any]
"""JSON for `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."""
Code = Annotated[str, Meta(min_length=1, max_length=40, description="Six digits of the app, or a recovery code")]
Ticket = Annotated[str, Meta(min_length=1, max_length=128, pattern=URL_SAFE)]
CredentialId = Annotated[str, Meta(min_length=1, max_length=1366, pattern=URL_SAFE, description="At most 1023 bytes")]
ClientData = Annotated[str, Meta(min_length=1, max_length=4096, pattern=URL_SAFE)]
AuthenticatorData = Annotated[str, Meta(min_length=1, max_length=4096, pattern=URL_SAFE)]
Attestation = Annotated[str, Meta(min_length=1, max_length=16384, pattern=URL_SAFE)]
Signature = Annotated[str, Meta(min_length=1, max_length=1366, pattern=URL_SAFE, description="RSA-4096 has 683")]
UserHandle = Annotated[str, Meta(max_length=86, pattern=r"^[A-Za-z0-9_-]*$", description="At most 64 bytes")]
Transports = Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=16)]


class AttestationResponse(msgspec.Struct, frozen=True):
    """Of a new passkey; what else a browser adds is not looked at."""

    client_data: ClientData = msgspec.field(name="clientDataJSON")
    attestation: Attestation = msgspec.field(name="attestationObject")
    transports: Transports = []


class NewCredential(msgspec.Struct, frozen=True):
    """`PublicKeyCredential.toJSON()` after `navigator.credentials.create`."""

    id: CredentialId
    raw_id: CredentialId = msgspec.field(name="rawId")
    type: Literal["public-key"]
    response: AttestationResponse


class AssertionResponse(msgspec.Struct, frozen=True):
    """Of a passkey in use."""

    client_data: ClientData = msgspec.field(name="clientDataJSON")
    authenticator_data: AuthenticatorData = msgspec.field(name="authenticatorData")
    signature: Signature
    user_handle: UserHandle | None = msgspec.field(name="userHandle", default=None)


class Assertion(msgspec.Struct, frozen=True):
    """`PublicKeyCredential.toJSON()` after `navigator.credentials.get`."""

    id: CredentialId
    raw_id: CredentialId = msgspec.field(name="rawId")
    type: Literal["public-key"]
    response: AssertionResponse


class SecondStepBody(Body, frozen=True):
    """`ticket`: of the `second_factor_required` before. Beside it `code`, or `passkey`: the answer to its options."""

    ticket: Ticket
    code: Code | None = None
    passkey: Assertion | None = None
    cookie: bool = False
    device: Secret | None = None


class PasskeySessionBody(Body, frozen=True):
    """The answer to options of `POST /api/passkey-challenges`."""

    passkey: Assertion
    cookie: bool = False
    device: Secret | None = None


class RecoverySessionBody(Body, frozen=True):
    """For accounts whose password opens nothing, and whose passkeys are lost."""

    email: Annotated[str, Meta(min_length=3, max_length=254)]
    code: Code
    cookie: bool = False
    device: Secret | None = None


class ProofBody(Body, frozen=True):
    """As much as a sign-in takes. `passkey`: the answer to options of `POST /api/me/proof-challenges`. Alone it is
    enough where it knew its person. Otherwise `password`, where a second factor is on with a `code` of the app, a
    recovery code or a passkey; where passkeys are the only way in, a recovery code alone."""

    password: Password | None = None
    code: Code | None = None
    passkey: Assertion | None = None


class PasswordBody(Body, frozen=True):
    """A proof as elsewhere, in which the password is called `current_password`. All other sessions of the account
    end."""

    new_password: Password
    current_password: Password | None = None
    code: Code | None = None
    passkey: Assertion | None = None


class PasskeyOnlyBody(ProofBody, frozen=True, kw_only=True):
    """`on`: the password opens nothing any more."""

    on: bool


class CodeBody(Body, frozen=True):
    """Six digits of the new app."""

    code: Code


class NewPasskeyBody(Body, frozen=True):
    """`credential`: the answer to options of `POST /api/me/passkey-challenges`."""

    name: Name
    credential: NewCredential


class PasskeyNameBody(Body, frozen=True):
    """What its owner calls it."""

    name: Name


class Passkey(msgspec.Struct, frozen=True):
    """`verified`: it has shown that it knows its person, so it can be a way in of its own."""

    id: str
    name: str
    created_at: Time
    last_used_at: Time | None
    verified: bool


class Factors(msgspec.Struct, frozen=True):
    """`passkeys_at`: the origin where passkeys work; null where this server has only an address."""

    totp: bool
    passkeys: list[Passkey]
    recovery_codes_left: int
    passkey_only: bool
    passkeys_at: str | None


class NewTotp(msgspec.Struct, frozen=True):
    """Shown once. `uri`: what the QR code for the app says."""

    secret: str
    uri: str


class RecoveryCodes(msgspec.Struct, frozen=True):
    """New ones, shown once; empty where those of before stay good."""

    recovery_codes: list[str]


class AddedPasskey(msgspec.Struct, frozen=True):
    """`recovery_codes`: new ones, shown once; empty where those of before stay good."""

    passkey: Passkey
    recovery_codes: list[str]


class PasskeyOptions(msgspec.Struct, frozen=True):
    """JSON options for the browser, good for five minutes."""

    options: Options
