"""Charts: nothing outside the picture, marks as long as their figures, what is withheld is hatched, text is only ever text."""

from __future__ import annotations

import re
from itertools import product
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from market.errors import Invalid
from market.statistics.charts import MAX_BARS, MAX_COLUMNS, deals_chart, flows_chart
from market.statistics.headings import basis_heading, cut_heading, measure_heading
from market.statistics.question import BASES, DIMENSIONS, RANKINGS
from market.statistics.svg import HATCHED, MAIN, WIDTH, text_width, wrapped

SVG = "{http://www.w3.org/2000/svg}"
AT = 1_790_000_000_000_000  # September 2026


def cell(deals, total=None, previous=None):
    """A cell of so many deals and fen; withheld without fen."""
    tech = None if total is None else total // 2
    return {
        "deals": deals,
        "total_amount": total,
        "tech_amount": tech,
        "tech_income": tech,
        "suppressed": total is None,
        "previous": previous,
    }


def answer(by, cells, **more):
    """What the charts read of an answer. `cells` by key."""
    groups = [
        {"key": dict(zip(by, key, strict=True)), "label": dict(zip(by, map(label, key), strict=True)), **found}
        for key, found in cells.items()
    ]
    return {
        "period": {"first": "2018-01", "last": "2018-12"},
        "previous_period": None,
        "basis": "output",
        "region": {"code": "150000", "name": "内蒙古自治区"},
        "filters": {},
        "definition": "定义",
        "definition_version": 3,
        "as_of": {"seq": 7, "instant": AT},
        "synthetic": True,
        "additive": True,
        "compare": None,
        "top": None,
        "by": list(by),
        "groups": groups,
        "totals": cell(9, 900_00),
        "other": None,
        **more,
    }


def label(key):
    return key if key[:2] == "20" else f"名{key}"


def matrix(cells, **more):
    """The same of a matrix."""
    rows, columns = (sorted({key[side] for key in cells}) for side in (0, 1))
    found = answer((), {}, **more)
    return {
        **found,
        "rows": [{"key": key, "label": label(key), **cell(5, 50_000_00)} for key in rows],
        "columns": [{"key": key, "label": label(key), **cell(5, 50_000_00)} for key in columns],
        "cells": [{"from": a, "to": b, **found} for (a, b), found in cells.items()],
    }


