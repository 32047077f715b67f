"""Contracts of the yardstick: register one, roll up deals with a GROUP BY."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import date
from typing import Any

import pycountry
from flask import Blueprint, Response, abort, g, request
from marshmallow import ValidationError
from sqlalchemy import extract, func, select
from sqlalchemy.exc import IntegrityError
from stdnum.cn import uscc

from bench.yardstick.model import Contract, Demand, OfficeCounter, Organisation
from bench.yardstick.reference import Reference, allow, created, now, reference, tagged, today
from bench.yardstick.schemas import ContractIn, ContractOut, DealsQuery, yuan

HOME = "150000"
SMALL_CELL = 3
CODED = ("ip_type", "plan_source", "socio_economic_objective", "payment_mode")
BASES = {
    "output": Contract.seller_province == HOME,
    "absorbed": Contract.buyer_province == HOME,
    "internal": (Contract.seller_province == HOME) & (Contract.buyer_province == HOME),
    "involved": (Contract.seller_province == HOME) | (Contract.buyer_province == HOME),
}
DIMENSIONS = {
    "seller_league": Contract.seller_league,
    "buyer_league": Contract.buyer_league,
    "contract_type": Contract.contract_type,
    "field": Contract.field,
    "month": extract("month", Contract.registered_on),
}

blueprint = Blueprint("contracts", __name__)
contract_in, contract_out, deals_query = ContractIn(), ContractOut(), DealsQuery()


@blueprint.post("/v1/contracts")
def register() -> Response:
    """Register a contract at the caller's office."""
    allow("office")
    body = contract_in.load(request.get_json())
    errors = check(body)
    columns = {}
    for side in ("seller", "buyer"):
        columns |= party_columns(reference(), organisation_facts, side, body.pop(side), errors)
    applicant = "seller" if columns["seller_country"] == "CN" else "buyer"
    if columns["seller_name"] == columns["buyer_name"]:
        errors["buyer"] = ["the same as the seller"]
    if g.caller.place not in reference().places.above.get(columns[f"{applicant}_place"], ()):
        errors[applicant] = ["outside the office's territory"]
    if errors:
        raise ValidationError(errors)
    day = today()
    contract = Contract(
        **body,
        **columns,
        id=f"con_{secrets.token_hex(13)}",
        number=take_number(day.year),
        office=g.caller,
        registered_on=day,
        state="registered",
        fingerprint=fingerprint(body, columns),
        recorded_at=now(),
    )
    g.session.add(contract)
    try:
        g.session.commit()
    except IntegrityError:
        g.session.rollback()
        abort(409)
    return created(contract_out.dump(contract), f"/v1/contracts/{contract.number}")


def check(body: dict[str, Any]) -> dict[str, Any]:
    """What is wrong outside the parties."""
    known = reference()
    errors: dict[str, Any] = {}
    kind, subtype = body["contract_type"], body["contract_subtype"]
    if kind != "CONSULT" and subtype is None:
        errors["contract_subtype"] = ["needed"]
    elif subtype is not None and known.codes.get(("contract_type", subtype)) != kind:
        errors["contract_subtype"] = ["not of this type"]
    if body["field"] not in known.fields or not body["field"].startswith("contract:"):
        errors["field"] = ["unknown"]
    for name in CODED:
        if body[name] is not None and (name, body[name]) not in known.codes:
            errors[name] = ["unknown"]
    if body["served_industry"] is not None and ("industry", body["served_industry"]) not in known.codes:
        errors["served_industry"] = ["unknown"]
    if body["tech_amount"] > body["total_amount"]:
        errors["tech_amount"] = ["above the total"]
    if body["signed_on"] > today():
        errors["signed_on"] = ["in the future"]
    if body["valid_to"] < body["valid_from"]:
        errors["valid_to"] = ["before valid_from"]
    elif not body["valid_from"] <= today() <= body["valid_to"]:
        errors["valid_from"] = ["not in force"]
    if body["demand_id"] and g.session.get(Demand, body["demand_id"]) is None:
        errors["demand"] = ["unknown"]
    return errors


def organisation_facts(organisation_id: str) -> dict[str, Any] | None:
    """What a contract keeps of a registered organisation."""
    found = g.session.get(Organisation, organisation_id)
    return found and {name: getattr(found, name) for name in ("name", "credit_code", "country", "place", "nature")}


