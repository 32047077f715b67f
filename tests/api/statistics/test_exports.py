"""Statistics as files: the same figures as the JSON, for the same readers, with all that is needed to read them."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest
import python_calamine

from api.statistics.exports import EXPORTS
from tests.market.statistics.history import History

QUERIES = {
    "/v1/statistics/deals": "?period=2018&basis=output&by=seller_league,contract_type",
    "/v1/statistics/flows": "?period=2018&from=league",
    "/v1/statistics/adjustments": "?period=2018&from=0",
    "/v1/statistics/targets": "",
    "/v1/published-figures": "?year=2018",
}
FILES = [(export.path, form) for export in EXPORTS for form in ("csv", "xlsx")]


@pytest.fixture
def filled(api, world):
    history = History(world.database, world.ids["office"])
    add = history.contract
    history.add(
        *(add(total_fen=number * 100_10, tech_fen=50_00) for number in (1, 2, 3)),
        add(contract_type="CONSULT", contract_subtype=None, total_fen=7_00, tech_fen=1_00),
        add(seller_place="150203", total_fen=10**13, tech_fen=10**13 - 1),
        *(add(registered_on=date(2017, 5, 1), total_fen=10_00, tech_fen=9_00) for _ in range(3)),
    )
    return api


def lines(reply):
    assert reply.status_code == 200, reply.text
    return list(csv.reader(io.StringIO(reply.data.decode("utf-8-sig"), newline="")))


def read(reply):
    """Facts by name, headings, rows."""
    found = lines(reply)
    end = found.index([])
    return {line[0]: line[1] for line in found[:end]}, found[end + 1], found[end + 2 :]


def test_every_statistic_is_a_file_that_says_what_it_is(filled):
    for path, form in FILES:
        check_file(filled, path, form)


def check_file(filled, path, form):
    reply = filled.get(f"{path}.{form}{QUERIES[path]}", key="statistician", headers={"Accept-Language": "en"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{path.rpartition("/")[2]}.{form}"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    if form == "csv":
        assert reply.content_type == "text/csv; charset=utf-8"
        facts, headings, rows = read(reply)
    else:
        book = openpyxl.load_workbook(io.BytesIO(reply.data))
        facts = {row[0]: row[-1] for row in book.worksheets[1].iter_rows(values_only=True)}
        pages = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(reply.data))
        assert pages.sheet_names == ["数据 data", "说明 about"]
        _, mark, _, headings, *rows = book.worksheets[0].iter_rows(values_only=True)
        assert mark[0].startswith("DEMONSTRATION DATA")
    assert next(iter(facts)).startswith("DEMONSTRATION DATA")
    assert facts["Units"] == "deals: contracts; amounts: yuan, two decimals"
    assert facts["Source"] == f"Register of technology contracts {path}{QUERIES[path]}"
    assert facts["Suppression"].startswith("None: this file holds every amount")
    assert facts["About the demonstration data"]
    assert ("As of" in facts) or ("From" in facts and "To" in facts)
    if "period=" in QUERIES[path]:
        assert {"Period", "Basis", "Region", "Definition", "Definition version"} <= set(facts)
    assert rows
    assert {len(row) for row in rows} == {len(headings)}


def test_a_file_has_a_tag_and_the_same_bytes_again(filled):
    for path, form in FILES:
        address = f"{path}.{form}{QUERIES[path]}"
        first = filled.get(address, key="auditor")
        again = filled.get(address, key="auditor", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert filled.get(address, key="auditor").data == first.data
        json = filled.get(f"{path}{QUERIES[path]}", key="auditor")
        assert json.headers["ETag"] != first.headers["ETag"]


def test_the_figures_are_those_of_the_json(filled):
    question = "?period=2018&basis=output&by=seller_league,contract_type&compare=previous_year&rollup=true&shares=true"
    json = filled.get(f"/v1/statistics/deals{question}", key="statistician").json
    facts, headings, rows = read(filled.get(f"/v1/statistics/deals.csv{question}", key="statistician"))
    assert headings == [
        *(
            "卖方盟市 代码",
            "卖方盟市 名称",
            "合同类别 代码",
            "合同类别 名称",
            "合同项数",
            "成交额",
            "技术交易额",
            "技术性收入",
        ),
        *("合同项数 (对比期)", "成交额 (对比期)", "技术交易额 (对比期)", "技术性收入 (对比期)"),
        *("合同项数 (增长率)", "成交额 (增长率)", "技术交易额 (增长率)", "技术性收入 (增长率)"),
        *("合同项数 (占比)", "成交额 (占比)", "技术交易额 (占比)", "技术性收入 (占比)"),
    ]
    told = [
        [
            *(part for cut in json["by"] for part in (group["key"][cut] or "", group["label"][cut] or "（小计）")),
            *(str(group[name]) for name in MEASURES),
            *(str(group["previous"][name]) for name in MEASURES),
            *(
                str(group[part][name] or "") if group[part][name] != 0 else "0.0"
                for part in ("growth", "share")
                for name in MEASURES
            ),
        ]
        for group in json["groups"] + json["subtotals"]
    ]
    assert rows == told
    totals = json["totals"]
    assert (facts["合计：合同项数"], facts["合计：成交额"]) == ("5", totals["total_amount"])
    assert facts["合计：成交额 (对比期)"] == totals["previous"]["total_amount"]
    assert facts["合计：成交额 (增长率)"] == str(totals["growth"]["total_amount"])


MEASURES = ("deals", "total_amount", "tech_amount", "tech_income")


def test_amounts_are_numbers_and_codes_are_texts_in_a_workbook(filled):
    reply = filled.get(f"/v1/statistics/deals.xlsx{QUERIES['/v1/statistics/deals']}", key="statistician")
    rows = list(openpyxl.load_workbook(io.BytesIO(reply.data)).worksheets[0].iter_rows(min_row=5, values_only=True))
    assert rows == [
        ("150100", "呼和浩特市", "CONSULT", "技术咨询合同", 1, 7, 1, 0),
        ("150100", "呼和浩特市", "DEV", "技术开发合同", 3, 600.6, 150, 0),
        ("150200", "包头市", "DEV", "技术开发合同", 1, 100_000_000_000, 99_999_999_999.99, 0),
    ]


def test_a_target_says_what_is_wanted_since_when_and_who_reported(filled):
    values = [{"period": "2024", "value": "1.05", "source": "统计局", "reported_on": "2025-03-01"}]
    path = "/v1/statistics/targets/rd_intensity/reported"
    put = filled.call("PUT", path, {"values": values}, key="administrator", if_match="*")
    assert put.status_code == 200, put.text
    _, headings, rows = read(filled.get("/v1/statistics/targets.csv"))
    told = {row[0]: dict(zip(headings, row, strict=True)) for row in rows}
    wanted = ("指标", "要求", "目标值", "来源日期")
    assert [told["turnover"][name] for name in wanted] == ["成交额", "超过", "10000000000.00", "2023-08-05"]
    assert [told["rd_intensity"][name] for name in ("已报数值", "所报期间", "所报来源", "所报日期")] == [
        *("1.05", "2024", "统计局", "2025-03-01")
    ]


def test_the_public_finds_words_in_place_of_a_withheld_amount(filled):
    address = f"/v1/statistics/deals.csv{QUERIES['/v1/statistics/deals']}"
    facts, _, rows = read(filled.get(address))
    assert [row[2:] for row in rows if row[2] == "CONSULT"] == [
        ["CONSULT", "技术咨询合同", "1", "不公布", "不公布", "不公布"]
    ]
    assert "不是零" in facts["不公布的数字"]
    assert filled.get(address).headers["ETag"] != filled.get(address, key="statistician").headers["ETag"]


def test_what_moves_a_figure_down_stays_a_negative_number(filled, world):
    number = filled.get("/v1/contracts", key="office").json["items"][0]["number"]
    why = {"reason": "RESCINDED", "asked_by": "both"}
    cancelled = filled.post(f"/v1/contracts/{number}/cancel", why, key="office", if_match="*")
    assert cancelled.status_code == 200, cancelled.text
    address = "/v1/statistics/adjustments.{}?period=2017-01..2018-12&from=0"
    _, headings, rows = read(filled.get(address.format("csv"), key="auditor"))
    place = headings.index("成交额")
    assert [row[place][0] for row in rows].count("-") == 1
    assert not [row for row in rows if "'" in row[place]]
    reply = filled.get(address.format("xlsx"), key="auditor")
    cells = list(openpyxl.load_workbook(io.BytesIO(reply.data)).worksheets[0].iter_rows(min_row=5))
    assert [row[place].value < 0 for row in cells].count(True) == 1


def test_a_file_too_long_is_refused_with_a_way_out(filled, monkeypatch):
    monkeypatch.setattr("api.statistics.exports.MAX_ROWS", 2)
    for path in ("/v1/statistics/adjustments", "/v1/statistics/deals", "/v1/published-figures"):
        reply = filled.get(f"{path}.csv{QUERIES[path]}", key="auditor")
        assert (reply.status_code, reply.json["errors"][0]["code"]) == (422, "too-many-rows"), path
        assert "filter" in reply.json["errors"][0]["message"]


def test_a_file_has_no_pages_and_takes_no_unknown_word(filled):
    for question in ("limit=3", "cursor=x", "nothing=1"):
        assert filled.get(f"/v1/published-figures.csv?{question}").status_code == 422
    assert filled.get("/v1/statistics/deals.ods?period=2018").status_code == 404
