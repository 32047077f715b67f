"""Short forms of what applicants and clerks do over HTTP, for the tests of the desk."""

from __future__ import annotations

from typing import Any

from tests.market.contracts.samples import content, wire
from tests.market.examination.cases import FORM, PDF

PAPERS = ("contract_text", "pledge", "ip_proof")
LARGE = {"total_amount": 9_000_000_00, "tech_amount": 5_000_000_00}


def form(world: Any, **changes: Any) -> dict[str, Any]:
    """A whole application from the university to the enterprise, at the office."""
    filled = wire(content(world, **{**FORM, "contract_no": "SYN-APP", **changes}))
    return {"office": world.ids["office"], **filled}


def good(reply: Any, status: int = 200) -> dict[str, Any]:
    assert reply.status_code == status, reply.json
    return reply.json


def refused(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json["code"]


def cancel(api: Any, number: str) -> dict[str, Any]:
    """A clerk cancels a registration as both parties asked on paper."""
    why = {"reason": "RESCINDED", "asked_by": "both"}
    return good(api.post(f"/v1/contracts/{number}/cancel", why, key="office", if_match="*"))


def revoke(api: Any, number: str, reason: str = "FRAUD") -> dict[str, Any]:
    """A clerk proposes to revoke a registration, a colleague decides."""
    [case] = good(api.get(f"/v1/applications?number={number}", key="office"))["items"]
    why = {"reason": reason, "text": "示例"}
    good(api.post(f"/v1/applications/{case['id']}/propose-revocation", why, key="office", if_match="*"))
    return good(api.post(f"/v1/contracts/{number}/revoke", key="colleague", if_match="*"))


class Case:
    """One application and how it is moved; each step is made on the version last read."""

    def __init__(self, api: Any, *, papers: tuple[str, ...] = PAPERS, key: str = "university", **changes: Any) -> None:
        self.api, self.key = api, key
        made = good(api.post("/v1/applications", form(api.world, **changes), key=key), 201)
        self.path = f"/v1/applications/{made['id']}"
        self.id = made["id"]
        for kind in papers:
            self.attach(kind)

    def attach(self, kind: str, body: bytes = PDF, name: str = "合同.pdf", key: str | None = None) -> Any:
        return self.api.call(
            "POST",
            f"{self.path}/attachments",
            key=key or self.key,
            query_string={"kind": kind, "name": name},
            data=body,
            content_type="application/octet-stream",
        )

    def read(self, key: str | None = None) -> dict[str, Any]:
        return good(self.api.get(self.path, key=key or self.key))

    @property
    def version(self) -> str:
        return f'"v{self.read("auditor" if self.state_is_public() else self.key)["version"]}-0000000000000000"'

    def state_is_public(self) -> bool:
        return self.api.get(self.path, key="auditor").status_code == 200

    def try_(self, step: str, key: str, body: Any = None, **rest: Any) -> Any:
        return self.api.post(f"{self.path}/{step}", body, key=key, if_match=rest.pop("if_match", self.version), **rest)

    def do(self, step: str, key: str, body: Any = None) -> dict[str, Any]:
        return good(self.try_(step, key, body))

    def submitted(self) -> Case:
        self.do("submit", self.key)
        return self

    def in_review(self, key: str = "office") -> Case:
        self.submitted()
        self.do("accept", key)
        self.do("take", key)
        return self

    def registered(self, key: str = "office") -> str:
        """Its number."""
        self.in_review(key)
        return self.do("register", key, {})["number"]
