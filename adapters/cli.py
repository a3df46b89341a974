"""The command line. Each command parses its arguments, runs one coroutine, and prints.

Imports stand inside the commands, so that `easel --help` answers at once.
"""

import asyncio
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adapters.setup.command import init

if TYPE_CHECKING:
    from adapters.reloading import SettingsSource
    from bot.settings import Settings

Config = Annotated[Path | None, typer.Option("--config", help="TOML file; default: easel.toml when present.")]

DEMO_PORT = 8080  # of the demo's page, unless it is taken

SANDBOX_HINT = """In the easel.toml that is to use it:

[[providers]]
preset = "sandbox"                      # speaks dialect = "chat"; also "tasks" and "images"
base_url = "{address}"
api_key = "{key}"

[fetch]
allow_hosts = ["{host}"]
"""

app = typer.Typer(help="Easel, the bot that paints.", no_args_is_help=True, add_completion=False, rich_markup_mode=None)
quota = typer.Typer(help="Read and change a user's credits.", no_args_is_help=True)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(quota, name="quota")
app.add_typer(db, name="db")
app.command()(init)


class _Read:
    """What this process's settings were read from, for the words of a mistake."""

    config: Path | None = None


_read = _Read()


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"easel {version('easel-bot')}")
        raise typer.Exit


