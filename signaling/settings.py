"""Everything that can be set, read from the environment once, checked once, and documented here.

`belvedere settings` prints the table. Plain functions: the environment and this machine's addresses are arguments.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from signaling import mail
from signaling.protocol import options, relay_options
from signaling.protocol.messages import IceServer
from signaling.protocol.options import BadSettings, is_loopback, setting
from signaling.turn import parse_secrets, parse_urls

__all__ = ["BadSettings", "Network", "Settings", "read_settings", "settings_table", "unknown_settings"]

FOREIGN_PREFIXES = (
    "BELVEDERE_CAMERA_",
    "BELVEDERE_FUZZ",
    "BELVEDERE_RELAY_HTTP_",
    "BELVEDERE_RELAY_NAME",
    "BELVEDERE_RELAY_SERVER_CERT",
    "BELVEDERE_RELAY_TLS_",
    "BELVEDERE_RELAY_TUNNEL_URL",
    "BELVEDERE_SERVER",
)
"""Names of our other programs and of the tests."""
MAX_ICE_SERVERS = 8
LOOPBACK_NETWORKS = "127.0.0.0/8,::1/128"
"""No wider: a trusted network's machines may name any address as theirs, and viewers sit in private networks too."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _origins(text: str) -> tuple[str, ...]:
    return tuple(options.origin(word) for word in options.words(text))


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word, strict=False) for word in options.words(text))


def _ice_servers(text: str) -> tuple[IceServer, ...]:
    try:
        servers = msgspec.json.decode(text, type=list[IceServer])
    except msgspec.DecodeError as error:
        raise ValueError(f'must be JSON like [{{"urls": ["stun:stun.example.org"]}}] ({error})') from None
    if len(servers) > MAX_ICE_SERVERS:
        raise ValueError(f"at most {MAX_ICE_SERVERS} servers")
    if not all(url.startswith(("stun:", "stuns:", "turn:", "turns:")) for server in servers for url in server.urls):
        raise ValueError("every URL starts with stun:, stuns:, turn: or turns:")
    return tuple(servers)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose. Times in seconds."""

    host: str = setting("127.0.0.1", "Address to listen on; anything but loopback means TLS")
    port: int = setting(8080, "Port of the web app, the API and the signaling socket", options.port)
    public_url: str = setting("", "Where apps and cameras reach this server; goes into QR codes", options.origin)
    data_dir: str = setting("data", "Folder for the database, the secret and the self-made certificate")
    database_url: str = setting("", "postgresql://… for PostgreSQL; empty: a SQLite file in DATA_DIR", bare=True)
    redis_url: str = setting("", "redis://… to share live state between processes; empty: in memory", bare=True)
    registration: str = setting("closed", "closed (by invitation) or open", options.one_of("closed", "open"))
    secret_key: str = setting(
        "", "Signs logins; empty: made at first start, kept in DATA_DIR; several machines need the same", options.secret
    )
    tls_cert: str = setting("", "Certificate chain (PEM); empty: self-made where TLS is needed")
    tls_key: str = setting("", "Private key of TLS_CERT (PEM)")
    behind_proxy: bool = setting(False, "1: a proxy ends TLS and speaks plain HTTP to us", options.switch)
    trusted_proxies: tuple[Network, ...] = setting(
        _networks(LOOPBACK_NETWORKS), "Networks of your proxies; X-Forwarded-For counts from them alone", _networks
    )
    ice_servers: tuple[IceServer, ...] = setting(
        (), "STUN and TURN servers for cameras and viewers, JSON", _ice_servers
    )
    turn_urls: tuple[str, ...] = setting(
        (),
        "TURN servers, comma list: turn:turn.example.org:3478?transport=udp,turn:…?transport=tcp,turns:…",
        parse_urls,
    )
    turn_secret: tuple[str, ...] = setting(
        (),
        "Secret shared with coturn; two, comma separated, while it is being replaced: the first signs",
        parse_secrets,
    )
    turn_secret_file: str = setting("", "File that holds TURN_SECRET; made at first start if it is not there")
    relay: bool = setting(True, "0: no relay inside the server; belvedere-relay may still join", options.switch)
    relay_port: int = setting(*relay_options.PORT)
    relay_stun_port: int = setting(*relay_options.STUN_PORT)
    relay_addresses: tuple[str, ...] = setting(*relay_options.ADDRESSES)
    relay_public_addresses: tuple[str, ...] = setting(
        (), "Addresses that lead to the relay by a port forward or NAT; empty: those of PUBLIC_URL", options.addresses
    )
    relay_public_port: int = setting(*relay_options.PUBLIC_PORT)
    relay_shared_tcp_port: int = setting(
        0, "Port there of this server's own TLS port, which takes the relay's TCP too; 0: as PUBLIC_URL", options.port
    )
    relay_secret: str = setting(
        "", "Shared with belvedere-relay, at least 32 characters; empty: none joins", options.secret
    )
    relay_viewers: int = setting(*relay_options.VIEWERS)
    relay_viewers_per_owner: int = setting(*relay_options.VIEWERS_PER_OWNER)
    relay_viewers_per_camera: int = setting(*relay_options.VIEWERS_PER_CAMERA)
    smtp_url: str = setting(
        "",
        "Mail server, smtps://user:password@host or smtp://…; empty: password links by command",
        mail.checked_url,
    )
    mail_from: str = setting("", "Address that mail comes from, with SMTP_URL", mail.checked_sender)
    allowed_origins: tuple[str, ...] = setting((), "Other web origins that may call the API with a token", _origins)
    metrics_host: str = setting("127.0.0.1", "Address of the metrics port")
    metrics_port: int = setting(9464, "Port of /metrics for Prometheus; 0: none", options.port)
    log_level: str = setting(*options.LOG_LEVEL)
    log_format: str = setting(*options.LOG_FORMAT)
    rate_limits: bool = setting(True, "0 switches rate limits off, for benchmarks", options.switch)
    bcrypt_cost: int = setting(12, "Work per password, 2 to the power of this; tests use 4", options.between(4, 16))
    web_dir: str = setting("", "Folder of the built web app; empty: the one inside the package")

    @property
    def uses_tls(self) -> bool:
        """Whether this process itself speaks TLS."""
        if self.behind_proxy:
            return False
        return bool(self.tls_cert) or self.public_url.startswith("https:") or not is_loopback(self.host)

    @property
    def self_made_certificate(self) -> bool:
        """Whether the QR code has to carry the pin of our own key."""
        return self.uses_tls and not self.tls_cert

    @property
    def uses_data_dir(self) -> bool:
        """Whether anything is kept in that folder, which need not be there otherwise."""
        return not self.database_url or not self.secret_key or self.self_made_certificate

    def origin(self, own_address: str) -> str:
        """Where we are reached, without a slash at the end. `own_address`: of this machine, where HOST is 0.0.0.0."""
        if self.public_url:
            return self.public_url
        host = own_address if self.host in {"0.0.0.0", "::", ""} else self.host
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.uses_tls else 'http'}://{shown}:{self.port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises `BadSettings` naming every setting at fault."""
    settings, faults = options.read(Settings, environment)
    faults += _contradictions(settings)
    if faults:
        raise BadSettings("\n".join(faults))
    return settings


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """Names that look like ours and mean nothing: usually a slip of the pen."""
    return options.unknown(Settings, environment, FOREIGN_PREFIXES)


