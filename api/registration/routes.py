"""Routes of the register: registering, recording, changing, ending and reading contracts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from api.gate import allow
from api.registration.lineage_schemas import LineageOut
from api.registration.schemas import (
    AuditIn,
    AuditOut,
    CancellationIn,
    CancellationRequestIn,
    CaseStateOut,
    ChangeIn,
    ContractOut,
    ContractQuery,
    CounterContractIn,
    DecisionIn,
    DroppingIn,
    IncomeIn,
    IncomeOut,
    OutsideContractIn,
    PerformanceOut,
    PerformanceQuery,
    ProposalIn,
    RejectionIn,
    RevocationIn,
    VersionItemOut,
    VersionOut,
    WordsToActIn,
)
from api.routes import Created, Routes
from market.access import Permission
from market.contracts.queries import by_id, by_number, by_outside_id, one, page_of_contracts, shown
from market.examination import actions as examination
from market.registration import actions, income, performance, requests
from market.registration.entries import judge_parts
from market.registration.lineage import lineage
from market.registration.versions import page_of_versions, version_of
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("registration")

Row = Mapping[str, Any]


@routes.create("/v1/contracts", body=CounterContractIn, reply=ContractOut, judge=judge_parts)
@allow(Permission.REGISTER_CONTRACT)
def register_contract(unit: Unit, body: dict[str, Any]) -> Created:
    """Register a contract (登记) at once, if one person may decide it

    Gives the 16-digit number; the day is today. The seller, for a technology import the domestic buyer, must sit in the office's
    territory. What is large, disputed or flagged is refused (409 `needs-application`): the applicant applies at
    `/v1/applications`.
    """
    row = actions.register(unit, body)
    return Created(row, f"/v1/contracts/{row['number']}")


@routes.list("/v1/contracts", item=ContractOut, query=ContractQuery)
@allow(Permission.READ_CONTRACTS)
def list_contracts(unit: Unit, query: dict[str, Any]) -> Page:
    """Contracts the caller may see

    Own deals, an office's own entries; auditors see all, statisticians the coded data of all.
    """
    return page_of_contracts(unit, **query)


@routes.get("/v1/contracts/<number>", reply=ContractOut)
@allow(Permission.READ_CONTRACTS)
def get_contract(unit: Unit, number: str) -> Row:
    """One contract by its number"""
    return shown(one(unit, by_number(number)), unit.actor)


@routes.change("/v1/contracts/<number>/change", body=ChangeIn, reply=ContractOut)
@allow(Permission.REGISTER_CONTRACT)
def change_contract(unit: Unit, number: str, body: dict[str, Any], expected: int | None) -> Row:
    """Change a registered contract (变更登记)

    A new version under the same number; the figures follow at once. Only by the office that registered it.
    """
    return actions.change(unit, by_number(number), expected=expected, **body)


@routes.change("/v1/contracts/<number>/cancel", body=CancellationIn, reply=ContractOut)
@allow(Permission.REGISTER_CONTRACT)
def cancel_contract(unit: Unit, number: str, body: dict[str, Any], expected: int | None) -> Row:
    """Cancel a registration (注销) because the parties ended the contract

    As a party asked (`request-cancellation`), or asked on paper (`asked_by`). Final. The number stays and is never given again.
    """
    return actions.cancel(unit, by_number(number), expected=expected, **body)


@routes.change("/v1/contracts/<number>/revoke", body=WordsToActIn, reply=ContractOut)
@allow(Permission.REGISTER_CONTRACT)
def revoke_contract(unit: Unit, number: str, body: dict[str, Any], expected: int | None) -> Row:
    """Revoke a registration (撤销) for cause, as another person of the office proposed

    Two people: one proposes it (`propose-revocation`), another decides here. Final. The number stays and is never given again.
    """
    return actions.revoke(unit, by_number(number), expected=expected, **body)


@routes.create(
    "/v1/outside-contracts", body=OutsideContractIn, reply=ContractOut, judge=partial(judge_parts, act="outside")
)
@allow(Permission.REGISTER_CONTRACT)
def record_outside_contract(unit: Unit, body: dict[str, Any]) -> Created:
    """Record a contract that another office registered

    One of the parties must sit in the region. It counts as involved, output or absorbed, never as registered here.
    """
    row = actions.record_outside(unit, body)
    return Created(row, f"/v1/outside-contracts/{row['id']}")


@routes.get("/v1/outside-contracts/<contract_id>", reply=ContractOut)
@allow(Permission.READ_CONTRACTS)
def get_outside_contract(unit: Unit, contract_id: str) -> Row:
    """One recorded outside registration"""
    return shown(one(unit, by_outside_id(contract_id)), unit.actor)


@routes.change("/v1/outside-contracts/<contract_id>/change", body=ChangeIn, reply=ContractOut)
@allow(Permission.REGISTER_CONTRACT)
def change_outside_contract(unit: Unit, contract_id: str, body: dict[str, Any], expected: int | None) -> Row:
    """Change a recorded outside registration"""
    return actions.change(unit, by_outside_id(contract_id), expected=expected, **body)


@routes.change("/v1/outside-contracts/<contract_id>/cancel", body=CancellationRequestIn, reply=ContractOut)
@allow(Permission.REGISTER_CONTRACT)
def cancel_outside_contract(unit: Unit, contract_id: str, body: dict[str, Any], expected: int | None) -> Row:
    """Take a recorded outside registration off because it was cancelled there

    Final.
    """
    return actions.cancel(unit, by_outside_id(contract_id), expected=expected, **body)


@routes.change("/v1/outside-contracts/<contract_id>/revoke", body=RevocationIn, reply=ContractOut)
@allow(Permission.REGISTER_CONTRACT)
def revoke_outside_contract(unit: Unit, contract_id: str, body: dict[str, Any], expected: int | None) -> Row:
    """Take a recorded outside registration off for cause

    Final.
    """
    return actions.take_off(unit, by_outside_id(contract_id), expected=expected, **body)


@routes.change("/v1/applications/<case>/register", body=DecisionIn, reply=ContractOut)
@allow(Permission.EXAMINE)
def register_case(unit: Unit, case: str, body: dict[str, Any], expected: int | None) -> Row:
    """Register what an application asks for (予以登记)

    Gives the 16-digit number at this moment. Flagged cases need an endorsement before, large and disputed ones expert review.
    """
    made = actions.register_case(unit, case, expected=expected, **body)
    return shown(one(unit, by_id(made["contract_id"])), unit.actor)


@routes.change("/v1/applications/<case>/request-change", body=ChangeIn, reply=CaseStateOut)
@allow(Permission.APPLY)
def request_change(unit: Unit, case: str, body: dict[str, Any], expected: int | None) -> Row:
    """Ask the office to change a registration (申请变更)"""
    return requests.request_change(unit, case, expected, **body)


@routes.change("/v1/applications/<case>/approve-change", body=WordsToActIn, reply=ContractOut)
@allow(Permission.EXAMINE)
def approve_change(unit: Unit, case: str, body: dict[str, Any], expected: int | None) -> Row:
    """Make the requested change (准予变更): the next version under the same number"""
    changed = requests.approve_change(unit, case, expected, **body)
    return shown(one(unit, by_id(changed["contract_id"])), unit.actor)


@routes.change("/v1/applications/<case>/reject-change", body=RejectionIn, reply=CaseStateOut)
@allow(Permission.EXAMINE)
def reject_change(unit: Unit, case: str, body: dict[str, Any], expected: int | None) -> Row:
    """Turn a requested change down (驳回变更)"""
    return examination.reject_change(unit, case, expected, **body)


@routes.change("/v1/applications/<case>/request-cancellation", body=CancellationRequestIn, reply=CaseStateOut)
@allow(Permission.APPLY)
def request_cancellation(unit: Unit, case: str, body: dict[str, Any], expected: int | None) -> Row:
    """Ask the office to cancel a registration (申请注销), as seller or buyer

    The office cancels it (`/v1/contracts/{number}/cancel`) or turns it down.
    """
    return examination.request_cancellation(unit, case, expected, **body)


@routes.change("/v1/applications/<case>/reject-cancellation", body=RejectionIn, reply=CaseStateOut)
@allow(Permission.EXAMINE)
def reject_cancellation(unit: Unit, case: str, body: dict[str, Any], expected: int | None) -> Row:
    """Turn a request to cancel down (驳回注销申请)"""
    return examination.reject_cancellation(unit, case, expected, **body)


@routes.change("/v1/applications/<case>/propose-revocation", body=ProposalIn, reply=CaseStateOut)
@allow(Permission.EXAMINE)
def propose_revocation(unit: Unit, case: str, body: dict[str, Any], expected: int | None) -> Row:
    """Propose to revoke a registration (提议撤销)

    Another person of the office revokes it (`/v1/contracts/{number}/revoke`) or lets it drop. The parties are not told before.
    """
    return examination.propose_revocation(unit, case, expected, **body)


@routes.change("/v1/applications/<case>/drop-revocation", body=DroppingIn, reply=CaseStateOut)
@allow(Permission.EXAMINE)
def drop_revocation(unit: Unit, case: str, body: dict[str, Any], expected: int | None) -> Row:
    """Let a proposed revocation drop (撤回撤销提议)"""
    return examination.drop_revocation(unit, case, expected, **body)


@routes.list("/v1/contracts/<number>/versions", item=VersionItemOut)
@allow(Permission.READ_CONTRACTS)
def list_versions(unit: Unit, number: str, query: dict[str, Any]) -> Page:
    """Every version of a contract, and why there is another one"""
    return page_of_versions(unit, number, **query)


@routes.get("/v1/contracts/<number>/versions/<version>", reply=VersionOut)
@allow(Permission.READ_CONTRACTS)
def get_version(unit: Unit, number: str, version: str) -> Row:
    """A contract as it stood in one version"""
    return version_of(unit, number, version)


@routes.get("/v1/contracts/<number>/lineage", reply=LineageOut, snapshot=True)
@allow(Permission.READ_CONTRACTS)
def get_lineage(unit: Unit, number: str) -> Row:
    """Where a contract came from: demand, match, interest, talks; and what became of it

    The listings it names in the versions the talks began with, the match with its reasons, the steps of the talks, the
    contract, its changes. What was said in the talks is not told.
    """
    return lineage(unit, number)


@routes.create("/v1/contracts/<number>/income", body=IncomeIn, reply=IncomeOut)
@allow(Permission.REGISTER_CONTRACT)
def approve_income(unit: Unit, number: str, body: dict[str, Any]) -> Created:
    """Approve technical income after performance (技术性收入核定)

    At most what was paid, and in sum at most the technology amount.
    """
    return Created(income.approve_income(unit, number, **body), f"/v1/contracts/{number}/income")


@routes.list("/v1/contracts/<number>/income", item=IncomeOut)
@allow(Permission.READ_CONTRACTS)
def list_income(unit: Unit, number: str, query: dict[str, Any]) -> Page:
    """Technical income of a contract, entry by entry"""
    return income.page_of_income(unit, number, **query)


@routes.create("/v1/contracts/<number>/audits", body=AuditIn, reply=AuditOut)
@allow(Permission.AUDIT_CONTRACTS)
def record_audit(unit: Unit, number: str, body: dict[str, Any]) -> Created:
    """Record what an audit of a registration came to (监督检查)"""
    return Created(performance.record_audit(unit, number, **body), f"/v1/contracts/{number}/audits")


@routes.list("/v1/contracts/<number>/audits", item=AuditOut)
@allow(Permission.SEE_PERFORMANCE)
def list_audits(unit: Unit, number: str, query: dict[str, Any]) -> Page:
    """The audits of a registration"""
    return performance.page_of_audits(unit, number, **query)


@routes.get("/v1/desk/performance", reply=PerformanceOut, query=PerformanceQuery, snapshot=True)
@allow(Permission.SEE_PERFORMANCE)
def get_performance(unit: Unit, query: dict[str, Any]) -> Row:
    """How the offices do: growth and quality beside each other

    Applications, on-time share, returns, refusals, value, corrections, revocations and what audits found. An office sees itself.
    """
    return performance.performance(unit, **query)
