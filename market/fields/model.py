"""Tables of what is classified and how: schemes and their fields, aliases, cross-walks, all other code lists."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import CivilDate, Code, LongText


class SchemeEntry(Base):
    """A classification scheme (技术领域分类), such as the 11 fields of contract registration."""

    __tablename__ = "field_scheme"

    scheme: Mapped[str] = mapped_column(Code(20), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120))
    edition: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(Code(12))
    note: Mapped[str] = mapped_column(LongText)


class FieldEntry(Base):
    """A field of a scheme. Its tag is `scheme:code`; `parent` is a tag of the same scheme."""

    __tablename__ = "field"
    __table_args__ = (Index("ix_field_scheme", "scheme", "tag"),)

    tag: Mapped[str] = mapped_column(Code(80), primary_key=True)
    scheme: Mapped[str] = mapped_column(Code(20))
    code: Mapped[str] = mapped_column(Code(60))
    parent: Mapped[str | None] = mapped_column(Code(80))
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(Code(12))


class AliasEntry(Base):
    """Another name or code under which a field may be given, as `scheme:alias`."""

    __tablename__ = "field_alias"

    alias: Mapped[str] = mapped_column(Code(140), primary_key=True)
    tag: Mapped[str] = mapped_column(Code(80))
    scheme: Mapped[str] = mapped_column(Code(20), index=True)


class CrosswalkEntry(Base):
    """A link between fields of two schemes: `to_tag` is an exact, close, broader, narrower or related match of `from_tag`.

    What an administrator has `edited` or `removed` is not overwritten by a later load.
    """

    __tablename__ = "crosswalk"
    __table_args__ = (Index("ix_crosswalk_to_tag", "to_tag", "from_tag"),)

    from_tag: Mapped[str] = mapped_column(Code(80), primary_key=True)
    to_tag: Mapped[str] = mapped_column(Code(80), primary_key=True)
    relation: Mapped[str] = mapped_column(Code(12))
    status: Mapped[str] = mapped_column(Code(12))
    source: Mapped[str] = mapped_column(String(300))
    version: Mapped[int]
    edited: Mapped[bool]
    removed: Mapped[bool]


class CodeEntry(Base):
    """A code of a list such as 合同类别 or 买卖方性质; `parent` is a code of the same list."""

    __tablename__ = "code_entry"

    list: Mapped[str] = mapped_column(Code(40), primary_key=True)
    code: Mapped[str] = mapped_column(Code(60), primary_key=True)
    position: Mapped[int]
    parent: Mapped[str | None] = mapped_column(Code(60))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    valid_from: Mapped[date | None] = mapped_column(CivilDate)
    valid_to: Mapped[date | None] = mapped_column(CivilDate)
    source: Mapped[str] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(Code(12))


class LoadedList(Base):
    """Which version of a list is loaded: `kind` is `places`, `fields`, `crosswalks`, `code_list`, `rules`, `calendar`…"""

    __tablename__ = "loaded_list"

    kind: Mapped[str] = mapped_column(Code(12), primary_key=True)
    name: Mapped[str] = mapped_column(Code(40), primary_key=True)
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(Code(64))
    size: Mapped[int]
