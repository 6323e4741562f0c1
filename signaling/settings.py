"""Everything that can be set, read from the environment once, checked once, and documented here.

`belvedere settings` prints the table. Plain functions: the environment and this machine's addresses are arguments.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

import msgspec

from signaling.protocol.messages import IceServer
from signaling.turn import parse_secrets, parse_urls

PREFIX = "BELVEDERE_"
FOREIGN_PREFIXES = ("BELVEDERE_CAMERA_", "BELVEDERE_RELAY_", "BELVEDERE_FUZZ")
"""Names of our other programs and of the tests."""
MAX_ICE_SERVERS = 8
LOOPBACK_NETWORKS = "127.0.0.0/8,::1/128"
"""No wider: a trusted network's machines may name any address as theirs, and viewers sit in private networks too."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadSettings(ValueError):
    """One or more settings make no sense; the text has one sentence a line."""


def _switch(text: str) -> bool:
    if text.lower() not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
        raise ValueError("must be 1 or 0")
    return text.lower() in {"1", "true", "yes", "on"}


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise ValueError("must be a port, 0 to 65535")
    return int(text)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return text.lower()

    return parse


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a number from {low} to {high}")
        return int(text)

    return parse


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _origin(text: str) -> str:
    parts = urlsplit(text.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
        raise ValueError("must look like https://cameras.example.org, without a path")
    _ = parts.port  # raises ValueError where it is no number
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_origin(word) for word in _words(text))


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word, strict=False) for word in _words(text))


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


def _setting(default: Any, doc: str, parse: Callable[[str], Any] = str, *, bare: bool = False) -> Any:
    """`bare`: also read without the prefix, because hosting platforms set it under that name."""
    return field(default=default, metadata={"doc": doc, "parse": parse, "bare": bare})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose. Times in seconds."""

    host: str = _setting("127.0.0.1", "Address to listen on; anything but loopback means TLS")
    port: int = _setting(8080, "Port of the web app, the API and the signaling socket", _port)
    public_url: str = _setting("", "Where apps and cameras reach this server; goes into QR codes", _origin)
    data_dir: str = _setting("data", "Folder for the database, the secret and the self-made certificate")
    database_url: str = _setting("", "postgresql://… for PostgreSQL; empty: a SQLite file in DATA_DIR", bare=True)
    redis_url: str = _setting("", "redis://… to share live state between processes; empty: in memory", bare=True)
    registration: str = _setting("closed", "closed (by invitation) or open", _one_of("closed", "open"))
    secret_key: str = _setting(
        "", "Signs logins; empty: made at first start, kept in DATA_DIR; several machines need the same"
    )
    tls_cert: str = _setting("", "Certificate chain (PEM); empty: self-made where TLS is needed")
    tls_key: str = _setting("", "Private key of TLS_CERT (PEM)")
    behind_proxy: bool = _setting(False, "1: a proxy ends TLS and speaks plain HTTP to us", _switch)
    trusted_proxies: tuple[Network, ...] = _setting(
        _networks(LOOPBACK_NETWORKS), "Networks of your proxies; X-Forwarded-For counts from them alone", _networks
    )
    ice_servers: tuple[IceServer, ...] = _setting(
        (), "STUN and TURN servers for cameras and viewers, JSON", _ice_servers
    )
    turn_urls: tuple[str, ...] = _setting(
        (),
        "TURN servers, comma list: turn:turn.example.org:3478?transport=udp,turn:…?transport=tcp,turns:…",
        parse_urls,
    )
    turn_secret: tuple[str, ...] = _setting(
        (),
        "Secret shared with coturn; two, comma separated, while it is being replaced: the first signs",
        parse_secrets,
    )
    turn_secret_file: str = _setting("", "File that holds TURN_SECRET; made at first start if it is not there")
    allowed_origins: tuple[str, ...] = _setting((), "Other web origins that may call the API with a token", _origins)
    metrics_host: str = _setting("127.0.0.1", "Address of the metrics port")
    metrics_port: int = _setting(9464, "Port of /metrics for Prometheus; 0: none", _port)
    log_level: str = _setting("info", "debug, info, warning or error", _one_of("debug", "info", "warning", "error"))
    log_format: str = _setting(
        "auto", "json, console or auto (console on a terminal)", _one_of("auto", "json", "console")
    )
    rate_limits: bool = _setting(True, "0 switches rate limits off, for benchmarks", _switch)
    bcrypt_cost: int = _setting(12, "Work per password, 2 to the power of this; tests use 4", _between(4, 16))
    web_dir: str = _setting("", "Folder of the built web app; empty: the one inside the package")

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

    def origin(self, own_address: str) -> str:
        """Where we are reached, without a slash at the end. `own_address`: of this machine, where HOST is 0.0.0.0."""
        if self.public_url:
            return self.public_url
        host = own_address if self.host in {"0.0.0.0", "::", ""} else self.host
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.uses_tls else 'http'}://{shown}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether a listening address stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises `BadSettings` naming every setting at fault."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for option in fields(Settings):
        name, text = _given(option, environment)
        if not text:
            continue
        try:
            values[option.name] = option.metadata["parse"](text)
        except ValueError as error:
            faults.append(f"{name}: {error}")
    settings = Settings(**values)
    faults += _contradictions(settings)
    if faults:
        raise BadSettings("\n".join(faults))
    return settings


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """Names that look like ours and mean nothing: usually a slip of the pen."""
    known = {PREFIX + option.name.upper() for option in fields(Settings)}
    return sorted(
        name
        for name in environment
        if name.startswith(PREFIX) and name not in known and not name.startswith(FOREIGN_PREFIXES)
    )


def settings_table() -> str:
    """All settings as a Markdown table."""
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    for option in fields(Settings):
        name = f"`{PREFIX}{option.name.upper()}`"
        if option.metadata["bare"]:
            name += f" or `{option.name.upper()}`"
        lines.append(f"| {name} | {_shown(option.default)} | {option.metadata['doc']} |")
    return "\n".join(lines)


def _given(option: "Field[Any]", environment: Mapping[str, str]) -> tuple[str, str]:
    name = PREFIX + option.name.upper()
    text = environment.get(name, "")
    if not text and option.metadata["bare"]:
        return option.name.upper(), environment.get(option.name.upper(), "").strip()
    return name, text.strip()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{int(value)}`"
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`" if value else "none"
    return f"`{value}`" if str(value) else "none"


def _contradictions(settings: Settings) -> list[str]:
    faults = []
    if bool(settings.tls_cert) != bool(settings.tls_key):
        faults.append("BELVEDERE_TLS_CERT and BELVEDERE_TLS_KEY belong together")
    if settings.behind_proxy and not settings.public_url:
        faults.append("BELVEDERE_BEHIND_PROXY needs BELVEDERE_PUBLIC_URL, the address people type")
    if settings.secret_key and len(settings.secret_key) < 32:
        faults.append("BELVEDERE_SECRET_KEY needs at least 32 characters")
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
    if settings.redis_url and not settings.redis_url.startswith(("redis://", "rediss://", "unix://")):
        faults.append("BELVEDERE_REDIS_URL must start with redis://, rediss:// or unix://")
    return faults
