"""Dealings (对接): from an expression of interest to an agreement, what is disclosed on the way, and brokers (技术经理人)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from api.dealings.schemas import (
    AccreditationIn,
    BrokerChoiceIn,
    BrokerOut,
    BrokersQuery,
    DealingFileOut,
    DealingFileQuery,
    DealingOut,
    DealingsQuery,
    DealingStepOut,
    DisclosureOut,
    EndIn,
    InterestIn,
    IntroductionIn,
    NothingIn,
    ParticularsOut,
    PassIn,
    ProfileIn,
    ProfileOut,
    ProposalIn,
    SignatureIn,
    WordIn,
)
from api.gate import allow
from api.routes import Created, File, ListQuery, Routes
from market.access import Permission
from market.dealings import actions, brokers, queries
from market.files.actions import MAX_BYTES
from market.files.media import saved_as
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("dealings")

Row = dict[str, Any]


@routes.create("/v1/demands/<id>/interest", body=InterestIn, reply=DealingOut)
@allow(Permission.DEAL)
def express_interest_in_demand(unit: Unit, id: str, body: Row) -> Created:
    """Tell the owner of a demand that one could answer it

    Talks begin. With one's own achievement named, the match and its reasons are kept as they are today.
    """
    dealing = actions.express_interest(unit, "demand", id, **body)
    return Created(queries.one(unit, dealing), f"/v1/dealings/{dealing}")


@routes.create("/v1/achievements/<id>/interest", body=InterestIn, reply=DealingOut)
@allow(Permission.DEAL)
def express_interest_in_achievement(unit: Unit, id: str, body: Row) -> Created:
    """Tell the owner of an achievement that one could use it

    Talks begin. With one's own demand named, the match and its reasons are kept as they are today.
    """
    dealing = actions.express_interest(unit, "achievement", id, **body)
    return Created(queries.one(unit, dealing), f"/v1/dealings/{dealing}")


@routes.list("/v1/dealings", item=DealingOut, query=DealingsQuery)
@allow(Permission.DEAL)
def list_dealings(unit: Unit, query: Row) -> Page:
    """One's own talks, and those one serves as a broker, newest first"""
    return queries.page_of_dealings(unit, **query)


