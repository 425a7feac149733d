"""Certificates made at test time by the `openssl` command, and TLS contexts that believe them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Signed by itself, good for localhost, 127.0.0.1 and ::1."""

    cert: Path
    key: Path

    @property
    def options(self) -> tuple[str, ...]:
        """The options of our servers that use it."""
        return ("--tls-cert", str(self.cert), "--tls-key", str(self.key))

    @property
    def der(self) -> bytes:
        """As a connection shows it."""
        return ssl.PEM_cert_to_DER_cert(self.cert.read_text(encoding="ascii"))

    def context(self, *, alpn: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLContext:
        """A client's context that believes this certificate only."""
        context = ssl.create_default_context(cafile=str(self.cert))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def replace_by(self, other: Certificate) -> None:
        """Put another's content into this one's files, as a renewal does."""
        shutil.copyfile(other.key, self.key)
        shutil.copyfile(other.cert, self.cert)


def make_certificate(folder: Path, name: str = "server", *, key_type: str = "ec") -> Certificate:
    """Make NAME.pem and NAME.key in a folder. `key_type`: "ec" (P-256) or "rsa" (2048 bits)."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    kind = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key_type == "ec" else ["rsa:2048"]
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", *kind, "-subj", f"/CN={name}"),
            *("-addext", names, "-keyout", str(made.key), "-out", str(made.cert)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return made
