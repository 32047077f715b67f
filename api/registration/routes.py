"""Routes of the register: registering, recording, changing, ending and reading contracts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from api.gate import allow
from api.registration.schemas import (
    CancellationIn,
    ChangeIn,
    ContractIn,
    ContractOut,
    ContractQuery,
    OutsideContractIn,
    RevocationIn,
)
from api.routes import Created, Routes
from market.access import Permission
from market.contracts.queries import by_number, by_outside_id, one, page_of_contracts, shown
from market.registration import actions
from market.registration.entries import judge_parts
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("registration")

Row = Mapping[str, Any]


@routes.create("/v1/contracts", body=ContractIn, reply=ContractOut, judge=judge_parts)
@allow(Permission.REGISTER_CONTRACT)
def register_contract(unit: Unit, body: dict[str, Any]) -> Created:
    """Register a contract (登记)

    Gives the 16-digit number; the day is today. The seller, for a technology import the domestic buyer, must sit in the office's
    territory.
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

    Final. The number stays and is never given again.
    """
    return actions.cancel(unit, by_number(number), expected=expected, **body)


@routes.change("/v1/contracts/<number>/revoke", body=RevocationIn, reply=ContractOut)
@allow(Permission.REGISTER_CONTRACT)
def revoke_contract(unit: Unit, number: str, body: dict[str, Any], expected: int | None) -> Row:
    """Revoke a registration (撤销) for cause

    Final. The number stays and is never given again.
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


@routes.change("/v1/outside-contracts/<contract_id>/cancel", body=CancellationIn, reply=ContractOut)
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
    return actions.revoke(unit, by_outside_id(contract_id), expected=expected, **body)
