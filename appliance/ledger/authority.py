"""The hub's own authority for https: it vouches for the one name that phones find this hub by, and for nothing else.

Two files in ``keys/``, for the box alone: ``authority.json`` with the authority (its key, its certificate), which
phones take once and which lasts; and ``https.pem`` with the key and certificate that the portal shows, which is
made anew in good time. Clocks may be wrong here and on phones: the authority is good from 2020 to 2049, and
what the portal shows from 400 days before the hub's time until more than 400 days after it.

X.509 is written by ``cryptography``, which is loaded only when something has to be made; to serve needs it not.
"""

import hashlib
import ipaddress
import json
import re
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from appliance.ledger import boxfile
from appliance.ledger.clock import Millis
from appliance.ledger.errors import DataDirectoryError, HubError

AUTHORITY: Final = "authority.json"
SHOWN: Final = "https.pem"

FIRST: Final = datetime(2020, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2049, 12, 31, tzinfo=UTC)
"""As far as certificates write years with two digits: every phone reads them."""

AROUND: Final = timedelta(days=400)
GOOD: Final = timedelta(days=824)
"""Phones refuse what is shown to be good for more than 825 days, also from an authority that their owner took."""

RENEW: Final = timedelta(days=200)
"""How far the hub's time may be from when it was made, before or after, until it is made anew."""

_MADE: Final = re.compile(r"made ([0-9]{1,15}) for ([0-9a-f]{64})\n")
_NAME: Final = re.compile(
    r"(?=.{1,200}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


class OtherName(HubError, ValueError):
    """The authority speaks for another name than the one that is asked for, or no authority could for this one."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who vouches for this hub.

    Attributes:
        name: for which host name or address, in small letters.
        certificate: as PEM, what phones take.
        key: its ECDSA P-256 key, as PEM (PKCS 8).
    """

    name: str
    certificate: str
    key: str = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate in the form that phones take as a file."""
        return ssl.PEM_cert_to_DER_cert(self.certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, 64 hexadecimal digits: what phones show of it."""
        return hashlib.sha256(self.der).hexdigest()


def check_name(name: str) -> str:
    """``name`` in small letters, when it is a host name or an IP address.

    Raises:
        OtherName: it is neither.
    """
    plain = name.strip("[]").lower()
    try:
        return str(ipaddress.ip_address(plain))
    except ValueError:
        if _NAME.fullmatch(plain):
            return plain
    raise OtherName(f"{name!r} is no name that a certificate can be for")


def read(data: Path) -> Authority | None:
    """The authority of the hub in ``data``; None before the first use.

    Raises:
        DataDirectoryError: it is there and cannot be read.
    """
    path = data / boxfile.KEYS / AUTHORITY
    try:
        kept = json.loads(path.read_text("utf-8"))
        found = Authority(check_name(kept["name"]), kept["certificate"], kept["key"])
        if not found.der:
            raise ValueError("no certificate")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataDirectoryError(f"{path} cannot be read ({error}): put it back out of a backup") from error
    return found


def check(data: Path, name: str) -> None:
    """Return when https can be served under ``name``.

    Raises:
        OtherName: the authority that phones have taken is for another one.
        DataDirectoryError: the authority cannot be read.
    """
    wanted, found = check_name(name), read(data)
    if found is not None and found.name != wanted:
        raise OtherName(
            f"the hub's authority speaks for {found.name}, not for {wanted}: serve under that name, or make a new "
            f"authority, which every phone must take anew: hub https renew --authority {wanted}"
        )


def made(data: Path, name: str, now: Millis) -> Authority:
    """The authority for ``name``, and beside it what the portal shows, good around ``now``; what lacks or is old is made.

    Raises:
        OtherName: the authority is for another name.
        DataDirectoryError: a file cannot be read or written.
    """
    check(data, name)
    found = read(data) or new(data, name)
    if due(data, found, now):
        renew(data, found, now)
    return found


def due(data: Path, by: Authority, now: Millis) -> bool:
    """Whether what the portal shows lacks, cannot be used, is another authority's, or was made too far from ``now``."""
    try:
        begin = _MADE.match((data / boxfile.KEYS / SHOWN).read_text("ascii"))
        context(data)
    except (OSError, ValueError):
        return True
    if begin is None or begin[2] != by.fingerprint:
        return True
    return abs(now - int(begin[1])) > RENEW / timedelta(milliseconds=1)


def context(data: Path) -> ssl.SSLContext:
    """What TLS is spoken with, out of ``https.pem``.

    Raises:
        OSError, ValueError: the file is missing or damaged.
    """
    made_of = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made_of.minimum_version = ssl.TLSVersion.TLSv1_2
    made_of.options |= ssl.OP_NO_RENEGOTIATION
    # Never asks at a terminal for a passphrase: there is none.
    made_of.load_cert_chain(data / boxfile.KEYS / SHOWN, password=b"")
    return made_of


def new(data: Path, name: str) -> Authority:
    """Make an authority for ``name`` in place of any before; phones that took that one must take this one.

    Raises:
        OtherName: ``name`` is none.
        DataDirectoryError: it cannot be written; the one before is there still.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    alone = check_name(name)
    key = ec.generate_private_key(ec.SECP256R1())
    # A few signs of the key, so that a phone with an old one beside it shows two different names.
    mark = hashlib.sha256(_public(key)).hexdigest()[:6]
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Village hub {alone[:40]} ({mark})")])
    begun = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(FIRST)
        .not_valid_after(LAST)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_for_one_name(alone), critical=True)
    )
    certificate = begun.sign(key, hashes.SHA256())
    found = Authority(alone, _pem(certificate), _pem(key))
    text = json.dumps({"name": found.name, "certificate": found.certificate, "key": found.key}, indent=1)
    boxfile.keep(data / boxfile.KEYS / AUTHORITY, text + "\n")
    return found


def renew(data: Path, by: Authority, now: Millis) -> None:
    """Make what the portal shows anew, good around ``now``.

    Raises:
        DataDirectoryError: the authority's key is damaged, or the file cannot be written.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        above = x509.load_pem_x509_certificate(by.certificate.encode("ascii"))
        signing = serialization.load_pem_private_key(by.key.encode("ascii"), None)
    except ValueError as error:
        raise DataDirectoryError(f"{data / boxfile.KEYS / AUTHORITY} is damaged: {error}") from error
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    start = begins(now)
    begun = (
        x509.CertificateBuilder()
        # No host name here: what it is for stands in the alternative name alone.
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Village hub (portal)")]))
        .issuer_name(above.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + GOOD)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(by.name)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
    )
    certificate = begun.sign(signing, hashes.SHA256())
    shown = f"made {now} for {by.fingerprint}\n{_pem(key)}{_pem(certificate)}"
    boxfile.keep(data / boxfile.KEYS / SHOWN, shown)


def begins(now: Millis) -> datetime:
    """From when on what is made at ``now`` is good: never before the authority is, never so late that it outlasts it."""
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=now)
    return min(max(at - AROUND, FIRST), LAST - GOOD)