def settings_table() -> str:
    """All settings as a Markdown table."""
    return options.table(Settings)


def _contradictions(settings: Settings) -> list[str]:
    faults = []
    if bool(settings.tls_cert) != bool(settings.tls_key):
        faults.append("BELVEDERE_TLS_CERT and BELVEDERE_TLS_KEY belong together")
    if settings.behind_proxy and not settings.public_url:
        faults.append("BELVEDERE_BEHIND_PROXY needs BELVEDERE_PUBLIC_URL, the address people type")
    if settings.public_url.startswith("http:") and not is_loopback(urlsplit(settings.public_url).hostname or ""):
        faults.append(
            "BELVEDERE_PUBLIC_URL says http://, which is for this machine alone: passwords, logins and pairing codes "
            "would cross the network in the clear; say https:// (without a certificate of yours one is made)"
        )
    elif settings.public_url.startswith("http:") and settings.uses_tls:
        faults.append("BELVEDERE_PUBLIC_URL says http, but beyond loopback this server speaks TLS only")
    if settings.database_url and not settings.database_url.startswith(("postgres://", "postgresql")):
        faults.append("BELVEDERE_DATABASE_URL: only postgresql:// is supported; leave it empty for SQLite")
    if settings.turn_urls and not (settings.turn_secret or settings.turn_secret_file):
        faults.append("BELVEDERE_TURN_URLS needs BELVEDERE_TURN_SECRET or BELVEDERE_TURN_SECRET_FILE, as coturn has it")
    if bool(settings.smtp_url) != bool(settings.mail_from):
        faults.append("BELVEDERE_SMTP_URL and BELVEDERE_MAIL_FROM belong together")
    if settings.redis_url and not settings.redis_url.startswith(("redis://", "rediss://", "unix://")):
        faults.append("BELVEDERE_REDIS_URL must start with redis://, rediss:// or unix://")
    return faults
