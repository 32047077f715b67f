"""Places (行政区划): the tree that every filter and roll-up by region goes along."""

from __future__ import annotations

from typing import Any

from api.gate import language, public
from api.places.schemas import PlaceItem, PlaceOut, PlacesQuery
from api.routes import Routes
from market.places.queries import page_of_places, tree
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("places")


@routes.list("/v1/places", item=PlaceItem, query=PlacesQuery)
@public
def list_places(unit: Unit, query: dict[str, Any]) -> Page:
    """Places by code.

    The provinces, the prefectures, and the leagues and banners of Inner Mongolia; past codes by `year`.
    """
    page = page_of_places(unit, **query)
    return Page([place.facts(language()) for place in page.rows], page.next)


@routes.get("/v1/places/<code>", reply=PlaceOut)
@public
def show_place(unit: Unit, code: str) -> dict[str, Any]:
    """One place with its ancestors, children and history."""
    return tree(unit).portrait(code, language())
