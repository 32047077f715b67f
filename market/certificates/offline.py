"""Checking a certificate with nothing but the published keys: no database, no network.

Of a PDF the page is looked at as a reader sees it: its QR code is scanned, its text read and compared with what was signed. What
nobody can see offline: whether the registration still holds, and whether a key has been compromised since the keys were saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import orjson

from market.certificates.face import LABELS, Face, day_text, figures
from market.certificates.paper import face_in
from market.certificates.text import Code, digest, from_letters, is_signed, parse

ASK = "Only the register knows whether it still holds: GET /v1/certificates/NUMBER?token=TOKEN."

_SCALES = (2, 3, 1, 4)
"""Pixels a point at which a page is scanned, one after the other."""


@dataclass
class Finding:
    """`code` as scanned, `said` the values a file carries beside it, `wrong` what speaks against it, `open` what is undecided."""

    code: Code | None = None
    said: Face | None = None
    wrong: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def read_keys(content: bytes) -> dict[str, Mapping[str, str]]:
    """The published keys by id; ValueError when it is no such file."""
    try:
        return {
            key["id"]: {name: key[name] for name in ("public_key", "state")} for key in orjson.loads(content)["items"]
        }
    except (ValueError, KeyError, TypeError):
        raise ValueError("The keys are not what GET /v1/certificate-keys answers.") from None


def check_text(text: str, keys: Mapping[str, Mapping[str, str]]) -> Finding:
    """Is a QR code's text signed with one of these keys (by id, as GET /v1/certificate-keys answers them)?"""
    found = Finding(parse(text))
    if found.code is None:
        found.wrong.append("This is not the text of a certificate's QR code.")
        return found
    key = keys.get(found.code.key)
    if key is None:
        found.open.append(f"The key {found.code.key} is not among the given ones: fetch them anew.")
    elif not is_signed(found.code, from_letters(key["public_key"])):
        found.wrong.append(f"The signature is not one of key {found.code.key}.")
    elif key["state"] == "compromised":
        found.open.append(f"The key {found.code.key} is compromised, so its signature proves nothing: ask online.")
    return found


def check_pdf(content: bytes, keys: Mapping[str, Mapping[str, str]]) -> Finding:
    """The same of a PDF's first page, a scanned one included; one of ours must also say what was signed."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(content) as document:
            said = face_in(document.get_metadata_dict().get("Subject", ""))
            text, scanned = _read(document[0])
    except pypdfium2.PdfiumError:
        return Finding(wrong=["This is not a readable PDF file."])
    if scanned is None:
        return Finding(said=said, wrong=["No QR code can be read on the first page."])
    found = check_text(scanned, keys)
    found.said = said
    if found.code is None:
        return found
    if not text:
        found.open.append("The page is a picture: compare it with the values above by eye.")
    elif said is None or digest(said) != found.code.digest:
        found.wrong.append("The file does not carry the values that were signed.")
    else:
        differing = [name for name in LABELS if _packed(said[name]) not in text]
        found.wrong += [f"The page does not say what was signed: {' '.join(LABELS[name])}." for name in differing]
    return found


def values(found: Finding) -> list[tuple[str, str]]:
    """What was signed, named, for reading beside the paper."""
    code = found.code
    if code is None:
        return []
    signed = {
        "number": code.number,
        "total": figures(code.total),
        "tech": figures(code.tech),
        "registered_on": day_text(code.day),
        "version": code.version,
        "office": code.office,
        "token": code.token,
    }
    trusted = found.said if found.said is not None and digest(found.said) == code.digest else signed
    return [(" ".join(LABELS[name]), trusted[name]) for name in LABELS if name in trusted]


def _packed(text: str) -> str:
    return "".join(text.split())


def _read(page: Any) -> tuple[str, str | None]:
    """The page's text without spaces, and that of its QR code, if one is found that is ours."""
    import zxingcpp

    with closing(page), closing(page.get_textpage()) as words:
        text = _packed(words.get_text_range())
        for scale in _SCALES:
            picture = page.render(scale=scale).to_numpy()
            for barcode in zxingcpp.read_barcodes(picture, formats=zxingcpp.barcode_formats_from_str("QRCode")):
                if parse(barcode.text) is not None:
                    return text, str(barcode.text)
    return text, None
