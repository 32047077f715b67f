"""What a file is, by its content and never by its name; nothing is opened beyond first bytes and the names in an archive."""

from __future__ import annotations

import io
import zipfile

_MOST_PARTS = 5_000
_PART = b"PK\x01\x02"
"""What every entry in an archive's directory begins with: reading a directory of very many takes seconds."""
_ENDINGS = {
    "application/pdf": (".pdf",),
    "application/ofd": (".ofd",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
}
_BEGINNINGS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def media_of(content: bytes) -> str | None:
    """PDF, PNG, JPEG or OFD (the national fixed-layout format, an archive); None for everything else."""
    for beginning, media in _BEGINNINGS.items():
        if content.startswith(beginning):
            return media
    if content.startswith(b"PK\x03\x04") and content.count(_PART) <= _MOST_PARTS:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return "application/ofd" if "OFD.xml" in archive.namelist() else None
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            return None
    return None


def saved_as(name: str, media: str) -> str:
    """The name under which a file is to be saved: with an ending of its kind, so that nothing runs it by its name."""
    endings = _ENDINGS[media]
    return name if name.lower().endswith(endings) else f"{name}{endings[0]}"
