"""The certificate as a PDF: one A4 page, its font embedded, the same bytes for the same values.

A character the font has no glyph for is refused by name, never drawn as a box. Loading the font costs about half a second and
some 40 MB, so it waits for the first certificate of a process.
"""

from __future__ import annotations

import io
import lzma
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

from market.certificates.face import LABELS, Face
from market.errors import Conflict

FONT = Path(__file__).parent / "fonts" / "NotoSerifSC-Regular.ttf.xz"

_NAME = "Certificate"
_MM = 72 / 25.4
_WIDTH, _HEIGHT = 210 * _MM, 297 * _MM
_LEFT, _RIGHT = 24 * _MM, 186 * _MM
_VALUES = _LEFT + 34 * _MM
_HALF = (_LEFT + _RIGHT) / 2 - 4 * _MM
_TABLE_TOP, _TABLE_BOTTOM = 222 * _MM, 92 * _MM
_QR = 46 * _MM
_INK, _FAINT, _RED = (0.1, 0.1, 0.12), (0.42, 0.42, 0.45), (0.62, 0.1, 0.12)
_LINE, _MARK = (0.8, 0.72, 0.66), (0.94, 0.86, 0.85)
_SIZES = (11, 10.5, 10, 9.5, 9, 8.5, 8, 7.5, 7, 6.5, 6, 5.5, 5)

_TITLE = ("技术合同认定登记证明", "CERTIFICATE OF TECHNOLOGY CONTRACT REGISTRATION")
_SENTENCE = ("下列技术合同经认定，准予登记。", "The technology contract below has been recognised and registered.")
_NOTICE = (
    "扫描二维码得到签名文本。在线核验：GET /v1/certificates/{number}?token=核验码，答复本证明此刻的状态"
    "(有效、已变更、已注销、已撤销)。离线核验：market certificate verify。二维码与纸面不一致的，以登记机构的登记为准。",
    "The QR code holds the signed text. Ask online whether this certificate still holds, or verify it offline with the published "
    "keys (GET /v1/certificate-keys).",
)
_ROWS: tuple[tuple[str, ...], ...] = (
    ("project_name",),
    ("contract_type",),
    ("seller",),
    ("buyer",),
    ("signed_on", "validity"),
    ("total", "total_words"),
    ("tech", "tech_words"),
    ("registered_on", "version"),
)
_drawing = Lock()


def draw(face: Face, code: str, marks: Sequence[str]) -> bytes:
    """The page. `code` is the QR code's text, `marks` are words across it, such as 演示 SAMPLE."""
    with _drawing:  # the font keeps what the page at hand uses
        font = _font()
        _refuse_missing([*face.values(), *marks], font)
        from reportlab.pdfgen.canvas import Canvas

        file = io.BytesIO()
        canvas = Canvas(file, (_WIDTH, _HEIGHT), invariant=1, pageCompression=1)
        canvas.setTitle(f"{_TITLE[0]} {face['number']}")
        canvas.setAuthor(face["office"])
        canvas.setSubject(orjson.dumps(face).decode())
        page = _Page(canvas, font)
        page.marks(marks)
        page.frame()
        page.head(face["number"])
        page.table(face)
        page.foot(face, code)
        canvas.save()
    return file.getvalue()


def face_in(subject: str) -> Face | None:
    """The values a PDF carries beside its page; None when it is none of ours."""
    try:
        found = orjson.loads(subject)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or found.keys() != LABELS.keys():
        return None
    return found if all(isinstance(value, str) for value in found.values()) else None


@cache
def _font() -> Any:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    class Font(TTFont):  # type: ignore[misc]
        def addObjects(self, doc: Any) -> None:
            """reportlab writes characters beyond U+FFFF in a way that no reader takes back into text."""
            super().addObjects(doc)
            for name, stream in doc.idToObject.items():
                if name.startswith("toUnicodeCMap:"):
                    stream.content = re.sub(r"> <([0-9A-F]{5,6})>", _as_utf_16, stream.content)

    font = Font(_NAME, io.BytesIO(lzma.decompress(FONT.read_bytes())), asciiReadable=False)
    face = font.face
    face.glyphToChar.clear()  # is for shaping only
    table = face.get_table
    start, length = face.get_table_pos("glyf")
    outlines = memoryview(face._ttf_data)[start : start + length]  # else each page would copy all 14 MB of them
    face.get_table = lambda tag: outlines if tag == "glyf" else table(tag)
    pdfmetrics.registerFont(font)
    return font


