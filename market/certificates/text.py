"""The text in a certificate's QR code: what it holds, how it is signed, and the token that asks for its state.

    TCR1|number|version|成交额|技术交易额|day|office|digest of the face|token|key id|signature

The signature (Ed25519) covers everything before the last bar. Needs no database; `market certificate verify` uses it offline.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from market.store.types import canonical

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SHAPE = re.compile(
    r"(?P<signed>TCR1\|(?P<number>\d{16})\|(?P<version>\d{1,9})\|(?P<total>\d+\.\d\d)\|(?P<tech>\d+\.\d\d)"
    r"\|(?P<day>\d{4}-\d\d-\d\d)\|(?P<office>.+)\|(?P<digest>[\w-]{32})\|(?P<token>\d{1,9}-[\w-]{22})"
    r"\|(?P<key>ck_[0-9a-f]{10}))\|(?P<signature>[\w-]{86})",
    re.ASCII,
)


@dataclass(frozen=True)
class Code:
    """A QR code's text, taken apart. Amounts are yuan with two decimals, `day` is ISO."""

    signed: str
    number: str
    version: str
    total: str
    tech: str
    day: str
    office: str
    digest: str
    token: str
    key: str
    signature: str


def parse(text: str) -> Code | None:
    """The parts of a QR code's text; None when it is none of ours."""
    found = _SHAPE.fullmatch(text.strip())
    return None if found is None else Code(**found.groupdict())


def sign(parts: list[str], key_id: str, key: Ed25519PrivateKey) -> str:
    """The whole text from its parts up to the token."""
    text = "|".join(["TCR1", *parts, key_id])
    return f"{text}|{in_letters(key.sign(text.encode()))}"


def is_signed(code: Code, public_key: bytes) -> bool:
    """Did the holder of the private half sign this text?"""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = from_letters(code.signature)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, code.signed.encode())
    except InvalidSignature:
        return False
    return in_letters(signature) == code.signature  # the last letter has bits that say nothing


def digest(face: Mapping[str, str]) -> str:
    """Digest of everything a certificate says."""
    return in_letters(hashlib.sha256(canonical(face)).digest()[:24])


def token(secret: bytes, number: str, version: int) -> str:
    """What asks for the state of this version: `1-…`; nobody can guess it without the secret of the database."""
    key = hmac.digest(secret, b"certificate", "sha256")
    return f"{version}-{in_letters(hmac.digest(key, f'{number}/{version}'.encode(), 'sha256')[:16])}"


def in_letters(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def from_letters(text: str) -> bytes:
    """The bytes of `in_letters`; ValueError if it is none."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
