"""`market …`: setting up, serving, checking and filling a market from the command line.

Every command works on DATABASE_URL, except `demo`, which has a database of its own.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path
from typing import BinaryIO, NoReturn, TextIO

import click
import orjson
from sqlalchemy.exc import SQLAlchemyError

from market.access import SYSTEM, Role
from market.certificates import actions as certificate_acts
from market.certificates import offline
from market.certificates import queries as certificates
from market.errors import MarketError
from market.examination.clock import recount
from market.journal import read as journal
from market.listings.actions import reindex
from market.organisations import actions as organisations
from market.organisations.queries import administrator_exists
from market.places.queries import tree
from market.reference.loader import bring_up_to_date, load_all
from market.registration.agreement import differences
from market.registration.importing import import_lines
from market.registration.income import check_income
from market.rules.actions import load_calendar, load_rules
from market.sample import demo as demonstration
from market.sample.generate import YEARS, known_years
from market.statistics import agreement
from market.statistics import rebuild as cube
from market.store.config import Settings
from market.store.info import INNER_MONGOLIA, set_up
from market.store.migrate import upgrade
from market.store.session import Database, Unit
from market.tour import run as run_tour

GUNICORN = Path(__file__).parents[1] / "deploy" / "gunicorn.py"


class Refusals(click.Group):
    """Answers a refusal of the market as one plain line, not as a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except MarketError as refusal:
            lines = [refusal.detail, *(f"  {e.pointer}: {e.message}" for e in refusal.errors)]
            raise click.ClickException("\n".join(lines)) from refusal
        except (SQLAlchemyError, ValueError, OSError) as failure:
            raise click.ClickException(f"{type(failure).__name__}: {str(failure).splitlines()[0]}") from failure


@click.group(cls=Refusals)
def main() -> None:
    """An open technology market and its register of technology contracts."""


