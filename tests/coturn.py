"""The real coturn, on loopback or in a laboratory: by our entrypoint with our configuration, or by hand."""

import contextlib
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

from signaling.doctor import stun
from tests.natlab.host import Host
from tests.program import ROOT, Program

ENTRYPOINT = ROOT / "coturn/entrypoint"
DEFAULT_TLS_PORT = 5349
PROBE_SECONDS = 0.1


class Coturn(Program):
    """Ready once it listens at its first address: UDP and TCP at `port`, TLS at `tls_port` unless that is 0.

    `folder`: for what it writes. `settings`: environment variables. `where`: the host of a laboratory, or this one.
    """

    def __init__(
        self,
        folder: Path,
        words: list[str],
        addresses: str,
        port: int,
        *,
        tls_port: int = 0,
        settings: dict[str, str] | None = None,
        where: Host | None = None,
    ) -> None:
        self._folder, self._command, self._settings, self._where = folder, words, settings or {}, where
        self._address, self._port, self._tls_port = addresses.split(",")[0], port, tls_port

    @property
    def log(self) -> Path:
        return self._folder / "coturn.log"

    def _words(self) -> list[str]:
        return self._command

    def _environment(self) -> dict[str, str]:
        return os.environ | self._settings | {"TMPDIR": str(self._folder)}

    def _popen(self, words: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        return self._where.popen(words, **options) if self._where else super()._popen(words, **options)

    def _is_ready(self) -> bool:
        """It opens UDP before TCP, or after it."""
        with self._where.enter() if self._where else contextlib.nullcontext():
            accepts = all(_accepts(self._address, port) for port in (self._port, self._tls_port) if port)
            return accepts and _answers(self._address, self._port)


def by_entrypoint(folder: Path, secret: str, where: Host | None = None, **settings: str) -> Coturn:
    """Ours. `settings`: the entrypoint's variables without TURN_, lower case; `addresses` and `port` are needed."""
    folder.mkdir(exist_ok=True)
    (folder / "secret").write_text(secret)
    variables = {f"TURN_{name.upper()}": text for name, text in settings.items()}
    variables["TURN_SECRET_FILE"] = str(folder / "secret")
    tls_port = int(settings.get("tls_port", DEFAULT_TLS_PORT)) if "cert" in settings else 0
    words, addresses, port = [str(ENTRYPOINT)], settings["addresses"], int(settings["port"])
    return Coturn(folder, words, addresses, port, tls_port=tls_port, settings=variables, where=where)


def by_hand(folder: Path, addresses: str, port: int, *options: str, where: Host | None = None) -> Coturn:
    """coturn with these options and its places alone. `addresses`: comma list."""
    words = ["turnserver", "-n", "--realm=lab", f"--listening-port={port}", "--log-file=stdout", *options]
    for address in addresses.split(","):
        words += [f"--listening-ip={address}", f"--relay-ip={address}"]
    words += [f"--pidfile={folder / 'pid'}", f"--userdb={folder / 'turndb'}"]
    return Coturn(folder, words, addresses, port, where=where)


def _accepts(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(PROBE_SECONDS)
        return probe.connect_ex((address, port)) == 0


def _answers(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.settimeout(PROBE_SECONDS)
        probe.connect((address, port))
        probe.send(stun.write(stun.BINDING, bytes(12)))
        return bool(probe.recv(stun.MAX_MESSAGE))
    return False
