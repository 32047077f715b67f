"""The synthetic demo market, made from a seed: organisations, listings and contracts, no database.

Use it through `generate`. Names are visibly artificial (示例企业0001) and credit codes carry an area code that does not
exist, so that no real organisation is party to an invented record. Per year and basis the contracts hit `targets.csv`
to the fen, whose `status` says what is official (output and absorbed of each year, involved of 2018), what was derived from
it, and what is invented (internal, and so involved, after 2018). Everything finer (`shares.csv`, `subjects.csv`) is invented.
Only integers decide, so a seed gives the same market on every machine.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from random import Random

from market.reference.files import objects
from market.sample.parties import HERE, Organisation, Party, Shares, World, table
from market.store.types import fen

SEED = 2018
YEARS = (2017, 2018)

_ACHIEVEMENTS, _DEMANDS = 300, 80
_LEAST = 2_000_00
_YUAN = 100
_CONTACT = {"name": "示例联系人", "phone": "0471-0000000", "email": "contact@example.invalid"}


@dataclass(frozen=True, slots=True)
class OutsideRegistration:
    """The registration given by an office outside the region."""

    number: str
    office: str
    registered_on: date


@dataclass(frozen=True, slots=True)
class Contract:
    """A technology contract. `office` is the key of the registering organisation, None when recorded from outside."""

    act: str
    office: str | None
    outside: OutsideRegistration | None
    registered_on: date
    contract_no: str
    project_name: str
    contract_type: str
    contract_subtype: str | None
    seller: Party
    buyer: Party
    total_amount: int
    tech_amount: int
    signed_on: date
    valid_from: date
    valid_to: date
    field: str
    ip_type: str
    plan_source: str
    served_industry: str
    socio_economic_objective: str
    payment_mode: str


@dataclass(frozen=True, slots=True)
class Listing:
    """An achievement (科技成果) or a demand (技术需求).

    `owner` is an organisation's key, `amount` the price or budget in fen.
    """

    kind: str
    owner: str
    title: str
    summary: str
    fields: tuple[str, ...]
    keywords: tuple[str, ...]
    place: str
    modes: tuple[str, ...]
    maturity: int
    amount: int | None
    negotiable: bool
    valid_until: date | None
    contact: dict[str, str]
    anonymous: bool


@dataclass(frozen=True, slots=True)
class Market:
    """The whole sample; contracts are in registration order.

    `demo` gives for each role the key of the organisation that plays it.
    """

    organisations: tuple[Organisation, ...]
    demo: dict[str, str]
    listings: tuple[Listing, ...]
    contracts: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """What the contracts of one year and one flow must come to."""

    deals: int
    total_amount: int


def generate(seed: int = SEED, years: Sequence[int] = YEARS) -> Market:
    """The sample market of `years`. A year's contracts do not depend on which other years are asked for."""
    world = World(seed)
    organisations = world.organisations
    demo: dict[str, str] = {}
    for organisation in organisations:
        demo.setdefault(organisation.role, organisation.key)
    contracts = [contract for year in sorted(years) for contract in _year(world, seed, year)]
    return Market(tuple(organisations), demo, tuple(_listings(world, seed)), tuple(contracts))


def known_years() -> frozenset[int]:
    """The years that `targets.csv` has figures of."""
    return frozenset(int(row["year"]) for row in table(HERE / "targets.csv"))


def flows(year: int) -> dict[str, Target]:
    """The three disjoint flows of a year: what is internal is both output and absorbed."""
    target = {
        row["basis"]: Target(int(row["deals"]), fen(Decimal(row["total_amount"])))
        for row in table(HERE / "targets.csv")
        if int(row["year"]) == year
    }
    internal = target["internal"]
    return {
        "internal": internal,
        **{
            basis: Target(target[basis].deals - internal.deals, target[basis].total_amount - internal.total_amount)
            for basis in ("output", "absorbed")
        },
    }


