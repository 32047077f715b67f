"""Applications for registration and their examination, as far as no number is given: that and what follows is registration's."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from api.examination.schemas import (
    AssignIn,
    AttachmentOut,
    AttachmentQuery,
    CaseIn,
    CaseItemOut,
    CaseOut,
    CasesQuery,
    CaseStepOut,
    CheckIn,
    CheckOut,
    DeskQuery,
    NoteIn,
    ObjectionIn,
    RefuseIn,
    ReturnIn,
    WordsIn,
)
from api.gate import allow
from api.routes import Created, File, ListQuery, Routes
from market.access import Permission
from market.examination import actions, attachments, queries
from market.files.media import saved_as
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("examination")

Row = dict[str, Any]


@routes.create("/v1/applications", body=CaseIn, reply=CaseOut)
@allow(Permission.APPLY)
def draft_application(unit: Unit, body: Row) -> Created:
    """Begin an application (认定登记申请) as a draft

    The seller applies, for a technology import the domestic buyer, at the office of its own place. Only `office` is needed
    now. What earlier applications said of the same party is filled in.
    """
    case = actions.draft(unit, **body)
    return Created(queries.one(unit, case["id"]), f"/v1/applications/{case['id']}")


@routes.ask("/v1/applications/check", body=CheckIn, reply=CheckOut)
@allow(Permission.READ_CASES)
def check_content(unit: Unit, body: Row) -> Row:
    """Check what might become an application

    Every check at once, in Chinese and English, each with its rule; nothing is written.
    """
    return actions.check_content(unit, body).shown()


@routes.list("/v1/applications", item=CaseItemOut, query=CasesQuery)
@allow(Permission.READ_CASES)
def list_cases(unit: Unit, query: Row) -> Page:
    """Applications the caller may see, newest first

    One's own; those handed in to one's office; auditors see all that were handed in.
    """
    return queries.page_of_cases(unit, **query)


@routes.get("/v1/applications/<case>", reply=CaseOut)
@allow(Permission.READ_CASES)
def get_case(unit: Unit, case: str) -> Row:
    """One application, its clock and the steps that are legal now"""
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>", method="PATCH", body=CaseIn, reply=CaseOut)
@allow(Permission.APPLY)
def edit_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Change a draft, or what was returned for a supplement

    What is left out stays; a party is given whole.
    """
    actions.edit(unit, case, expected, body)
    return queries.one(unit, case)


@routes.ask("/v1/applications/<case>/check", reply=CheckOut)
@allow(Permission.READ_CASES)
def check_case(unit: Unit, case: str) -> Row:
    """Check an application as it stands

    Every check at once, in Chinese and English, each with its rule; nothing is written.
    """
    return actions.precheck(unit, case).shown()


@routes.change("/v1/applications/<case>/submit", reply=CaseOut)
@allow(Permission.APPLY)
def submit_case(unit: Unit, case: str, expected: int | None) -> Row:
    """Hand a draft in (提交)

    Refused while there is a finding that is an error.
    """
    actions.submit(unit, case, expected)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/resubmit", body=WordsIn, reply=CaseOut)