@app.callback()
def common(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Easel, the bot that paints."""


def main() -> None:
    """The console script. Exit code 2 with one line for each mistake in the settings, 1 for any other failure."""
    from bot.errors import EaselError, SettingsWrong

    try:
        app()
    except SettingsWrong as error:
        from bot.settings import in_operators_words

        for problem in in_operators_words(error.problems, _read.config):
            print(f"easel: {problem}", file=sys.stderr)
        sys.exit(2)
    except EaselError as error:
        from bot.settings import in_operators_words

        [said] = in_operators_words([error.detail or type(error).__name__], _read.config)
        print(f"easel: {said}", file=sys.stderr)
        sys.exit(1)


def _load_settings(config: Path | None) -> "Settings":
    """The settings; the log is configured by them. Raises SettingsWrong."""
    return _load_with_files(config)[0]


def _load_with_files(config: Path | None, *, serves: bool = False) -> "tuple[Settings, SettingsSource]":
    """As `_load_settings`, and where they are read again when they change. `serves`: whether standard error is a log
    that programs read."""
    from adapters.reloading import SettingsSource
    from bot.observability.logs import configure_logging, log_everything_else
    from bot.observability.secrets import SECRETS, secrets_in
    from bot.settings import load_with_files

    _read.config = config
    loaded = load_with_files(config)
    SECRETS.add(secrets_in(loaded.settings))
    configure_logging(loaded.settings.log.format, loaded.settings.log.level)
    if serves and loaded.settings.log.format == "json":
        log_everything_else()
    return loaded.settings, SettingsSource(config=config, files=loaded.files)


@app.command()
def run(config: Config = None) -> None:
    """Run every adapter that is switched on, the HTTP server and the jobs, until SIGTERM or SIGINT."""
    gc.disable()  # until Easel runs: imports leave nothing to collect, and to look for it takes a quarter of a second
    settings, source = _load_with_files(config, serves=True)
    from adapters import service
    from bot.errors import SettingsWrong
    from bot.runtime import event_loop
    from bot.settings import nothing_configured

    if service.missing_adapters(settings) and (nowhere := nothing_configured(config)) is not None:
        raise SettingsWrong([nowhere])

    def ready(address: str) -> None:
        if settings.playground.enabled:
            print(f"Easel's playground is at {address}", flush=True)

    event_loop.run(service.run(settings, ready=ready, source=source))


@app.command()
def worker(config: Config = None) -> None:
    """Paint what other processes on the same PostgreSQL accept, and receive nothing, until SIGTERM or SIGINT."""
    settings, source = _load_with_files(config, serves=True)
    from adapters import service
    from bot.runtime import event_loop

    event_loop.run(service.work(settings, source=source))


@app.command()
def demo(
    port: Annotated[
        int | None,
        typer.Option(
            help="Port of the page, 0 for any free one; default: the first free one from 8080.", min=0, max=65535
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    config: Config = None,
) -> None:
    """Try Easel on a local page: no token, no key, no service. Keeps its state in ./.easel/."""
    settings = _load_settings(config)
    from adapters.demo import free_port, run_demo
    from bot.runtime import event_loop

    if port is None and (port := free_port("127.0.0.1", DEMO_PORT)) != DEMO_PORT:
        print(f"Port {DEMO_PORT} is taken; using {port}.")

    def ready(address: str) -> None:
        print(f"Easel's playground is at {address}  (Ctrl+C stops it)", flush=True)
        if open_page:
            typer.launch(address)

    host = {"host": "127.0.0.1", "port": port, "enabled": True}
    event_loop.run(
        run_demo(settings.model_copy(update={"server": settings.server.model_copy(update=host)}), ready=ready)
    )
    print("The demo has stopped; its messages and pictures are kept in ./.easel/.")


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False, config: Config = None
) -> None:
    """Look over settings, database, platforms, providers and machine, a line and a hint each; exit 1 if any fails."""
    from importlib.metadata import version

    from adapters import doctor
    from adapters.doctor import report
    from bot.errors import SettingsWrong
    from bot.settings import in_operators_words, nothing_configured

    try:
        settings = _load_settings(config)
        findings = asyncio.run(doctor.run_checks(settings, missing=nothing_configured(config)))
    except SettingsWrong as wrong:
        if as_json:
            lines = in_operators_words(wrong.problems, config)
            print(report.json_of([doctor.mistake(line) for line in lines], version("easel-bot")))
        raise
    if as_json:
        print(report.json_of(findings, version("easel-bot")))
    elif sys.stdout.isatty():
        colours = {"ok": typer.colors.GREEN, "note": typer.colors.YELLOW, "FAIL": typer.colors.RED}
        print("\n".join(report.table_of(findings, lambda text, status: typer.style(text, fg=colours[status]))))
    else:
        print("\n".join(report.lines_of(findings)))
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def errors(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with a traceback of each.")] = False,
    config: Config = None,
) -> None:
    """List the unexpected errors of late by where they come from: how many, since when, in which jobs."""
    settings = _load_settings(config)
    from adapters import error_list

    groups = asyncio.run(error_list.read_groups(settings.database_url))
    print(error_list.json_of(groups) if as_json else "\n".join(error_list.lines_of(groups)))


@app.command(name="admin-link")
def admin_link(
    user: Annotated[
        str | None, typer.Argument(help="Whom it signs in, one of admins; may be left out where there is only one.")
    ] = None,
    config: Config = None,
) -> None:
    """Print a link that signs an admin in to the admin page: once, within ten minutes."""
    settings = _load_settings(config)
    from adapters.admin.link_command import make_link

    print(asyncio.run(make_link(settings, user)))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port to serve on.", min=0, max=65535)] = 8090,
    pace: Annotated[float, typer.Option(help="Seconds a picture takes.", min=0)] = 8.0,
    config: Config = None,
) -> None:
    """Run the sandbox upstream alone: real HTTP, honest pictures, faults on request."""
    _load_settings(config)
    from adapters.demo import run_sandbox

    def ready(address: str, key: str) -> None:
        print(f"The sandbox upstream is at {address}, its key is {key}  (Ctrl+C stops it)")
        print(SANDBOX_HINT.format(address=address, key=key, host=address.removeprefix("http://")), flush=True)

    asyncio.run(run_sandbox(port, pace, ready=ready))


@db.command()
def upgrade(config: Config = None) -> None:
    """Bring the database's tables up to date."""
    settings = _load_settings(config)
    from bot.store.maintenance import upgrade as upgrade_database

    asyncio.run(upgrade_database(settings.database_url))
    print("The database is up to date.")


@db.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; it must not exist yet.")], config: Config = None
) -> None:
    """Copy the database to FILE, consistent also while Easel runs."""
    settings = _load_settings(config)
    from bot.store.maintenance import back_up

    async def copy() -> None:
        print(f"{file}: {await back_up(settings.database_url, file)} bytes")

    asyncio.run(copy())


