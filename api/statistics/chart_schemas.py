"""What the charts take, and the headers that keep a picture a picture."""

from __future__ import annotations

from api.schema import Identifier, one_of
from api.statistics.flow_schemas import FlowsQuery
from api.statistics.schemas import DealsQuery
from market.statistics.answers import MEASURES

SVG = "image/svg+xml"
IMAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox"}
"""Opened by itself it is a document: nothing may run or be loaded."""


def _measure() -> Identifier:
    text = {"description": "Which figures are drawn."}
    return Identifier(20, load_default="total_amount", validate=[one_of(*MEASURES)], metadata=text)


class DealsChartQuery(DealsQuery):
    """A question to the figures, and which of them are drawn; subtotals and shares are not."""

    class Meta(DealsQuery.Meta):
        exclude = ("rollup", "shares")

    measure = _measure()


class FlowsChartQuery(FlowsQuery):
    """A question to the matrix, and which of its figures are drawn."""

    measure = _measure()
