"""The keys that sign certificates: made on first use, rotated, marked as compromised. Each act is an event of the journal.

A retired key signs no more, so its private half is erased; what it signed stays verifiable. `password` (a setting of the
operator) encrypts the private half in the database; without one it lies there as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from market.access import SYSTEM
from market.certificates.model import CertificateKey
from market.certificates.text import in_letters
from market.errors import NotFound, Unavailable
from market.journal.append import Event, append
from market.store.dialect import insert_missing
from market.store.session import Unit
from market.store.types import now

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_COLUMNS = select(
    CertificateKey.serial,
    CertificateKey.id,
    CertificateKey.public_key,
    CertificateKey.private_key,
    CertificateKey.retired_at,
    CertificateKey.compromised_at,
)
_CURRENT = _COLUMNS.where(CertificateKey.retired_at.is_(None))


def signer(unit: Unit, password: str) -> tuple[str, Ed25519PrivateKey]:
    """The id of the current key, and the key; the first one ever asked for is made in a unit of its own."""
    row: Mapping[Any, Any] | None = unit.execute(_CURRENT).mappings().first()
    if row is None:
        row = unit.database.write(SYSTEM, lambda writing: _first(writing, password), channel="certificates")
    return row["id"], _unlocked(row["private_key"], password)


def rotate(unit: Unit, password: str) -> str:
    """Retire the current key and make the next one; answers its id."""
    for row in unit.execute(_CURRENT.with_for_update()).mappings().all():
        unit.execute(
            update(CertificateKey)
            .where(CertificateKey.serial == row["serial"])
            .values(private_key=None, retired_at=now())
        )
        _tell(unit, "retired", row, 2)
    made = _new_row((unit.execute(select(func.max(CertificateKey.serial))).scalar() or 0) + 1, password)
    unit.execute(insert(CertificateKey), made)
    _tell(unit, "made", made, 1)
    return str(made["id"])


def mark_compromised(unit: Unit, key_id: str, password: str) -> None:
    """Say that others may know the private half of a key. The current one is replaced at once."""
    row = unit.execute(_COLUMNS.where(CertificateKey.id == key_id).with_for_update()).mappings().first()
    if row is None:
        raise NotFound("There is no such certificate key.")
    if row["compromised_at"] is not None:
        return
    if row["retired_at"] is None:
        rotate(unit, password)
    unit.execute(update(CertificateKey).where(CertificateKey.serial == row["serial"]).values(compromised_at=now()))
    _tell(unit, "compromised", row, 3)


def _first(unit: Unit, password: str) -> Mapping[Any, Any]:
    row = _new_row(1, password)
    if not insert_missing(unit.connection, CertificateKey, row):
        return unit.execute(_CURRENT).mappings().one()
    _tell(unit, "made", row, 1)
    return row


def _new_row(serial: int, password: str) -> dict[str, Any]:
    from cryptography.hazmat.primitives import serialization as formats
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    lock = formats.BestAvailableEncryption(password.encode()) if password else formats.NoEncryption()
    return {
        "serial": serial,
        "id": f"ck_{hashlib.sha256(public).hexdigest()[:10]}",
        "public_key": public,
        "private_key": key.private_bytes(formats.Encoding.DER, formats.PrivateFormat.PKCS8, lock),
        "created_at": now(),
        "retired_at": None,
        "compromised_at": None,
    }


@lru_cache(4)
def _unlocked(private_key: bytes, password: str) -> Ed25519PrivateKey:
    """Kept, since an encrypted key is made slow to open."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    for word in (password.encode() or None, None):  # keys of before the password was set have none
        try:
            return load_der_private_key(private_key, word)  # type: ignore[return-value]
        except (TypeError, ValueError):
            continue
    raise Unavailable(
        "The signing key cannot be opened: MARKET_CERTIFICATE_PASSWORD is not its password.", code="signing-key-locked"
    )


def _tell(unit: Unit, kind: str, row: Mapping[Any, Any], version: int) -> None:
    payload = {"id": row["id"], "serial": row["serial"], "public_key": in_letters(row["public_key"])}
    append(unit, Event(f"certificate_key.{kind}", row["id"], version, payload))
