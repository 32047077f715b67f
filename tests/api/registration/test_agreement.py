"""`market verify` names every row that somebody changed, added or removed by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select, update

from market.access import SYSTEM
from market.certificates.model import CertificateKey
from market.dealings.model import Dealing
from market.examination.model import Attachment, Audit, Case, CaseStep, Income
from market.listings.model import Listing
from market.registration.agreement import differences
from market.store.types import today
from tests.api.dealings.talks import talks
from tests.api.examination.desk import Case as Application
from tests.api.examination.desk import good, revoke

TAMPERED = {
    Case: ("people", []),
    Attachment: ("content", b"%PDF-1.7 forged"),
    Audit: ("result", "sound"),
    Income: ("paid_fen", 9_000_000_00),
    CertificateKey: ("retired_at", 1),
    Listing: ("title", "别的题目"),
    Dealing: ("seeker_hidden", True),
}
"""One column of each table, and what somebody puts there."""


def a_year_of_work(api: Any) -> None:
    """Something in every table, and some of it ended, corrected, returned or taken back."""
    returned = Application(api, contract_no="A", handler="示例经办").in_review()
    returned.do("request-supplement", "office", {"reason": "OTHER", "text": "示例"})
    paper = good(returned.attach("other"), 201)["id"]
    assert api.call("DELETE", f"{returned.path}/attachments/{paper}", key="university", if_match="*").status_code == 200
    returned.do("note", "office", {"text": "电话核实"})
    case = Application(api, contract_no="B")
    number = case.registered()
    path = f"/v1/contracts/{number}"
    assert api.get(f"{path}/certificate.pdf", key="university").status_code == 200
    paid = {"paid_on": today().isoformat(), "paid_amount": "300.00", "income_amount": "250.00"}
    first = good(api.post(f"{path}/income", paid, key="office"), 201)["id"]
    good(api.post(f"{path}/income", {**paid, "corrects": first, "text": "示例"}, key="office"), 201)
    good(api.post(f"{path}/audits", {"result": "defective", "text": "示例"}, key="auditor"), 201)
    case.do("request-cancellation", "enterprise", {"reason": "VOID"})
    revoke(api, Application(api, contract_no="C").registered())
    talks(api, "introduction")


def named(api: Any) -> set[str]:
    with api.world.database.snapshot(SYSTEM) as unit:
        return set(differences(unit))


def test_a_row_changed_added_or_removed_by_hand_is_named(api):
    a_year_of_work(api)
    assert named(api) == set()

    def tamper(unit: Any) -> dict[Any, str]:
        touched = {}
        for model, (column, value) in TAMPERED.items():
            key = model.__table__.c.id
            touched[model] = unit.execute(select(key).order_by(key.desc()).limit(1)).scalar_one()
            unit.execute(update(model).where(key == touched[model]).values({column: value}))
        case = unit.execute(select(Case.__table__).order_by(Case.id).limit(1)).mappings().one()
        touched["added"] = "cas_added"
        unit.execute(insert(Case), {**case, "id": "cas_added"})
        touched["removed"] = unit.execute(select(Attachment.id).order_by(Attachment.id).limit(1)).scalar_one()
        unit.execute(delete(Attachment).where(Attachment.id == touched["removed"]))
        step = {"step": "note", "state": "returned", "day": today(), "at": 1, "text": "混入"}
        unit.execute(
            insert(CaseStep),
            {**dict.fromkeys(CaseStep.__table__.columns.keys()), **step, "case_id": case["id"], "version": 99},
        )
        touched["step"] = case["id"]
        return touched

    touched = api.world.database.write(SYSTEM, tamper)
    lines = named(api)
    for what, subject in touched.items():
        assert any(line.startswith(f"{subject}: ") for line in lines), (what, lines)
    assert {line.split(": ")[0] for line in lines} == set(touched.values())
