"""Checking a certificate with the published keys alone: what is genuine passes, whatever was touched does not."""

from __future__ import annotations

import io

import orjson
import pytest
from click.testing import CliRunner
from PIL import Image

from market.access import SYSTEM
from market.certificates.actions import mark_compromised, rotate
from market.certificates.offline import check_pdf, check_text
from market.certificates.paper import draw, face_in
from market.certificates.queries import published_keys
from market.cli import main
from tests.market.certificates.papers import code_of, keys, picture_of, printed
from tests.market.registration.acts import register


def text(code) -> str:
    return f"{code.signed}|{code.signature}"


def said_in(paper: bytes) -> dict[str, str]:
    import pypdfium2

    with pypdfium2.PdfDocument(paper) as document:
        return face_in(document.get_metadata_dict()["Subject"])


def test_a_printed_certificate_is_genuine_as_file_and_as_text(world):
    paper = printed(world, register(world)["number"])
    for found in (check_pdf(paper, keys(world)), check_text(text(code_of(paper)), keys(world))):
        assert (found.wrong, found.open) == ([], [])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("|1200000.00|", "|9200000.00|"),
        ("00|2", "01|2"),
        ("|1|", "|2|"),
        ("测试office", "测试office2"),
        ("99", "15"),
    ],
)
def test_an_altered_code_is_not_genuine(world, old, new):
    whole = text(code_of(printed(world, register(world)["number"])))
    altered = whole.replace(old, new, 1)
    assert altered != whole
    assert "signature" in check_text(altered, keys(world)).wrong[0]


def test_a_signature_has_one_spelling(world):
    """The last of its letters holds two bits only; the other ways to write these are no signature of ours."""
    whole = text(code_of(printed(world, register(world)["number"])))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = whole[:-1] + letters[letters.index(whole[-1]) ^ 1]
    assert (check_text(whole, keys(world)).wrong, len(check_text(other, keys(world)).wrong)) == ([], 1)


@pytest.mark.parametrize("given", ["", "TCR1|", "https://example.com", "TCR1" + "|1" * 10])
def test_another_text_is_none(world, given):
    assert check_text(given, {}).wrong


@pytest.mark.parametrize("name", ["seller", "project_name", "tech", "tech_words", "registered_on", "office", "token"])
def test_a_page_that_says_otherwise_than_was_signed_is_found(world, name):
    """Redrawn with one value altered, under the genuine code; with the altered values in the file, or none."""
    paper = printed(world, register(world)["number"])
    said, whole = said_in(paper), text(code_of(paper))
    altered = draw({**said, name: "示例冒名"}, whole, [])
    assert check_pdf(altered, keys(world)).wrong == ["The file does not carry the values that were signed."]
    assert check_pdf(paper.replace(b"/Subject", b"/Nothing"), keys(world)).wrong


def test_signed_values_beside_an_altered_page_are_found(world, monkeypatch):
    paper = printed(world, register(world)["number"])
    said, whole = said_in(paper), text(code_of(paper))
    monkeypatch.setattr("market.certificates.offline.face_in", lambda subject: said)
    found = check_pdf(draw({**said, "seller": "示例冒名"}, whole, []), keys(world))
    assert found.wrong == ["The page does not say what was signed: 卖方 Seller."]


def test_a_scan_is_checked_by_its_code_and_left_to_the_eye(world):
    paper = printed(world, register(world)["number"])
    scan = io.BytesIO()
    Image.fromarray(picture_of(paper, 2)[:, :, ::-1]).rotate(1.5, fillcolor="white").save(scan, "PDF", resolution=144)
    found = check_pdf(scan.getvalue(), keys(world))
    assert found.code == code_of(paper)
    assert (found.wrong, len(found.open)) == ([], 1)


def test_keys_that_are_unknown_or_compromised_decide_nothing(world):
    number = register(world)["number"]
    code = code_of(printed(world, number))
    assert "not among" in check_text(text(code), {}).open[0]
    world.database.write(SYSTEM, lambda unit: mark_compromised(unit, code.key, ""))
    assert "compromised" in check_text(text(code), keys(world)).open[0]
    again = code_of(printed(world, number))
    assert check_text(text(again), keys(world)).open == []


def test_a_stolen_name_of_a_key_does_not_help(world):
    """Signed by another key under the id of a published one."""
    number = register(world)["number"]
    code = code_of(printed(world, number))
    other = world.database.write(SYSTEM, lambda unit: rotate(unit, ""))
    known = keys(world)
    swapped = {code.key: known[other]}
    assert check_text(text(code), swapped).wrong


def test_the_command_says_so_and_needs_no_database(world, tmp_path, monkeypatch):
    paper = printed(world, register(world)["number"])
    (tmp_path / "paper.pdf").write_bytes(paper)
    (tmp_path / "other.pdf").write_bytes(b"%PDF-1.4 nothing")
    with world.database.read(SYSTEM) as unit:
        (tmp_path / "keys.json").write_bytes(orjson.dumps(published_keys(unit)))
    (tmp_path / "none.json").write_text('{"items": []}')
    (tmp_path / "bad.json").write_text("[]")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/none")
    whole = text(code_of(paper))
    for given, known, status, word in [
        (str(tmp_path / "paper.pdf"), "keys.json", 0, "GENUINE as printed."),
        (whole, "keys.json", 0, "¥1,200,000.00"),
        (whole.replace("|1|", "|2|", 1), "keys.json", 1, "NOT GENUINE"),
        (str(tmp_path / "other.pdf"), "keys.json", 1, "NOT GENUINE"),
        (whole, "none.json", 3, "UNDECIDED"),
        (whole, "bad.json", 2, "certificate-keys"),
        (str(tmp_path / "absent.pdf"), "keys.json", 2, "Neither a file"),
    ]:
        result = CliRunner().invoke(main, ["certificate", "verify", given, "--keys", str(tmp_path / known)])
        assert (result.exit_code, word in result.output) == (status, True), (given[:30], known, result.output)