def drawn(made):
    """The parsed picture, after checking what holds of every one."""
    root = ElementTree.fromstring(made)
    width, height = map(float, root.get("viewBox").split()[2:])
    assert width == WIDTH
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc").text
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= set(
        "svg title desc defs pattern rect line polyline circle text".split()
    )
    assert not re.search(rb"(?i)href|javascript|on\w+=|<style|@import|<!|url\((?!#hatch\))", made)
    assert made.count(b"http") == 1  # the name of the format
    for element in root.iter(f"{SVG}text"):
        x, y, size = (float(element.get(name)) for name in ("x", "y", "font-size"))
        assert size >= 7
        long = text_width(element.text or "", size)
        turned = element.get("transform") is not None
        across = long * 0.58 if turned else long
        left = x - {"start": 0, "middle": across / 2, "end": across}[element.get("text-anchor")]
        assert left >= -0.5, element.text
        assert left + across <= WIDTH + 0.5, element.text
        assert y - (long * 0.82 if turned else size * 0.8) >= 0, element.text
        assert y <= height, element.text
    for element in root.findall(f"{SVG}rect"):
        x, y, wide, high = (float(element.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert min(x, y, wide, high) >= 0
        assert x + wide <= WIDTH + 0.1
        assert y + high <= height + 0.1
    for element in root.iter(f"{SVG}polyline"):
        for pair in element.get("points").split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= height
    for element in root.iter(f"{SVG}circle"):
        assert 0 <= float(element.get("cx")) <= WIDTH
        assert 0 <= float(element.get("cy")) <= height
    return root


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def bars(root, fill=MAIN):
    return [element for element in root.findall(f"{SVG}rect") if element.get("fill") == fill]


def told(element):
    return element.find(f"{SVG}title").text


def test_bars_are_as_long_as_their_figures_the_longest_first():
    groups = {("1",): cell(3, 100_000_00), ("2",): cell(3, 400_000_00), ("3",): cell(3, 200_000_00)}
    root = drawn(deals_chart(answer(["seller_league"], groups), "total_amount", "zh"))
    lengths = [float(bar.get("width")) for bar in bars(root)]
    assert [told(bar) for bar in bars(root)] == ["名2: 40.00 (3 项)", "名3: 20.00 (3 项)", "名1: 10.00 (3 项)"]
    assert lengths[0] / lengths[2] == pytest.approx(4, rel=0.001)
    assert lengths[0] / lengths[1] == pytest.approx(2, rel=0.001)
    assert {"40.00", "20.00", "10.00", "内蒙古自治区技术合同：成交额（输出）"} <= set(texts(root))
    assert "单位：万元" in texts(root)[1]


def test_what_is_withheld_is_hatched_and_no_zero():
    groups = {("1",): cell(2), ("2",): cell(3, 400_00)}
    root = drawn(deals_chart(answer(["seller_league"], groups), "total_amount", "zh"))
    [hatched, _legend] = bars(root, HATCHED)
    assert told(hatched) == "名1: 不公布 (2 项)"
    assert len(bars(root)) == 1
    assert {"不公布", "斜线：为保护单个合同而不公布金额，不是零"} <= set(texts(root))
    counts = drawn(deals_chart(answer(["seller_league"], groups), "deals", "zh"))
    assert not bars(counts, HATCHED)
    assert len(bars(counts)) == 2


def test_a_line_has_a_point_for_every_month_and_a_gap_where_figures_are_withheld():
    groups = {("2018-02",): cell(3, 300_00), ("2018-04",): cell(1), ("2018-05",): cell(5, 600_00)}
    root = drawn(deals_chart(answer(["month"], groups), "total_amount", "zh"))
    points = [(told(dot), float(dot.get("cy"))) for dot in root.iter(f"{SVG}circle")]
    assert [name for name, _ in points[:4]] == [
        "2018-01: 0",
        "2018-02: 300.0 (3 项)",
        "2018-03: 0",
        "2018-05: 600.0 (5 项)",
    ]
    assert len(points) == 11
    levels = dict(points)
    zero, half, whole = (levels[name] for name in ("2018-01: 0", "2018-02: 300.0 (3 项)", "2018-05: 600.0 (5 项)"))
    assert (zero - whole) / (zero - half) == pytest.approx(2, rel=0.01)
    assert [told(mark) for mark in bars(root, HATCHED) if len(mark)] == ["2018-04: 不公布 (1 项)"]
    lines = [line for line in root.iter(f"{SVG}polyline") if line.get("stroke") == MAIN]
    assert [len(line.get("points").split()) for line in lines] == [3, 8]


def test_months_that_have_not_come_are_not_drawn_as_zero():
    months = answer(["month"], {("2026-02",): cell(3, 3_00)}, period={"first": "2026-01", "last": "2026-12"})
    root = drawn(deals_chart(months, "total_amount", "zh"))
    assert len(list(root.iter(f"{SVG}circle"))) == 9
    some = answer(["month"], {("2018-02",): cell(3, 3_00)}, filters={"month": ["2018-02"]})
    assert len(list(drawn(deals_chart(some, "total_amount", "zh")).iter(f"{SVG}circle"))) == 1


@pytest.mark.parametrize(
    ("cut", "keys"),
    [
        ("quarter", ["2018Q1", "2018Q2", "2018Q3", "2018Q4"]),
        ("half_year", ["2018H1", "2018H2"]),
        ("year", ["2018"]),
        ("year_to_date", [f"2018-{month:02d}" for month in range(1, 13)]),
    ],
)
def test_every_cut_of_time_has_its_axis(cut, keys):
    root = drawn(deals_chart(answer([cut], {(keys[0],): cell(3, 3_00)}), "total_amount", "zh"))
    assert [told(dot).split(":")[0] for dot in root.iter(f"{SVG}circle")] == keys


def test_the_period_compared_with_is_drawn_pale():
    earlier = {"compare": "previous_year", "previous_period": {"first": "2017-01", "last": "2017-12"}}
    groups = {("1",): cell(3, 200_00, cell(3, 100_00)), ("2",): cell(3, 100_00, cell(1))}
    root = drawn(deals_chart(answer(["seller_league"], groups, **earlier), "total_amount", "en"))
    pale = bars(root, "#a9bccb")
    assert float(pale[0].get("width")) * 2 == pytest.approx(float(bars(root)[0].get("width")), rel=0.001)
    assert any(len(mark) and "名2" in told(mark) for mark in bars(root, HATCHED))
    assert "pale: 2017-01 – 2017-12" in "".join(texts(root))


def test_small_lines_and_columns_come_in_the_order_of_their_keys():
    months = {("2018-01", "3"): cell(3, 3_00), ("2018-02", "1"): cell(3, 5_00), ("2018-03", "2"): cell(3, 5_00)}
    lines = drawn(deals_chart(answer(["month", "contract_type"], months), "total_amount", "zh"))
    assert [text for text in texts(lines) if text in ("名1", "名2", "名3")] == ["名1", "名2", "名3"]
    sides = {("1", "B"): cell(3, 3_00), ("2", "A"): cell(3, 5_00)}
    bars_of = drawn(deals_chart(answer(["seller_league", "contract_type"], sides), "total_amount", "zh"))
    assert [text for text in texts(bars_of) if text in ("名A", "名B")] == ["名A", "名B"]


def test_the_unit_fits_the_earlier_period_too():
    groups = {("1",): cell(1, None, cell(3, 10**12))}
    earlier = {"compare": "previous_year", "previous_period": {"first": "2017-01", "last": "2017-12"}}
    root = drawn(deals_chart(answer(["seller_league"], groups, **earlier), "total_amount", "zh"))
    assert "单位：亿元" in "".join(texts(root))


def test_two_cuts_are_bars_side_by_side_or_a_table_or_small_lines():
    few = {(a, b): cell(3, int(a) * 100_00) for a, b in product("123456789", "12")}
    side = drawn(deals_chart(answer(["seller_league", "contract_type"], few), "total_amount", "zh"))
    assert len(bars(side)) == 18
    many = {(str(a), str(b)): cell(3, a * 100_00) for a, b in product(range(10, 20), range(10, 20))}
    table = drawn(deals_chart(answer(["seller_league", "field"], many), "total_amount", "zh"))
    assert texts(table).count("1,900") == 10
    small = {("2018-01", "1"): cell(3, 3_00), ("2018-02", "2"): cell(3, 5_00)}
    lines = drawn(deals_chart(answer(["month", "contract_type"], small), "total_amount", "zh"))
    assert {"名1", "名2"} <= set(texts(lines))
    assert len(list(lines.iter(f"{SVG}circle"))) == 24


def test_a_matrix_shows_figures_sums_and_what_is_withheld():
    cells = {
        ("110000", "150100"): cell(3, 30_000_00),
        ("110000", "150200"): cell(1),
        ("310000", "150100"): cell(4, 1_00),
    }
    root = drawn(flows_chart(matrix(cells), "total_amount", "zh"))
    assert {"3.00", "<0.01", "5.00", "合计", "名110000", "内蒙古自治区技术流向：成交额（输出）"} <= set(texts(root))
    assert [told(mark) for mark in bars(root, HATCHED) if len(mark)] == ["名110000 → 名150200: 不公布 (1 项)"]


def test_a_matrix_too_wide_shows_the_columns_of_most_deals_and_says_how_many_are_not_drawn():
    wide = matrix({("110000", f"{number:06d}"): cell(number, number * 1_00) for number in range(1, MAX_COLUMNS + 3)})
    for number, column in enumerate(wide["columns"], 1):
        column["deals"] = 1000 + number
    shown = set(texts(drawn(flows_chart(wide, "deals", "zh"))))
    assert {"未画出：合同较少的 0 行、2 列；合计包含它们", "1,003", "1,018"} <= shown
    assert {"1,001", "1,002", "名000002"}.isdisjoint(shown)


def test_what_stands_outside_the_first_groups_is_a_bar_of_its_own():
    other = {"groups": 4, **cell(9, 50_00)}
    found = answer(["seller_league"], {("1",): cell(3, 100_00)}, top=1, other=other)
    root = drawn(deals_chart(found, "total_amount", "zh"))
    assert [told(bar).split(":")[0] for bar in bars(root)] == ["名1", "其余 4 组"]


def test_no_cut_is_one_bar_and_no_deal_says_so():
    assert len(bars(drawn(deals_chart(answer([], {}), "total_amount", "zh")))) == 1
    assert "没有合同" in texts(drawn(deals_chart(answer(["seller_league"], {}), "total_amount", "zh")))
    empty = matrix({}, as_of={"seq": 0, "instant": None})
    assert {"没有合同", "来源：技术合同登记簿（尚无记录）"} <= set(texts(drawn(flows_chart(empty, "deals", "zh"))))
    zero = {("1",): cell(0, 0, cell(3, 3_00))}
    assert "0.00" in texts(drawn(deals_chart(answer(["seller_league"], zero), "total_amount", "zh")))


def test_a_demonstration_says_so_and_a_real_market_does_not():
    found = answer(["seller_league"], {("1",): cell(3, 3_00)})
    assert "演示数据：所有合同均为虚构，不是真实统计" in texts(drawn(deals_chart(found, "deals", "zh")))
    real = drawn(deals_chart({**found, "synthetic": False}, "deals", "zh"))
    assert not [text for text in texts(real) if "演示" in text]


TOO_MUCH = [
    answer(["office"], {(str(n),): cell(3, 3_00) for n in range(MAX_BARS + 1)}),
    answer(["office", "field"], {(str(n), "1"): cell(3, 3_00) for n in range(MAX_BARS + 1)}),
    answer(["office", "field"], {(str(n), str(n)): cell(3, 3_00) for n in range(MAX_COLUMNS + 1)}),
    answer(["month", "office"], {("2018-01", str(n)): cell(3, 3_00) for n in range(13)}),
    answer(["month"], {("1990-01",): cell(3, 3_00)}, period={"first": "1990-01", "last": "2018-12"}),
    answer(["field", "office", "contract_type"], {}),
    answer(["month", "year"], {}),
    answer(["month"], {}, top=3),
    answer(["office", "field"], {(str(n), str(n)): cell(3, 3_00) for n in range(9)}, compare="previous_year"),
]


@pytest.mark.parametrize("found", TOO_MUCH, ids=range(len(TOO_MUCH)))
def test_what_would_not_be_readable_is_refused_with_a_way_out(found):
    with pytest.raises(Invalid) as refused:
        deals_chart(found, "total_amount", "zh")
    assert refused.value.errors[0].code == "not-for-a-chart"
    assert "CSV" in refused.value.errors[0].message


@given(st.text(max_size=300), st.sampled_from(["zh", "en"]))
def test_any_name_stays_text_inside_the_picture(name, language):
    groups = {("1",): cell(3, 10**12), ("2",): cell(2)}
    found = answer(["seller_league"], groups, region={"code": "150000", "name": name}, definition=name)
    for group in found["groups"]:
        group["label"]["seller_league"] = name
    drawn(deals_chart(found, "total_amount", language))


@given(st.text(max_size=200), st.integers(1, 500))
@example("窄" * 3, 5)
@example("长…" * 9, 30)
@example(" " * 300 + "x", 200)
def test_wrapping_loses_nothing_but_spaces_and_fits(text, width):
    lines = wrapped(text, width, 12)
    assert all(text_width(line, 12) <= width or len(line) == 1 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_that_can_be_asked_has_a_heading(language):
    for names, heading in ((DIMENSIONS, cut_heading), (BASES, basis_heading), (RANKINGS, measure_heading)):
        found = [heading(name, language) for name in names]
        assert all(found)
        assert len(set(found)) == len(found)
