"""Talks for tests, over the API: a listing, an interest in it, and any stage after that."""

from __future__ import annotations

from typing import Any

PDF = b"%PDF-1.7\n%%EOF\n"
ANSWERS = {
    "demand": [{"question": code, "text": "示例回答"} for code in ("APPROACH", "RESULTS", "TIMING")],
    "achievement": [{"question": code, "text": "示例回答"} for code in ("USE", "MEANS", "TIMING_WANTED")],
}
CONTACT = {"name": "示例联系人", "phone": "0471-1234567", "email": "someone@example.com"}


def done(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json


def listing(api: Any, owner: str, kind: str = "demand", **more: Any) -> str:
    """A published listing; its id."""
    facts = {
        "title": "稀土永磁电机退磁问题",
        "summary": "求高温下不退磁的烧结钕铁硼磁体。",
        "fields": ["region:rare_earth"],
        "negotiable": True,
        "publish": True,
    }
    return done(api.post(f"/v1/{kind}s", facts | more, key=owner), 201)["id"]


def interest(api: Any, listing_id: str, seeker: str, kind: str = "demand", **more: Any) -> Any:
    """The answer to an expression of interest."""
    body = {"answers": ANSWERS[kind], **more}
    return api.post(f"/v1/{kind}s/{listing_id}/interest", body, key=seeker)


def step(api: Any, dealing: str, name: str, key: str, body: Any = None, if_match: str = "*") -> Any:
    """The answer to a step."""
    return api.post(f"/v1/dealings/{dealing}/{name}", body or {}, key=key, if_match=if_match)


def talks(api: Any, stage: str, owner: str = "enterprise", seeker: str = "university", **more: Any) -> str:
    """Talks about a demand that have reached a stage; their id."""
    owned = {name: more.pop(name) for name in ("listing_anonymous", "listing_contact") if name in more}
    facts = {name.removeprefix("listing_"): value for name, value in owned.items()}
    dealing = done(interest(api, listing(api, owner, **facts), seeker, **more), 201)["id"]
    stages = ("interest", "introduction", "nda", "negotiation", "agreed")
    for each in stages[1 : stages.index(stage) + 1]:
        advance(api, dealing, each, owner, seeker)
    return dealing


def advance(api: Any, dealing: str, stage: str, owner: str, seeker: str) -> None:
    """From the stage before to this one."""
    if stage == "introduction":
        done(step(api, dealing, "introduce", owner))
    if stage == "nda":
        digest = done(step(api, dealing, "propose-nda", owner, {"terms": "双方保密。"}))["proposal"]["sha256"]
        done(step(api, dealing, "sign-nda", seeker, {"sha256": digest}))
    if stage == "negotiation":
        done(step(api, dealing, "negotiate", owner))
    if stage == "agreed":
        digest = done(step(api, dealing, "propose-terms", seeker, {"terms": "总价五十万元。"}))["proposal"]["sha256"]
        done(step(api, dealing, "agree", owner, {"sha256": digest}))


def upload(api: Any, dealing: str, key: str, name: str = "plan.pdf", content: bytes = PDF) -> Any:
    """The answer to an upload."""
    return api.call(
        "POST",
        f"/v1/dealings/{dealing}/files?name={name}",
        key=key,
        data=content,
        content_type="application/octet-stream",
    )


def broker(api: Any, organisation: str = "broker", name: str = "示例经理人") -> str:
    """An accredited technology manager of an organisation; the id."""
    member = done(api.post("/v1/members", {"name": name}, key=organisation), 201)["id"]
    return done(api.post("/v1/brokers", {"member": member, "level": "MIDDLE"}, key="administrator"), 201)["id"]
