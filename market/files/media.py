"""What a file is, by its content and never by its name; nothing is opened beyond first bytes and the names in an archive."""

from __future__ import annotations

import io
import zipfile

_BEGINNINGS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def media_of(content: bytes) -> str | None:
    """PDF, PNG, JPEG or OFD (the national fixed-layout format, an archive); None for everything else."""
    for beginning, media in _BEGINNINGS.items():
        if content.startswith(beginning):
            return media
    if content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return "application/ofd" if "OFD.xml" in archive.namelist() else None
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            return None
    return None
