"""Charts of answers as SVG, readable at 600 px: lines over time, bars, bars side by side, tables of shaded figures.

A chart is drawn from what the reader may see of an answer and nothing else. What is withheld is hatched, never drawn as zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from heapq import nlargest
from operator import itemgetter
from typing import Any

from market.errors import Invalid
from market.statistics.headings import basis_heading, cut_heading, measure_heading
from market.statistics.question import DIMENSIONS, Period
from market.statistics.svg import (
    ALERT,
    GRID,
    HATCHED,
    INK,
    MAIN,
    MUTED,
    PALE,
    WIDTH,
    Drawing,
    fitted,
    text_width,
    wrapped,
)
from market.store.types import civil_date, month_of, month_text

LAYOUT = 1
"""Raised with every change of what a chart looks like."""
MAX_BARS, MAX_PANELS, MAX_POINTS = 45, 12, 240
"""Bars or rows, small charts of lines, points of a line."""
MAX_SIDE_BY_SIDE, MAX_COLUMNS = 6, 16
"""Columns of bars; columns of figures."""

Cell = Mapping[str, Any]
_EDGE = 16.0
_SPAN = WIDTH - 2 * _EDGE

_WORDS = {
    "title": ("{region}技术合同：{measure}（{basis}）", "{region}: technology contracts, {measure} ({basis})"),
    "flows": ("{region}技术流向：{measure}（{basis}）", "{region}: technology flows, {measure} ({basis})"),
    "period": ("{period}（按登记日期）", "{period} (by date of registration)"),
    "by": ("按{cuts}", "by {cuts}"),
    "and": ("、", ", "),
    "unit": ("单位：{unit}", "unit: {unit}"),
    "compared": ("浅色：{period}", "pale: {period}"),
    "rows": ("行：卖方所在地；列：买方所在地", "rows: seller's place; columns: buyer's place"),
    "undrawn": (
        "未画出：合同较少的 {rows} 行、{columns} 列；合计包含它们",
        "Not drawn: {rows} rows and {columns} columns of fewer deals; the sums include them",
    ),
    "filter": ("仅 {cut} = {values}", "only {cut} = {values}"),
    "mark": (
        "演示数据：所有合同均为虚构，不是真实统计",
        "DEMONSTRATION DATA: every contract is invented, no real statistic",
    ),
    "source": (
        "来源：技术合同登记簿，截至日志第 {seq} 条（{day}）；定义第 {version} 版",
        "Source: register of technology contracts as of journal entry {seq} ({day}); definition {version}",
    ),
    "empty_source": (
        "来源：技术合同登记簿（尚无记录）",
        "Source: register of technology contracts (nothing recorded yet)",
    ),
    "withheld": ("不公布", "withheld"),
    "hatched": (
        "斜线：为保护单个合同而不公布金额，不是零",
        "Hatched: amount withheld to protect single contracts, not zero",
    ),
    "overlap": (
        "一项合同可能计入多组，各组之和不等于合计",
        "A contract may stand in several groups: they do not add up to the total",
    ),
    "total": ("合计", "Total"),
    "other": ("其余 {groups} 组", "{groups} others"),
    "deals": ("{deals} 项", "{deals} deals"),
    "nothing": ("没有合同", "No contracts"),
    "contracts": ("项", "contract"),
    "sum": ("合计", "sum"),
}
_UNITS = {
    "zh": ((10**10, 10**10, "亿元"), (10**6, 10**6, "万元"), (0, 100, "元")),
    "en": ((10**13, 10**11, "billion yuan"), (10**8, 10**8, "million yuan"), (0, 100, "yuan")),
}
"""From how many fen on which unit is used, how many fen it has, and its name."""


@dataclass(frozen=True)
class _Style:
    """Which measure is drawn, in which language and unit, with how many decimals."""

    measure: str
    language: str
    unit: str
    divisor: int
    decimals: int

    def word(self, name: str, **given: object) -> str:
        return _WORDS[name][self.language != "zh"].format(**given)

    def figure(self, value: int) -> str:
        """A value in the unit, rounded half-up; what would be rounded to nothing says so."""
        if self.measure == "deals":
            return f"{value:,}"
        step = Decimal(1).scaleb(-self.decimals)
        rounded = (Decimal(value) / self.divisor).quantize(step, ROUND_HALF_UP)
        return f"<{step}" if value and not rounded else f"{rounded:,}"

    def rounder(self, values: Sequence[int]) -> _Style:
        """With only as many decimals as these values need."""
        exact = (places for places in range(self.decimals) if not any(v * 10**places % self.divisor for v in values))
        return replace(self, decimals=next(exact, self.decimals))

    def told(self, name: str, cell: Cell | None) -> str:
        """What a mark says in words."""
        if cell is None:
            return f"{name}: 0"
        value = cell[self.measure]
        deals = "" if self.measure == "deals" else f" ({self.word('deals', deals=cell['deals'])})"
        return f"{name}: {self.word('withheld') if value is None else self.figure(value)}{deals}"


def _style(measure: str, language: str, cells: Sequence[Cell]) -> _Style:
    earlier = [cell["previous"] for cell in cells if cell.get("previous")]
    largest = max((cell[measure] or 0 for cell in (*cells, *earlier)), default=0)
    if measure == "deals":
        return _Style(measure, language, _WORDS["contracts"][language != "zh"], 1, 0)
    divisor, unit = next((divisor, unit) for least, divisor, unit in _UNITS[language] if largest >= least)
    decimals = 2 if largest < 100 * divisor else 1 if largest < 1000 * divisor else 0
    return _Style(measure, language, unit, divisor, decimals)


def deals_chart(answer: Cell, measure: str, language: str) -> bytes:
    """An answer of up to two cuts. Over time: lines; else bars, or a table of figures when there are many columns."""
    cuts, groups = answer["by"], answer["groups"]
    compared = answer["compare"] is not None
    style = _style(measure, language, groups or [answer["totals"]])
    times = [cut for cut in cuts if DIMENSIONS[cut].kind == "time"]
    if len(cuts) > 2 or len(times) > 1:
        _refuse("A chart shows up to two cuts, one of them of time at most.")
    if answer["top"] and (times or len(cuts) != 1):
        _refuse("top goes with one cut that is not of time: what is left out would look like zero.")
    drawing = Drawing()
    _head(drawing, answer, style, "title", _cuts(answer, style))
    if not groups and cuts:
        drawing.paragraph(style.word("nothing"), size=13)
    elif times:
        other = next((cut for cut in cuts if cut not in times), None)
        _lines(drawing, answer, groups, style, times[0], other)
    elif len(cuts) < 2:
        _bars(drawing, answer, style)
    else:
        _crossed(drawing, groups, style, cuts, compared)
    return _finish(drawing, answer, style, "title")


def flows_chart(matrix: Cell, measure: str, language: str) -> bytes:
    """A matrix of flows as a table of shaded figures with its sums: rows and columns of most deals, if not all can be drawn."""
    style = _style(measure, language, [*matrix["rows"], *matrix["columns"]])
    drawing = Drawing()
    rows, columns = _largest(matrix["rows"], MAX_BARS), _largest(matrix["columns"], MAX_COLUMNS)
    undrawn = len(matrix["rows"]) - len(rows), len(matrix["columns"]) - len(columns)
    notes = [style.word("undrawn", rows=undrawn[0], columns=undrawn[1])] if any(undrawn) else []
    _head(drawing, matrix, style, "flows", [style.word("rows"), *notes])
    if matrix["cells"]:
        cells = {(cell["from"], cell["to"]): cell for cell in matrix["cells"]}
        sums = tuple({line["key"]: line for line in matrix[name]} for name in ("rows", "columns"))
        _table(drawing, style, rows, columns, cells, (sums[0], sums[1], matrix["totals"]))
    else:
        drawing.paragraph(style.word("nothing"), size=13)
    return _finish(drawing, matrix, style, "flows")


def _largest(lines: Sequence[Cell], most: int) -> dict[str, str]:
    """Names by key of the lines of most deals, in the order they had."""
    keys = {line["key"] for line in nlargest(most, lines, key=itemgetter("deals"))}
    return {line["key"]: line["label"] for line in lines if line["key"] in keys}


def _refuse(message: str) -> None:
    raise Invalid.field(
        "/by", "not-for-a-chart", f"{message} The figures are in the JSON, CSV and XLSX of the same question."
    )


# --- What stands around a chart ---


def _head(drawing: Drawing, answer: Cell, style: _Style, title: str, notes: list[str]) -> None:
    drawing.height = 8
    drawing.paragraph(_title(answer, style, title), size=17, bold=True)
    drawing.notes([*_subtitle(answer, style), *notes], size=12, fill=MUTED)
    if answer["synthetic"]:
        drawing.paragraph(style.word("mark"), size=12, fill=ALERT, bold=True)
    drawing.height += 8


def _title(answer: Cell, style: _Style, title: str) -> str:
    measure, basis = (
        measure_heading(style.measure, style.language).lower(),
        basis_heading(answer["basis"], style.language),
    )
    return style.word(title, region=answer["region"]["name"], measure=measure, basis=basis)


def _subtitle(answer: Cell, style: _Style) -> list[str]:
    found = [style.word("period", period=_span(answer["period"])), style.word("unit", unit=style.unit)]
    for cut, values in answer["filters"].items():
        listed = ", ".join(values[:3]) + (" …" if len(values) > 3 else "")
        found.append(style.word("filter", cut=cut_heading(cut, style.language), values=listed))
    return found


def _cuts(answer: Cell, style: _Style) -> list[str]:
    names = [cut_heading(cut, style.language) for cut in answer["by"]]
    notes = [style.word("by", cuts=style.word("and").join(names))] if names else []
    earlier = answer["previous_period"]
    return [*notes, style.word("compared", period=_span(earlier))] if earlier else notes


def _span(period: Cell) -> str:
    return f"{period['first']} – {period['last']}" if period["first"] != period["last"] else str(period["first"])


def _finish(drawing: Drawing, answer: Cell, style: _Style, title: str) -> bytes:
    drawing.height += 8
    if drawing.hatched:
        drawing.rect(_EDGE, drawing.height + 3, 18, 10, HATCHED)
        drawing.paragraph(style.word("hatched"), size=11, fill=MUTED, margin=_EDGE + 26)
    if not answer.get("additive", True):
        drawing.paragraph(style.word("overlap"), size=11, fill=MUTED)
    point = answer["as_of"]
    source = style.word("empty_source")
    if point["instant"] is not None:
        version = answer["definition_version"]
        source = style.word("source", seq=point["seq"], day=civil_date(point["instant"]).isoformat(), version=version)
    drawing.paragraph(source, size=11, fill=MUTED)
    drawing.height += 8
    words = [*_subtitle(answer, style), style.told(style.word("total"), answer["totals"]), answer["definition"]]
    return drawing.svg(_title(answer, style, title), "; ".join(words), style.language)


# --- Bars ---


def _bars(drawing: Drawing, answer: Cell, style: _Style) -> None:
    """Bars of one cut, the longest first unless its keys have an order of their own; of no cut the total."""
    named = [(style.word("total"), answer["totals"])]
    if answer["by"]:
        [cut] = answer["by"]
        named = [(group["label"][cut], group) for group in answer["groups"]]
        if DIMENSIONS[cut].kind != "choice":
            named.sort(key=lambda row: (row[1][style.measure] is None, -(row[1][style.measure] or 0)))
    _check_rows(len(named))
    if answer["other"]:
        named.append((style.word("other", groups=answer["other"]["groups"]), answer["other"]))
    _bar_columns(drawing, style, [name for name, _ in named], [("", [cell for _, cell in named])])


def _bar_columns(
    drawing: Drawing, style: _Style, names: Sequence[str], columns: Sequence[tuple[str, Sequence[Cell | None]]]
) -> None:
    """One column of bars or several on one scale; a row a name; below each bar a pale one of the period compared with."""
    cells = [cell for _, column in columns for cell in column if cell is not None]
    earlier = [cell["previous"] for cell in cells if cell.get("previous")]
    largest = max((cell[style.measure] or 0 for cell in (*cells, *earlier)), default=0) or 1
    label = min(max(text_width(name, 11) for name in names) + 8, 190 if len(columns) == 1 else 130)
    figure = max(text_width(style.figure(largest), 10.5), text_width(style.word("withheld"), 10.5) + 16) + 8
    column_width = (_SPAN - label) / len(columns)
    row_height, top = (26 if earlier else 21), drawing.height
    if any(title for title, _ in columns):
        heads = [wrapped(title, column_width - 8, 11)[:3] for title, _ in columns]
        for number, head in enumerate(heads):
            for line, text in enumerate(head):
                drawing.text(_EDGE + label + number * column_width, top + 12 + 14 * line, text, bold=True)
        top += 6 + 14 * max(map(len, heads))
    for row, name in enumerate(names):
        y = top + row * row_height
        drawing.text(_EDGE, y + 13, fitted(name, label - 6, 11))
        for number, (title, column) in enumerate(columns):
            x, cell = _EDGE + label + number * column_width, column[row]
            told = f"{name} {title}".strip()
            _bar(drawing, style, (x, y + 3, column_width - figure, 13), largest, cell, MAIN, told)
            if cell is not None and cell.get("previous"):
                _bar(
                    drawing,
                    style,
                    (x, y + 17, column_width - figure, 5),
                    largest,
                    cell["previous"],
                    PALE,
                    f"{told} (←)",
                )
    drawing.height = top + len(names) * row_height


def _bar(
    drawing: Drawing,
    style: _Style,
    place: tuple[float, float, float, float],
    largest: int,
    cell: Cell | None,
    fill: str,
    name: str,
) -> None:
    x, y, room, height = place
    value = 0 if cell is None else cell[style.measure]
    told, beside = style.told(name, cell), fill == MAIN
    if value is None:
        drawing.rect(x, y, 14, height, HATCHED, told)
        if beside:
            drawing.text(x + 18, y + 10, style.word("withheld"), size=10.5, fill=MUTED)
        return
    width = room * value / largest
    drawing.rect(x, y, width, height, fill, told)
    if beside:
        drawing.text(x + width + 4, y + 10, style.figure(value), size=10.5, fill=INK if value else MUTED)


def _crossed(drawing: Drawing, groups: Sequence[Cell], style: _Style, cuts: Sequence[str], compared: bool) -> None:
    """Two cuts that are not of time: bars side by side, else a table of figures; the cut with fewer groups across."""
    labels = [dict(sorted((group["key"][cut], group["label"][cut]) for group in groups)) for cut in cuts]
    down, across = (0, 1) if len(labels[0]) >= len(labels[1]) else (1, 0)
    rows, columns = labels[down], labels[across]
    cells = {(group["key"][cuts[down]], group["key"][cuts[across]]): group for group in groups}
    if len(columns) > MAX_SIDE_BY_SIDE:
        if compared:
            _refuse("A table of figures compares nothing: leave compare out.")
        _table(drawing, style, rows, columns, cells, None)
        return
    _check_rows(len(rows))
    _bar_columns(
        drawing,
        style,
        list(rows.values()),
        [(name, [cells.get((row, column)) for row in rows]) for column, name in columns.items()],
    )


def _check_rows(rows: int) -> None:
    if rows > MAX_BARS:
        _refuse(
            f"{rows} rows are too many, at most {MAX_BARS}: cut by something coarser, filter, or name one cut and top=20."
        )


# --- Tables of shaded figures ---


def _table(
    drawing: Drawing,
    style: _Style,
    rows: Mapping[str, str],
    columns: Mapping[str, str],
    cells: Mapping[tuple[str, str], Cell],
    sums: tuple[Mapping[str, Cell], Mapping[str, Cell], Cell] | None,
) -> None:
    """Figures in cells shaded by size; `sums` are those of rows, of columns, and of all."""
    _check_rows(len(rows))
    if len(columns) > MAX_COLUMNS:
        _refuse(f"{len(columns)} columns are too many, at most {MAX_COLUMNS}: filter, or cut by something coarser.")
    label = min(max(text_width(name, 10.5) for name in rows.values()) + 8, 130)
    across = len(columns) + (sums is not None)
    width, height, size = (_SPAN - label) / across, 19.0, 9.5
    longest = min(max(text_width(name, 10.5) for name in columns.values()), 84.0)
    turned, head = longest > width - 4, 18.0
    if turned:  # by 55°, so the last one reaches beyond its column
        width -= max(0.0, longest * 0.58 - width * (0.5 + (sums is not None))) / across
        head = longest * 0.82 + 14
    top = drawing.height + head
    largest = max((cell[style.measure] or 0 for cell in cells.values()), default=0) or 1
    for number, name in enumerate([*columns.values(), *([style.word("sum")] if sums else [])]):
        x = _EDGE + label + number * width
        if turned:
            drawing.text(x + width / 2, top - 6, fitted(name, 84, 10.5), size=10.5, turned=-55)
        else:
            drawing.text(x + width / 2, top - 6, name, size=10.5, anchor="middle")
    for line, (row, name) in enumerate(rows.items()):
        y = top + line * height
        drawing.text(_EDGE, y + 13, fitted(name, label - 6, 10.5), size=10.5)
        for number, (column, column_name) in enumerate(columns.items()):
            cell = cells.get((row, column))
            place = (_EDGE + label + number * width, y, width, height)
            if cell is None:
                drawing.rect(place[0] + 0.5, y + 0.5, width - 1, height - 1, "#f6f7f8")
            else:
                value = cell[style.measure]
                share = None if value is None else (value / largest) ** 0.5
                _shaded(drawing, style, place, cell, share, size, f"{name} → {column_name}")
        if sums is not None:
            place = (_EDGE + label + len(columns) * width, y, width, height)
            _shaded(drawing, style, place, sums[0][row], 0, size, name)
    if sums is not None:
        y = top + len(rows) * height
        drawing.text(_EDGE, y + 13, style.word("sum"), size=10.5, bold=True)
        for number, (column, name) in enumerate(columns.items()):
            place = (_EDGE + label + number * width, y, width, height)
            _shaded(drawing, style, place, sums[1][column], 0, size, name)
        place = (_EDGE + label + len(columns) * width, y, width, height)
        _shaded(drawing, style, place, sums[2], 0, size, style.word("total"))
    drawing.height = top + (len(rows) + (sums is not None)) * height


def _shaded(
    drawing: Drawing,
    style: _Style,
    place: tuple[float, float, float, float],
    cell: Cell,
    share: float | None,
    size: float,
    name: str,
) -> None:
    """A cell of a table; `share` of the darkest shade, 0 for a sum."""
    x, y, width, height = place
    value, told = cell[style.measure], style.told(name, cell)
    if value is None:
        drawing.rect(x + 0.5, y + 0.5, width - 1, height - 1, HATCHED, told)
        return
    drawing.rect(x + 0.5, y + 0.5, width - 1, height - 1, _shade(share or 0), told)
    text, room = style.figure(value), width - 2
    fitting = min(size, size * room / max(text_width(text, size) * 0.93, 1))
    ink = "#ffffff" if (share or 0) > 0.55 else INK
    drawing.text(x + width / 2, y + height / 2 + 3.4, text, size=round(fitting, 1), anchor="middle", fill=ink)


def _shade(share: float) -> str:
    light, dark = (255, 255, 255), (0x1F, 0x5F, 0x8B)
    mixed = (round(a + (b - a) * share) for a, b in zip(light, dark, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


# --- Lines ---


def _lines(drawing: Drawing, answer: Cell, groups: Sequence[Cell], style: _Style, time: str, other: str | None) -> None:
    """A line over time, or small ones on one scale, one for each group of the other cut."""
    axis = _axis(answer, groups, time)
    if len(axis) > MAX_POINTS:
        _refuse(
            f"{len(axis)} points are too many, at most {MAX_POINTS}: shorten the period, or cut by quarter or year."
        )
    panels = dict(sorted((group["key"][other], group["label"][other]) for group in groups)) if other else {"": ""}
    if len(panels) > MAX_PANELS:
        _refuse(
            f"{len(panels)} lines are too many, at most {MAX_PANELS}: cut by something coarser, filter, or ask for top=10."
        )
    series = {
        panel: {group["key"][time]: group for group in groups if other is None or group["key"][other] == panel}
        for panel in panels
    }
    shown = [cell for group in groups for cell in (group, group.get("previous")) if cell]
    step = _step(max((cell[style.measure] or 0 for cell in shown), default=0) or 1)
    most = max(cell[style.measure] or 0 for cell in shown) if shown else 0
    ticks = [step * number for number in range(-(-most // step) + 1)] if most else [0, step]
    across = 1 if len(panels) == 1 else 2 if len(panels) <= 4 else 3
    marks = {tick: style.rounder(ticks).figure(tick) for tick in ticks}
    scale = max(text_width(mark, 10) for mark in marks.values()) + 6
    width, height = _SPAN / across, (240.0 if across == 1 else 120.0)
    top = drawing.height
    for number, (panel, name) in enumerate(panels.items()):
        x, y = _EDGE + number % across * width, top + number // across * (height + 42)
        drawing.text(x, y + 12, fitted(name, width - 12, 11), bold=True)
        place = (x + scale, y + (20 if other else 6), width - scale - 14, height)
        _line(drawing, style, place, axis, series[panel], marks, name)
    drawing.height = top + -(-len(panels) // across) * (height + 42) - (0 if other else 20)


def _axis(answer: Cell, groups: Sequence[Cell], time: str) -> list[str]:
    """Every key of the period up to the point of the answer; under a filter of time only those there are."""
    if any(DIMENSIONS[cut].kind == "time" for cut in answer["filters"]):
        return sorted({group["key"][time] for group in groups})
    period = Period(*(int(answer["period"][end].replace("-", "")) for end in ("first", "last")))
    instant = answer["as_of"]["instant"]
    latest = month_of(civil_date(instant)) if instant else 0
    if time != "year_to_date":  # whose months to come repeat what the year has so far
        latest = max([latest, *(Period.parse(group["key"][time]).last for group in groups)])
    return list(dict.fromkeys(_key(time, month) for month in period.months(latest)))


def _key(time: str, month: int) -> str:
    """The key of the month, quarter, half-year or year that a month lies in."""
    year, number = divmod(month, 100)
    written = {"quarter": f"Q{(number + 2) // 3}", "half_year": f"H{(number + 5) // 6}", "year": ""}
    return f"{year:04d}{written[time]}" if time in written else month_text(month)


def _step(largest: int) -> int:
    """A round distance of the lines of a scale, so that there are three to six."""
    power: int = 10 ** (len(str(largest)) - 1)
    fine = (power // 5, power // 2, power, power * 2)
    return next(step for step in (*fine, power * 2) if step and largest <= 5 * step)


def _line(
    drawing: Drawing,
    style: _Style,
    place: tuple[float, float, float, float],
    axis: Sequence[str],
    cells: Mapping[str, Cell],
    ticks: Mapping[int, str],
    name: str,
) -> None:
    x, y, width, height = place
    slot, top_value = width / len(axis), max(ticks)
    for tick, mark in ticks.items():
        level = y + height - height * tick / top_value
        drawing.line([(x, level), (x + width, level)], GRID if tick else MUTED)
        drawing.text(x - 5, level + 3.5, mark, size=10, anchor="end", fill=MUTED)
    skipped = max(1, -(-int(text_width(axis[-1], 10) + 8) // max(int(slot), 1)))
    for number in range(0, len(axis), skipped):
        drawing.text(x + slot * (number + 0.5), y + height + 14, axis[number], size=10, anchor="middle", fill=MUTED)
    for part, colour in (("previous", PALE), ("", MAIN)):
        if part and not any(cell.get(part) for cell in cells.values()):
            continue
        run: list[tuple[float, float]] = []
        for number, key in enumerate(axis):
            group = cells.get(key)
            cell = group[part] if part and group is not None else group
            value = 0 if cell is None else cell[style.measure]
            centre = x + slot * (number + 0.5)
            if value is None:
                drawing.line(run, colour, 2, dashed=bool(part))
                run = []
                if not part:
                    told = style.told(f"{name} {key}".strip(), cell)
                    drawing.rect(centre - min(slot, 14) / 2, y, min(slot, 14), height, HATCHED, told)
                continue
            run.append((centre, y + height - height * value / top_value))
            if not part:
                drawing.dot(*run[-1], 3 if slot > 10 else 1.5, colour, style.told(f"{name} {key}".strip(), cell))
        drawing.line(run, colour, 2, dashed=bool(part))
