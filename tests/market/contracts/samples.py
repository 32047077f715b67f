"""Contracts as clerks hand them in, for the tests of the register; every name is visibly artificial."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

from market.store.types import today
from tests.world import World, credit_code


def plain(name: str, **facts: Any) -> dict[str, Any]:
    """A party that is no registered organisation."""
    return {"name": name, "country": "CN", "place": "150203", **facts}


def content(world: World, **changes: Any) -> dict[str, Any]:
    """A good contract from the university (Hohhot) to the enterprise (Baotou), with some parts put in another way.

    Its technology amount is too small to count as a part of a large contract, and another `contract_no` makes another name.
    """
    number = changes.get("contract_no")
    return {
        "project_name": f"示例项目{sha256(number.encode()).hexdigest()}" if number else "示例项目:稀土永磁电机开发",
        "contract_type": "DEV",
        "contract_subtype": "DEV_COMMISSIONED",
        "contract_no": None,
        "seller": {"organisation": world.ids["university"]},
        "buyer": {"organisation": world.ids["enterprise"]},
        "total_amount": 1_200_000_00,
        "tech_amount": 400_000_00,
        "signed_on": today(),
        "valid_from": today(),
        "valid_to": today() + timedelta(days=700),
        "field": "contract:05",
        **changes,
    }


def outside(world: World, number: str = "2026110000000001", **changes: Any) -> dict[str, Any]:
    """A contract that an office in Beijing registered for a seller there and the enterprise in Baotou."""
    seller = plain("示例外地研究院01", place="110000", credit_code=credit_code(901))
    registration = {"number": number, "office": "示例外省登记处", "registered_on": today()}
    return content(world, **{"seller": seller, "outside": registration, **changes})


def wire(body: dict[str, Any]) -> dict[str, Any]:
    """The same as JSON: amounts in yuan, days as text."""
    made = {}
    for name, value in body.items():
        if name.endswith("_amount"):
            made[name] = f"{value // 100}.{value % 100:02d}"
        elif isinstance(value, dict):
            made[name] = wire(value)
        else:
            made[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return made
