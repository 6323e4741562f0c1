"""What can be set of `belvedere-relay`, read from the environment once; `belvedere-relay settings` prints the table.

The names that a server's own relay has too mean the same there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from media.relay import stun_port
from media.relay.settings import RelaySettings
from signaling.protocol import options, relay_options
from signaling.protocol.media_socket import MEDIA_PATH
from signaling.protocol.options import BadSettings, setting
from signaling.protocol.relay_token import is_name

__all__ = ["BadSettings", "Environment", "read_environment", "settings_table"]

DEFAULT_NAME = "relay"


def name_like(host: str) -> str:
    """A machine's name as a relay's: of a-z, 0-9 and the hyphen."""
    return re.sub(r"[^a-z0-9-]+", "-", host.lower()).strip("-")[:32] or DEFAULT_NAME


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError("has up to 32 of a-z, 0-9 and -")
    return text


def _tunnel(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f"must look like wss://relay.example.org{MEDIA_PATH}")
    return text


@dataclass(frozen=True, slots=True)
class Environment:
    """What the operator chose."""

    server: str = setting("", "The server's origin, such as https://cameras.example.org; required", options.origin)
    relay_secret: str = setting("", "The same text as at the server, at least 32 characters; required", options.secret)
    relay_name: str = setting("", "This relay among others: a-z, 0-9, -; empty: the machine's name", _name)
    relay_server_cert: str = setting("", "The server's certificate (PEM), where it is self-made")
    relay_port: int = setting(*relay_options.PORT)
    relay_stun_port: int = setting(*relay_options.STUN_PORT)
    relay_addresses: tuple[str, ...] = setting(*relay_options.ADDRESSES)
    relay_public_addresses: tuple[str, ...] = setting(
        (), "Further addresses that lead to the relay: port forward, 1:1 NAT, container host", options.addresses
    )
    relay_public_port: int = setting(*relay_options.PUBLIC_PORT)
    relay_viewers: int = setting(*relay_options.VIEWERS)
    relay_viewers_per_owner: int = setting(*relay_options.VIEWERS_PER_OWNER)
    relay_viewers_per_camera: int = setting(*relay_options.VIEWERS_PER_CAMERA)
    relay_tunnel_url: str = setting(
        "",
        f"Where cameras without UDP reach HTTP_PORT: wss://…{MEDIA_PATH}; empty: they cannot use this relay",
        _tunnel,
    )
    relay_http_host: str = setting("127.0.0.1", "Address of the HTTP port")
    relay_http_port: int = setting(8481, f"Port of {MEDIA_PATH} and /healthz; 0: none", options.port)
    relay_tls_cert: str = setting("", "Certificate chain (PEM) of the HTTP port; empty: plain HTTP, for a proxy")
    relay_tls_key: str = setting("", "Private key of RELAY_TLS_CERT (PEM)")
    log_level: str = setting(*options.LOG_LEVEL)
    log_format: str = setting(*options.LOG_FORMAT)

    def relay(self) -> RelaySettings:
        """The part about media."""
        return RelaySettings(
            addresses=self.relay_addresses,
            public_addresses=self.relay_public_addresses,
            port=self.relay_port,
            stun_port=stun_port.wanted(self.relay_stun_port, self.relay_port),
            public_port=self.relay_public_port or None,
            viewers=self.relay_viewers,
            viewers_per_owner=self.relay_viewers_per_owner,
            viewers_per_camera=self.relay_viewers_per_camera,
        )


def read_environment(environment: Mapping[str, str]) -> Environment:
    """Raises `BadSettings` naming every setting at fault."""
    chosen, faults = options.read(Environment, environment)
    faulty = " ".join(faults)
    if not chosen.server and "BELVEDERE_SERVER:" not in faulty:
        faults.append("BELVEDERE_SERVER is missing: the server's origin, such as https://cameras.example.org")
    if not chosen.relay_secret and "BELVEDERE_RELAY_SECRET:" not in faulty:
        faults.append("BELVEDERE_RELAY_SECRET is missing: the same text as at the server, at least 32 characters")
    if bool(chosen.relay_tls_cert) != bool(chosen.relay_tls_key):
        faults.append("BELVEDERE_RELAY_TLS_CERT and BELVEDERE_RELAY_TLS_KEY belong together")
    if chosen.relay_tunnel_url and not chosen.relay_http_port:
        faults.append("BELVEDERE_RELAY_TUNNEL_URL needs BELVEDERE_RELAY_HTTP_PORT, which it leads to")
    if faults:
        raise BadSettings("\n".join(faults))
    return chosen


def settings_table() -> str:
    """All settings as a Markdown table."""
    return options.table(Environment)
