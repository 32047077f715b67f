"""Everybody who can sell or buy in the sample market, with the places, words and invented shares they are drawn by."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from stdnum.cn import uscc

from market.reference.files import DATA

HERE = Path(__file__).parent
UNSPECIFIED = "unspecified"

_REGION = "15"
_HK_MO_TW = ("71", "81", "82")
_CAMPUSES = ("150100", "150200", "150100", "150400", "150100", "150500", "150100", "150700", "150200", "150600")
_ENTERPRISES, _REGISTERED_ENTERPRISES, _UNIVERSITIES, _INSTITUTES, _PUBLIC_BODIES = 1200, 240, 12, 18, 60


@dataclass(frozen=True, slots=True)
class Organisation:
    """A registered organisation. `key` is its name inside the sample; an office's place is its territory."""

    key: str
    role: str
    name: str
    credit_code: str
    place: str
    nature: str
    number_prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer; `organisation` is the key of a registered one."""

    organisation: str | None
    name: str
    credit_code: str | None
    country: str
    place: str | None
    nature: str

    @property
    def inside(self) -> bool:
        """Does it sit in the region?"""
        return self.place is not None and self.place.startswith(_REGION)

    @property
    def foreign(self) -> bool:
        """Does it sit abroad, or in Hong Kong, Macao or Taiwan? A purchase from it is an import (技术进口)."""
        return self.country != "CN" or (self.place is not None and self.place.startswith(_HK_MO_TW))


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as they stand."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Shares:
    """The invented shares: `pick` draws a code of one share by its weight."""

    def __init__(self) -> None:
        self.weights: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for row in table(HERE / "shares.csv"):
            self.weights[row["share"], row["of"]][row["code"]] = int(row["weight"])
        self._drawn = {key: (list(codes), list(accumulate(codes.values()))) for key, codes in self.weights.items()}

    def pick(self, rng: Random, share: str, of: str = "") -> str:
        codes, heaps = self._drawn[share, of]
        return codes[bisect_right(heaps, rng.randrange(heaps[-1]))]


class World:
    """Places, words and everybody who can sell or buy."""

    def __init__(self, seed: int) -> None:
        self.shares = Shares()
        self.places = {row["code"]: row for row in table(DATA / "places.csv") if not row["last_year"]}
        self.leagues = [code for code in self.places if code.startswith(_REGION) and self._level(code) == "prefecture"]
        self.subjects: dict[str, list[str]] = defaultdict(list)
        for row in table(HERE / "subjects.csv"):
            self.subjects[row["field"]].append(row["subject"])
        self.type_names = {
            row["code"]: row["name_zh"].removesuffix("合同")
            for row in table(DATA / "code_lists.csv")
            if row["list"] == "contract_type"
        }
        self.organisations: list[Organisation] = []
        self.inside: dict[tuple[str, str], list[Party]] = defaultdict(list)
        self.outside: dict[str, list[Party]] = defaultdict(list)
        self._serial = 0
        rng = Random(f"{seed}/parties")
        self._authorities()
        self._insiders(rng)
        self._outsiders(rng)

    def _level(self, code: str) -> str:
        return self.places[code]["level"]

    def short(self, code: str) -> str:
        """A place's name without the word for its rank: 包头, 北京, 宁夏."""
        name = self.places[code]["name_zh"]
        for rank in ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市", "盟"):
            name = name.removesuffix(rank)
        return name

    def _credit_code(self, registrar: str) -> str:
        """A credit code (统一社会信用代码) with the right check digit, area code 999999 and a marked body."""
        self._serial += 1
        body = f"{registrar}999999DEM{self._serial:06d}"
        return body + uscc.calc_check_digit(body)

    def _banner(self, rng: Random, league: str) -> str:
        """The league itself, or one of its banners."""
        if self.shares.pick(rng, "place_level") == "prefecture":
            return league
        return rng.choice([code for code, row in self.places.items() if row["parent"] == league])

    def _authorities(self) -> None:
        for place in ["150000", *self.leagues]:
            name = "示例技术合同登记处" if place == "150000" else f"示例登记处-{self.short(place)}"
            self.organisations.append(
                Organisation(
                    key=f"office-{place}",
                    role="office",
                    name=name,
                    credit_code=self._credit_code("12"),
                    place=place,
                    nature="024",
                    number_prefix=f"99{place[2:4]}00",
                )
            )
        for role, name in (
            ("administrator", "示例主管部门"),
            ("statistician", "示例统计机构"),
            ("auditor", "示例审计机构"),
        ):
            code = self._credit_code("11")
            self.organisations.append(Organisation(role, role, name, code, "150000", "0121"))
        for number, league in enumerate(self.leagues[:3], 1):
            code, name = self._credit_code("91"), f"示例技术转移机构{number:02d}"
            self.organisations.append(Organisation(f"broker-{number:02d}", "broker", name, code, league, "150"))

    def _insiders(self, rng: Random) -> None:
        for kind, title, count in (("university", "示例大学", _UNIVERSITIES), ("institute", "示例研究院", _INSTITUTES)):
            for number in range(1, count + 1):
                league = _CAMPUSES[(number - 1) % len(_CAMPUSES)]
                nature = self.shares.pick(rng, "nature", kind)
                place = self._banner(rng, league)
                code = self._credit_code("12")
                name, key = f"{title}{number:02d}", f"{kind}-{number:02d}"
                self.organisations.append(Organisation(key, "university", name, code, place, nature))
                self.inside[kind, league].append(Party(key, name, code, "CN", place, nature))
        for number in range(1, _ENTERPRISES + 1):
            # One enterprise in each league first; Baotou leads, so that the demo's deal crosses leagues.
            first = number <= len(self.leagues)
            league = (
                self.leagues[number % len(self.leagues)]
                if first
                else self.shares.pick(rng, "league", rng.choice(("output", "absorbed")))
            )
            nature = self.shares.pick(rng, "nature", "enterprise")
            place = self._banner(rng, league)
            code = self._credit_code("91")
            name, key = f"示例企业{number:04d}-{self.short(league)}", f"enterprise-{number:04d}"
            registered = number <= _REGISTERED_ENTERPRISES
            if registered:
                self.organisations.append(Organisation(key, "enterprise", name, code, place, nature))
            party = Party(key if registered else None, name, code, "CN", place, nature)
            self.inside["enterprise", league].append(party)
        for number in range(1, _PUBLIC_BODIES + 1):
            league = self.leagues[number % len(self.leagues)]
            nature = self.shares.pick(rng, "nature", "public")
            place = self._banner(rng, league)
            name = f"示例机关事业单位{number:02d}-{self.short(league)}"
            party = Party(None, name, self._credit_code("11"), "CN", place, nature)
            self.inside["public", league].append(party)

    def _outsiders(self, rng: Random) -> None:
        sellers, buyers = self.shares.weights["origin", "seller"], self.shares.weights["origin", "buyer"]
        for origin in {**sellers, **buyers}:
            cities = [code for code, row in self.places.items() if row["parent"] == origin] or [origin]
            for number in range(1, 3 + max(sellers.get(origin, 0), buyers.get(origin, 0))):
                if origin.startswith(_HK_MO_TW):
                    name = f"示例境外企业{number:03d}-{self.short(origin)}"
                    party = Party(None, name, None, "CN", origin, "foreign_party")
                elif origin not in self.places and origin != UNSPECIFIED:
                    party = Party(None, f"示例境外企业{number:03d}-{origin}", None, origin, None, "foreign_party")
                else:
                    kind, title, registrar = (
                        ("enterprise", "示例外地企业", "91") if number % 6 else ("institute", "示例外地研究院", "12")
                    )
                    place = None if origin == UNSPECIFIED else rng.choice(cities)
                    name = f"{title}{number:03d}-{'未注明' if place is None else self.short(origin)}"
                    nature = self.shares.pick(rng, "nature", kind)
                    party = Party(None, name, self._credit_code(registrar), "CN", place, nature)
                self.outside[origin].append(party)

    def insider(self, rng: Random, side: str) -> Party:
        """Somebody of the region to sell or buy."""
        league = self.shares.pick(rng, "league", "output" if side == "seller" else "absorbed")
        kind = self.shares.pick(rng, "kind", side)
        return _favourite(rng, self.inside.get((kind, league)) or self.inside["enterprise", league])

    def outsider(self, rng: Random, side: str) -> Party:
        """Somebody outside the region to sell or buy."""
        return _favourite(rng, self.outside[self.shares.pick(rng, "origin", side)])


def _favourite(rng: Random, pool: Sequence[Party]) -> Party:
    """One of the pool, the early ones more often: a few parties make most deals."""
    return pool[rng.randrange(1 + rng.randrange(len(pool)))]
