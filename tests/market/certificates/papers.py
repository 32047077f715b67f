"""Certificates printed for a test, and a PDF read again as people read it: its text, its picture, its QR code."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pypdfium2
import zxingcpp

from market.access import SYSTEM
from market.certificates.queries import certificate, published_keys
from market.certificates.text import Code, parse
from tests.world import World


def printed(world: World, number: str, version: int | None = None, who: str = "office", password: str = "") -> bytes:
    with world.database.snapshot(world.actor(who)) as unit:
        return certificate(unit, number, version, password)


def keys(world: World) -> dict[str, Any]:
    with world.database.read(SYSTEM) as unit:
        return {key["id"]: key for key in published_keys(unit)["items"]}


def text_of(content: bytes) -> str:
    """The page's text without spaces."""
    with (
        pypdfium2.PdfDocument(content) as document,
        closing(document[0]) as page,
        closing(page.get_textpage()) as text,
    ):
        return "".join(text.get_text_range().split())


def picture_of(content: bytes, scale: float = 2) -> Any:
    with pypdfium2.PdfDocument(content) as document, closing(document[0]) as page:
        assert len(document) == 1
        return page.render(scale=scale).to_numpy().copy()


def code_of(content: bytes, scale: float = 2) -> Code:
    [found] = zxingcpp.read_barcodes(picture_of(content, scale), formats=zxingcpp.barcode_formats_from_str("QRCode"))
    code = parse(found.text)
    assert code is not None, found.text
    return code
