"""Certificates over HTTP: the PDF for the parties, the state for who holds the paper, and no word to who guesses."""

from __future__ import annotations

import json
import logging

import pytest

from api.app import create_app
from market.store.config import Settings
from tests.api.examination.desk import revoke
from tests.conftest import Api
from tests.market.certificates.papers import code_of, text_of
from tests.market.contracts.samples import content, wire


def register(api, **changes) -> str:
    return api.post("/v1/contracts", wire(content(api.world, **changes)), key="office").json["number"]


def print_it(api, number, key="enterprise", query=""):
    return api.get(f"/v1/contracts/{number}/certificate.pdf{query}", key=key)


def look_up(api, number, token, **rest):
    return api.get(f"/v1/certificates/{number}", query_string={"token": token}, **rest)


def test_the_pdf_is_answered_with_its_headers(api):
    number = register(api)
    reply = print_it(api, number)
    assert (reply.status_code, reply.mimetype) == (200, "application/pdf")
    assert reply.data.startswith(b"%PDF")
    assert number in text_of(reply.data)
    assert reply.headers["Content-Disposition"] == f'inline; filename="{number}.pdf"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in reply.headers["Cache-Control"]
    same = api.get(
        f"/v1/contracts/{number}/certificate.pdf", key="office", headers={"If-None-Match": reply.headers["ETag"]}
    )
    assert (same.status_code, same.data) == (304, b"")


def test_the_paper_leads_to_its_state_and_to_little_else(api):
    number = register(api, total_amount=1_200_000_00, tech_amount=300_000_05)
    code = code_of(print_it(api, number).data)
    reply = look_up(api, number, code.token)
    assert reply.status_code == 200
    assert reply.json == {
        "state": "valid",
        "number": number,
        "version": 1,
        "current_version": 1,
        "project_name": "示例项目:稀土永磁电机开发",
        "contract_type": "DEV",
        "seller": "测试university",
        "buyer": "测试enterprise",
        "total_amount": "1200000.00",
        "tech_amount": "300000.05",
        "registered_on": code.day,
        "late": False,
        "office": "测试office",
    }


def test_a_change_and_an_end_are_seen_by_the_holder_of_the_old_paper(api):
    number = register(api)
    token = code_of(print_it(api, number).data).token
    changes = {"reason": "CORRECTION", "changes": {"project_name": "示例:变更后"}}
    api.post(f"/v1/contracts/{number}/change", changes, key="office", if_match="*")
    found = look_up(api, number, token).json
    assert (found["state"], found["version"], found["current_version"]) == ("changed", 1, 2)
    assert found["project_name"] == "示例项目:稀土永磁电机开发"
    assert "SUPERSEDED" in text_of(print_it(api, number, query="?version=1").data)
    assert print_it(api, number, query="?version=3").status_code == 404
    revoke(api, number)
    assert look_up(api, number, token).json["state"] == "revoked"
    refused = print_it(api, number)
    assert (refused.status_code, refused.json["code"]) == (409, "contract-ended")


@pytest.mark.parametrize("version", ["0", "x", "-1", "1.0", str(10**9), "9" * 20])
def test_a_version_is_a_whole_number(api, version):
    reply = print_it(api, "2026990000000001", query=f"?version={version}")
    assert (reply.status_code, reply.json["code"]) == (422, "invalid")