def _usage(authority: bool) -> Any:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _for_one_name(name: str) -> Any:
    """RFC 5280, 4.2.1.10: what is not named of a kind is free, so that every other kind is shut out by name."""
    from cryptography import x509

    every = [x509.IPAddress(ipaddress.ip_network(net)) for net in ("0.0.0.0/0", "::/0")]
    try:
        address = ipaddress.ip_network(name)
    except ValueError:
        return x509.NameConstraints(permitted_subtrees=[x509.DNSName(name)], excluded_subtrees=every)
    other = every[1] if address.version == 4 else every[0]
    return x509.NameConstraints(
        permitted_subtrees=[x509.IPAddress(address)], excluded_subtrees=[x509.DNSName(""), other]
    )


def _public(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    encoded: bytes = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _pem(one: Any) -> str:
    from cryptography.hazmat.primitives import serialization

    if hasattr(one, "private_bytes"):
        encoded: bytes = one.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    else:
        encoded = one.public_bytes(serialization.Encoding.PEM)
    return encoded.decode("ascii")


def in_groups(fingerprint: str) -> list[str]:
    """A fingerprint as people compare it: eight lines of two groups of four."""
    large = fingerprint.upper()
    return [f"{large[at : at + 4]} {large[at + 4 : at + 8]}" for at in range(0, len(large), 8)]
