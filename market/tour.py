"""The main job over real HTTP: a university, an enterprise and a clerk against a running service.

Use `run` with the service's address and a key for each role. Every call and answer is printed; anything that is not as it
should be ends the tour with a sentence and exit code 1. Nobody else should register contracts meanwhile, for the roll-up
must differ by exactly the tour's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Never

import requests

from market.store.types import today

TIMEOUT = (5, 30)
"""Seconds to connect and to wait for an answer."""
BASES = ("involved", "output", "absorbed", "internal", "registered")
MEASURES = ("deals", "total_amount", "tech_amount", "tech_income")
ZERO = dict.fromkeys(MEASURES, "0")
LONGEST = 150
"""Characters of a part that are printed."""


def run(url: str, keys: Mapping[str, str]) -> None:
    """Play the main job against `url`; `keys` has one for `university`, `enterprise` and `office`."""
    university, enterprise, clerk = (Player(url, role, keys[role]) for role in ("university", "enterprise", "office"))
    public = Player(url, "public", None)
    seller, buyer = university.get("/v1/me"), enterprise.get("/v1/me")

    _act("1. A university lists an achievement (科技成果), an enterprise posts a demand (技术需求)")
    achievement = university.post("/v1/achievements", _ACHIEVEMENT)
    demand = enterprise.post("/v1/demands", _DEMAND)
    shown = public.get(f"/v1/achievements/{achievement['id']}")
    _expect(shown["state"] == "published", "a published achievement must be public")
    _expect(shown["contact"] is None, "a contact must not be shown to the public")

    _act("2. The service matches them and says why")
    _check_match(enterprise.get(f"/v1/demands/{demand['id']}/matches", limit=10), achievement["id"])

    _act("3. The registration office registers the contract (技术合同登记)")
    before = {basis: _figures(clerk, basis) for basis in BASES}
    contract = _contract(seller["organisation"]["id"], buyer["organisation"]["id"], demand["id"], achievement["id"])
    once = {"Idempotency-Key": f"tour-{demand['id']}"}
    registered = clerk.post("/v1/contracts", contract, headers=once)
    again = clerk.post("/v1/contracts", contract, headers=once)
    _expect(again == registered, "the same request under the same idempotency key must get the same answer")
    refused = clerk.post("/v1/contracts", contract, expect=409)
    _expect(refused["code"] == "duplicate-contract", "the same contract must not be registered twice")

    _act("4. Both parties see it, the public does not")
    path = f"/v1/contracts/{registered['number']}"
    for party in (university, enterprise):
        _expect(party.get(path)["number"] == registered["number"], "a party must see its contract")
    public.get(path, expect=401)

    _act("5. Deal count and value have rolled up, by exactly this contract")
    after = {basis: _figures(clerk, basis) for basis in BASES}
    league = seller["organisation"]["place"][:4] + "00"
    for basis in BASES:
        _check_growth(basis, before[basis], after[basis], contract, league)
    print(f"\nThe tour is over: {registered['number']} stands in every figure it belongs to, once.")


_ACHIEVEMENT = {
    "title": "示例成果:高性能稀土永磁材料制备技术",
    "summary": "合成示例。低重稀土晶界扩散工艺,矫顽力提高三成,已完成中试。",
    "fields": ["hightech:40103", "region:rare_earth"],
    "keywords": ["稀土永磁", "晶界扩散"],
    "modes": ["patent_license", "joint_development"],
    "maturity": 7,
    "price": "600000.00",
    "contact": {"name": "示例联系人", "phone": "0471-0000000", "email": "contact@example.invalid"},
    "publish": True,
}
_DEMAND = {
    "title": "示例需求:求风电机组用耐高温永磁体",
    "summary": "合成示例。150摄氏度下长期工作,年用量二十吨,需要成熟的制备技术。",
    "fields": ["region:rare_earth"],
    "keywords": ["稀土永磁", "耐高温"],
    "modes": ["patent_license"],
    "maturity": 6,
    "budget": "800000.00",
    "publish": True,
}


def _contract(seller: str, buyer: str, demand: str, achievement: str) -> dict[str, Any]:
    day = today()
    return {
        "project_name": f"示例项目:稀土永磁材料专利实施许可{demand}",
        "contract_type": "LICENSE",
        "contract_subtype": "LICENSE_PATENT_ORDINARY",
        "contract_no": f"TOUR-{demand}",
        "seller": {"organisation": seller},
        "buyer": {"organisation": buyer},
        "total_amount": "700000.00",
        "tech_amount": "480000.00",
        "signed_on": str(day),
        "valid_from": str(day),
        "valid_to": f"{day.year + 2}-12-31",
        "field": "contract:05",
        "ip_type": "PATENT_INVENTION",
        "payment_mode": "INSTALMENTS",
        "demand": demand,
        "achievement": achievement,
    }


@dataclass
class Player:
    """Somebody with a role and a key, who calls the service and shows what comes back."""

    url: str
    role: str
    key: str | None

    def get(self, path: str, *, expect: int = 200, **query: Any) -> dict[str, Any]:
        """The answer to a GET."""
        return self._call("GET", path, expect, params=query)

    def post(
        self, path: str, body: dict[str, Any], *, expect: int = 201, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The answer to a POST."""
        return self._call("POST", path, expect, json=body, headers=headers)

    def _call(
        self, method: str, path: str, expect: int, *, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> dict[str, Any]:
        sent = {**(headers or {}), **({"Authorization": f"Bearer {self.key}"} if self.key else {})}
        try:
            reply = requests.request(method, self.url + path, headers=sent, timeout=TIMEOUT, **rest)
            answer: dict[str, Any] = reply.json()
        except requests.RequestException as error:
            _fail(f"{method} {path}: {error}")
        query = (
            "?" + "&".join(f"{name}={value}" for name, value in rest["params"].items()) if rest.get("params") else ""
        )
        print(f"\n{self.role} · {method} {path}{query}")
        if "json" in rest:
            _show(">", rest["json"])
        print(f"  {reply.status_code} {reply.reason}, {reply.elapsed.total_seconds() * 1000:.0f} ms")
        _show("<", answer)
        _expect(reply.status_code == expect, f"{method} {path} must answer {expect}, not {reply.status_code}")
        return answer


def _figures(player: Player, basis: str) -> dict[str, Any]:
    year = today().year
    return player.get("/v1/statistics/deals", period=year, basis=basis, by="seller_league,contract_type")


def _check_match(matches: dict[str, Any], wanted: str) -> None:
    """The wanted achievement is the best match, and its reasons name the shared tag and the conditions met."""
    _expect(bool(matches["items"]), "there must be a match")
    best = matches["items"][0]
    _expect(best["achievement"]["id"] == wanted, "the new achievement must be the best match")
    reasons = best["reasons"]
    tags = [reason for reason in reasons if reason["kind"] == "tag"]
    states = {reason["condition"]: reason["state"] for reason in reasons if reason["kind"] == "condition"}
    _expect([reason["tag"] for reason in tags] == _DEMAND["fields"], "the reasons must name the shared tag")
    _expect(all(states.get(name) == "met" for name in ("mode", "maturity", "money")), f"conditions are {states}")
    print(f"\n  Why it is the best, with score {best['score']}:")
    for reason in tags:
        print(f"    {reason['label']} ({reason['tag']}): {reason['relation']}, weight {reason['weight']}")
    for name, state in states.items():
        print(f"    {name}: {state}")


def _check_growth(
    basis: str, before: dict[str, Any], after: dict[str, Any], contract: dict[str, Any], league: str
) -> None:
    """Totals and the one cell of the contract grew by it, no other cell moved."""
    amounts = {name: contract[name] for name in ("total_amount", "tech_amount")}
    one = {"deals": "1", **amounts, "tech_income": "0.00"}
    _expect(_difference(before["totals"], after["totals"]) == one, f"{basis}: the total must grow by the contract")
    old, new = _cells(before), _cells(after)
    moved = {key: _difference(old.get(key, ZERO), cell) for key, cell in new.items() if cell != old.get(key)}
    own = (league, contract["contract_type"])
    _expect(moved == {own: one}, f"{basis}: only the contract's own cell must move, not {moved}")
    print(f"\n  {basis}, in cell {' × '.join(own)}")
    for name in MEASURES:
        print(f"    {name}: {before['totals'][name]} -> {after['totals'][name]}")


def _cells(answer: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (group["key"]["seller_league"], group["key"]["contract_type"]): {name: group[name] for name in MEASURES}
        for group in answer["groups"]
    }


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(Decimal(after[name]) - Decimal(before[name])) for name in MEASURES}


def _act(title: str) -> None:
    print(f"\n=== {title}")


def _expect(right: bool, rule: str) -> None:
    if not right:
        _fail(rule)


def _fail(what: str) -> Never:
    raise SystemExit(f"The tour failed: {what}")


def _show(mark: str, value: dict[str, Any]) -> None:
    """One line for each part that says something."""
    for name, part in value.items():
        if part is not None:
            text = json.dumps(part, ensure_ascii=False)
            print(f"  {mark} {name}: {text if len(text) <= LONGEST else text[:LONGEST] + ' …'}")
