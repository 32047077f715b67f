"""The standard organisations of the tests; every name is visibly artificial."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from stdnum.cn import uscc

from market.access import Actor, Role
from market.organisations.actions import add_member, enrol, issue_key
from market.store.session import Database, Unit

_ROLES = {
    "enterprise": (Role.ENTERPRISE, "150203", None),
    "university": (Role.UNIVERSITY, "150102", None),
    "broker": (Role.BROKER, "150100", None),
    "office": (Role.OFFICE, "150000", "990000"),
    "statistician": (Role.STATISTICIAN, "150000", None),
    "auditor": (Role.AUDITOR, "150000", None),
    "administrator": (Role.ADMINISTRATOR, "150000", None),
    "enterprise2": (Role.ENTERPRISE, "150602", None),
    "university2": (Role.UNIVERSITY, "150202", None),
    "office2": (Role.OFFICE, "150200", "990200"),
}
_COLLEAGUES = {"colleague": "office", "expert": "office", "governing": "office"}
"""More keys of an organisation: two other members of the office, and its own key, which names nobody."""
_NATURES = {Role.ENTERPRISE: "170", Role.UNIVERSITY: "0221", Role.BROKER: "150"}


def credit_code(number: int) -> str:
    """A credit code with a right check digit and no holder."""
    body = f"91990000XX{number:07d}"
    return body + uscc.calc_check_digit(body)


@dataclass(frozen=True)
class World:
    """The organisations of a database, by the names of `_ROLES`."""

    ids: dict[str, str]
    keys: dict[str, str]
    key_ids: dict[str, str]
    members: dict[str, str]
    database: Database = field(default=None)  # type: ignore[assignment]

    def on(self, database: Database) -> World:
        """The same organisations in a copy of the database."""
        return replace(self, database=database)

    def actor(self, name: str) -> Actor:
        """The actor behind an organisation's key."""
        organisation = _COLLEAGUES.get(name, name)
        role, place, _ = _ROLES[organisation]
        called, member = f"测试{organisation}", self.members.get(name)
        return Actor(role, self.ids[organisation], self.key_ids[name], place, name=called, member=member)


def populate(unit: Unit) -> World:
    """Enrol the standard organisations and give each a key."""
    ids, keys, key_ids, members = {}, {}, {}, {}
    for number, (name, (role, place, prefix)) in enumerate(_ROLES.items(), 1):
        facts = {
            "name": f"测试{name}",
            "role": role,
            "credit_code": credit_code(number),
            "country": "CN",
            "place": place,
            "nature": _NATURES.get(role),
            "number_prefix": prefix,
        }
        ids[name] = enrol(unit, facts)["id"]
    for name in (*_ROLES, *_COLLEAGUES):
        organisation = _COLLEAGUES.get(name, name)
        if _ROLES[organisation][0] is Role.OFFICE and name != "governing":
            members[name] = add_member(unit, ids[organisation], f"测试职员{name}")["id"]
        member = members.get(name)
        key_ids[name], keys[name] = issue_key(unit, ids[organisation], label="test", member=member)
    return World(ids, keys, key_ids, members)