def _open() -> Database:
    return Database(Settings.from_environment().database_url)


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema and, once the market is set up, the newest reference data."""
    with _open() as database:
        bring_up_to_date(database, click.echo)
    click.echo("Schema and reference data are current.")


@main.command()
@click.option("--admin-organisation", required=True, help="Name of the organisation that administers the market.")
@click.option("--place", required=True, help="Its GB/T 2260 code, e.g. 150000.")
@click.option("--region", default=INNER_MONGOLIA, show_default=True, help="The region whose statistics these will be.")
def init(admin_organisation: str, place: str, region: str) -> None:
    """Set up a real market on an empty database; prints the first administrator key, once."""
    with _open() as database:
        upgrade(database)

        def work(unit: Unit) -> str:
            if administrator_exists(unit):
                raise click.ClickException("This market has an administrator already.")
            set_up(unit.connection, "real", region)
            load_all(unit)
            if tree(unit).present(region) is None:
                raise click.BadParameter("There is no such place.", param_hint="--region")
            facts = {"name": admin_organisation, "role": Role.ADMINISTRATOR, "place": place, "country": "CN"}
            organisation = organisations.enrol(unit, facts)
            return organisations.issue_key(unit, organisation["id"], label="first")[1]

        token = database.write(SYSTEM, work, channel="cli")
    click.echo("The market is set up. The first administrator key, shown only now:")
    click.echo(token)


@main.command()
@click.option("--bind", envvar="BIND", default="127.0.0.1:8000", show_default=True)
def serve(bind: str) -> None:
    """Serve the API with gunicorn."""
    _serve(bind)


def _serve(bind: str) -> NoReturn:
    arguments = [sys.executable, "-m", "gunicorn", "--config", str(GUNICORN), "--bind", bind]
    os.execv(sys.executable, arguments)  # the server takes this process over, Ctrl-C included


def _refuse_taken(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise click.ClickException(f"Port {port} is taken; choose another: make run PORT=…") from error


@main.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--directory", default="var", show_default=True, type=click.Path(path_type=Path))
def demo(port: int, directory: Path) -> None:
    """Serve a demonstration market full of synthetic records, made on the first run and kept."""
    _refuse_taken(port)
    url = demonstration.prepare(directory)
    keys = demonstration.keys(directory)
    click.echo(demonstration.welcome(keys, port))
    os.environ["DATABASE_URL"] = url
    sys.stdout.flush()
    _serve(f"127.0.0.1:{port}")


def _span_of_years(_context: click.Context, _parameter: click.Parameter, text: str) -> range:
    found = re.match(r"([0-9]{4})(?:-([0-9]{4}))?\Z", text)
    if found is None:
        raise click.BadParameter("Years are given as 2018 or 2017-2023.")
    years, known = range(int(found[1]), int(found[2] or found[1]) + 1), known_years()
    if not years or not known.issuperset(years):
        raise click.BadParameter(f"There are figures to fit for {min(known)} to {max(known)}.")
    return years


@main.command()
@click.option("--years", default=f"{YEARS[0]}-{YEARS[-1]}", show_default=True, callback=_span_of_years)
def sample(years: range) -> None:
    """Make an empty database a demonstration, fill it with the synthetic sample, and print a key for each role.

    Output and absorbed are the yearbook's in every year; what is internal after 2018 is invented.
    """
    with _open() as database:
        upgrade(database)
        for role, token in demonstration.fill(database, years).items():
            click.echo(f"{role} {token}")


@main.command("import")
@click.argument("file", type=click.File("rb"))
def import_(file: BinaryIO) -> None:
    """Enter past registrations from FILE (JSON lines), marked late: all of them, or none."""
    lines = file.readlines()
    with _open() as database:
        rows = database.write(SYSTEM, lambda unit: import_lines(unit, lines), channel="import")
    click.echo(f"{len(rows)} contracts are in.")


@main.command()
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Of the running service.")
@click.option("--keys", default="var/demo-keys.json", show_default=True, type=click.Path(exists=True, path_type=Path))
def tour(url: str, keys: Path) -> None:
    """Play a university, an enterprise and a clerk through the main job, over HTTP."""
    run_tour(url, demonstration.read_keys(keys))


@main.group("calendar")
def calendar_() -> None:
    """The calendar of working days."""


@calendar_.command("load")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@click.option(
    "--declare", multiple=True, type=click.IntRange(1900, 2200), help="A year of which FILE names all that is special."
)
@click.option("--source", required=True, help="Who announced it, e.g. 国办发明电〔2026〕7号.")
def load_calendar_(file: TextIO, declare: tuple[int, ...], source: str) -> None:
    """Load holidays and moved workdays from FILE (CSV: day,kind,name); all of it, or nothing."""
    lines = file.readlines()
    with _open() as database:

        def work(unit: Unit) -> tuple[list[int], int]:
            return load_calendar(unit, lines, declared=declare, source=source), recount(unit)

        years, moved = database.write(SYSTEM, work, channel="cli")
    known = f" Known anew: {', '.join(map(str, years))}." if years else ""
    click.echo(f"The calendar is loaded.{known} {moved} due days of open cases were counted anew.")


@main.group("rules")
def rules_() -> None:
    """What regulation says."""


@rules_.command("load")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
def load_rules_(file: TextIO) -> None:
    """Add versions of rules from FILE (CSV with the columns of the shipped rules.csv); all of it, or nothing."""
    lines = file.readlines()
    with _open() as database:

        def work(unit: Unit) -> tuple[int, int]:
            return load_rules(unit, lines), recount(unit)

        count, moved = database.write(SYSTEM, work, channel="cli")
    click.echo(f"{count} versions of rules are loaded. {moved} due days of open cases were counted anew.")


@main.group()
def key() -> None:
    """API keys."""


@key.command()
@click.argument("organisation")
@click.option("--label", default="issued by the operator", show_default=True)
@click.option("--member", help="Id of the member who uses it; desks of offices take only keys that name one.")
def issue(organisation: str, label: str, member: str | None) -> None:
    """Issue a key of ORGANISATION (its id) and print it, once."""
    with _open() as database:
        key_id, token = database.write(
            SYSTEM,
            lambda unit: organisations.issue_key(unit, organisation, label=label, member=member),
            channel="cli",
        )
    click.echo(f"{key_id} {token}")


@main.group()
def member() -> None:
    """Members of organisations."""


@member.command("add")
@click.argument("organisation")
@click.argument("name")
def add_member(organisation: str, name: str) -> None:
    """Take NAME on as a member of ORGANISATION (its id) and print the member's id."""
    with _open() as database:
        row = database.write(SYSTEM, lambda unit: organisations.add_member(unit, organisation, name), channel="cli")
    click.echo(row["id"])


