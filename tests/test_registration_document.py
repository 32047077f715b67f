"""A clerk can do the whole work from the document: its shell lines run against a service as they stand."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from market.access import SYSTEM
from market.journal import read as journal
from market.statistics.agreement import check
from tests.test_service import service  # noqa: F401 - a fixture

DOCUMENT = Path(__file__).parents[1] / "docs" / "registration.md"
AFTERWARDS = "change_pending registered objection_pending registered registered cancelled".split()
STATES = "draft submitted accepted under_review returned returned accepted under_review".split()


def test_the_lines_of_the_document_take_a_case_from_application_to_its_end(service, world, tmp_path):  # noqa: F811
    [script] = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "demo-keys.json").write_text(json.dumps(world.keys, indent=2))
    script = script.replace("http://127.0.0.1:8000", service)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert '"status":4' not in done.stdout, done.stdout
    checked, *answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    assert {finding["code"] for finding in checked["findings"] if finding["severity"] == "error"} == {
        "document-missing"
    }
    states = [answer["state"] for answer in answers if "state" in answer]
    assert states == [*STATES[1:], *AFTERWARDS]
    assert (tmp_path / "certificate.pdf").read_bytes().startswith(b"%PDF-")
    assert [item["version"] for item in answers[-9]["items"]] == [1, 2]
    assert [(item["kind"], item["asked_by"]) for item in answers[-1]["items"]][-1] == ("contract.cancelled", "buyer")
    with world.database.snapshot(SYSTEM) as unit:
        assert journal.verify(unit) + check(unit) == []