def test_missing_wrong_and_absent_are_one_answer(api):
    number = register(api)
    token = code_of(print_it(api, number).data).token
    other = register(api, contract_no="SYN-2")
    headers = {"X-Request-Id": "same"}
    answers = [
        api.get(f"/v1/certificates/{number}", headers=headers),
        look_up(api, number, "", headers=headers),
        look_up(api, number, token[:-1] + "~", headers=headers),
        look_up(api, number, "2" + token[1:], headers=headers),
        look_up(api, number, "\0", headers=headers),
        look_up(api, number, "1-" + "A" * 5000, headers=headers),
        api.get(f"/v1/certificates/{number}?token=%ff%fe", headers=headers),
        look_up(api, other, token, headers=headers),
        look_up(api, "2026990000999999", token, headers=headers),
        look_up(api, "nothing", token, headers=headers),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1
    assert len({str(sorted(answer.headers)) for answer in answers}) == 1


def test_a_name_without_glyphs_is_refused_by_name(api):
    number = register(api, project_name="示例项目ᠮᠣᠩᠭᠣᠯ")
    reply = print_it(api, number)
    assert (reply.status_code, reply.json["code"]) == (409, "unprintable-character")
    assert "U+182E" in reply.json["detail"]


def test_the_keys_are_public(api):
    assert api.get("/v1/certificate-keys").json == {"items": [], "next": None}
    code = code_of(print_it(api, register(api)).data)
    [key] = api.get("/v1/certificate-keys").json["items"]
    assert (key["id"], key["state"], key["algorithm"], key["retired_at"]) == (code.key, "active", "Ed25519", None)
    assert set(key) == {"id", "algorithm", "public_key", "state", "created_at", "retired_at", "compromised_at"}


# --- Asking too often. ---


def test_an_address_that_asks_too_often_has_to_wait(world):
    client = create_app(world.database, Settings(lookup_rate="3/hour")).test_client()
    replies = [client.get("/v1/certificates/2026990000000001") for _ in range(5)]
    assert [reply.status_code for reply in replies] == [404, 404, 404, 429, 429]
    assert replies[-1].json["code"] == "too-many-requests"
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 3600
    assert client.get("/v1/certificate-keys").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/v1/certificates/1", environ_overrides=elsewhere).status_code == 404


def test_a_forged_forwarding_header_does_not_help_unless_a_proxy_is_named(world):
    for proxies, expected in ((0, 429), (1, 404)):
        client = create_app(world.database, Settings(lookup_rate="1/hour", proxies=proxies)).test_client()
        replies = [client.get("/v1/certificates/1", headers={"X-Forwarded-For": f"198.51.100.{n}"}) for n in (1, 2)]
        assert replies[1].status_code == expected


def test_an_ipv6_network_is_one_address(world):
    client = create_app(world.database, Settings(lookup_rate="1/hour")).test_client()
    statuses = [
        client.get("/v1/certificates/1", environ_overrides={"REMOTE_ADDR": address}).status_code
        for address in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")
    ]
    assert statuses == [404, 429, 404]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("MARKET_LOOKUP_RATE", "often"), ("MARKET_LOOKUP_RATE", "0/minute"), ("MARKET_PROXIES", "-1")],
)
def test_wrong_settings_are_named(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=variable):
        Settings.from_environment()


# --- What is counted, and what is logged. ---


def test_metrics_count_requests_and_look_ups_by_outcome(world):
    client = create_app(world.database, Settings(metrics_token="s", lookup_rate="3/hour")).test_client()
    api = Api(world, client)
    number = register(api)
    token = code_of(print_it(api, number).data).token
    for given in (token, token, "wrong", "wrong"):
        look_up(api, number, given)
    told = client.get("/metrics", headers={"Authorization": "Bearer s"}).text
    assert 'market_certificate_lookups_total{outcome="valid"} 2.0' in told
    assert 'market_certificate_lookups_total{outcome="not_found"} 1.0' in told
    assert 'market_certificate_lookups_total{outcome="limited"} 1.0' in told
    assert 'market_requests_total{method="GET",route="/v1/certificates/<number>",status="200"} 2.0' in told
    assert 'market_request_seconds_count{route="/v1/contracts"} 1.0' in told
    assert number not in told
    assert token not in told


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s"}])
def test_metrics_need_the_token(world, headers):
    client = create_app(world.database, Settings(metrics_token="s")).test_client()
    assert client.get("/metrics", headers=headers).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer s"}).status_code == 200


def test_without_a_token_there_are_no_metrics(api):
    assert api.get("/metrics").status_code == 404


def test_no_token_is_logged(world):
    logger, handler, lines = logging.getLogger("market"), logging.Handler(), []
    handler.emit = lambda line: lines.append(line.getMessage())
    level = logger.level
    logger.addHandler(handler)
    try:
        client = create_app(world.database, Settings(log_level="INFO")).test_client()
        client.get("/v1/certificates/1?token=1-geheim")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert any("/v1/certificates/1 404" in line for line in lines)
    assert "geheim" not in json.dumps(lines)


def test_settings_keep_their_secrets_to_themselves():
    assert "geheim" not in repr(Settings(certificate_password="geheim", metrics_token="geheim"))
