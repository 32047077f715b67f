"""Every check of an application (认定登记审查), all at once: what is wrong, what is doubtful, and what asks for more eyes.

Use `findings` on what is claimed; `blocking` and `routes` say what they mean for the case. Limits come from the rules, words from
`messages.csv`; each finding names its rule and the rule's source. One statement asks the register for contracts of the same
parties and their other applications, whatever the size of the register.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import CompoundSelect, Text, bindparam, cast, null, select, type_coerce, union_all

from market.access import Role
from market.contracts.fingerprint import fingerprint, normalised, pair
from market.contracts.model import Contract
from market.contracts.rules import COLUMNS, PARTY, SIDES, check_whole
from market.errors import FieldError
from market.examination.content import loaded
from market.examination.model import Case
from market.examination.states import APPLIED_FOR
from market.examination.territory import applicant as applying_side
from market.examination.territory import origin
from market.fields.queries import code_lists
from market.rules.calendar import calendar
from market.rules.queries import Rule, Rules, rules
from market.store.session import Unit
from market.store.types import MAX_FEN, fen, yuan

ERROR, WARNING, FLAG = "error", "warning", "flag"
SEVERITIES = (ERROR, WARNING, FLAG)
EXPERT, SECOND_PERSON = "expert", "second_person"

Facts = Mapping[str, Any]

_MOST = 1000
"""Contracts of the same parties that are looked at, at most; the newest."""
_EXAMINERS = frozenset({Role.OFFICE, Role.AUDITOR, Role.ADMINISTRATOR})
_MAIN_TYPES = frozenset({"DEV", "TRANSFER", "LICENSE"})
_NO_RIGHT = frozenset({None, "NONE", "SECRET"})
"""Kinds of intellectual property for which there is no paper."""
_PARTY_CODES = {"enterprise_size": "enterprise_size", "industry": "industry"}
_NAMES = {
    "project_name": "/project_name",
    "contract_no": "/contract_no",
    "seller_name": "/seller/name",
    "buyer_name": "/buyer/name",
}
_COMPARED = {
    name: COLUMNS[name] for name in ("project_name", "contract_type", "signed_on", "total_amount", "tech_amount")
}
"""What of another contract is looked at."""
_HAN, _LATIN, _KANA = "CJK", "LATIN", "KATAKANA"
_REPLACEABLE = ("KANGXI RADICAL", "CJK RADICAL", "CJK COMPATIBILITY IDEOGRAPH", "MATHEMATICAL")
_LIKE_LATIN = frozenset("АВЕЅІЈКМНОРСТУХҮаеорсухіјѕԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲ")
_LIKE_HAN = frozenset("エロカニタトハミチオヒー")


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: a stable code, how grave it is, where, in words, and the rule behind it with its source.

    `route`: what a flag asks for, `second_person` or `expert`; None: nothing more.
    """

    code: str
    severity: str
    pointer: str
    zh: str
    en: str
    rule: str
    source: str | None
    route: str | None = None


def blocking(found: Iterable[Finding]) -> list[Finding]:
    """The errors: as long as there is one, the application goes no further."""
    return [finding for finding in found if finding.severity == ERROR]


def routes(found: Iterable[Finding]) -> set[str]:
    """What the flags ask for: `second_person`, `expert`."""
    return {finding.route for finding in found if finding.route is not None}


def needs_second_person(found: Iterable[Finding]) -> bool:
    """Is one person too few (a flag, a large or a disputed contract)?"""
    return bool(routes(found))