@db.command(name="check")
def check_database(
    file: Annotated[Path | None, typer.Argument(help="A SQLite file, such as a backup; default: database_url.")] = None,
    config: Config = None,
) -> None:
    """Look through every page, reference, row and account, also while Easel runs; exit 1 if anything is wrong."""
    settings = _load_settings(config)
    from bot.runtime.clock import SystemClock
    from bot.store.engine import parse_url
    from bot.store.inspection import inspect_database
    from bot.store.migrate import location

    address = settings.database_url if file is None else f"sqlite:///{file}"
    print(f"in {location(parse_url(address))}:", file=sys.stderr)
    found = asyncio.run(inspect_database(address, SystemClock()))
    for part in found:
        if not part.problems:
            print(f"ok    {part.subject}")
        for problem in part.problems:
            print(f"FAIL  {part.subject}: {problem}")
    if any(part.problems for part in found):
        print("Put a backup in its place (deploy/BACKUP.md), or let easel run set the rows aside.")
        raise typer.Exit(1)


@db.command(name="copy")
def copy_database(
    source: Annotated[str, typer.Argument(help="The database to read: sqlite:///FILE.db or postgresql://…")],
    target: Annotated[str, typer.Argument(help="The database to fill: a new one, or an earlier copy.")],
    config: Config = None,
) -> None:
    """Carry everything from SOURCE to TARGET, as from SQLite to PostgreSQL, while no Easel runs on either."""
    settings = _load_settings(config)
    from bot.runtime.clock import SystemClock
    from bot.store import copying

    rules = copying.CopyRules(
        allowance=settings.limits.user_daily,
        lost_after_s=settings.processes.lost_after_s,
        now=SystemClock().now(),
    )
    report = copying.copy_database(source, target, rules, lambda line: print(line, flush=True))
    for row in report.set_aside:
        print(f"set aside: {row.table} {row.key}: {row.reason}")
    for row in report.unsound:
        print(f"easel run will set aside: {row.table} {row.key}: {row.reason}")
    print(
        f"{sum(report.rows.values()):,} rows are alike; {report.available:,} credits available and {report.reserved:,}"
        f" reserved in {report.accounts:,} accounts, {report.image_bytes:,} bytes of pictures to deliver"
    )
    print("Copied. Set database_url to the target, and start Easel.")


User = Annotated[str, typer.Argument(help="platform:id, such as telegram:123 or discord:456")]
Credits = Annotated[int, typer.Argument(min=0, max=1_000_000_000)]


@quota.command()
def show(user: User, config: Config = None) -> None:
    """Print the credits a user has left today."""
    _print_balance(config, user)


@quota.command()
def grant(user: User, credits: Credits, config: Config = None) -> None:
    """Add credits that do not expire; prints what is left now."""
    _print_balance(config, user, change="grant", credits=credits)


@quota.command(name="set")
def set_credits(user: User, credits: Credits, config: Config = None) -> None:
    """Leave exactly that many credits today; prints what is left now."""
    _print_balance(config, user, change="set", credits=credits)


def _print_balance(
    config: Path | None, user: str, *, change: Literal["grant", "set"] | None = None, credits: int = 0
) -> None:
    """Changes a user's credits if asked to, and prints the available ones; on standard error, in which database."""
    from bot.errors import SettingsWrong
    from bot.intake.commands import is_user_key

    if not is_user_key(user):
        raise typer.BadParameter("USER has the form platform:id, such as telegram:123")
    settings = _load_settings(config)

    async def change_and_print() -> None:
        import getpass
        import secrets

        from bot.runtime.clock import SystemClock
        from bot.store.engine import parse_url
        from bot.store.maintenance import missing_file
        from bot.store.migrate import location
        from bot.store.store import Store

        if change is None and (missing := await missing_file(settings.database_url)) is not None:
            raise SettingsWrong([f"database_url: {missing} does not exist yet; easel run makes it"])
        migrate = False if change is None else None
        store = await Store.open(settings.database_url, clock=SystemClock(), migrate=migrate)
        print(f"in {location(parse_url(settings.database_url))}:", file=sys.stderr)
        try:
            daily = settings.limits.user_daily
            if change is not None:
                changes = store.administration
                method = changes.grant if change == "grant" else changes.set_available
                await method(f"shell:{getpass.getuser()}", f"{change}:{secrets.token_hex(8)}", user, credits, daily)
            print((await store.balance(user, daily, settings.limits.new_user_daily)).available)
        finally:
            await store.close()

    asyncio.run(change_and_print())
