"""Building blocks of the hand-written schemas: the public promise of every request and reply.

Inputs derive from `Input`, outputs from `Output`. An output's dump is compiled once from the same schema (marshmallow's own dump
was 42 % of a list request); a property test holds the two equal. Messages begin with a stable code: `too-long: At most 200.`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from market.store.types import MAX_FEN, fen, instant_text, is_clean, yuan

Row = Mapping[str, Any]

_MESSAGES = {
    "required": "required: This field is needed.",
    "null": "null: This field may not be null.",
    "validator_failed": "invalid: This value is not allowed.",
}


class Input(Schema):
    """What a client sends: unknown fields are refused."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "unknown-field: There is no such field.", "type": "wrong-type: An object is needed."}


class Output(Schema):
    """What we answer, made from a mapping."""


def length(maximum: int, minimum: int, unit: str) -> validate.Length:
    """Bound a text or list; `unit` says what is counted."""
    return validate.Length(minimum, maximum, error=f"wrong-length: Between {minimum} and {maximum} {unit}.")


def one_of(*choices: str) -> validate.OneOf:
    """One of a few fixed words."""
    return validate.OneOf(choices, error=f"unknown-value: One of {', '.join(choices)}.")


def pattern(regex: str, what: str) -> validate.Regexp:
    """A text of a fixed shape."""
    return validate.Regexp(regex, error=f"bad-format: {what}")


class Text(fields.String):
    """Text without NUL and lone surrogates, trimmed; `maximum` characters at most and at least `minimum`."""

    default_error_messages = {**_MESSAGES, "invalid": "wrong-type: A string is needed."}

    def __init__(self, maximum: int = 200, *, minimum: int = 1, **rest: Any) -> None:
        validators = list(rest.pop("validate", []))
        super().__init__(validate=[length(maximum, minimum, "characters"), *validators], **rest)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **rest)
        if not is_clean(text):
            raise ValidationError("bad-character: NUL and lone surrogates are not text.")
        return text.strip()


class Identifier(Text):
    """An id, number or code: short printable ASCII."""

    def __init__(self, maximum: int = 80, **rest: Any) -> None:
        shape = pattern(r"^[\x21-\x7e]+\Z", "Printable ASCII without spaces.")
        super().__init__(maximum, validate=[shape, *rest.pop("validate", [])], **rest)


class Whole(fields.Integer):
    """A JSON integer between two bounds."""

    default_error_messages = {
        **_MESSAGES,
        "invalid": "wrong-type: A whole number is needed.",
        "too_large": "out-of-range: Too large.",
    }

    def __init__(self, minimum: int = 0, maximum: int = 2**53, **rest: Any) -> None:
        bounds = validate.Range(minimum, maximum, error=f"out-of-range: Between {minimum} and {maximum}.")
        super().__init__(strict=True, validate=bounds, **rest)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int:
        if isinstance(value, bool | float):
            raise self.make_error("invalid", input=value)
        number: int = super()._deserialize(value, attr, data, **rest)
        return number


class Flag(fields.Boolean):
    """A JSON boolean."""

    default_error_messages = {**_MESSAGES, "invalid": "wrong-type: true or false is needed."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Yuan(fields.Field[int]):
    """Money: a yuan string with at most two decimals on the wire, integer fen inside; more than 0."""

    default_error_messages = {
        **_MESSAGES,
        "invalid": 'wrong-type: A yuan amount as a string such as "1200.50" is needed.',
        "range": "out-of-range: More than 0 and at most 10000000000000.00 yuan.",
        "precision": "too-precise: At most two decimals.",
    }

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **rest: Any) -> str | None:
        return None if value is None else yuan(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int:
        if not isinstance(value, str) or len(value) > 30 or not value.isascii() or set(value) - set("0123456789.-"):
            raise self.make_error("invalid")
        try:
            amount = Decimal(value)
        except InvalidOperation:
            raise self.make_error("invalid") from None
        if not 0 < amount * 100 <= MAX_FEN:
            raise self.make_error("range")
        try:
            return fen(amount)
        except ValueError:
            raise self.make_error("precision") from None


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Day(fields.Date):
    """A civil date, `2026-01-31`."""

    default_error_messages = {**_MESSAGES, "invalid": "wrong-type: A date such as 2026-01-31 is needed."}

    def __init__(self, **rest: Any) -> None:
        super().__init__(format="iso", **rest)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> date:
        if not isinstance(value, str) or not _DAY.match(value):
            raise self.make_error("invalid")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None
        if not 1900 <= day.year <= 2200:
            raise ValidationError("out-of-range: A year between 1900 and 2200 is needed.")
        return day


class Moment(fields.Field[int]):
    """An instant (output only): microseconds UTC inside, RFC 3339 on the wire."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **rest: Any) -> str | None:
        return None if value is None else instant_text(value)


class Plain(fields.Raw):
    """An output value that is JSON already (texts, integers, JSON lists of codes)."""


class Many(fields.List[Any]):
    """A JSON list of at most `maximum` items."""

    default_error_messages = {**_MESSAGES, "invalid": "wrong-type: A list is needed."}

    def __init__(self, item: Any, maximum: int, *, minimum: int = 0, **rest: Any) -> None:
        super().__init__(item, validate=length(maximum, minimum, "items"), **rest)


class Part(fields.Nested):
    """An object inside an object."""

    default_error_messages = {**_MESSAGES, "type": "wrong-type: An object is needed."}


def field_errors(messages: Any, pointer: str = "") -> list[dict[str, str]]:
    """marshmallow's nested messages as a flat list of {pointer, code, message}."""
    if isinstance(messages, Mapping):
        found = []
        for key, inner in messages.items():
            step = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            found += field_errors(inner, pointer + step)
        return found
    found = []
    for text in messages if isinstance(messages, list) else [messages]:
        if isinstance(text, Mapping):
            found += field_errors(text, pointer)
            continue
        code, colon, message = str(text).partition(": ")
        known = colon and " " not in code
        found.append(
            {"pointer": pointer, "code": code if known else "invalid", "message": message if known else str(text)}
        )
    return found


@cache
def dumper(schema: type[Output]) -> Callable[[Row], dict[str, Any]]:
    """The compiled dump of an output schema: same answer as `schema().dump(row)` for a mapping that has every key."""
    scope: dict[str, Any] = {}
    parts = []
    for name, field in schema().dump_fields.items():
        key = field.data_key or name
        parts.append(f"{key!r}: {_expression(field, f'o[{(field.attribute or name)!r}]', scope)}")
    exec(f"def dump(o):\n    return {{{', '.join(parts)}}}", scope)
    compiled: Callable[[Row], dict[str, Any]] = scope["dump"]
    return compiled


def _expression(field: Any, value: str, scope: dict[str, Any]) -> str:
    if isinstance(field, Part):
        name = f"part{len(scope)}"
        scope[name] = dumper(type(field.schema))
        if field.many:
            return f"[{name}(x) for x in {value}]"
        return f"(None if {value} is None else {name}({value}))"
    if isinstance(field, Many):
        inner = _expression(field.inner, "x", scope)
        return value if inner == "x" else f"(None if {value} is None else [{inner} for x in {value}])"
    for kind, function in _CONVERTERS.items():
        if isinstance(field, kind):
            scope[function.__name__] = function
            return f"(None if {value} is None else {function.__name__}({value}))"
    return value


_CONVERTERS: dict[type, Callable[[Any], Any]] = {Yuan: yuan, Moment: instant_text, Day: date.isoformat}
