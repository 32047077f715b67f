"""Contracts with a life: registered, changed, paid and ended straight through the ledger, for tests of what figures tell."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import insert, update

from market.access import SYSTEM
from market.contracts.fingerprint import fingerprint
from market.contracts.model import Contract
from market.journal.append import Event, append
from market.registration.entries import tell
from market.registration.numbers import next_numbers
from market.statistics.ledger import Line, minus, plus, post, with_income
from market.store.session import Database, Unit
from market.store.types import new_id

Row = dict[str, Any]


class History:
    """A register kept by hand; `live` holds the newest version of every contract that counts, `versions` each one there was.

    Both know the income approved so far as `income_fen`; it is part of the key of `versions`.
    """

    def __init__(self, database: Database, office: str) -> None:
        self.database, self.office = database, office
        self.live: dict[str, Row] = {}
        self.versions: dict[tuple[str, int, int], Row] = {}
        self.number = 0

    def contract(self, **given: Any) -> Row:
        """A contract between two parties of the region; `given` replaces columns."""
        self.number += 1
        row: Row = {
            "id": new_id("con"),
            "act": "registered",
            "registered_on": date(2018, 3, 15),
            "late": False,
            "state": "registered",
            "version": 1,
            "project_name": f"项目{self.number}",
            "contract_type": "DEV",
            "contract_subtype": "DEV_COMMISSIONED",
            "contract_no": None,
            "seller_organisation": None,
            "seller_name": "测试甲",
            "seller_code": None,
            "seller_country": "CN",
            "seller_place": "150102",
            "seller_nature": "0221",
            "buyer_organisation": None,
            "buyer_name": "测试乙",
            "buyer_code": None,
            "buyer_country": "CN",
            "buyer_place": "150203",
            "buyer_nature": "170",
            "total_fen": 100_000_00,
            "tech_fen": 80_000_00,
            "signed_on": date(2018, 3, 1),
            "valid_from": date(2018, 3, 1),
            "valid_to": date(2019, 3, 1),
            "field": "contract:05",
            "ip_type": None,
            "plan_source": None,
            "served_industry": None,
            "socio_economic_objective": None,
            "payment_mode": None,
            "demand_id": None,
            "achievement_id": None,
            "office_place": "150000",
            "recorder": self.office,
            "recorded_at": 0,
            "updated_at": 0,
            **given,
        }
        here = row["act"] == "registered"
        mark = fingerprint(row)
        return {
            **row,
            "number": None,
            "office": self.office if here else None,
            "office_place": row["office_place"] if here else None,
            "outside_number": None if here else f"{self.number:016d}",
            "outside_office": None if here else "外地登记处",
            "fingerprint": mark,
            "live_fingerprint": mark,
            "live_outside_number": None if here else f"{self.number:016d}",
        }

    def register(self, unit: Unit, row: Row) -> None:
        """Enter a new contract."""
        if row["office"]:
            [row["number"]] = next_numbers(unit, self.office, "990000", row["registered_on"].year)
        unit.execute(insert(Contract), row)
        self._tell(unit, "registered", row, [plus(unit, row)])

    def change(self, unit: Unit, contract: str, **changes: Any) -> None:
        """Give a live contract other content."""
        row = {**self.live[contract], **changes, "version": self.live[contract]["version"] + 1}
        income = row.pop("income_fen")
        row["fingerprint"] = row["live_fingerprint"] = fingerprint(row)
        unit.execute(update(Contract).where(Contract.id == contract).values(row))
        self._tell(unit, "changed", row, [minus(unit, contract), plus(unit, row, income)])

    def approve(self, unit: Unit, contract: str, income: int) -> None:
        """Let a live contract have this income in all."""
        lines = with_income(unit, contract, income)
        event = append(unit, Event("income.approved", new_id("inc"), 1, {"ledger": lines}))
        if lines:
            post(unit, event, lines)
        self._keep(self.live[contract], income)

    def end(self, unit: Unit, contract: str, state: str = "cancelled") -> None:
        """Cancel or revoke a live contract."""
        old = self.live.pop(contract)
        ended = {"state": state, "live_fingerprint": None, "live_outside_number": None, "version": old["version"] + 1}
        unit.execute(update(Contract).where(Contract.id == contract).values(**ended))
        tell(unit, state, {**old, **ended}, [minus(unit, contract)])

    def _tell(self, unit: Unit, kind: str, row: Row, lines: list[Line]) -> None:
        tell(unit, kind, row, lines)
        self._keep(row, lines[-1].get("income", 0))

    def _keep(self, row: Row, income: int) -> None:
        self.live[row["id"]] = self.versions[row["id"], row["version"], income] = {**row, "income_fen": income}

    def add(self, *rows: Row) -> list[str]:
        """Register these contracts in one unit; answers their ids."""

        def work(unit: Unit) -> list[str]:
            for row in rows:
                self.register(unit, row)
            return [row["id"] for row in rows]

        return self.database.write(SYSTEM, work)
