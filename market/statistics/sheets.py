"""Statistics as tables for files: what an answer says, with definition, point, units and rules, in the reader's language.

One function a statistic makes its `Sheet`; a new one brings its columns and rows, `_sheet` adds the facts all have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from market.statistics.answers import MEASURES
from market.statistics.files import Sheet, Value
from market.statistics.headings import basis_heading, cut_heading, measure_heading
from market.store.types import instant_text

Row = Mapping[str, Any]
Facts = list[tuple[str, Value]]

_WORDS = {
    "deals": ("技术合同统计", "Technology contracts"),
    "flows": ("技术流向统计", "Technology flows"),
    "adjustments": ("技术合同统计调整明细", "Adjustments of technology contract figures"),
    "targets": ("政策目标完成情况", "Policy targets"),
    "published": ("已公布数字与本系统计算数字", "Official figures beside computed ones"),
    "mark": (
        "演示数据：所有合同均为虚构，不得作为真实统计引用",
        "DEMONSTRATION DATA: every contract is invented. Not a real statistic",
    ),
    "title": ("标题", "Title"),
    "period": ("期间", "Period"),
    "previous_period": ("对比期间", "Compared with"),
    "basis": ("口径", "Basis"),
    "region": ("地区", "Region"),
    "filter": ("筛选：", "Filter: "),
    "definition": ("定义", "Definition"),
    "definition_version": ("定义版本", "Definition version"),
    "as_of": ("截至", "As of"),
    "entry": ("日志第 {seq} 条，{instant}", "journal entry {seq}, {instant}"),
    "nothing": ("尚无记录", "nothing recorded yet"),
    "units": ("单位", "Units"),
    "unit": ("项数：项；金额：元，两位小数", "deals: contracts; amounts: yuan, two decimals"),
    "suppression": ("不公布的数字", "Suppression"),
    "suppressed_below": (
        "为保护单个合同（少于 {floor} 项），有的单元只公布项数，金额处写“{withheld}”；不是零",
        "To protect single contracts (fewer than {floor}) some cells show their count alone; their amounts read “{withheld}”, "
        "which is not zero",
    ),
    "all_shown": ("无：本文件含全部金额，勿对外公布", "None: this file holds every amount; not for publication"),
    "withheld": ("不公布", "withheld"),
    "totals": ("合计：", "Total: "),
    "overlap": ("在多组中重复计入：", "Counted in several groups: "),
    "synthetic_note": ("演示数据说明", "About the demonstration data"),
    "source": ("来源", "Source"),
    "register": ("技术合同登记簿", "Register of technology contracts"),
    "code": ("代码", "code"),
    "name": ("名称", "name"),
    "previous": ("对比期", "compared"),
    "growth": ("增长率", "growth"),
    "share": ("占比", "share"),
    "all": ("（小计）", "(subtotal)"),
    "other": ("其余 {groups} 组", "{groups} others"),
    "seller": ("卖方所在地", "seller's place"),
    "buyer": ("买方所在地", "buyer's place"),
    "row_sum": ("行合计", "row sum"),
    "column_sum": ("列合计", "column sum"),
    "from": ("从", "From"),
    "to": ("到", "To"),
    "difference": ("差：", "Difference: "),
    "seq": ("日志序号", "journal seq"),
    "line": ("行", "line"),
    "recorded_at": ("记录时间", "recorded at"),
    "kind": ("事项", "kind"),
    "reason": ("原因代码", "reason"),
    "contract": ("合同", "contract"),
    "number": ("登记编号", "number"),
    "act": ("登记方式", "act"),
    "version": ("版本", "version"),
    "month": ("登记月份", "month of registration"),
    "bases": ("计入口径", "counts under"),
    "on": ("截止日", "Elapsed days end on"),
    "target": ("目标", "target"),
    "measure": ("指标", "measure"),
    "unit_of": ("单位", "unit"),
    "comparison": ("要求", "wanted"),
    "above": ("超过", "more than"),
    "reach": ("达到", "at least"),
    "value": ("目标值", "target value"),
    "source_date": ("来源日期", "day of the source"),
    "amount": ("本系统计算", "computed"),
    "missing": ("尚差", "missing"),
    "run_rate": ("按进度推算全期", "run rate"),
    "reported_value": ("已报数值", "reported value"),
    "reported_period": ("所报期间", "period reported"),
    "reported_source": ("所报来源", "source of the report"),
    "reported_on": ("所报日期", "day of the report"),
    "quoted": ("公布数", "quoted"),
    "not_computed": ("未计算原因", "not computed"),
    "other-region": (
        "本登记簿仅有该地区涉及本地区的合同",
        "of this region the register holds only its deals with home",
    ),
    "not-whole-months": ("期间不是整月", "the period is not made of whole months"),
    "no-contracts": ("本登记簿没有该年度的合同", "the register holds no contracts of that year"),
    "note": ("备注", "note"),
}


def deals_sheet(answer: Row, language: str, source: str) -> Sheet:
    """One row a group, or the totals when the answer is not cut: code and name by cut, then the measures.

    Below the groups stand all others as one, if only the largest were asked for, and the subtotals.
    """
    cuts = answer["by"]
    groups = [*answer["groups"], *answer["subtotals"]] if cuts else [{**answer["totals"], "key": {}, "label": {}}]
    if answer["other"]:
        name = _word("other", language).format(groups=answer["other"]["groups"])
        groups.insert(
            len(answer["groups"]), {**answer["other"], "key": dict.fromkeys(cuts), "label": dict.fromkeys(cuts, name)}
        )
    given = [name for name in ("previous", "growth", "share") if any(group.get(name) for group in groups)]
    headings = _coded([cut_heading(cut, language) for cut in cuts], language) + _measures_of(language)
    for name in given:
        headings += [f"{heading} ({_word(name, language)})" for heading in _measures_of(language)]
    rows = []
    for group in groups:
        row: list[Value] = []
        for cut in cuts:
            row += [group["key"][cut], group["label"][cut] or _word("all", language)]
        row += _cell(group, language)
        for name in given:
            part = group[name] or {}
            row += _cell(part, language) if name == "previous" and part else [part.get(measure) for measure in MEASURES]
        rows.append(row)
    return _sheet("deals", answer, language, source, headings, rows)


def flows_sheet(answer: Row, language: str, source: str) -> Sheet:
    """One row a cell; below them the row sums and the column sums, marked as such in place of the other side."""
    headings = _coded([_word(side, language) for side in ("seller", "buyer")], language) + _measures_of(language)
    sellers, buyers = ({line["key"]: line["label"] for line in answer[name]} for name in ("rows", "columns"))
    places = [(cell["from"], sellers[cell["from"]], cell["to"], buyers[cell["to"]]) for cell in answer["cells"]]
    places += [(line["key"], line["label"], "*", _word("row_sum", language)) for line in answer["rows"]]
    places += [("*", _word("column_sum", language), line["key"], line["label"]) for line in answer["columns"]]
    cells = [*answer["cells"], *answer["rows"], *answer["columns"]]
    rows = [[*place, *_cell(cell, language)] for place, cell in zip(places, cells, strict=True)]
    return _sheet("flows", answer, language, source, headings, rows)


def adjustments_sheet(answer: Row, language: str, source: str) -> Sheet:
    """One row a ledger line, as it moved the figure."""
    first = ("seq", "line", "recorded_at", "kind", "reason", "contract", "number", "act", "version", "month")
    rows: list[list[Value]] = []
    for item in answer["items"]:
        contract = item["contract"] or {}
        rows.append(
            [
                *(item["seq"], item["line"], instant_text(item["recorded_at"]), item["kind"], item["reason"]),
                *(contract.get("id"), contract.get("number"), contract.get("act"), item["version"], item["month"]),
                *_figures(item),
                ", ".join(basis_heading(basis, language) for basis in item["bases"]),
            ]
        )
    headings = [_word(name, language) for name in first] + _measures_of(language) + [_word("bases", language)]
    facts: Facts = [(_word(name, language), _point(answer[name], language)) for name in ("from", "to")]
    for name in ("from", "to", "difference"):
        colon = "" if name == "difference" else "：" if language == "zh" else ": "
        facts += _amounts(_word(name, language) + colon, answer["summary"][name], language)
    return _sheet("adjustments", answer, language, source, headings, rows, facts)


def targets_sheet(answer: Row, language: str, source: str) -> Sheet:
    """One row a target and basis, or a target and reported value; a target without either has one row too."""
    first = ("target", "name", "region", "measure", "unit_of", "comparison", "value", "period", "source", "source_date")
    computed = ("basis", "amount", "share", "missing", "run_rate")
    reported = ("reported_value", "reported_period", "reported_source", "reported_on")
    rows: list[list[Value]] = []
    for target in answer["items"]:
        measure = target["measure"]
        about: list[Value] = [target["code"], target["name"], target["region"]["name"]]
        about += [measure_heading(measure, language) if measure in MEASURES else measure, target["unit"]]
        about += [_word(target["comparison"], language), _yuan(target["value"]), target["period"]]
        about += [target["source"], target["source_date"].isoformat()]
        rows += [[*about, *_progress(part, language), *([None] * len(reported))] for part in target["progress"]]
        rows += [
            [
                *(*about, *([None] * len(computed)), _yuan(part["value"])),
                *(part["period"], part["source"], part["reported_on"].isoformat()),
            ]
            for part in target["reported"]
        ]
        if not target["progress"] and not target["reported"]:
            rows.append([*about, *([None] * (len(computed) + len(reported)))])
    headings = [_word(name, language) for name in (*first, *computed, *reported)]
    on = answer["on"]
    facts: Facts = [(_word("on", language), on.isoformat() if on else _word("nothing", language))]
    return _sheet("targets", answer, language, source, headings, rows, facts)


def _progress(part: Row, language: str) -> list[Value]:
    amount = _word("withheld", language) if part["suppressed"] else _yuan(part["amount"])
    return [
        basis_heading(part["basis"], language),
        *(amount, part["share"], _yuan(part["missing"]), _yuan(part["run_rate"])),
    ]


def published_sheet(answer: Row, language: str, source: str) -> Sheet:
    """One row a quoted figure, with the computed one beside it."""
    rows: list[list[Value]] = []
    for item in answer["items"]:
        value, computed, difference = (_number(item[name]) for name in ("value", "computed", "difference"))
        withheld = _word("withheld", language) if item["suppressed"] else computed
        rows.append(
            [
                *(
                    item["region"]["code"],
                    item["region"]["name"],
                    item["period"],
                    basis_heading(item["basis"], language),
                ),
                *(
                    measure_heading(item["measure"], language),
                    value,
                    withheld,
                    difference,
                    _word(item["not_computed"], language) if item["not_computed"] else None,
                    item["source"],
                    item["note"],
                ),
            ]
        )
    names = ("period", "basis", "measure", "quoted", "amount", "difference", "not_computed", "source", "note")
    headings = _coded([_word("region", language)], language)
    headings += [_word(name, language).rstrip("：: ") for name in names]
    return _sheet("published", answer, language, source, headings, rows)


def _sheet(
    name: str,
    answer: Row,
    language: str,
    source: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[Value]],
    own: Iterable[tuple[str, Value]] = (),
) -> Sheet:
    """The sheet of an answer: whatever of the common facts it tells, its own, and where it comes from."""
    word = partial(_word, language=language)
    title, facts = word(name), Facts()
    if "basis" in answer:
        span, region = _span(answer["period"]), answer["region"]
        title = f"{title} {region['name']} {span} {basis_heading(answer['basis'], language)}"
        facts += [(word("period"), span)]
        if answer.get("previous_period"):
            facts.append((word("previous_period"), _span(answer["previous_period"])))
        facts += [
            (word("basis"), f"{basis_heading(answer['basis'], language)} ({answer['basis']})"),
            (word("region"), f"{region['name']} ({region['code']})"),
        ]
        filters = answer["filters"].items()
        facts += [(word("filter") + cut_heading(cut, language), ", ".join(codes)) for cut, codes in filters]
        facts += [(word(fact), answer[fact]) for fact in ("definition", "definition_version")]
    if "as_of" in answer:
        facts.append((word("as_of"), _point(answer["as_of"], language)))
    facts.append((word("units"), word("unit")))
    if "suppressed_below" in answer:
        floor = answer["suppressed_below"]
        rule = word("suppressed_below").format(floor=floor, withheld=word("withheld")) if floor else word("all_shown")
        facts.append((word("suppression"), rule))
    for part in ("totals", "overlap"):
        if answer.get(part):
            facts += _amounts(word(part), answer[part], language)
        if answer.get(part) and answer[part].get("previous"):
            before, growth = answer[part]["previous"], answer[part]["growth"]
            facts += [(f"{name} ({word('previous')})", value) for name, value in _amounts(word(part), before, language)]
            names = zip(_measures_of(language), MEASURES, strict=True)
            facts += [(f"{word(part)}{heading} ({word('growth')})", growth[name]) for heading, name in names]
    facts += own
    if answer.get("synthetic_note"):
        facts.append((word("synthetic_note"), answer["synthetic_note"]))
    facts.append((word("source"), f"{word('register')} {source}"))
    return Sheet(title, word("mark") if answer["synthetic"] else None, [(word("title"), title), *facts], headings, rows)


def _word(name: str, language: str) -> str:
    return _WORDS[name][language != "zh"]


def _coded(names: Iterable[str], language: str) -> list[str]:
    return [f"{name} {_word(part, language)}" for name in names for part in ("code", "name")]


def _measures_of(language: str) -> list[str]:
    return [measure_heading(name, language) for name in MEASURES]


def _cell(cell: Row, language: str) -> list[Value]:
    """Count and amounts; of a suppressed cell words instead of amounts."""
    if cell["suppressed"]:
        return [cell["deals"], *([_word("withheld", language)] * len(MEASURES[1:]))]
    return _figures(cell)


def _figures(cell: Row) -> list[Value]:
    return [cell["deals"], *(_yuan(cell[name]) for name in MEASURES[1:])]


def _amounts(prefix: str, cell: Row, language: str) -> Facts:
    return [(prefix + name, value) for name, value in zip(_measures_of(language), _cell(cell, language), strict=True)]


def _yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else Decimal(fen).scaleb(-2)


def _number(value: int | str | None) -> Value:
    """A figure that is a count, or a yuan text."""
    return Decimal(value) if isinstance(value, str) else value


def _span(period: Row) -> str:
    return f"{period['first']} – {period['last']}" if period["first"] != period["last"] else str(period["first"])


def _point(point: Row, language: str) -> str:
    if point["instant"] is None:
        return _word("nothing", language)
    return _word("entry", language).format(seq=point["seq"], instant=instant_text(point["instant"]))
