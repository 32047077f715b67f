"""Papers: told by their content, kept with a digest, handed out for saving only, to those who may see the application."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from sqlalchemy import select

from market.access import SYSTEM
from market.examination.attachments import MAX_BYTES
from market.journal.model import JournalEntry
from tests.api.examination.desk import PDF, Case, good, refused


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "<x/>")
    return made.getvalue()


GOOD = {
    "application/pdf": PDF,
    "image/png": b"\x89PNG\r\n\x1a\n0000",
    "image/jpeg": b"\xff\xd8\xff\xe0000",
    "application/ofd": archive("OFD.xml", "Doc_0/Document.xml"),
}
BAD = {
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a program": b"\x7fELF\x02\x01\x01",
    "a shell script": b"#!/bin/sh\nrm -rf /\n",
    "another archive": archive("word/document.xml"),
    "a broken archive": b"PK\x03\x04garbage",
    "a drawing that may hold scripts": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "an archive with a directory that takes seconds to read": archive("OFD.xml", *map(str, range(5_000))),
    "nothing": b"",
}


@pytest.mark.parametrize("media", GOOD)
def test_a_paper_comes_back_as_it_was_and_is_never_shown_in_place(api, media):
    case = Case(api, papers=())
    made = good(case.attach("contract_text", GOOD[media], "合同 文本.html"), 201)
    assert (made["media"], made["size"]) == (media, len(GOOD[media]))
    assert made["sha256"] == hashlib.sha256(GOOD[media]).hexdigest()
    [listed] = good(api.get(f"{case.path}/attachments", key="university"))["items"]
    assert listed == made
    paper = api.get(f"{case.path}/attachments/{made['id']}", key="university")
    assert (paper.data, paper.mimetype) == (GOOD[media], "application/octet-stream")
    assert paper.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E5%90%88")
    assert paper.headers["Content-Disposition"].endswith(f".html.{media[-4:].lstrip('/').replace('jpeg', 'jpg')}")
    assert paper.headers["X-Content-Type-Options"] == "nosniff"
    assert paper.headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_paper_by_its_content_is_refused_whatever_it_is_called(api, what):
    case = Case(api, papers=())
    reply = case.attach("contract_text", BAD[what], "合同.pdf")
    assert (reply.status_code, reply.json["errors"][0]["code"]) == (422, "unknown-type")
    assert good(api.get(f"{case.path}/attachments", key="university"))["items"] == []


def test_size_kind_name_number_and_time_are_bounded(api):
    case = Case(api, papers=())
    large = PDF + b"0" * 10_485_760
    assert case.attach("pledge", large).json["errors"][0]["code"] == "too-large"
    assert case.attach("pledge", PDF + b"0" * MAX_BYTES).status_code == 413
    assert case.attach("nothing").json["errors"][0]["pointer"] == "/kind"
    for name in ("a\u202efdp.exe", "合同p\u0430per.pdf"):
        assert case.attach("pledge", name=name).json["errors"][0]["pointer"] == "/name"
    for _ in range(20):
        good(case.attach("other"), 201)
    assert refused(case.attach("other")) == (409, "too-many-attachments")
    sent = Case(api, contract_no="B").submitted()
    assert refused(sent.attach("other")) == (409, "case-closed")


def test_a_paper_goes_again_while_the_application_is_the_applicants(api):
    case = Case(api, papers=())
    paper = good(case.attach("contract_text"), 201)["id"]
    gone = api.call("DELETE", f"{case.path}/attachments/{paper}", key="university", if_match="*")
    assert good(gone)["id"] == paper
    assert good(api.get(f"{case.path}/attachments", key="university"))["items"] == []
    assert api.call("DELETE", f"{case.path}/attachments/{paper}", key="university", if_match="*").status_code == 404
    with api.world.database.read(SYSTEM) as unit:
        kinds = list(unit.execute(select(JournalEntry.kind).where(JournalEntry.subject == paper)).scalars())
    assert kinds == ["attachment.added", "attachment.removed"]
    sent = Case(api, contract_no="B").submitted()
    kept = good(api.get(f"{sent.path}/attachments", key="university"))["items"][0]["id"]
    path = f"{sent.path}/attachments/{kept}"
    assert refused(api.call("DELETE", path, key="university", if_match="*")) == (409, "case-closed")


def test_papers_are_for_those_who_may_see_the_application(api):
    case = Case(api).submitted()
    paper = f"{case.path}/attachments/{good(api.get(f'{case.path}/attachments', key='office'))['items'][0]['id']}"
    statuses = {
        key: api.get(paper, key=key).status_code for key in ("university", "office", "auditor", "office2", "enterprise")
    }
    assert statuses == {"university": 200, "office": 200, "auditor": 200, "office2": 404, "enterprise": 404}
    other = Case(api, contract_no="B")
    assert api.get(paper.replace(case.id, other.id), key="university").status_code == 404


def test_rule_20_neither_file_names_nor_personal_data_stand_in_the_journal(api):
    seller = {"organisation": api.world.ids["university"], "legal_representative": "示例法人", "phone": "0471-0000"}
    case = Case(api, seller=seller, handler="示例经办").submitted()
    with api.world.database.read(SYSTEM) as unit:
        payloads = "".join(unit.execute(select(JournalEntry.payload)).scalars())
    assert case.id in payloads
    for private in ("合同.pdf", "示例法人", "0471-0000", "示例经办", "测试职员"):
        assert private not in payloads, private
