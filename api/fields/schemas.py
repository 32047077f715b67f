"""What the routes of fields, cross-walks and code lists take and answer."""

from __future__ import annotations

from marshmallow import fields

from api.routes import ListQuery
from api.schema import Day, Identifier, Input, Many, Output, Part, Text, one_of
from market.fields.queries import RELATIONS, STATUSES

_STATUS = {
    "enum": list(STATUSES),
    "description": "`official`; `unverified` (no official text was read); `proposed` (ours).",
}
_RELATION = {"enum": list(RELATIONS), "description": "What the other field is to this one: `broader` = it is wider."}
_NAME = {"description": "In the language of Accept-Language."}


class FieldsQuery(ListQuery):
    """Filters of the list of fields."""

    scheme = Identifier(20, load_default=None)
    parent = Text(80, load_default=None, metadata={"description": "Tag (an alias too) of the field right above."})


class CrosswalksQuery(ListQuery):
    """Filters of the list of cross-walks."""

    tag = Text(80, load_default=None, metadata={"description": "Those of this field; an alias too."})


class SchemeItem(Output):
    """A classification scheme."""

    scheme = fields.String(metadata={"example": "contract"})
    name = fields.String(metadata=_NAME)
    name_zh = fields.String()
    name_en = fields.String()
    edition = fields.String()
    source = fields.String()
    status = fields.String(metadata=_STATUS)
    note = fields.String()


class FieldBrief(Output):
    """A field as a link."""

    tag = fields.String(metadata={"example": "contract:05"})
    name = fields.String(metadata=_NAME)


class FieldItem(FieldBrief):
    """A field of a scheme."""

    scheme = fields.String(metadata={"example": "contract"})
    code = fields.String(metadata={"example": "05"})
    parent = fields.String(allow_none=True, metadata={"description": "Tag of the field right above."})
    name_zh = fields.String()
    name_en = fields.String()
    source = fields.String()
    status = fields.String(metadata=_STATUS)


class FieldLink(FieldBrief):
    """A field of another scheme and what it is to this one."""

    relation = fields.String(metadata=_RELATION)
    status = fields.String(metadata=_STATUS)
    source = fields.String()


class FieldOut(FieldItem):
    """A field with what lies above, below and beside it."""

    ancestors = Many(Part(FieldBrief), 10, metadata={"description": "Nearest first."})
    children = Many(Part(FieldBrief), 1000)
    crosswalks = Many(Part(FieldLink), 1000)
    aliases = Many(fields.String(), 100, metadata={"description": "May stand for the code: `contract:电子信息`."})


class CrosswalkIn(Input):
    """What is said of a link."""

    relation = Identifier(12, required=True, validate=[one_of(*RELATIONS)])
    status = Identifier(12, load_default="proposed", validate=[one_of(*STATUSES)])
    source = Text(300, required=True, metadata={"description": "Who says so."})


class NewCrosswalkIn(CrosswalkIn):
    """A new link: `to` is a `relation` match of `from`."""

    from_tag = Text(80, required=True, data_key="from", metadata={"example": "contract:09"})
    to_tag = Text(80, required=True, data_key="to", metadata={"example": "hightech:706"})


class CrosswalkOut(Output):
    """A link: `to` is a `relation` match of `from`."""

    from_tag = fields.String(data_key="from")
    to_tag = fields.String(data_key="to")
    relation = fields.String(metadata=_RELATION)
    status = fields.String(metadata=_STATUS)
    source = fields.String()
    version = fields.Integer()


class CodeListItem(Output):
    """A code list and its loaded version."""

    name = fields.String(metadata={"example": "contract_type"})
    version = fields.Integer()
    digest = fields.String(metadata={"description": "SHA-256 of the shipped rows."})
    size = fields.Integer(metadata={"description": "How many codes."})


class CodeItemOut(Output):
    """A code."""

    code = fields.String(metadata={"example": "DEV"})
    parent = fields.String(allow_none=True, metadata={"description": "A code of the same list."})
    name = fields.String(metadata=_NAME)
    name_zh = fields.String()
    name_en = fields.String(allow_none=True)
    valid_from = Day(allow_none=True)
    valid_to = Day(allow_none=True)
    source = fields.String()
    status = fields.String(metadata=_STATUS)


class CodeListOut(CodeListItem):
    """A whole code list."""

    items = Many(Part(CodeItemOut), 10_000)