def party_columns(
    known: Reference,
    find: Callable[[str], dict[str, Any] | None],
    side: str,
    party: dict[str, Any],
    errors: dict[str, Any],
) -> dict[str, Any]:
    """The columns of one party; what is wrong is put into `errors`."""
    if party["organisation"]:
        facts = find(party["organisation"])
        if facts is None:
            errors[side] = {"organisation": ["unknown"]}
            facts = {"name": "", "credit_code": None, "country": "CN", "place": None, "nature": None}
    else:
        facts = party
        wrong = {}
        if not facts["name"]:
            wrong["name"] = ["needed"]
        if facts["credit_code"] and facts["country"] == "CN" and not uscc.is_valid(facts["credit_code"]):
            wrong["credit_code"] = ["wrong check digit"]
        if facts["country"] is None:
            wrong["country"] = ["needed"]
        elif pycountry.countries.get(alpha_2=facts["country"]) is None:
            wrong["country"] = ["unknown"]
        if facts["place"] is not None and facts["place"] not in known.places:
            wrong["place"] = ["unknown"]
        if facts["nature"] is not None and ("party_nature", facts["nature"]) not in known.codes:
            wrong["nature"] = ["unknown"]
        if wrong:
            errors[side] = wrong
    return {
        f"{side}_organisation": party["organisation"],
        f"{side}_name": facts["name"],
        f"{side}_code": facts["credit_code"],
        f"{side}_country": facts["country"],
        f"{side}_place": facts["place"],
        f"{side}_nature": facts["nature"],
        f"{side}_league": bucket(known, facts["country"], facts["place"], "prefecture"),
        f"{side}_province": bucket(known, facts["country"], facts["place"], "province"),
    }


def bucket(known: Reference, country: str, place: str | None, level: str) -> str:
    """Where a party is counted at a level."""
    if country != "CN":
        return "abroad"
    return (known.at_level(place, level) if place in known.places else None) or "unspecified"


def take_number(year: int) -> str:
    """The office's next number, under the lock of its counter."""
    counter = g.session.get(OfficeCounter, (g.caller.id, year), with_for_update=True)
    if counter is None:
        counter = OfficeCounter(office_id=g.caller.id, year=year, last=0)
        g.session.add(counter)
    counter.last += 1
    return f"{year}{g.caller.number_prefix}{counter.last:06d}"


def fingerprint(body: dict[str, Any], columns: dict[str, Any]) -> str:
    """What makes a contract the same contract."""
    parts = [
        columns[f"{side}_code"] or f"{columns[f'{side}_country']} {columns[f'{side}_name'].strip().lower()}"
        for side in ("seller", "buyer")
    ]
    if body["contract_no"]:
        parts.append(body["contract_no"])
    else:
        parts += [body["signed_on"].isoformat(), body["project_name"].strip().lower(), str(body["total_amount"])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@blueprint.get("/v1/statistics/deals")
def deals() -> Response:
    """Deal count and value of a year."""
    query = deals_query.load(request.args)
    names = [name for name in query["by"].split(",") if name]
    if len(names) > 3 or any(name not in DIMENSIONS for name in names):
        raise ValidationError("up to three known dimensions", "by")
    year = query["period"]
    columns = [DIMENSIONS[name].label(name) for name in names]
    statement = (
        select(*columns, func.count(), func.sum(Contract.total_amount), func.sum(Contract.tech_amount))
        .where(
            Contract.state == "registered",
            Contract.registered_on.between(date(year, 1, 1), date(year, 12, 31)),
            BASES[query["basis"]],
        )
        .group_by(*columns)
        .order_by(*columns)
    )
    everything = g.caller is not None and g.caller.role in ("office", "statistician", "auditor")
    labels = reference().names
    groups = []
    totals = [0, 0, 0]
    for row in g.session.execute(statement):
        figures = [int(value) for value in row[len(names) :]]
        totals = [total + figure for total, figure in zip(totals, figures, strict=True)]
        key = dict(zip(names, row, strict=False))
        if "month" in key:
            key["month"] = f"{year}-{int(key['month']):02d}"
        label = {name: labels.get(code, code) for name, code in key.items()}
        groups.append({"key": key, "label": label, **measured(figures, everything)})
    return tagged(
        {
            "period": {"first": f"{year}-01", "last": f"{year}-12"},
            "previous_period": None,
            "to_date": False,
            "like": None,
            "basis": query["basis"],
            "region": {"code": HOME, "name": labels[HOME]},
            "by": names,
            "filters": {},
            "compare": None,
            "definition": f"Technology contracts registered in {year}, {query['basis']} of {labels[HOME]}, each once.",
            "definition_version": 1,
            "as_of": {"seq": None, "instant": now().isoformat()},
            "suppressed_below": None if everything else SMALL_CELL,
            "synthetic": True,
            "synthetic_note": "Invented contracts.",
            "additive": True,
            "overlap": None,
            "totals": measured(totals, everything),
            "groups": groups,
        }
    )


def measured(figures: list[int], everything: bool) -> dict[str, Any]:
    """The measures of a cell; the public sees no amounts of a small one."""
    deals, total, tech = figures
    withheld = 0 < deals < SMALL_CELL and not everything
    return {
        "deals": deals,
        "total_amount": None if withheld else yuan(total),
        "tech_amount": None if withheld else yuan(tech),
        "suppressed": withheld,
        "previous": None,
        "growth": None,
    }
