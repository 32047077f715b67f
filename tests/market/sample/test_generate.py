"""The sample market: exact totals, the same on every run, plausible, and nothing in it that could be taken for real."""

import csv
import hashlib
import json
from collections import Counter
from dataclasses import asdict
from decimal import Decimal

import pytest
from stdnum.cn import uscc

from market.reference.files import DATA
from market.sample.generate import Contract, Market, generate
from market.sample.parties import HERE

DIGEST = "4a4ddd2bce18eb969741d172de0922f7521d5cbac36199d2fbdaeca94f1eabf7"
BASES = {
    "output": lambda contract: contract.seller.inside,
    "absorbed": lambda contract: contract.buyer.inside,
    "internal": lambda contract: contract.seller.inside and contract.buyer.inside,
    "involved": lambda contract: contract.seller.inside or contract.buyer.inside,
}
PUBLISHED = [
    (2017, "output", 678, "1960868088.62"),
    (2017, "absorbed", 3579, "15745978431.76"),
    (2017, "internal", 492, "1430984451.41"),
    (2017, "involved", 3765, "16275862068.97"),
    (2018, "output", 814, "1983983056.48"),
    (2018, "absorbed", 5983, "22687411200.00"),
    (2018, "internal", 520, "1071394256.48"),
    (2018, "involved", 6277, "23600000000.00"),
]


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def market() -> Market:
    return generate()


@pytest.fixture(scope="module")
def places() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in rows("places.csv") if not row["last_year"]}


@pytest.fixture(scope="module")
def codes() -> dict[str, set[str]]:
    lists: dict[str, set[str]] = {"industry": {row["code"] for row in rows("industries.csv")}}
    for row in rows("code_lists.csv"):
        lists.setdefault(row["list"], set()).add(row["code"])
    for row in rows("fields.csv"):
        lists.setdefault("tag", set()).add(f"{row['scheme']}:{row['code']}")
    return lists


def of_year(market: Market, year: int) -> list[Contract]:
    return [contract for contract in market.contracts if contract.registered_on.year == year]


def digest(market: Market) -> str:
    text = json.dumps(asdict(market), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("year", "basis", "deals", "amount"), PUBLISHED)
def test_each_basis_of_each_year_comes_out_to_the_fen(market, year, basis, deals, amount):
    chosen = [contract for contract in of_year(market, year) if BASES[basis](contract)]
    assert len(chosen) == deals
    assert Decimal(sum(contract.total_amount for contract in chosen)) / 100 == Decimal(amount)


@pytest.fixture(scope="module")
def every_year() -> Market:
    return generate(years=range(2017, 2024))


@pytest.mark.parametrize("year", range(2017, 2024))
@pytest.mark.parametrize("basis", ["output", "absorbed"])
def test_each_year_reproduces_the_yearbook(every_year, year, basis):
    [deals, amount] = [
        row["value"]
        for row in rows("published_figures.csv")
        if (row["region"], row["period"], row["basis"]) == ("150000", str(year), basis)
    ]
    chosen = [contract for contract in of_year(every_year, year) if BASES[basis](contract)]
    assert len(chosen) == int(deals)
    assert sum(contract.total_amount for contract in chosen) == Decimal(amount) * 100


@pytest.mark.parametrize("year", range(2017, 2024))
def test_the_targets_agree_and_say_what_is_invented(every_year, year):
    with (HERE / "targets.csv").open(encoding="utf-8", newline="") as file:
        target = {row["basis"]: row for row in csv.DictReader(file) if row["year"] == str(year)}
    assert list(target) == ["output", "absorbed", "internal", "involved"]
    for column in ("deals", "total_amount"):
        value = {basis: Decimal(row[column]) for basis, row in target.items()}
        assert value["involved"] == value["output"] + value["absorbed"] - value["internal"]
    status = {basis: row["status"] for basis, row in target.items()}
    assert status["output"] == status["absorbed"] == "official"
    assert status["internal"] == ("derived" if year <= 2018 else "invented")
    assert status["involved"] == {2017: "derived", 2018: "official"}.get(year, "invented")
    assert all(row["source"] for row in target.values())
    internal = [contract for contract in of_year(every_year, year) if BASES["internal"](contract)]
    assert len(internal) == int(target["internal"]["deals"])