@key.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Revoke the key KEY_ID (the id, not the key)."""
    with _open() as database:
        database.write(SYSTEM, lambda unit: organisations.revoke_key(unit, key_id), channel="cli")
    click.echo("The key is revoked.")


@main.group()
def certificate() -> None:
    """Certificates of registration: their keys, and checking one without a database."""


@certificate.command("keys")
def certificate_keys() -> None:
    """Print the public keys as JSON, as GET /v1/certificate-keys answers them."""
    with _open() as database, database.read(SYSTEM) as unit:
        click.echo(orjson.dumps(certificates.published_keys(unit), option=orjson.OPT_INDENT_2))


@certificate.command("rotate-key")
def rotate_key() -> None:
    """Retire the key that signs certificates and make the next one; what was signed stays verifiable."""
    password = Settings.from_environment().certificate_password
    with _open() as database:
        made = database.write(SYSTEM, lambda unit: certificate_acts.rotate(unit, password), channel="cli")
    click.echo(f"{made} signs from now on.")


@certificate.command("compromised-key")
@click.argument("key_id")
def compromised_key(key_id: str) -> None:
    """Say that others may know the private half of KEY_ID; the current key is replaced at once."""
    password = Settings.from_environment().certificate_password
    with _open() as database:
        database.write(SYSTEM, lambda unit: certificate_acts.mark_compromised(unit, key_id, password), channel="cli")
    click.echo(f"{key_id} is marked as compromised; its signatures prove nothing any more.")


@certificate.command("verify")
@click.argument("paper")
@click.option("--keys", required=True, type=click.File("rb"), help="What GET /v1/certificate-keys answered.")
def verify_certificate(paper: str, keys: BinaryIO) -> None:
    """Check PAPER, a PDF file or the text of a QR code, with the public keys alone: no database, no network.

    Exits 0 when it is genuine as printed, 1 when it is not, 3 when that cannot be decided here.
    """
    is_text = paper.startswith("TCR1|")
    if not is_text and not Path(paper).is_file():
        raise click.BadParameter("Neither a file nor the text of a QR code.", param_hint="PAPER")
    try:
        known = offline.read_keys(keys.read())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--keys") from error
    found = offline.check_text(paper, known) if is_text else offline.check_pdf(Path(paper).read_bytes(), known)
    for name, value in offline.values(found):
        click.echo(f"{name}: {value}")
    for line in found.wrong + found.open:
        click.echo(line, err=True)
    click.echo("NOT GENUINE" if found.wrong else "UNDECIDED" if found.open else f"GENUINE as printed. {offline.ASK}")
    sys.exit(1 if found.wrong else 3 if found.open else 0)


@main.command()
def head() -> None:
    """Print the journal's head as seq:hash; keep it elsewhere for `verify --expect`."""
    with _open() as database, database.read(SYSTEM) as unit:
        click.echo(journal.head(unit))


@main.command()
@click.option("--expect", help="seq:hash kept from an earlier `market head`.")
def verify(expect: str | None) -> None:
    """Check the whole journal, and ledger, roll-ups, contracts, cases, papers, listings and talks against it.

    Exits 1 on any break.
    """
    with _open() as database, database.snapshot(SYSTEM) as unit:
        breaks = journal.verify(unit, expect) + agreement.check(unit) + check_income(unit) + differences(unit)
        _report(breaks, "All of it agrees.")
        click.echo(f"The journal is whole up to {journal.head(unit)}.")


@main.command()
@click.option("--check", "check_only", is_flag=True, help="Compare only; change nothing.")
def rebuild(check_only: bool) -> None:
    """Make what is derived anew (listing entries, roll-up cells), or compare cells, ledger and contracts.

    Exits 1 on any difference. Do it after a load of new fields or places. Cells are made stretch by stretch while the service
    runs; cut short, it goes on from there when started again.
    """
    with _open() as database:
        if not check_only:
            database.write(SYSTEM, reindex, channel="cli")
            cube.rebuild(database, click.echo)
        with database.snapshot(SYSTEM) as unit:
            breaks = agreement.check(unit) + check_income(unit)
    _report(breaks, "Cells, ledger and contracts agree.")


def _report(breaks: list[str], well: str) -> None:
    for line in breaks:
        click.echo(line, err=True)
    if breaks:
        raise click.ClickException(f"{len(breaks)} breaks found.")
    click.echo(well)


if __name__ == "__main__":
    main()