def findings(
    unit: Unit,
    content: Mapping[str, Any],
    facts: Facts,
    *,
    attachments: Collection[str] | None,
    on: date,
    wrong: Sequence[FieldError] = (),
    applicant: str | None = None,
    case: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Everything to be said of an application on a day, errors first.

    `content` is what is claimed, `facts` its columns with what is `wrong` with them (`contracts.rules.facts_of`). `attachments`
    are the kinds of paper handed in; None: a clerk has form and papers at the counter, and only the contract is judged.
    `applicant` is the organisation that applies, if that is to be judged. `case` is the row of the case: its own contract is no
    duplicate of it.
    """
    return _Examination(unit, content, facts, on).run(attachments, wrong, applicant, case)


class _Examination:
    """The findings of one application in the making."""

    def __init__(self, unit: Unit, content: Mapping[str, Any], facts: Facts, on: date) -> None:
        empty = {f"{side}_{'code' if name == 'credit_code' else name}": None for side in SIDES for name in PARTY}
        self.unit, self.content, self.on = unit, content, on
        self.facts: dict[str, Any] = {**dict.fromkeys(COLUMNS.values()), **empty, **facts}
        self.rules: Rules = rules(unit)
        self.found: list[Finding] = []

    def run(
        self,
        attachments: Collection[str] | None,
        wrong: Sequence[FieldError],
        applicant: str | None,
        case: Mapping[str, Any] | None,
    ) -> list[Finding]:
        self._contract(wrong)
        self._names()
        if applicant is not None:
            self._applicant(applicant)
        if attachments is not None:
            self._form()
            self._documents(attachments)
        self._exclusions()
        self._payment()
        self._currency()
        self._validity()
        self._marks()
        self._register(case)
        ranked = sorted(self.found, key=lambda finding: SEVERITIES.index(finding.severity))
        return list({(finding.code, finding.pointer, finding.rule): finding for finding in ranked}.values())

    def _add(
        self, code: str, pointer: str = "", *, en: str = "", rule: str = "", route: str | None = None, **words: Any
    ) -> None:
        message = messages().get(code) or messages()["other"]
        name = rule or message["rule"]
        basis = self.rules.find(name, self.on)
        self.found.append(
            Finding(
                code,
                message["severity"],
                pointer,
                message["zh"].format(**words),
                en or message["en"].format(**words),
                name,
                None if basis is None else basis.citation,
                route,
            )
        )

    def _flag(self, code: str, pointer: str = "", **words: Any) -> None:
        """A flag whose rule is in force; the rule says what it asks for."""
        basis = self.rules.find(f"flag.{code.replace('-', '_')}", self.on)
        if basis is not None:
            self._add(code, pointer, route=None if basis.value == "mark" else basis.value, **words)

    def _limit(self, code: str) -> Rule | None:
        return self.rules.find(code, self.on)

    def _contract(self, wrong: Sequence[FieldError]) -> None:
        """What the register's own rules find, each in both languages."""
        named, lists = list(wrong), code_lists(self.unit)
        pointers = {error.pointer for error in named}
        whole = check_whole(self.facts, lists, self.on, in_force=True)
        named += [error for error in whole if error.pointer not in pointers]
        for side in SIDES:
            party = self.content.get(side) or {}
            for key, name in _PARTY_CODES.items():
                if party.get(key) is not None and not lists.has(name, party[key]):
                    named.append(FieldError(f"/{side}/{key}", "unknown-value", f"Not a code of the list {name}."))
        for error in named:
            self._add(error.code, error.pointer, en=error.message)

    def _names(self) -> None:
        for pointer, letter in dressed_up(self.facts):
            self._add("look-alike-character", pointer, letter=letter, code_point=f"U+{ord(letter):04X}")

    def _origins(self) -> dict[str, str]:
        """Where the parties sit, as far as they are known."""
        return {side: origin(self.facts, side) for side in SIDES if self.facts[f"{side}_country"] is not None}

    def _is_import(self) -> bool:
        return "seller" in self._origins() and applying_side(self.facts) == "buyer"

    def _applicant(self, applicant: str) -> None:
        side = "buyer" if self._is_import() else "seller"
        if self.facts[f"{side}_organisation"] != applicant:
            self._add("wrong-applicant-import" if side == "buyer" else "wrong-applicant", f"/{side}")

    def _form(self) -> None:
        """The fields of the national form, as far as the rules ask for them."""
        for field in self.rules.of_kind("form_field", self.on):
            if self._applies(field) and self._at(field.value) is None:
                code = "form-field-missing" if field.unit == "required" else "form-field-advised"
                self._add(code, field.value, rule=field.code, name_zh=field.name_zh, name_en=field.name_en)

    def _applies(self, field: Rule) -> bool:
        _, first, *rest = field.value.split("/")
        if first in SIDES and rest and rest[0] in ("place", "credit_code"):
            at_home = self.facts[f"{first}_country"] in (None, "CN")
            person = self.facts[f"{first}_nature"] == "natural_person"
            return at_home and not (person and rest[0] == "credit_code")
        if first in ("expected_investment", "expected_output"):
            return bool(self.facts["contract_type"] == "TRANSFER")
        return True

    def _at(self, pointer: str) -> Any:
        _, first, *rest = pointer.split("/")
        if first in SIDES and rest:
            column = f"{first}_{'code' if rest[0] == 'credit_code' else rest[0]}"
            return self.facts.get(column, (self.content.get(first) or {}).get(rest[0]))
        return self.content.get(first)

    def _documents(self, attachments: Collection[str]) -> None:
        needed = {"contract_text", "pledge"}
        if self.facts["ip_type"] not in _NO_RIGHT:
            needed.add("ip_proof")
        branches = self._limit("party.branches")
        side = "buyer" if self._is_import() else "seller"
        if branches is not None and self.facts[f"{side}_nature"] in branches.words:
            needed.add("authorisation")
        if self.facts["plan_source"] not in (None, "NONE"):
            needed.add("plan_consent")
        if self._is_import():
            needed |= {"import_data_sheet", "import_certificate"}
        if "abroad" in self._origins().values():
            needed |= {"chinese_copy", "consistency_pledge"}
        for document in self.rules.of_kind("document", self.on):
            if document.value in needed and document.value not in attachments:
                code = "document-missing" if document.unit == "required" else "document-advised"
                self._add(code, "/attachments", rule=document.code, name_zh=document.name_zh, name_en=document.name_en)

    def _exclusions(self) -> None:
        """Equipment and material are not technology, except a reasonable quantity of the subject matter."""
        total, tech = self.facts["total_fen"], self.facts["tech_fen"]
        listed = self.content.get("exclusions") or []
        deducted = sum(item["amount"] for item in listed if not item.get("reasonable_quantity"))
        if total is not None and tech is not None and listed:
            if sum(item["amount"] for item in listed) > total:
                self._add("exclusions-exceed-total", "/exclusions", sum=yuan(sum(item["amount"] for item in listed)))
            elif tech > total - deducted:
                words = {"sum": yuan(deducted), "most": yuan(total - deducted)}
                self._add("tech-includes-equipment", "/tech_amount", **words)
            elif tech == total:
                self._add("tech-equals-total", "/tech_amount")
        sets = self._limit("amount.reasonable_sets")
        for number, item in enumerate(listed):
            quantity = item.get("quantity")
            if (
                sets
                and item["kind"] == "equipment"
                and item.get("reasonable_quantity")
                and (quantity or 0) > sets.number
            ):
                pointer = f"/exclusions/{number}/quantity"
                self._add("quantity-not-reasonable", pointer, name=item["name"], quantity=quantity, limit=sets.number)

    def _payment(self) -> None:
        modes = self._limit("amount.royalty_modes")
        by_royalty = modes is not None and self.facts["payment_mode"] in modes.words
        if by_royalty and not self.content.get("royalty_formula"):
            self._add("royalty-formula-missing", "/royalty_formula")
        if self.content.get("amount_is_estimated"):
            self._add("estimated-amount" if by_royalty else "estimate-not-royalty", "/amount_is_estimated")

    def _currency(self) -> None:
        """The total of a contract in foreign money is its amount at the rate of a day."""
        currency = self.content.get("currency")
        if not currency:
            return
        if currency["code"] == "CNY" or currency["code"] not in _currencies():
            self._add("bad-currency", "/currency/code")
        tolerance, window = self._limit("currency.tolerance"), self._limit("currency.rate_window")
        total, signed_on, day = self.facts["total_fen"], self.facts["signed_on"], currency["rate_date"]
        expected = _converted(currency)
        if expected is None:
            self._add("bad-rate", "/currency/rate")
        elif total is not None and tolerance and abs(expected - total) > tolerance.fen:
            self._add("currency-total-mismatch", "/total_amount", expected=yuan(expected))
        if day > self.on:
            self._add("rate-in-future", "/currency/rate_date")
        elif signed_on is not None and window and abs((day - signed_on).days) > window.number:
            self._add("rate-far-from-signing", "/currency/rate_date", limit=window.number)

    def _validity(self) -> None:
        """Registration, too, must fall into the validity of the contract."""
        limit, end = self._limit("review.limit"), self.facts["valid_to"]
        if limit is not None and end is not None and end >= self.on:
            due = calendar(self.unit).due(self.on, limit.number, limit)
            if end < due.on:
                self._add("may-expire", "/valid_to", day=end, due=due.on)

    def _marks(self) -> None:
        if self.facts["contract_type"] in ("TRANSFER", "LICENSE") and self.facts["ip_type"] == "NONE":
            self._add("ip-missing", "/ip_type")
        large, tech = self._limit("review.large_amount"), self.facts["tech_fen"]
        if large is not None and tech is not None and tech >= large.fen:
            self._flag("large", "/tech_amount", limit=yuan(large.fen))
        if {"abroad", "hk_mo_tw"} & set(self._origins().values()):
            self._flag("foreign")
        for field, code in (
            ("is_related_party", "related-party"),
            ("tax_related", "tax-related"),
            ("disputed", "disputed"),
        ):
            if self.content.get(field):
                self._flag(code, f"/{field}")

    def _register(self, case: Mapping[str, Any] | None) -> None:
        """What is registered or applied for of the same parties: the same contract, nearly the same one, parts of a larger."""
        facts = self.facts
        if any(facts[column] is None for column in ("seller_name", "buyer_name", "signed_on", "total_fen", "tech_fen")):
            return
        if facts["project_name"] is None or not self._may_look():
            return
        mark, own = fingerprint(facts), (case or {}).get("contract_id")
        others = [row for row in self._same_parties(mark, case or {}) if row["id"] != own]
        twins = [row for row in others if row["live_fingerprint"] == mark]
        for twin in twins:
            self._add("duplicate-application" if twin["content"] else "duplicate-contract", number=self._number(twin))
        others = [row for row in others if row not in twins]
        near = next((row for row in others if self._is_near(row)), None)
        if near is not None and not twins:
            self._flag("near-duplicate", number=self._number(near))
        this_year = [row for row in others if row["signed_on"].year == facts["signed_on"].year]
        self._split(this_year)
        if facts["contract_subtype"] == "SVC_TRAINING" and any(
            row["contract_type"] in _MAIN_TYPES for row in this_year
        ):
            self._flag("training-of-main-contract", "/contract_subtype")

    def _may_look(self) -> bool:
        """Others do not learn from a check what two parties have registered."""
        actor = self.unit.actor
        mine = {self.facts[f"{side}_organisation"] for side in SIDES} - {None}
        return actor.role in _EXAMINERS or actor.organisation in mine

    def _same_parties(self, mark: str, case: Mapping[str, Any]) -> list[Facts]:
        """Contracts of the two parties, and their applications that may yet be registered, as far as these are whole."""
        signed_on: date = self.facts["signed_on"]
        days = self._limit("duplicate.days")
        reach = timedelta(days=days.number if days else 0)
        values = {
            "mark": mark,
            "pair": pair(self.facts),
            "case": case.get("id") or "",
            "first": min(date(signed_on.year, 1, 1), signed_on - reach),
            "last": max(date(signed_on.year, 12, 31), signed_on + reach),
        }
        for side in SIDES:
            values |= {
                f"{side}_code": self.facts[f"{side}_code"],
                f"{side}_names": spellings(self.facts[f"{side}_name"]),
            }
        rows = {row["id"]: dict(row) for row in self.unit.execute(_of_same_parties(), values).mappings()}
        for row in rows.values():
            if row["content"]:
                content = loaded(orjson.loads(row["content"]))
                row |= {column: content.get(name) for name, column in _COMPARED.items()}
        return [row for row in rows.values() if all(row[column] is not None for column in _COMPARED.values())]

    def _number(self, row: Facts) -> str:
        """The number of another contract, or the id of another application, for those who may know of it."""
        mine = (row["recorder"], row["seller_organisation"], row["buyer_organisation"])
        known = self.unit.actor.organisation is not None and self.unit.actor.organisation in mine
        return f"({row['number'] or row['outside_number']})" if known else ""

    def _is_near(self, row: Facts) -> bool:
        limits = [self._limit(f"duplicate.{name}") for name in ("days", "amount", "name")]
        if None in limits:
            return False
        days, share, likeness = (limit.number for limit in limits if limit)
        facts = self.facts
        apart = abs(row["total_fen"] - facts["total_fen"]) * 100
        return (
            abs((row["signed_on"] - facts["signed_on"]).days) <= days
            and apart <= share * max(row["total_fen"], facts["total_fen"])
            and _likeness(row["project_name"], facts["project_name"]) * 100 >= likeness
        )

    def _split(self, this_year: Iterable[Facts]) -> None:
        large, floor = self._limit("review.large_amount"), self._limit("split.floor")
        if large is None or floor is None:
            return
        lowest = large.fen * floor.number // 100
        parts = [row["tech_fen"] for row in this_year if lowest <= row["tech_fen"] < large.fen]
        tech = self.facts["tech_fen"]
        if parts and lowest <= tech < large.fen <= tech + sum(parts):
            self._flag("split", "/tech_amount", count=len(parts))


def dressed_up(facts: Facts) -> list[tuple[str, str]]:
    """Pointer and letter of every look-alike in the names that these columns have."""
    return [(pointer, letter) for column, pointer in _NAMES.items() for letter in look_alikes(facts.get(column) or "")]


def look_alikes(name: str) -> list[str]:
    """The letters of a name that stand in for others: Cyrillic or Greek for Latin, kana or radicals for Han (形近字符)."""
    scripts = {letter: unicodedata.name(letter, "").split(" ")[0] for letter in name if letter.isalpha()}
    others = {letter for letter, script in scripts.items() if script in (_HAN, _LATIN)}
    kana = {letter for letter, script in scripts.items() if script == _KANA}
    found = []
    for letter in dict.fromkeys(name):
        replaced = unicodedata.name(letter, "").startswith(_REPLACEABLE)
        if (
            (replaced and unicodedata.normalize("NFKC", letter) != letter)
            or (letter in _LIKE_LATIN and others)
            or (letter in _LIKE_HAN and kana <= _LIKE_HAN and any(scripts[other] == _HAN for other in others))
        ):
            found.append(letter)
    return found


def spellings(name: str) -> list[str]:
    """A name as it may stand in the register: as given, in one width, and with Chinese or plain brackets."""
    wide, plain = str.maketrans("()", "（）"), str.maketrans("（）", "()")
    folded = unicodedata.normalize("NFKC", name)
    return sorted({name, folded, name.translate(wide), name.translate(plain), folded.translate(wide)})


def _converted(currency: Mapping[str, Any]) -> int | None:
    """The yuan value in fen, rounded half-up; None when amount and rate make no amount of money."""
    try:
        exact = Decimal(currency["original_amount"]) * Decimal(currency["rate"])
        rounded = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return fen(rounded) if 0 < rounded * 100 <= MAX_FEN else None


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, normalised(one), normalised(other), autojunk=False).ratio()


