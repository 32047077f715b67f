"""Sheets over HTTP: handed in, gone through, read back; and what goes out as files."""

from __future__ import annotations

import csv
import io

import openpyxl

from api.sheets.routes import XLSX
from tests.market.sheets.files import HEADERS, csv_of, sheet, xlsx


def hand_in(api, content, rows="good", key="university"):
    path = f"/v1/sheets?rows={rows}&office={api.world.ids['office']}"
    return api.call("POST", path, key=key, data=content, content_type="application/octet-stream")


def finish(api, reply, key="university"):
    while (batch := reply.json)["next"]:
        reply = api.post(batch["next"], key=key, if_match=reply.headers["ETag"])
        assert reply.status_code == 200, reply.json
    return batch


def lines(reply):
    return list(csv.reader(io.StringIO(reply.data.decode("utf-8-sig"), newline="")))


def test_a_sheet_is_handed_in_gone_through_and_reported(api):
    rows = sheet(api.world, 3)
    rows[2][HEADERS.index("技术领域")] = "烹饪"
    reply = hand_in(api, xlsx(rows))
    assert (reply.status_code, reply.headers["Location"]) == (201, f"/v1/sheets/{reply.json['id']}")
    assert (reply.json["state"], reply.json["lines"]) == ("checking", 3)
    batch = finish(api, reply)
    assert [batch[name] for name in ("state", "good", "bad", "standing", "taken")] == ["done", 2, 1, 0, 2]
    path = f"/v1/sheets/{batch['id']}"
    assert api.get(path, key="university").json == batch
    [bad] = api.get(f"{path}/rows?outcome=bad", key="university").json["items"]
    said = "第3行「技术领域」（L列）：「烹饪」不是技术领域中的代码或名称。"
    assert bad["notes"] == [{"column": "field", "code": "unknown-value", "severity": "error", "zh": said}]
    report = lines(api.get(f"{path}/report.csv", key="university"))
    assert report[0] == ["行号", "结果", "申请编号", "说明"]
    assert [line[1] for line in report[1:]] == ["已建立", "有误", "已建立"]
    draft = api.get(f"/v1/applications/{report[1][2]}", key="university").json
    assert (draft["state"], draft["project_name"]) == ("draft", "示例项目1号")
    assert (draft["total_amount"], draft["tech_amount"]) == ("1200000.00", "1000.50")


def test_the_same_file_again_doubles_nothing(api):
    content = csv_of(sheet(api.world, 2))
    finish(api, hand_in(api, content))
    again = finish(api, hand_in(api, content))
    assert (again["standing"], again["taken"]) == (2, 0)
    assert len(api.get("/v1/applications", key="university").json["items"]) == 2


def test_a_dry_run_can_be_taken_afterwards(api):
    batch = finish(api, hand_in(api, csv_of(sheet(api.world, 2)), rows="none"))
    assert (batch["state"], batch["good"], batch["taken"]) == ("checked", 2, 0)
    path = f"/v1/sheets/{batch['id']}"
    assert api.post(f"{path}/take", {"rows": "all"}, key="university").status_code == 428
    reply = api.post(f"{path}/take", {"rows": "all"}, key="university", if_match="*")
    assert finish(api, reply)["taken"] == 2
    assert api.post(f"{path}/take", {"rows": "all"}, key="university", if_match="*").json["code"] == "not-checked"


def test_what_is_exported_comes_in_again_as_what_stands(api):
    finish(api, hand_in(api, csv_of(sheet(api.world, 2))))
    for form in ("csv", "xlsx"):
        reply = api.get(f"/v1/applications.{form}?state=draft", key="university")
        assert reply.headers["Content-Disposition"] == f'attachment; filename="applications.{form}"'
        again = api.call("POST", "/v1/sheets?rows=all", key="university", data=reply.data, content_type=XLSX)
        assert finish(api, again)["standing"] == 2
    assert len(lines(api.get("/v1/applications.csv", key="office"))) == 1


def test_bad_files_and_parameters_are_told(api):
    assert hand_in(api, b"%PDF-1.7\0").json["errors"][0]["code"] == "unknown-type"
    assert hand_in(api, b"").json["errors"][0]["code"] == "no-headers"
    assert hand_in(api, csv_of(sheet(api.world, 1)), rows="some").json["errors"][0]["code"] == "unknown-value"
    path = f"/v1/sheets?office={api.world.ids['enterprise']}"
    assert api.call("POST", path, key="university", data=b"x").json["errors"][0]["pointer"] == "/office"
    large = api.call("POST", "/v1/sheets", key="university", data=b"x" * 10_000_001)
    assert large.status_code == 413


def test_the_register_and_the_template_are_files(api):
    for path in ("/v1/application-template", "/v1/contracts"):
        book = openpyxl.load_workbook(io.BytesIO(api.get(f"{path}.xlsx", key="office").data))
        assert [cell.value for cell in book.worksheets[0][1]] == lines(api.get(f"{path}.csv", key="office"))[0]