@routes.get("/v1/dealings/<dealing>", reply=DealingOut)
@allow(Permission.DEAL)
def get_dealing(unit: Unit, dealing: str) -> Row:
    """One dealing, its clock and the steps that are legal now"""
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/introduce", body=IntroductionIn, reply=DealingOut)
@allow(Permission.DEAL)
def introduce(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """Agree to be introduced (引见), as the owner

    From now on each side may open who the other is.
    """
    actions.introduce(unit, dealing, expected, **body)
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/propose-nda", body=ProposalIn, reply=DealingOut)
@allow(Permission.DEAL)
def propose_nda(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """Propose a non-disclosure agreement (保密协议)"""
    actions.propose_nda(unit, dealing, expected, **body)
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/sign-nda", body=SignatureIn, reply=DealingOut)
@allow(Permission.DEAL)
def sign_nda(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """Sign the non-disclosure agreement the other side proposed

    It is on record, and files may be opened.
    """
    actions.sign_nda(unit, dealing, expected, **body)
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/negotiate", body=WordIn, reply=DealingOut)
@allow(Permission.DEAL)
def negotiate(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """Begin to negotiate (洽谈)"""
    actions.negotiate(unit, dealing, expected, **body)
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/propose-terms", body=ProposalIn, reply=DealingOut)
@allow(Permission.DEAL)
def propose_terms(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """Propose what to agree on"""
    actions.propose_terms(unit, dealing, expected, **body)
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/agree", body=SignatureIn, reply=DealingOut)
@allow(Permission.DEAL)
def agree(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """Agree (达成) to the terms the other side proposed

    The listings are matched. The contract is then registered by an office, naming them.
    """
    actions.agree(unit, dealing, expected, **body)
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/pass", body=PassIn, reply=DealingOut)
@allow(Permission.DEAL)
def pass_by(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """End the talks without a deal (放弃), for a coded reason"""
    actions.pass_by(unit, dealing, expected, **body)
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/engage-broker", body=BrokerChoiceIn, reply=DealingOut)
@allow(Permission.DEAL)
def engage_broker(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """Take an accredited broker on for one's own side (委托技术经理人)"""
    actions.engage_broker(unit, dealing, expected, **body)
    return queries.one(unit, dealing)


@routes.change("/v1/dealings/<dealing>/hand-over", body=BrokerChoiceIn, reply=DealingStepOut)
@allow(Permission.DEAL)
def hand_over(unit: Unit, dealing: str, body: Row, expected: int | None) -> Row:
    """Hand the talks over to another broker, as the one in charge

    What was done before stays attributed; the talks are the other's from now on.
    """
    return actions.hand_over(unit, dealing, expected, **body)


@routes.list("/v1/dealings/<dealing>/history", item=DealingStepOut)
@allow(Permission.DEAL)
def list_dealing_steps(unit: Unit, dealing: str, query: Row) -> Page:
    """The steps of the talks, oldest first"""
    return queries.history(unit, dealing, **query)


@routes.create("/v1/dealings/<dealing>/disclosures", body=NothingIn, reply=ParticularsOut, secret=True)
@allow(Permission.DEAL)
def open_particulars(unit: Unit, dealing: str, body: Row) -> Created:
    """Open who the other side is, as far as the stage discloses it

    Which field was opened in which version, by whom and when, goes on record for both sides.
    """
    return Created(actions.open_particulars(unit, dealing), f"/v1/dealings/{dealing}/disclosures")


@routes.list("/v1/dealings/<dealing>/disclosures", item=DisclosureOut)
@allow(Permission.DEAL)
def list_disclosures(unit: Unit, dealing: str, query: Row) -> Page:
    """Who opened what when, in which version"""
    return queries.page_of_disclosures(unit, dealing, **query)


@routes.upload("/v1/dealings/<dealing>/files", query=DealingFileQuery, reply=DealingFileOut, most=MAX_BYTES)
@allow(Permission.DEAL)
def add_dealing_file(unit: Unit, dealing: str, query: Row, content: bytes) -> Created:
    """Keep a file for the other side, behind the non-disclosure agreement: the file is the body

    PDF, OFD, PNG or JPEG, told by its content whatever its name says.
    """
    row = actions.add_file(unit, dealing, content=content, **query)
    return Created(row, f"/v1/dealings/{dealing}/files/{row['id']}")


@routes.list("/v1/dealings/<dealing>/files", item=DealingFileOut, query=ListQuery)
@allow(Permission.DEAL)
def list_dealing_files(unit: Unit, dealing: str, query: Row) -> Page:
    """One's own side's files, and once the agreement is signed the other's"""
    return queries.page_of_files(unit, dealing, **query)


@routes.create("/v1/dealings/<dealing>/files/<file>/open", body=NothingIn, reply=DisclosureOut)
@allow(Permission.DEAL)
def open_dealing_file(unit: Unit, dealing: str, file: str, body: Row) -> Created:
    """Put on record that one opens a file of the other side, before fetching it"""
    return Created(actions.open_file(unit, dealing, file), f"/v1/dealings/{dealing}/files/{file}")


@routes.file("/v1/dealings/<dealing>/files/<file>", media="application/octet-stream")
@allow(Permission.DEAL)
def get_dealing_file(unit: Unit, dealing: str, file: str) -> File:
    """A file itself, always to be saved and never to be shown in place"""
    row = queries.file_of(unit, dealing, file)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(saved_as(row['name'], row['media']), safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-cache",
    }
    return File(row["content"], f'"{row["sha256"]}"', headers)


@routes.get("/v1/profile", reply=ProfileOut)
@allow(Permission.DEAL)
def get_profile(unit: Unit) -> Row:
    """What others see of one's organisation before it is named"""
    return actions.profile(unit)


@routes.change("/v1/profile", method="PUT", body=ProfileIn, reply=ProfileOut)
@allow(Permission.DEAL)
def put_profile(unit: Unit, body: Row, expected: int | None) -> Row:
    """Say of which size one's organisation is (企业规模)"""
    return actions.describe(unit, expected, **body)


@routes.create("/v1/brokers", body=AccreditationIn, reply=BrokerOut)
@allow(Permission.ACCREDIT_BROKERS)
def accredit_broker(unit: Unit, body: Row) -> Created:
    """Accredit a member of an organisation as technology manager (技术经理人)"""
    row = brokers.accredit(unit, **body)
    return Created(row, f"/v1/brokers/{row['id']}")


@routes.list("/v1/brokers", item=BrokerOut, query=BrokersQuery)
@allow(Permission.IDENTIFY)
def list_brokers(unit: Unit, query: Row) -> Page:
    """The technology managers accredited today, newest first"""
    return brokers.page_of_brokers(unit, **query)


@routes.get("/v1/brokers/<broker>", reply=BrokerOut)
@allow(Permission.IDENTIFY)
def get_broker(unit: Unit, broker: str) -> Row:
    """One technology manager"""
    return brokers.one(unit, broker)


@routes.change("/v1/brokers/<broker>/end", body=EndIn, reply=BrokerOut)
@allow(Permission.ACCREDIT_BROKERS)
def end_broker(unit: Unit, broker: str, body: Row, expected: int | None) -> Row:
    """End an accreditation; talks it serves go on until they are handed over"""
    return brokers.end(unit, broker, expected, **body)
