"""Demands of the yardstick: read one, list by tag and place, post."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, g, request
from marshmallow import ValidationError
from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from bench.yardstick.model import Demand, DemandTag
from bench.yardstick.reference import allow, created, now, reference, tagged, today
from bench.yardstick.schemas import DemandIn, DemandList, DemandOut

blueprint = Blueprint("demands", __name__)
demand_in, demand_out, demand_list = DemandIn(), DemandOut(), DemandList()


def shown(demand: Demand) -> dict[str, Any]:
    """What the caller may see of a demand."""
    body = demand_out.dump(demand)
    mine = g.caller is not None and (g.caller.id == demand.owner_id or g.caller.role == "administrator")
    if not mine:
        body["contact"] = None
        if demand.anonymous:
            body["owner"] = None
            body["attachments"] = []
            body["place"] = reference().at_level(demand.place, "prefecture")
    return body


@blueprint.get("/v1/demands/<demand_id>")
def read(demand_id: str) -> Response:
    """One demand."""
    demand = g.session.get(Demand, demand_id, options=[joinedload(Demand.owner), selectinload(Demand.tags)])
    if demand is None:
        abort(404)
    mine = g.caller is not None and g.caller.id == demand.owner_id
    if demand.state != "published" and not mine:
        abort(404)
    return tagged(shown(demand))


@blueprint.get("/v1/demands")
def listed() -> Response:
    """Published demands, the newest first."""
    query = demand_list.load(request.args)
    statement = (
        select(Demand)
        .where(Demand.state == "published", or_(Demand.valid_until.is_(None), Demand.valid_until >= today()))
        .options(joinedload(Demand.owner), selectinload(Demand.tags))
        .order_by(Demand.published_at.desc(), Demand.id.desc())
    )
    known = reference()
    if query["field"]:
        if query["field"] not in known.fields:
            raise ValidationError("unknown", "field")
        statement = statement.where(Demand.tags.any(DemandTag.tag.in_(known.fields.within[query["field"]])))
    if query["place"]:
        if query["place"] not in known.places:
            raise ValidationError("unknown", "place")
        statement = statement.where(Demand.place.in_(known.places.within[query["place"]]))
        if known.levels[query["place"]] == "county":
            statement = statement.where(Demand.anonymous.is_(False))
    if query["cursor"]:
        at, _, last = query["cursor"].partition("_")
        after = tuple_(datetime.fromisoformat(at), last)
        statement = statement.where(tuple_(Demand.published_at, Demand.id) < after)
    demands = g.session.scalars(statement.limit(query["limit"] + 1)).all()
    page = demands[: query["limit"]]
    following = f"{page[-1].published_at.isoformat()}_{page[-1].id}" if len(demands) > len(page) else None
    return tagged({"items": [shown(demand) for demand in page], "next": following})


@blueprint.post("/v1/demands")
def post() -> Response:
    """A new demand."""
    allow("enterprise", "university", "broker")
    body = demand_in.load(request.get_json())
    check(body)
    at = now()
    publish = body.pop("publish")
    tags = reference().fields.without_ancestors(body.pop("fields"))
    demand = Demand(
        id=f"dem_{secrets.token_hex(13)}",
        state="published" if publish else "draft",
        owner=g.caller,
        created_at=at,
        updated_at=at,
        published_at=at if publish else None,
        tags=[DemandTag(tag=tag, position=position) for position, tag in enumerate(tags)],
        **body,
    )
    g.session.add(demand)
    g.session.commit()
    return created(shown(demand), f"/v1/demands/{demand.id}")


def check(body: dict[str, Any]) -> None:
    """Refuse unknown codes and what contradicts itself; the owner's place stands in for none."""
    known = reference()
    errors = {}
    if any(tag not in known.fields for tag in body["fields"]):
        errors["fields"] = ["unknown"]
    if body["place"] is None:
        body["place"] = g.caller.place
    elif body["place"] not in known.places:
        errors["place"] = ["unknown"]
    if any(("cooperation_mode", mode) not in known.codes for mode in body["modes"]):
        errors["modes"] = ["unknown"]
    if body["ip_ownership"] is not None and ("ip_ownership", body["ip_ownership"]) not in known.codes:
        errors["ip_ownership"] = ["unknown"]
    if body["budget"] is not None and body["negotiable"]:
        errors["negotiable"] = ["either an amount or negotiable"]
    if body["valid_until"] and body["valid_until"] < today():
        errors["valid_until"] = ["in the past"]
    if body["needed_by"] and body["needed_by"] < today():
        errors["needed_by"] = ["in the past"]
    if errors:
        raise ValidationError(errors)
