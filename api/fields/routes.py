"""Fields of technology (技术领域), the cross-walks between schemes, and all other code lists."""

from __future__ import annotations

from typing import Any

from api.fields.schemas import (
    CodeListItem,
    CodeListOut,
    CrosswalkIn,
    CrosswalkOut,
    CrosswalksQuery,
    FieldItem,
    FieldOut,
    FieldsQuery,
    NewCrosswalkIn,
    SchemeItem,
)
from api.gate import allow, language, public
from api.routes import Created, Routes, Tagged, unless_matched
from market.access import Permission
from market.fields.actions import change_link, link_fields, remove_link
from market.fields.queries import (
    catalogue,
    code_lists,
    crosswalk,
    page_of_code_lists,
    page_of_crosswalks,
    page_of_fields,
    page_of_schemes,
)
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("fields")


@routes.list("/v1/schemes", item=SchemeItem)
@public
def list_schemes(unit: Unit, query: dict[str, Any]) -> Page:
    """The classification schemes, their editions and what is unverified in them."""
    page = page_of_schemes(unit, **query)
    return Page([{**row, "name": row[f"name_{language()}"]} for row in page.rows], page.next)


@routes.list("/v1/fields", item=FieldItem, query=FieldsQuery)
@public
def list_fields(unit: Unit, query: dict[str, Any]) -> Page:
    """Fields by tag."""
    page = page_of_fields(unit, **query)
    return Page([field.facts(language()) for field in page.rows], page.next)


@routes.get("/v1/fields/<tag>", reply=FieldOut)
@public
def show_field(unit: Unit, tag: str) -> dict[str, Any]:
    """One field with its ancestors, children and cross-walks; an alias leads to its field."""
    return catalogue(unit).portrait(tag, language())


@routes.list("/v1/crosswalks", item=CrosswalkOut, query=CrosswalksQuery)
@public
def list_crosswalks(unit: Unit, query: dict[str, Any]) -> Page:
    """Cross-walks between schemes."""
    return page_of_crosswalks(unit, **query)


@routes.create("/v1/crosswalks", body=NewCrosswalkIn, reply=CrosswalkOut)
@allow(Permission.EDIT_CROSSWALKS)
def add_crosswalk(unit: Unit, body: dict[str, Any]) -> Created:
    """Link two fields of different schemes."""
    row = link_fields(unit, body)
    return Created(row, f"/v1/crosswalks/{row['from_tag']}/{row['to_tag']}")


@routes.get("/v1/crosswalks/<from_tag>/<to_tag>", reply=CrosswalkOut)
@public
def show_crosswalk(unit: Unit, from_tag: str, to_tag: str) -> Any:
    """One cross-walk."""
    return crosswalk(unit, from_tag, to_tag)


@routes.change("/v1/crosswalks/<from_tag>/<to_tag>", method="PUT", body=CrosswalkIn, reply=CrosswalkOut)
@allow(Permission.EDIT_CROSSWALKS)
def put_crosswalk(unit: Unit, from_tag: str, to_tag: str, body: dict[str, Any], expected: int | None) -> Any:
    """Say anew what the second field is to the first."""
    return change_link(unit, from_tag, to_tag, body, expected)


@routes.change("/v1/crosswalks/<from_tag>/<to_tag>", method="DELETE", reply=CrosswalkOut)
@allow(Permission.EDIT_CROSSWALKS)
def delete_crosswalk(unit: Unit, from_tag: str, to_tag: str, expected: int | None) -> Any:
    """Remove a cross-walk; a later load of the shipped data does not bring it back. Answers its last version."""
    return remove_link(unit, from_tag, to_tag, expected)


@routes.list("/v1/code-lists", item=CodeListItem)
@public
def list_code_lists(unit: Unit, query: dict[str, Any]) -> Page:
    """The code lists, each with its loaded version."""
    return page_of_code_lists(unit, **query)


@routes.get("/v1/code-lists/<name>", reply=CodeListOut)
@public
def show_code_list(unit: Unit, name: str) -> Tagged:
    """A whole code list in its own order."""
    found = code_lists(unit).whole(name)
    tag = f'"{found.digest[:16]}-{language()}"'
    unless_matched(tag)
    return Tagged(found.portrait(language()), tag)