@allow(Permission.APPLY)
def resubmit_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Hand the supplement in (补正)

    This day becomes the day of acceptance, and the limit begins anew.
    """
    actions.resubmit(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/withdraw", body=WordsIn, reply=CaseOut)
@allow(Permission.APPLY)
def withdraw_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Withdraw an application that is not decided (撤回)"""
    actions.withdraw(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/object", body=ObjectionIn, reply=CaseOut)
@allow(Permission.OBJECT)
def object_to_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Object to a registration or a refusal (异议)

    The applicant; or an auditor, who puts on record what a tax or finance authority objects.
    """
    actions.raise_objection(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.list("/v1/applications/<case>/history", item=CaseStepOut)
@allow(Permission.READ_CASES)
def list_case_steps(unit: Unit, case: str, query: Row) -> Page:
    """The file of an application: its steps with findings

    Notes are for the office and auditors.
    """
    return queries.history(unit, case, **query)


@routes.upload(
    "/v1/applications/<case>/attachments", query=AttachmentQuery, reply=AttachmentOut, most=attachments.MAX_BYTES
)
@allow(Permission.APPLY)
def attach_paper(unit: Unit, case: str, query: Row, content: bytes) -> Created:
    """Add a paper (附件): the file is the body

    PDF, OFD, PNG or JPEG, told by its content whatever its name says.
    """
    row = attachments.attach(unit, case, content=content, **query)
    return Created(row, f"/v1/applications/{case}/attachments/{row['id']}")


@routes.list("/v1/applications/<case>/attachments", item=AttachmentOut, query=ListQuery)
@allow(Permission.READ_CASES)
def list_papers(unit: Unit, case: str, query: Row) -> Page:
    """The papers of an application"""
    return queries.page_of_attachments(unit, case, **query)


@routes.file("/v1/applications/<case>/attachments/<paper>", media="application/octet-stream")
@allow(Permission.READ_CASES)
def get_paper(unit: Unit, case: str, paper: str) -> File:
    """A paper itself, always to be saved and never to be shown in place"""
    row = queries.attachment(unit, case, paper)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(saved_as(row['name'], row['media']), safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-cache",
    }
    return File(row["content"], f'"{row["sha256"]}"', headers)


@routes.change("/v1/applications/<case>/attachments/<paper>", method="DELETE", reply=AttachmentOut)
@allow(Permission.APPLY)
def remove_paper(unit: Unit, case: str, paper: str, expected: int | None) -> Row:
    """Take a paper back out of a draft, or of what was returned for a supplement

    A paper has no versions: `If-Match: *`.
    """
    return attachments.detach(unit, case, paper)


@routes.list("/v1/desk", item=CaseItemOut, query=DeskQuery)
@allow(Permission.EXAMINE)
def list_desk(unit: Unit, query: Row) -> Page:
    """The office's queues: open, mine, unassigned, soon due, overdue, ending

    Each due day explains itself.
    """
    return queries.desk(unit, **query)


@routes.change("/v1/applications/<case>/accept", reply=CaseOut)
@allow(Permission.EXAMINE)
def accept_case(unit: Unit, case: str, expected: int | None) -> Row:
    """Accept an application (受理); the limit begins"""
    actions.accept(unit, case, expected)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/assign", body=AssignIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def assign_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Assign a case to a member of the office (分派)"""
    actions.assign(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/take", reply=CaseOut)
@allow(Permission.EXAMINE)
def take_case(unit: Unit, case: str, expected: int | None) -> Row:
    """Take a case in hand, as examiner or expert

    The key's member becomes the one who decides.
    """
    actions.take(unit, case, expected)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/request-supplement", body=ReturnIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def return_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Give an application back for a supplement (要求补正)"""
    actions.request_supplement(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/endorse", body=WordsIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def endorse_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Endorse a flagged case, or a change, as the second person (复核)"""
    actions.endorse(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/refer", body=WordsIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def refer_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Refer a large or disputed case to expert review by other people (专家评审)"""
    actions.refer(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/refuse", body=RefuseIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def refuse_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Refuse registration (不予登记); final but for an objection"""
    actions.refuse(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/note", body=NoteIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def note_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Write a note into the file; the office and auditors read it"""
    actions.note(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/uphold", body=NoteIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def uphold_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Leave a decision as it is upon an objection, by somebody who did not make it"""
    actions.uphold(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/redo", body=NoteIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def redo_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Have a case examined again by other people (重新认定)

    A registration stays valid meanwhile.
    """
    actions.redo(unit, case, expected, **body)
    return queries.one(unit, case)


@routes.change("/v1/applications/<case>/confirm", body=NoteIn, reply=CaseOut)
@allow(Permission.EXAMINE)
def confirm_case(unit: Unit, case: str, body: Row, expected: int | None) -> Row:
    """Confirm a registration after a second examination (维持登记)"""
    actions.confirm(unit, case, expected, **body)
    return queries.one(unit, case)
