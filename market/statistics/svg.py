"""A drawing of fixed width as SVG: shapes and escaped text, with no script, no style sheet, no font and no address of elsewhere.

Ours because it is small: the chart library looked at (pygal 3) puts scripts and addresses into its charts, knows neither hatched
cells nor tables of figures, and does not measure Chinese labels.
"""

from __future__ import annotations

import unicodedata
from xml.sax.saxutils import escape, quoteattr

from market.store.formulas import printable

WIDTH = 600
INK, MUTED, GRID, MAIN, PALE, ALERT = "#1d2529", "#56636d", "#dfe4e8", "#1f5f8b", "#a9bccb", "#b00020"
_FONTS = "'Noto Sans SC','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif"
_HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#ffffff"/><line x1="0" y1="0" x2="0" y2="6" stroke="#8a949c" stroke-width="2.4"/>'
    "</pattern></defs>"
)
HATCHED = "url(#hatch)"


def text_width(text: str, size: float) -> float:
    """About how wide a text is in the fonts asked for or the like, rather more than less."""
    return sum(map(_em, text)) * size


def _em(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WFA":
        return 1.0
    if char in " .,:;'|()ijlt-":
        return 0.36
    return 0.9 if char in "mwMW%@&" else 0.68 if char.isupper() else 0.58


def fitted(text: str, width: float, size: float) -> str:
    """The text, shortened with an ellipsis if it is wider."""
    if text_width(text, size) <= width:
        return text
    return _head(text, width - text_width("…", size), size).rstrip() + "…"


def _head(text: str, width: float, size: float) -> str:
    """As many characters from the left as fit."""
    while text and text_width(text, size) > width:
        text = text[:-1]
    return text


def wrapped(text: str, width: float, size: float) -> list[str]:
    """The text in lines: broken at spaces, and anywhere between wide characters."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and text_width(line + piece.rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        while text_width(piece, size) > width:
            head = _head(piece, width, size) or piece[0]  # at least one, however narrow, or this would never end
            lines += [head.rstrip()] if head.strip() else []
            piece = piece[len(head) :]
        line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for char in text:
        wide = unicodedata.east_asian_width(char) in "WF" and char not in "，。；：、）"
        if wide or (pieces[-1].endswith(" ") and char != " "):
            pieces.append(char)
        else:
            pieces[-1] += char
    return [piece for piece in pieces if piece]


class Drawing:
    """Grows downwards: `height` is what has been used. `hatched`: something is."""

    def __init__(self) -> None:
        self.height = 0.0
        self.hatched = False
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 11,
        fill: str = INK,
        anchor: str = "start",
        bold: bool = False,
        turned: float | None = None,
    ) -> None:
        """A line of text on its base line."""
        more = ' font-weight="600"' if bold else ""
        if turned is not None:
            more += f' transform="rotate({turned:g} {x:.1f} {y:.1f})"'
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}" text-anchor="{anchor}"{more}>'
            f"{escape(printable(text))}</text>"
        )

    def rect(self, x: float, y: float, width: float, height: float, fill: str, told: str | None = None) -> None:
        """A filled rectangle; `told` is what it says to who points at it or has it read."""
        self.hatched = self.hatched or fill == HATCHED
        edge = ' stroke="#8a949c" stroke-width="0.8"' if fill == HATCHED else ""
        box = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{height:.1f}" fill="{fill}"{edge}'
        self._parts.append(f"{box}/>" if told is None else f"{box}>{_title(told)}</rect>")

    def line(self, points: list[tuple[float, float]], stroke: str, width: float = 1, *, dashed: bool = False) -> None:
        """A line through points."""
        if len(points) < 2:
            return
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}" stroke-linejoin="round"{dash}/>'
        )

    def dot(self, x: float, y: float, radius: float, fill: str, told: str) -> None:
        """A point."""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}">{_title(told)}</circle>')

    def paragraph(self, text: str, *, size: float, fill: str = INK, bold: bool = False, margin: float = 16) -> None:
        """Lines of text over the whole width, below what there is."""
        for line in wrapped(printable(text), WIDTH - 2 * margin, size):
            self.height += size * 1.45
            self.text(margin, self.height - size * 0.35, line, size=size, fill=fill, bold=bold)

    def notes(self, notes: list[str], *, size: float, fill: str, margin: float = 16) -> None:
        """Short notes with points between them, as many on a line as fit."""
        line = ""
        for note in notes:
            longer = f"{line} · {note}" if line else note
            if line and text_width(longer, size) > WIDTH - 2 * margin:
                self.paragraph(line, size=size, fill=fill, margin=margin)
                longer = note
            line = longer
        self.paragraph(line, size=size, fill=fill, margin=margin)

    def svg(self, title: str, description: str, language: str) -> bytes:
        """The whole document."""
        height = f"{self.height:.0f}"
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-labelledby="t d" lang={quoteattr(language)} font-family="{_FONTS}">'
            f'<title id="t">{escape(printable(title))}</title><desc id="d">{escape(printable(description))}</desc>'
            f'{_HATCH}<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        )
        return (head + "".join(self._parts) + "</svg>").encode()


def _title(told: str) -> str:
    return f"<title>{escape(printable(told))}</title>"