def _amounts(rng: Random, target: Target) -> list[int]:
    """Long-tailed amounts that add up to the target.

    Coin tosses, each multiplying by 3 or by 2, tend to a log-normal law. Most amounts are round to two to four digits;
    the largest contract takes up what the rounding left over.
    """
    tosses = 96
    heads = [rng.getrandbits(tosses).bit_count() for _ in range(target.deals)]
    weights: list[int] = [3**up * 2 ** (tosses - up) * rng.randrange(1000, 1500) for up in heads]
    whole = sum(weights)
    amounts = [max(_LEAST, _round(target.total_amount * weight // whole, rng)) for weight in weights]
    amounts[amounts.index(max(amounts))] += target.total_amount - sum(amounts)
    return amounts


def _round(amount: int, rng: Random) -> int:
    digits = rng.choice((2, 2, 2, 2, 2, 3, 3, 3, 4, 15))
    unit: int = 10 ** max(0, len(str(amount)) - digits)
    return (amount + unit // 2) // unit * unit


def _technical(rng: Random, total: int) -> int:
    """The technology amount (技术交易额): all of most small contracts; large ones carry equipment and material."""
    pure = 80 if total < 1_000_000 * _YUAN else 50 if total < 10_000_000 * _YUAN else 15
    if rng.randrange(100) < pure:
        return total
    part = total * rng.randrange(30, 70) // 100
    return part - part % (100 * _YUAN)


def _registration_day(rng: Random, shares: Shares, year: int) -> date:
    """A day of the year, late in it more often, a working day nearly always."""
    month = int(shares.pick(rng, "month"))
    while True:
        day = date(year, month, 1 + rng.randrange(monthrange(year, month)[1]))
        if day.weekday() < 5 or rng.randrange(20) == 0:
            return day


def _year(world: World, seed: int, year: int) -> list[Contract]:
    """The contracts of a year in registration order, numbered."""
    drafts: list[Contract] = []
    for flow, target in flows(year).items():
        rng = Random(f"{seed}/{year}/{flow}")
        drafts += [_draft(world, rng, year, flow, amount) for amount in _amounts(rng, target)]
    drafts.sort(key=lambda draft: draft.registered_on)
    serials: Counter[str] = Counter()
    contracts = []
    for number, draft in enumerate(drafts, 1):
        outside = None
        if draft.act == "outside":
            outside = _outside_registration(world, draft, serials)
        contracts.append(
            replace(
                draft,
                outside=outside,
                contract_no=f"SYN-{year}-{number:06d}",
                project_name=f"示例项目:{draft.project_name} {number:04d}",
            )
        )
    return contracts


def _outside_registration(world: World, draft: Contract, serials: Counter[str]) -> OutsideRegistration:
    """A registration by the seller's province, its number made of year, province, a test office and a serial from 900001."""
    place = draft.seller.place
    digits = "99" if place is None else place[:2]
    serials[digits] += 1
    return OutsideRegistration(
        number=f"{draft.registered_on.year}{digits}0099{900_000 + serials[digits]}",
        office=f"示例外省登记处-{'未注明' if place is None else world.short(place[:2] + '0000')}",
        registered_on=draft.registered_on,
    )


def _draft(world: World, rng: Random, year: int, flow: str, total: int) -> Contract:
    """One contract, not yet numbered."""
    shares = world.shares
    seller = world.outsider(rng, "seller") if flow == "absorbed" else world.insider(rng, "seller")
    buyer = world.outsider(rng, "buyer") if flow == "output" else world.insider(rng, "buyer")
    while buyer == seller:
        buyer = world.insider(rng, "buyer")
    origin = "absorbed" if flow == "absorbed" else "output"
    field = shares.pick(rng, "field", origin)
    contract_type = shares.pick(rng, "type", origin)
    subtype = shares.pick(rng, "subtype", contract_type) if contract_type != "CONSULT" else None
    registered_on = _registration_day(rng, shares, year)
    signed_on = registered_on - timedelta(days=rng.randrange(91))
    here = seller.inside or seller.foreign
    home = seller.place if seller.inside else buyer.place
    assert home is not None
    return Contract(
        act="registered" if here else "outside",
        office=f"office-{home[:4]}00" if here else None,
        outside=None,
        registered_on=registered_on,
        contract_no="",
        project_name=rng.choice(world.subjects[field]) + world.type_names[contract_type],
        contract_type=contract_type,
        contract_subtype=subtype,
        seller=seller,
        buyer=buyer,
        total_amount=total,
        tech_amount=_technical(rng, total),
        signed_on=signed_on,
        valid_from=signed_on,
        valid_to=registered_on + timedelta(days=30 + rng.randrange(1000)),
        field=f"contract:{field}",
        ip_type=shares.pick(rng, "ip_type", subtype if subtype and ("ip_type", subtype) in shares.weights else "other"),
        plan_source=shares.pick(rng, "plan_source"),
        served_industry=shares.pick(rng, "industry", field),
        socio_economic_objective=shares.pick(rng, "objective", field),
        payment_mode=shares.pick(rng, "payment_mode"),
    )


@dataclass(frozen=True, slots=True)
class _Text:
    """A real abstract that serves as an achievement's text."""

    title: str
    summary: str
    keywords: tuple[str, ...]
    fields: tuple[str, ...]


def _listings(world: World, seed: int) -> Iterable[Listing]:
    """Achievements of universities and institutes, then demands of enterprises that can be met by some of them."""
    rng = Random(f"{seed}/listings")
    texts = [
        _Text(row["title"], row["summary"], tuple(row["keywords"]), tuple(row["fields"]))
        for row in islice(objects("achievements_zh"), _ACHIEVEMENTS)
    ]
    owners = [organisation for organisation in world.organisations if organisation.role == "university"]
    clients = [organisation for organisation in world.organisations if organisation.role == "enterprise"]
    for text in texts:
        owner = rng.choice(owners)
        yield _listing(world, rng, "achievement", owner, text, anonymous=rng.randrange(15) == 0)
    for number in range(1, _DEMANDS + 1):
        text = _demand_text(world, rng, number, rng.choice(texts))
        yield _listing(world, rng, "demand", rng.choice(clients), text, anonymous=rng.randrange(6) == 0)


def _demand_text(world: World, rng: Random, number: int, near: _Text) -> _Text:
    """A demand in the field of `near`, sharing some of its keywords."""
    field = next(tag for tag in near.fields if tag.startswith("contract:")).removeprefix("contract:")
    subject = rng.choice(world.subjects[field])
    keywords = tuple(rng.sample(near.keywords, min(2, len(near.keywords))))
    aim = rng.choice(("降低成本", "提高效率", "稳定质量", "减少排放", "实现国产替代"))
    stage = rng.choice(("完成小试", "完成中试", "建成示范线", "形成可推广的技术规程"))
    title = f"示例需求{number:02d}:{subject}{rng.choice(('关键技术攻关', '技术改造', '成套技术引进', '联合研发'))}"
    summary = (
        f"本需求为合成示例。企业在{subject}中遇到技术难题,需要{'、'.join(keywords)}方面的成果或团队,目标是{aim},"
        f"希望合作方在协议期内{stage},并提供技术资料、人员培训和现场指导。"
    )
    return _Text(title, summary, (*keywords, subject), near.fields)


def _listing(world: World, rng: Random, kind: str, owner: Organisation, text: _Text, *, anonymous: bool) -> Listing:
    modes = {world.shares.pick(rng, "mode", kind): None for _ in range(1 + rng.randrange(3))}
    priced = rng.randrange(100) < (50 if kind == "achievement" else 75)
    return Listing(
        kind=kind,
        owner=owner.key,
        title=text.title,
        summary=text.summary,
        fields=text.fields,
        keywords=text.keywords,
        place=owner.place,
        modes=tuple(modes),
        maturity=2 + rng.randrange(7),
        amount=(1 + rng.randrange(40)) * 50_000 * _YUAN if priced else None,
        negotiable=not priced,
        valid_until=date(2035, 12, 31) if rng.randrange(4) == 0 else None,
        contact=_CONTACT,
        anonymous=anonymous,
    )
