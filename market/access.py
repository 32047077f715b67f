"""Who may do what: roles, permissions and the actor of a request.

The table `PERMISSIONS` is the whole policy of routes. Whether an actor may see or change one particular thing is decided by
the room that owns it (`visible_to`, ownership checks), never here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an organisation is to the market; set by an office or administrator, never by itself."""

    PUBLIC = "public"
    ENTERPRISE = "enterprise"
    UNIVERSITY = "university"
    BROKER = "broker"
    OFFICE = "office"
    STATISTICIAN = "statistician"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing a route lets its caller do."""

    IDENTIFY = "identify"
    REVIEW_APPLICATIONS = "review_applications"
    MANAGE_KEYS = "manage_keys"
    MANAGE_OWN_KEYS = "manage_own_keys"
    EDIT_CROSSWALKS = "edit_crosswalks"
    LIST_ACHIEVEMENT = "list_achievement"
    POST_DEMAND = "post_demand"
    SEE_ALL_LISTINGS = "see_all_listings"
    REVIEW_LISTINGS = "review_listings"
    JUDGE_MATCHES = "judge_matches"
    ANSWER_CONTESTS = "answer_contests"
    DEAL = "deal"
    ACCREDIT_BROKERS = "accredit_brokers"
    READ_CONTRACTS = "read_contracts"
    PRINT_CERTIFICATE = "print_certificate"
    REGISTER_CONTRACT = "register_contract"
    APPLY = "apply"
    READ_CASES = "read_cases"
    EXAMINE = "examine"
    OBJECT = "object"
    AUDIT_CONTRACTS = "audit_contracts"
    SEE_PERFORMANCE = "see_performance"
    SEE_SMALL_CELLS = "see_small_cells"
    REPORT_VALUES = "report_values"


_EVERY_KEY = frozenset(Role) - {Role.PUBLIC}
_TRADERS = frozenset({Role.ENTERPRISE, Role.UNIVERSITY, Role.BROKER})

PERMISSIONS: dict[Permission, frozenset[Role]] = {
    Permission.IDENTIFY: _EVERY_KEY,
    Permission.REVIEW_APPLICATIONS: frozenset({Role.OFFICE, Role.ADMINISTRATOR}),
    Permission.MANAGE_KEYS: frozenset({Role.ADMINISTRATOR}),
    Permission.MANAGE_OWN_KEYS: _EVERY_KEY,
    Permission.EDIT_CROSSWALKS: frozenset({Role.ADMINISTRATOR}),
    Permission.LIST_ACHIEVEMENT: frozenset({Role.ENTERPRISE, Role.UNIVERSITY, Role.BROKER}),
    Permission.POST_DEMAND: frozenset({Role.ENTERPRISE, Role.UNIVERSITY, Role.BROKER}),
    Permission.SEE_ALL_LISTINGS: frozenset({Role.ADMINISTRATOR}),
    Permission.REVIEW_LISTINGS: frozenset({Role.OFFICE, Role.ADMINISTRATOR}),
    Permission.JUDGE_MATCHES: frozenset({Role.ENTERPRISE, Role.UNIVERSITY, Role.BROKER}),
    Permission.ANSWER_CONTESTS: frozenset({Role.ADMINISTRATOR}),
    Permission.DEAL: _TRADERS,
    Permission.ACCREDIT_BROKERS: frozenset({Role.ADMINISTRATOR}),
    Permission.READ_CONTRACTS: _EVERY_KEY,
    Permission.PRINT_CERTIFICATE: _EVERY_KEY - {Role.STATISTICIAN},
    Permission.REGISTER_CONTRACT: frozenset({Role.OFFICE}),
    Permission.APPLY: _TRADERS,
    Permission.READ_CASES: _TRADERS | {Role.OFFICE, Role.AUDITOR},
    Permission.EXAMINE: frozenset({Role.OFFICE}),
    Permission.OBJECT: _TRADERS | {Role.AUDITOR},
    Permission.AUDIT_CONTRACTS: frozenset({Role.AUDITOR}),
    Permission.SEE_PERFORMANCE: frozenset({Role.OFFICE, Role.AUDITOR, Role.STATISTICIAN, Role.ADMINISTRATOR}),
    Permission.SEE_SMALL_CELLS: frozenset({Role.OFFICE, Role.STATISTICIAN, Role.AUDITOR}),
    Permission.REPORT_VALUES: frozenset({Role.ADMINISTRATOR}),
}


@dataclass(frozen=True)
class Actor:
    """Who is acting: an organisation through one of its keys, or the public. Ids are opaque strings."""

    role: Role
    organisation: str | None = None
    key: str | None = None
    place: str | None = None
    scopes: frozenset[str] | None = None
    name: str | None = None
    """The organisation's name, as its key's look-up brings it along."""
    member: str | None = None
    """The person of the organisation whom the key names."""

    def may(self, permission: Permission) -> bool:
        """Does the role hold the permission, and does the key's scope (None: all of the role's) include it?"""
        return self.role in PERMISSIONS[permission] and (self.scopes is None or permission.value in self.scopes)


PUBLIC = Actor(Role.PUBLIC)
"""A caller without a key."""

SYSTEM = Actor(Role.ADMINISTRATOR)
"""The operator at the command line."""
