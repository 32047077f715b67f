"""What the places routes take and answer."""

from __future__ import annotations

from marshmallow import fields

from api.routes import ListQuery, Number
from api.schema import Identifier, Many, Output, Part, Text, one_of
from market.places.queries import LEVELS


class PlacesQuery(ListQuery):
    """Filters of the list of places."""

    level = Identifier(12, load_default=None, validate=[one_of(*LEVELS)])
    parent = Identifier(6, load_default=None, metadata={"description": "Code of the place right above."})
    q = Text(60, load_default=None, metadata={"description": "Beginning of the Chinese or English name."})
    year = Number(
        1949, 2200, load_default=None, metadata={"description": "Places valid in this year; default: valid today."}
    )


class PlaceBrief(Output):
    """A place as a link."""

    code = fields.String(metadata={"description": "GB/T 2260 code.", "example": "150203"})
    name = fields.String(metadata={"description": "In the language of Accept-Language.", "example": "昆都仑区"})


class PlaceItem(PlaceBrief):
    """What a code means, from when to when."""

    name_zh = fields.String()
    name_en = fields.String(allow_none=True, metadata={"description": "Null where no English name is known."})
    level = fields.String(metadata={"enum": list(LEVELS)})
    parent = fields.String(allow_none=True, metadata={"description": "The place right above; null for a province."})
    kind = fields.String(
        metadata={
            "description": "省, 地级市, 盟, 旗, 市辖区 …; 省直辖 is no prefecture but the counties right below a province.",
            "example": "市辖区",
        }
    )
    bucket = fields.String(
        allow_none=True,
        metadata={"description": "`hk_mo_tw` for 港澳台, neither domestic nor abroad in statistics."},
    )
    first_year = fields.Integer(allow_none=True, metadata={"description": "Null: unknown."})
    last_year = fields.Integer(allow_none=True, metadata={"description": "Null: still valid."})
    successor = fields.String(allow_none=True, metadata={"description": "The code that carried a past place on."})
    source = fields.String()


class PlaceOut(PlaceItem):
    """A place with what lies above and below it, and everything its code ever meant."""

    ancestors = Many(Part(PlaceBrief), 2, metadata={"description": "Nearest first."})
    children = Many(Part(PlaceBrief), 1000)
    history = Many(Part(PlaceItem), 100, metadata={"description": "Oldest first."})