def _as_utf_16(found: re.Match[str]) -> str:
    return f"> <{chr(int(found[1], 16)).encode('utf-16-be').hex().upper()}>"


def _refuse_missing(texts: Sequence[str], font: Any) -> None:
    missing = sorted({sign for text in texts for sign in text if ord(sign) not in font.face.charToGlyph})
    if missing:
        names = ", ".join(f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".strip() for sign in missing[:10])
        raise Conflict(f"The certificate's font has no glyph for: {names}.", code="unprintable-character")


class _Page:
    """One page being drawn; y grows upwards, a line's y is its baseline."""

    def __init__(self, canvas: Any, font: Any) -> None:
        self.canvas, self.font = canvas, font

    def width(self, text: str, size: float) -> float:
        found: float = self.font.stringWidth(text, size)
        return found

    def write(
        self, x: float, y: float, text: str, size: float, colour: tuple[float, ...] = _INK, *, bold: float = 0
    ) -> None:
        """One line. `bold` is the width of an outline around the letters, since one weight is embedded."""
        line = self.canvas.beginText(x, y)
        line.setFont(_NAME, size)
        line.setFillColorRGB(*colour)
        if bold:
            self.canvas.setLineWidth(bold)
            self.canvas.setStrokeColorRGB(*colour)
            line.setTextRenderMode(2)
        line.textOut(text)
        if bold:
            line.setTextRenderMode(0)
        self.canvas.drawText(line)

    def centre(self, y: float, text: str, size: float, colour: tuple[float, ...] = _INK, *, bold: float = 0) -> None:
        self.write((_WIDTH - self.width(text, size)) / 2, y, text, size, colour, bold=bold)

    def wrap(self, text: str, size: float, width: float) -> list[str]:
        """Lines of at most `width`: broken between Chinese characters and between words, inside a word only if it must be."""
        lines, line = [], ""
        for part in re.findall(r"[!-~]+|.", text):
            if line and self.width(line + part, size) > width:
                lines.append(line.rstrip())
                line = ""
            for sign in part if self.width(part, size) > width else [part]:
                if line and self.width(line + sign, size) > width:
                    lines.append(line)
                    line = ""
                line += sign if line or sign != " " else ""
        return [*lines, line] if line or not lines else lines

    def marks(self, marks: Sequence[str]) -> None:
        """The words in turn, from corner to corner, below everything else."""
        for n, y in enumerate((60, 118, 176, 234) if marks else ()):
            mark, size = marks[n % len(marks)], 40
            self.canvas.saveState()
            self.canvas.translate(_WIDTH / 2, y * _MM)
            self.canvas.rotate(32)
            self.write(-self.width(mark, size) / 2, 0, mark, size, _MARK)
            self.canvas.restoreState()

    def frame(self) -> None:
        for inset, thick in ((10, 2.2), (12, 0.5), (12.9, 0.5)):
            self.canvas.setLineWidth(thick)
            self.canvas.setStrokeColorRGB(*_RED)
            side = inset * _MM
            self.canvas.rect(side, side, _WIDTH - 2 * side, _HEIGHT - 2 * side)
        for x in (12.45 * _MM, _WIDTH - 12.45 * _MM):
            for y in (12.45 * _MM, _HEIGHT - 12.45 * _MM):
                self.canvas.setFillColorRGB(1, 1, 1)
                self.canvas.circle(x, y, 2 * _MM, fill=1)
                self.canvas.setFillColorRGB(*_RED)
                self.canvas.circle(x, y, 0.9 * _MM, stroke=0, fill=1)

    def head(self, number: str) -> None:
        self.centre(259 * _MM, _TITLE[0], 29, _RED, bold=0.7)
        self.centre(251 * _MM, _TITLE[1], 8.5, _FAINT)
        self.canvas.setStrokeColorRGB(*_RED)
        self.canvas.setLineWidth(0.8)
        self.canvas.line(_WIDTH / 2 - 22 * _MM, 246.5 * _MM, _WIDTH / 2 + 22 * _MM, 246.5 * _MM)
        label = f"{LABELS['number'][0]} No. "
        start = (_WIDTH - self.width(label, 10) - self.width(number, 14)) / 2
        self.write(start, 238 * _MM, label, 10, _FAINT)
        self.write(start + self.width(label, 10), 238 * _MM, number, 14, bold=0.3)
        self.centre(230 * _MM, _SENTENCE[0], 10)
        self.centre(226 * _MM, _SENTENCE[1], 7, _FAINT)

    def table(self, face: Face) -> None:
        """The rows, in the largest size in which they all fit."""
        for size in _SIZES:
            rows = [self._cells(names, face, size) for names in _ROWS]
            heights = [max(25, max(len(lines) for _, _, lines in row) * size * 1.35 + size * 0.95) for row in rows]
            if sum(heights) <= _TABLE_TOP - _TABLE_BOTTOM:
                break
        spare = min(5 * _MM, (_TABLE_TOP - _TABLE_BOTTOM - sum(heights)) / len(rows))
        top = _TABLE_TOP
        self._rule(top)
        for row, height in zip(rows, heights, strict=True):
            for name, x, lines in row:
                middle = top - (height + spare) / 2
                label, english = LABELS[name]
                at = _LEFT + 2 * _MM if x == _VALUES else _HALF - 1 * _MM
                self.write(at, middle + 1, label, 10, _RED)
                self.write(at, middle - 7.5, english, 6.2, _FAINT)
                y = middle + (len(lines) - 1) * size * 1.35 / 2 - size * 0.36
                for line in lines:
                    self.write(x, y, line, size)
                    y -= size * 1.35
            top -= height + spare
            self._rule(top)

    def _cells(self, names: tuple[str, ...], face: Face, size: float) -> list[tuple[str, float, list[str]]]:
        right = _HALF + 18 * _MM
        if len(names) == 1:
            return [(names[0], _VALUES, self.wrap(face[names[0]], size, _RIGHT - _VALUES - 2 * _MM))]
        first, second = names
        return [
            (first, _VALUES, self.wrap(face[first], size, _HALF - _VALUES - 3 * _MM)),
            (second, right, self.wrap(face[second], size, _RIGHT - right - 1 * _MM)),
        ]

    def _rule(self, y: float) -> None:
        self.canvas.setStrokeColorRGB(*_LINE)
        self.canvas.setLineWidth(0.5)
        self.canvas.line(_LEFT, y, _RIGHT, y)

    def foot(self, face: Face, code: str) -> None:
        bottom = 37 * _MM
        self._qr(_LEFT, bottom, code)
        x, y = _LEFT + _QR + 8 * _MM, bottom + _QR - 4 * _MM
        self.write(x, y, LABELS["office"][0], 10, _RED)
        self.write(x + self.width(LABELS["office"][0], 10) + 4, y, f"{LABELS['office'][1]} (盖章 seal)", 6.2, _FAINT)
        for size in (13, 11, 9, 7.5, 6):
            lines = self.wrap(face["office"], size, _RIGHT - x)
            if len(lines) * size * 1.35 <= 27 * _MM:
                break
        for line in lines:
            y -= size * 1.35
            self.write(x, y - 2, line, size, bold=0.2)
        day = face["registered_on"].partition(" ")[0]
        self.write(_RIGHT - self.width(day, 11), bottom + 8 * _MM, day, 11)
        self.write(x, bottom + 1 * _MM, f"{LABELS['token'][0]} {LABELS['token'][1]}", 6.2, _FAINT)
        self.write(x + 24 * _MM, bottom + 1 * _MM, face["token"], 8)
        y = bottom - 6.5 * _MM
        for text, size in ((_NOTICE[0].format(number=face["number"]), 6.5), (_NOTICE[1], 6)):
            for line in self.wrap(text, size, _RIGHT - _LEFT):
                self.write(_LEFT, y, line, size, _FAINT)
                y -= size * 1.4

    def _qr(self, x: float, y: float, code: str) -> None:
        """Dark modules as horizontal runs, on white, with the four quiet modules of the standard."""
        import segno

        rows = tuple(segno.make_qr(code, error="m", mode="byte", encoding="utf-8", boost_error=False).matrix)
        module = _QR / (len(rows) + 8)
        self.canvas.setFillColorRGB(1, 1, 1)
        self.canvas.rect(x, y, _QR, _QR, stroke=0, fill=1)
        self.canvas.setFillColorRGB(0, 0, 0)
        path = self.canvas.beginPath()
        for n, row in enumerate(rows):
            for run in re.finditer(b"\1+", bytes(row)):
                top = y + _QR - (n + 5) * module
                path.rect(x + (run.start() + 4) * module, top, (run.end() - run.start()) * module, module)
        self.canvas.drawPath(path, stroke=0, fill=1)