@cache
def _of_same_parties() -> CompoundSelect[*tuple[Any, ...]]:
    """Live contracts of two parties, by their codes and by their names, and the one with the same fingerprint, if any.

    Beside them their applications that may yet be registered, of which `content` tells what the columns do not.
    """
    columns = (
        Contract.id,
        Contract.number,
        Contract.outside_number,
        Contract.recorder,
        Contract.seller_organisation,
        Contract.buyer_organisation,
        Contract.live_fingerprint,
        *(getattr(Contract, column) for column in _COMPARED.values()),
        cast(null(), Text).label("content"),
    )
    near = (
        Contract.state == "registered",
        Contract.signed_on.between(bindparam("first"), bindparam("last")),
    )
    by_code = (Contract.seller_code == bindparam("seller_code"), Contract.buyer_code == bindparam("buyer_code"))
    by_name = (
        Contract.seller_name.in_(bindparam("seller_names", expanding=True)),
        Contract.buyer_name.in_(bindparam("buyer_names", expanding=True)),
    )
    newest = [
        select(*columns).where(*same, *near).order_by(Contract.signed_on.desc()).limit(_MOST).subquery()
        for same in (by_code, by_name)
    ]
    told = (
        Case.id,
        Case.id,
        null(),
        Case.office,
        Case.applicant,
        Case.applicant,
        Case.mark,
        *[null()] * len(_COMPARED),
    )
    applications = select(*told, type_coerce(Case.content, Text)).where(
        Case.pair == bindparam("pair"),
        Case.state.in_(APPLIED_FOR),
        Case.contract_id.is_(None),
        Case.id != bindparam("case"),
    )
    return union_all(
        *(select(part) for part in newest),
        select(*columns).where(Contract.live_fingerprint == bindparam("mark")),
        applications,
    )


@cache
def messages() -> dict[str, dict[str, str]]:
    """Severity, rule and words of every finding, by its code."""
    with (Path(__file__).parent / "messages.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


@cache
def _currencies() -> frozenset[str]:
    import pycountry

    return frozenset(currency.alpha_3 for currency in pycountry.currencies)
