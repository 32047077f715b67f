"""Organisations and keys: how one joins, who one is, and the keys one calls with."""

from __future__ import annotations

from typing import Any

from api.gate import allow, public
from api.organisations.schemas import (
    ApplicationIn,
    ApplicationOut,
    ApplicationReceipt,
    ApplicationsQuery,
    ApprovalIn,
    ClaimIn,
    KeyIn,
    KeyIssued,
    KeyOut,
    KeysQuery,
    MemberIn,
    MemberOut,
    MeOut,
    OrganisationOut,
    RefusalIn,
)
from api.routes import Created, Routes
from market.access import Permission
from market.organisations import actions, queries
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("organisations")


@routes.create(
    "/v1/organisations/applications",
    body=ApplicationIn,
    reply=ApplicationReceipt,
    secret=True,
    judge=actions.judge_application,
)
@public
def apply_to_join(unit: Unit, body: dict[str, Any]) -> Created:
    """Apply to join the market.

    The answer holds a claim code, shown once. An office or administrator decides, and sets role and place; then
    the claim code is exchanged for the first key.
    """
    row, claim_code = actions.apply(unit, body)
    return Created({**row, "claim_code": claim_code}, f"/v1/organisations/applications/{row['id']}")


@routes.list("/v1/organisations/applications", item=ApplicationOut, query=ApplicationsQuery)
@allow(Permission.REVIEW_APPLICATIONS)
def list_applications(unit: Unit, query: dict[str, Any]) -> Page:
    """Applications, newest first: an office sees those that claim a place of its territory."""
    return queries.page_of_applications(unit, **query)


@routes.get("/v1/organisations/applications/<application>", reply=ApplicationOut)
@allow(Permission.REVIEW_APPLICATIONS)
def show_application(unit: Unit, application: str) -> Any:
    """One application."""
    return queries.application(unit, application)


@routes.change("/v1/organisations/applications/<application>/approve", body=ApprovalIn, reply=ApplicationOut)
@allow(Permission.REVIEW_APPLICATIONS)
def approve_application(unit: Unit, application: str, body: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Approve an application and enrol the organisation.

    An office gives the roles one may apply for, in a place of its territory; an administrator any.
    """
    return actions.approve(unit, application, body, expected)


@routes.change("/v1/organisations/applications/<application>/refuse", body=RefusalIn, reply=ApplicationOut)
@allow(Permission.REVIEW_APPLICATIONS)
def refuse_application(unit: Unit, application: str, body: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Refuse an application, with the reason."""
    return actions.refuse(unit, application, body["reason"], expected)


@routes.create("/v1/organisations/applications/<application>/claim", body=ClaimIn, reply=KeyIssued, secret=True)
@public
def claim_first_key(unit: Unit, application: str, body: dict[str, Any]) -> Created:
    """Exchange the claim code of an approved application for the first key.

    Works once and within 30 days of the approval. A wrong code and an unknown application are answered alike; ten
    wrong codes block the claim.
    """
    return _issued(actions.claim(unit, application, body["claim_code"]))


@routes.get("/v1/organisations/<organisation>", reply=OrganisationOut)
@public
def show_organisation(unit: Unit, organisation: str) -> dict[str, Any]:
    """One organisation; its details for itself, offices and administrators."""
    return queries.described(unit, organisation)


@routes.get("/v1/me", reply=MeOut)
@allow(Permission.IDENTIFY)
def show_me(unit: Unit) -> dict[str, Any]:
    """Who your key makes you, and what it may do."""
    return queries.introduce(unit)


@routes.create("/v1/keys", body=KeyIn, reply=KeyIssued, secret=True)
@allow(Permission.MANAGE_OWN_KEYS)
def issue_key(unit: Unit, body: dict[str, Any]) -> Created:
    """Issue another key of your organisation, as wide as the asking key or narrower; it is shown once."""
    return _issued(actions.issue_own_key(unit, **body))


@routes.list("/v1/keys", item=KeyOut, query=KeysQuery)
@allow(Permission.MANAGE_OWN_KEYS)
def list_keys(unit: Unit, query: dict[str, Any]) -> Page:
    """The keys of your organisation, newest first, ended ones included."""
    return queries.page_of_keys(unit, **query)


@routes.get("/v1/keys/<key>", reply=KeyOut)
@allow(Permission.MANAGE_OWN_KEYS)
def show_key(unit: Unit, key: str) -> Any:
    """One key, without its secret."""
    return queries.key(unit, key)


@routes.change("/v1/keys/<key>/revoke", reply=KeyOut)
@allow(Permission.MANAGE_OWN_KEYS)
def revoke_key(unit: Unit, key: str, expected: int | None) -> dict[str, Any]:
    """Revoke a key at once and for ever: your organisation's, or any as administrator."""
    return actions.revoke_key(unit, key, expected)


@routes.create("/v1/members", body=MemberIn, reply=MemberOut)
@allow(Permission.MANAGE_OWN_KEYS)
def add_member(unit: Unit, body: dict[str, Any]) -> Created:
    """Take a person on as a member of your organisation.

    Then issue a key that names them. Only by a key that names no member, such as the first one: so nobody makes a second
    person of themselves.
    """
    row = actions.add_own_member(unit, **body)
    return Created(row, f"/v1/members/{row['id']}")


@routes.list("/v1/members", item=MemberOut)
@allow(Permission.MANAGE_OWN_KEYS)
def list_members(unit: Unit, query: dict[str, Any]) -> Page:
    """The members of your organisation, newest first, those who left included."""
    return queries.page_of_members(unit, **query)


@routes.get("/v1/members/<member>", reply=MemberOut)
@allow(Permission.MANAGE_OWN_KEYS)
def show_member(unit: Unit, member: str) -> Any:
    """One member of your organisation."""
    return queries.member(unit, member)


@routes.change("/v1/members/<member>/end", reply=MemberOut)
@allow(Permission.MANAGE_OWN_KEYS)
def end_member(unit: Unit, member: str, expected: int | None) -> dict[str, Any]:
    """A member leaves; every key that names them is revoked at once."""
    return actions.end_member(unit, member, expected)


def _issued(row: dict[str, Any]) -> Created:
    return Created(row, f"/v1/keys/{row['id']}")