def test_more_years_leave_the_others_as_they_are(every_year, market):
    assert [contract for year in (2017, 2018) for contract in of_year(every_year, year)] == list(market.contracts)
    assert every_year.listings == market.listings
    for contract in every_year.contracts:
        assert 0 < contract.tech_amount <= contract.total_amount
        assert contract.total_amount >= 2_000_00


def test_every_contract_touches_the_region(market):
    assert len(market.contracts) == 10_042
    assert all(BASES["involved"](contract) for contract in market.contracts)


def test_a_seed_gives_the_same_market_everywhere(market):
    assert digest(market) == digest(generate()) == DIGEST
    assert generate(seed=1) != market


def test_another_seed_hits_the_same_targets():
    contracts = of_year(generate(seed=7, years=(2018,)), 2018)
    assert sum(contract.total_amount for contract in contracts) == 2_360_000_000_000
    assert min(contract.total_amount for contract in contracts) >= 2_000_00


def test_a_year_does_not_depend_on_the_other_years(market):
    assert of_year(generate(years=(2018,)), 2018) == of_year(market, 2018)


@pytest.mark.parametrize("year", [2017, 2018])
def test_amounts_have_a_long_tail(market, year):
    amounts = sorted((contract.total_amount for contract in of_year(market, year)), reverse=True)
    assert sum(amounts[: len(amounts) // 10]) > sum(amounts) / 2
    assert amounts[0] < sum(amounts) / 10
    assert amounts[len(amounts) // 2] < 1_000_000_00


@pytest.mark.parametrize("year", [2017, 2018])
def test_technology_amount_is_within_the_total(market, year):
    contracts = of_year(market, year)
    assert all(0 < contract.tech_amount <= contract.total_amount for contract in contracts)
    ratio = sum(contract.tech_amount for contract in contracts) / sum(contract.total_amount for contract in contracts)
    assert 0.60 <= ratio <= 0.65
    assert sum(contract.tech_amount == contract.total_amount for contract in contracts) > len(contracts) / 2


@pytest.mark.parametrize("year", [2017, 2018])
def test_the_second_half_carries_most_of_the_year(market, year):
    contracts = of_year(market, year)
    late = sum(contract.registered_on.month > 6 for contract in contracts)
    assert 0.66 < late / len(contracts) < 0.74
    assert sum(contract.registered_on.weekday() < 5 for contract in contracts) > 0.9 * len(contracts)


def test_contracts_are_in_order_and_in_force_when_registered(market):
    days = [contract.registered_on for contract in market.contracts]
    assert days == sorted(days)
    for contract in market.contracts:
        assert 0 <= (contract.registered_on - contract.signed_on).days <= 90
        assert contract.signed_on <= contract.valid_from <= contract.registered_on <= contract.valid_to


def test_numbers_are_unique_and_visibly_synthetic(market):
    assert len({contract.contract_no for contract in market.contracts}) == len(market.contracts)
    assert all(contract.contract_no.startswith("SYN-") for contract in market.contracts)
    outside = [contract.outside for contract in market.contracts if contract.outside]
    assert len({entry.number for entry in outside}) == len(outside)
    for entry in outside:
        assert len(entry.number) == 16
        assert entry.number.isdigit()
        assert entry.number[:4] == str(entry.registered_on.year)
        assert entry.number[6:11] == "00999"
        assert entry.office.startswith("示例外省登记处-")


def test_offices_cover_the_home_party(market):
    offices = {organisation.key: organisation for organisation in market.organisations if organisation.role == "office"}
    assert len(offices) == 13
    assert len({office.number_prefix for office in offices.values()}) == 13
    assert all(office.number_prefix and office.number_prefix.startswith("99") for office in offices.values())
    acts = Counter(contract.act for contract in market.contracts)
    assert set(acts) == {"registered", "outside"}
    for contract in market.contracts:
        if contract.act == "outside":
            assert contract.office is None
            assert not contract.seller.inside
            assert not contract.seller.foreign
            assert contract.buyer.inside
            continue
        assert contract.outside is None
        assert contract.seller.inside or (contract.seller.foreign and contract.buyer.inside)
        home = contract.seller if contract.seller.inside else contract.buyer
        assert offices[contract.office].place[:4] == home.place[:4]


def test_every_code_is_in_its_list(market, codes, places):
    for contract in market.contracts:
        assert contract.contract_type in codes["contract_type"]
        assert (contract.contract_subtype or "CONSULT") in codes["contract_type"]
        assert contract.field in codes["tag"]
        assert contract.ip_type in codes["ip_type"]
        assert contract.plan_source in codes["plan_source"]
        assert contract.served_industry in codes["industry"]
        assert contract.socio_economic_objective in codes["socio_economic_objective"]
        assert contract.payment_mode in codes["payment_mode"]
        for party in (contract.seller, contract.buyer):
            assert party.nature in codes["party_nature"]
            assert party.place is None or party.place in places
    for organisation in market.organisations:
        assert organisation.nature in codes["party_nature"]
        assert organisation.place in places
    for listing in market.listings:
        assert set(listing.fields) <= codes["tag"]
        assert set(listing.modes) <= codes["cooperation_mode"]
        assert str(listing.maturity) in codes["maturity"]
        assert listing.place in places


def test_subtypes_belong_to_their_type(market):
    parents = {row["code"]: row["parent"] for row in rows("code_lists.csv") if row["list"] == "contract_type"}
    for contract in market.contracts:
        if contract.contract_type == "CONSULT":
            assert contract.contract_subtype is None
        else:
            assert parents[contract.contract_subtype] == contract.contract_type


def test_no_party_can_be_taken_for_a_real_one(market):
    parties = {party for contract in market.contracts for party in (contract.seller, contract.buyer)}
    named = [*parties, *market.organisations]
    assert all(one.name.startswith("示例") for one in named)
    for one in named:
        if one.credit_code is not None:
            assert uscc.is_valid(one.credit_code)
            assert one.credit_code[2:11] == "999999DEM"
    assert len({party.name for party in parties}) == len(parties)
    coded = [party.credit_code for party in parties if party.credit_code]
    assert len(set(coded)) == len(coded)


def test_registered_parties_are_the_organisations_they_name(market):
    organisations = {organisation.key: organisation for organisation in market.organisations}
    assert len(organisations) == len(market.organisations)
    for contract in market.contracts:
        assert contract.seller != contract.buyer
        for party in (contract.seller, contract.buyer):
            if party.organisation is not None:
                organisation = organisations[party.organisation]
                assert (party.name, party.credit_code) == (organisation.name, organisation.credit_code)
                assert (party.place, party.nature) == (organisation.place, organisation.nature)


def test_outside_parties_come_from_everywhere(market):
    sellers = Counter(
        "foreign" if contract.seller.foreign else (contract.seller.place or "unspecified")[:2]
        for contract in market.contracts
        if not contract.seller.inside
    )
    assert sellers.most_common(1)[0][0] == "11"
    assert sellers["foreign"] > 50
    assert sellers["un"] > 10
    assert len(sellers) > 25
    assert {party.country for c in market.contracts for party in (c.seller, c.buyer)} >= {"CN", "US", "DE", "JP"}
    leagues = {c.buyer.place[:4] for c in market.contracts if c.buyer.inside}
    assert len(leagues) == 12


def test_each_role_is_played(market):
    assert set(market.demo) == {
        "enterprise",
        "university",
        "broker",
        "office",
        "statistician",
        "auditor",
        "administrator",
    }
    organisations = {organisation.key: organisation for organisation in market.organisations}
    assert all(organisations[key].role == role for role, key in market.demo.items())
    assert organisations[market.demo["office"]].place == "150000"


def test_listings_are_complete(market):
    organisations = {organisation.key: organisation for organisation in market.organisations}
    kinds = Counter(listing.kind for listing in market.listings)
    assert kinds == {"achievement": 300, "demand": 80}
    for listing in market.listings:
        owner = organisations[listing.owner]
        assert owner.role == ("university" if listing.kind == "achievement" else "enterprise")
        assert 1 <= len(listing.fields) <= 5
        assert len(listing.title) <= 200
        assert len(listing.summary) <= 10_000
        assert 1 <= len(listing.keywords) <= 10
        assert 1 <= len(listing.modes) == len(set(listing.modes))
        assert listing.negotiable == (listing.amount is None)
    for kind in kinds:
        assert {listing.anonymous for listing in market.listings if listing.kind == kind} == {True, False}
    achieved = {tag for listing in market.listings if listing.kind == "achievement" for tag in listing.fields}
    assert all(set(listing.fields) & achieved for listing in market.listings if listing.kind == "demand")
