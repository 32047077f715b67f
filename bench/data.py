"""The invented market that both services are loaded with: same rows, same ids, same order for every size.

Contract number i falls into cell i mod 720 of 12 seller leagues × 5 main types × 12 months of one past year, so that from 720
contracts on every size has the same 720 groups. Demands carry real titles and abstracts, one leaf of the high-technology scheme
each and up to two tags more; places are weighted, so that the asked pairs of tag and place fill a page at every size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, TypeVar

from stdnum.cn import uscc

from market.reference.files import objects, table
from market.store.types import today

T = TypeVar("T")

CHUNK = 2000
YEAR = today().year - 1
OFFICE_PREFIX = "990000"
FIRST_INSTANT = datetime(YEAR, 1, 1, tzinfo=UTC)
TYPES = {
    "DEV": "DEV_COMMISSIONED",
    "TRANSFER": "TRANSFER_SECRET",
    "LICENSE": "LICENSE_PATENT_ORDINARY",
    "CONSULT": None,
    "SERVICE": "SVC_GENERAL",
}
MODES = ("patent_license", "joint_development", "commissioned_development", "consulting", "service")
DATES = {"valid_until", "needed_by", "signed_on", "valid_from", "valid_to"}
AMOUNTS = {"budget", "total_amount", "tech_amount"}
UNPUBLISHED = {5: "draft", 17: "withdrawn"}
LEAGUE_WEIGHTS = (25, 20, 3, 8, 6, 15, 5, 5, 4, 3, 4, 2)


@dataclass(frozen=True)
class Member:
    """A registered organisation; `key` is its name in the bench, each service gives or keeps its own id."""

    key: str
    facts: dict[str, Any]


class Market:
    """Places, fields, texts and members to draw from."""

    def __init__(self) -> None:
        places = [row for row in table("places") if row["last_year"] is None]
        children: dict[str | None, list[str]] = {}
        for row in places:
            children.setdefault(row["parent"], []).append(str(row["code"]))
        self.leagues = sorted(children["150000"])
        self.banners = {league: children[league] for league in self.leagues}
        provinces = children[None]
        self.elsewhere = [children[code][0] for code in provinces if code != "150000" and code in children]
        fields = list(table("fields"))
        tags: dict[str | None, list[str]] = {}
        for row in fields:
            tags.setdefault(row["scheme"], []).append(f"{row['scheme']}:{row['code']}")
        above = {f"{row['scheme']}:{row['parent']}" for row in fields}
        leaves = [tag for tag in tags["hightech"] if tag not in above]
        self.tops = [tag for tag in tags["hightech"] if len(tag) == len("hightech:10")]
        self.leaves = {top: [tag for tag in leaves if tag.startswith(top[:-1])] for top in self.tops}
        self.contract_fields = tags["contract"]
        self.other_tags = [tag for tag in tags["contract"] + tags["region"] if tag not in above]
        self.texts = list(objects("achievements_zh"))
        self.members = list(self._members())
        self.by_league: dict[str, list[str]] = {}
        for member in self.members[1:]:
            self.by_league.setdefault(member.facts["place"][:4] + "00", []).append(member.key)

    def _members(self) -> Iterator[Member]:
        yield Member("office", _facts(0, "示例登记机构", "office", "150000") | {"number_prefix": OFFICE_PREFIX})
        number = 0
        for league in self.leagues:
            for turn in range(10):
                number += 1
                role = "university" if turn == 9 else "enterprise"
                banner = self.banners[league][turn % len(self.banners[league])]
                yield Member(f"{role}{number}", _facts(number, f"示例单位{number:04d}", role, banner))

    def questions(self) -> list[tuple[str, str]]:
        """Pairs of tag and place with more than a page of demands at any size from 2,000 on."""
        return [(tag, place) for place in self.leagues[:2] for tag in self.tops]

    def demands(self, count: int) -> Iterator[dict[str, Any]]:
        """Demands as they are kept: input fields with `id`, `owner` (a member's key), `state` and instants; newest last."""
        random = Random("demands")
        for number in range(count):
            at = FIRST_INSTANT + timedelta(seconds=97 * number, microseconds=random.randrange(10**6))
            state = UNPUBLISHED.get(number % 33, "published")
            yield {
                "id": demand_id(number),
                "owner": random.choice(self.members[1:]).key,
                "state": state,
                "at": at,
                "published_at": None if state == "draft" else at,
                **self.demand(random),
            }

    def demand(self, random: Random) -> dict[str, Any]:
        """One demand as it is posted, but for `publish`."""
        text = random.choice(self.texts)
        league = random.choices(self.leagues, LEAGUE_WEIGHTS)[0]
        place = random.choices((random.choice(self.banners[league]), league, random.choice(self.elsewhere)), (8, 1, 1))[
            0
        ]
        negotiable = random.random() < 0.3
        return {
            "title": f"{text['title']}（需求）",
            "summary": text["summary"],
            "fields": [
                random.choice(self.leaves[random.choice(self.tops)]),
                *random.sample(self.other_tags, random.randrange(3)),
            ],
            "keywords": text["keywords"][:5],
            "place": place,
            "modes": random.sample(MODES, random.randrange(1, 4)),
            "maturity": random.choice((None, 4, 6, 8)),
            "budget": None if negotiable else f"{random.randrange(10, 5000)}000.00",
            "negotiable": negotiable,
            "valid_until": random.choice((None, "2099-12-31")),
            "needed_by": random.choice((None, "2099-06-30")),
            "contact": {"name": "示例联系人", "phone": "000-00000000", "email": "contact@example.org"},
            "anonymous": random.random() < 0.05,
        }

    def contracts(self, count: int) -> Iterator[dict[str, Any]]:
        """Contracts as they are registered, with `registered_on`; members stand by key."""
        random = Random("contracts")
        for number in range(count):
            cell = number % 720
            league = self.leagues[cell % 12]
            kind = list(TYPES)[cell // 12 % 5]
            day = date(YEAR, cell // 60 + 1, number % 28 + 1)
            seller = random.choice(self.by_league[league])
            yield {**self.contract(random, kind, seller, f"BENCH-{number:07d}", day), "registered_on": day}

    def contract(self, random: Random, kind: str, seller: str, number: str, signed_on: date) -> dict[str, Any]:
        """One contract as it is registered; the buyer is a member or, in half of them, a party from elsewhere."""
        total = random.randrange(5_000_00, 9_000_000_00)
        tech = random.randrange(total // 2, total + 1)
        buyer = random.choice([member.key for member in self.members[1:] if member.key != seller])
        return {
            "project_name": f"{random.choice(self.texts)['title']}技术合同",
            "contract_type": kind,
            "contract_subtype": TYPES[kind],
            "contract_no": number,
            "seller": {"organisation": seller},
            "buyer": self.outsider(random) if random.random() < 0.5 else {"organisation": buyer},
            "total_amount": f"{total // 100}.{total % 100:02d}",
            "tech_amount": f"{tech // 100}.{tech % 100:02d}",
            "signed_on": signed_on.isoformat(),
            "valid_from": signed_on.isoformat(),
            "valid_to": (signed_on + timedelta(days=700)).isoformat(),
            "field": random.choice(self.contract_fields),
            "ip_type": random.choice((None, "SECRET", "SOFTWARE")),
            "plan_source": random.choice((None, "NONE", "PROVINCIAL")),
            "served_industry": random.choice((None, "A01", "C26")),
            "socio_economic_objective": random.choice((None, "02", "10")),
            "payment_mode": random.choice(("LUMP_SUM", "INSTALMENTS")),
            "demand": None,
            "achievement": None,
        }

    def outsider(self, random: Random) -> dict[str, Any]:
        """A plain party outside the region."""
        number = random.randrange(1000, 2000)
        facts = _facts(number, f"示例外地单位{number:04d}", "", self.elsewhere[number % len(self.elsewhere)])
        return {name: facts[name] for name in ("name", "credit_code", "country", "place", "nature")}


def chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    """Rows in handy pieces."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def parsed(facts: dict[str, Any]) -> dict[str, Any]:
    """The same with dates and fen instead of text, as a schema would load it but quicker."""
    found = dict(facts)
    for name in DATES & facts.keys():
        found[name] = facts[name] and date.fromisoformat(facts[name])
    for name in AMOUNTS & facts.keys():
        found[name] = facts[name] and int(facts[name].replace(".", ""))
    return found


def demand_id(number: int) -> str:
    """The id of a loaded demand."""
    return f"dem_{number:026d}"


def published_id(number: int, size: int) -> str:
    """The id of some published one among `size` loaded demands, spread over all of them."""
    number = number * 7919 % size
    while number % 33 in UNPUBLISHED:
        number -= 1
    return demand_id(number)


def _facts(number: int, name: str, role: str, place: str) -> dict[str, Any]:
    body = f"91999999BEN{number:06d}"
    return {
        "name": name,
        "role": role,
        "credit_code": body + uscc.calc_check_digit(body),
        "country": "CN",
        "place": place,
        "nature": "150",
        "number_prefix": None,
    }
