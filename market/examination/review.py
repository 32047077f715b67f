"""What the checks say of a content, gathered and weighed: the same whoever asks, before, at and after handing in.

`claimed` is for applications; `review` for facts that were gathered already. `Review` says which way the case must take.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from market.access import Role
from market.contracts.rules import facts_of, gather
from market.errors import FieldError, Invalid
from market.examination.checks import EXPERT, FLAG, SECOND_PERSON, Finding, blocking, findings, routes
from market.examination.content import bare
from market.examination.territory import outside_territory
from market.places.queries import tree
from market.rules.queries import rules
from market.store.session import Unit
from market.store.types import today

DUPLICATE, APPLIED_FOR = "duplicate-contract", "duplicate-application"


@dataclass(frozen=True)
class Review:
    """The contract's columns as far as the content says them, and everything found."""

    facts: Mapping[str, Any]
    findings: list[Finding]

    @property
    def flags(self) -> list[str]:
        """Codes of the flags."""
        return sorted({finding.code for finding in self.findings if finding.severity == FLAG})

    @property
    def needs_experts(self) -> bool:
        """Large or disputed: other people must review it."""
        return EXPERT in routes(self.findings)

    @property
    def is_duplicate(self) -> bool:
        """Is the same contract registered already?"""
        return self.has(DUPLICATE)

    def has(self, code: str) -> bool:
        """Is there a finding of this code?"""
        return any(finding.code == code for finding in self.findings)

    def refuse_errors(self) -> None:
        """Refuse content with an error, naming all of them."""
        if wrong := blocking(self.findings):
            errors = [FieldError(finding.pointer, finding.code, f"{finding.zh} {finding.en}") for finding in wrong]
            raise Invalid("There are findings that must be mended first.", errors=errors)

    def shown(self) -> dict[str, Any]:
        """All findings and what they mean, in the shape of the wire."""
        return {
            "findings": [shown(finding) for finding in self.findings],
            "acceptable": not blocking(self.findings),
            "needs_experts": self.needs_experts,
            "needs_second_person": SECOND_PERSON in routes(self.findings),
        }


def shown(finding: Finding) -> dict[str, Any]:
    """One finding as the wire and the file have it."""
    names = ("code", "severity", "pointer", "zh", "en", "rule", "source", "route")
    return {name: getattr(finding, name) for name in names}


def route(unit: Unit, flag: str) -> str | None:
    """What a flag asks for today, `second_person` or `expert`; None: nothing more."""
    basis = rules(unit).find(f"flag.{flag.replace('-', '_')}", today())
    return basis.value if basis is not None and basis.value in (SECOND_PERSON, EXPERT) else None


def review(
    unit: Unit,
    content: Mapping[str, Any],
    facts: Mapping[str, Any],
    on: date,
    case: Mapping[str, Any] | None = None,
) -> Review:
    """Everything to be said of a contract that a clerk registers at the counter, or of one with a `case` that changes."""
    return Review(facts, findings(unit, content, facts, attachments=None, on=on, case=case))


def claimed(
    unit: Unit,
    content: Mapping[str, Any],
    *,
    office: str | None,
    applicant: str | None,
    attachments: Collection[str],
    on: date,
    case: Mapping[str, Any] | None = None,
) -> Review:
    """Everything to be said of an application's content, as far as it is filled in."""
    contract = bare(content)
    grounds = gather(unit, [contract], [office] if office else [])
    facts, wrong = facts_of(contract, grounds)
    chosen = grounds.organisations.get(office) if office else None
    wrong += _wrong_office(unit, chosen, facts, wrong)
    found = findings(unit, content, facts, attachments=attachments, on=on, wrong=wrong, applicant=applicant, case=case)
    return Review(facts, found)


def _wrong_office(
    unit: Unit, office: Mapping[Any, Any] | None, facts: Mapping[str, Any], wrong: Sequence[FieldError]
) -> list[FieldError]:
    if office is None or office["role"] != Role.OFFICE:
        return [FieldError("/office", "unknown-value", "The id of a registration office is needed.")]
    if office["id"] in (facts["seller_organisation"], facts["buyer_organisation"]):
        return [FieldError("/office", "own-office", "No office decides what it is a party to; choose another one.")]
    if any(error.pointer.startswith(("/seller", "/buyer")) for error in wrong):
        return []
    return outside_territory(facts, office["place"], tree(unit))
