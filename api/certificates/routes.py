"""Routes of certificates: the PDF for those who may see the contract, the state for who holds the paper, the public keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app

from api.certificates.schemas import CertificateKeyOut, CertificateOut, CertificateQuery, LookUpQuery
from api.gate import allow, public
from api.metrics import note_outcome
from api.routes import File, Routes
from api.throttle import limited
from market.access import Permission
from market.certificates.queries import certificate, look_up, page_of_keys
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("certificates")


@routes.file("/v1/contracts/<number>/certificate.pdf", media="application/pdf", query=CertificateQuery, snapshot=True)
@allow(Permission.PRINT_CERTIFICATE)
def print_certificate(unit: Unit, number: str, query: dict[str, Any]) -> File:
    """The certificate of a registered contract (技术合同认定登记证明) as a PDF

    For the parties, the office and auditors. A version that was changed since is marked as superseded; an ended registration has
    none (409 `contract-ended`). The QR code holds number, version, amounts, day, office, token, key and an Ed25519 signature.
    """
    password = current_app.extensions["settings"].certificate_password
    name = {"Content-Disposition": f'inline; filename="{number}.pdf"', "Cache-Control": "private, no-cache"}
    return File(certificate(unit, number, query["version"], password), headers=name)


@routes.get("/v1/certificates/<number>", reply=CertificateOut, query=LookUpQuery)
@limited
@public
def look_up_certificate(unit: Unit, number: str, query: dict[str, Any]) -> Mapping[str, Any]:
    """Does a printed certificate still hold?

    For anyone with the paper: number and token stand on it. A missing or wrong token and an absent number are all the same 404.
    """
    found = look_up(unit, number, query["token"])
    note_outcome(found["state"])
    return found


@routes.list("/v1/certificate-keys", item=CertificateKeyOut)
@public
def list_certificate_keys(unit: Unit, query: dict[str, Any]) -> Page:
    """The public keys with which certificates can be verified offline, the newest first"""
    return page_of_keys(unit, **query)
