"""What every test lives under: no network but loopback, no blocking call on the event loop, no stray warning."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import chain, groupby
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from bot.observability import logs
from bot.observability.logs import configure_logging
from bot.sandbox import renderer
from bot.sandbox.images import playback
from bot.store.maintenance import upgrade
from bot.texts import preload_locales
from tests.support.databases import databases_made_by
from tests.support.event_loop import TestLoop
from tests.support.examples import choose_examples
from tests.support.forms import choose_forms
from tests.support.painting import encode_remembered, paint_enlarged
from tests.support.patience import PICTURE_DEADLINE_S, pool_defaults
from tests.support.postgres import Cluster, shared_cluster

FOLDER = Path(__file__).parent
gc.set_threshold(50_000, 20, 20)  # a tenth of the processor time went into looking for cycles
gc.disable()  # what is imported and collected stays


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """One loop for all: it tells when every task is blocked."""
    return {"tests": TestLoop}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="where each Easel under test keeps its state; tests of the store itself run on both",
    )


def pytest_configure(config: pytest.Config) -> None:
    choose_examples(str(config.getoption("markexpr")))


@contextmanager
def _bytecode_kept(config: pytest.Config) -> Generator[str | None]:
    """Has Python write bytecode, in the folder of pytest's cache where it may not write it beside the sources; which
    folder that is, else None."""
    cache: pytest.Cache | None = getattr(config, "cache", None)
    if not sys.dont_write_bytecode or cache is None:
        yield None
        return
    folder = str(cache.mkdir("bytecode"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "dont_write_bytecode", False)
        patched.setattr(sys, "pycache_prefix", folder)
        yield folder


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Workers share the rewriting of assertions, half of what a collection costs: each begins with other files, and
    finds the rest done."""
    with _bytecode_kept(session.config):
        for file in _files_to_begin_with(session.config):
            with suppress(Exception, pytest.skip.Exception):  # collecting it says what is wrong
                import_module(".".join(file.relative_to(FOLDER.parent).with_suffix("").parts))
        return (yield)


def _files_to_begin_with(config: pytest.Config) -> list[Path]:
    worker: dict[str, object] | None = getattr(config, "workerinput", None)  # of xdist
    if worker is None:
        return []
    named = [Path(each) for each in config.args]
    found = (file for each in named if each.is_dir() for file in each.resolve().rglob("test_*.py"))
    files = sorted(file for file in found if not any(_is_left_out(each, config) for each in file.parents))
    return files[int(str(worker["workerid"]).removeprefix("gw")) :: int(str(worker["workercount"]))]


TOOLS = (FOLDER / "wire" / "servers", FOLDER / "wire" / "sandbox")  # tests of what the other tests talk to


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out tests of the test servers and the sandbox where `thorough` ones are: all others use them."""
    return True if _is_left_out(collection_path, config) else None


def _is_left_out(folder: Path, config: pytest.Config) -> bool:
    return folder in TOOLS and "not thorough" in str(config.getoption("markexpr"))


WAITING = ("kill", "browser")  # folders whose tests wait for processes
KINDS = (*WAITING, "wire", "flow", "unit")  # folders, those with the longest tests first
BESIDE = 3  # files with work for the processor after each whose tests wait


@pytest.hookimpl(tryfirst=True)  # pytest's own chooses by the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks the forms that CI alone runs, and sorts the tests."""
    _mark_thorough(items)
    _sort(config, items)


def _mark_thorough(items: list[pytest.Item]) -> None:
    """Of each test marked `forms(count)` all forms but so many are `thorough`."""
    forms: dict[tuple[Path, str], list[pytest.Function]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.get_closest_marker("forms"):
            forms.setdefault((item.path, item.nodeid.partition("[")[0]), []).append(item)
    for of_test in forms.values():
        mark = of_test[0].get_closest_marker("forms")
        assert mark is not None
        chosen = choose_forms([each.callspec.params for each in of_test], *mark.args)
        for index, each in enumerate(of_test):
            if index not in chosen:
                each.add_marker(pytest.mark.thorough)


def _sort(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sorts for `--dist=loadfile`: what takes long starts first, so that all workers end at about the same time; what
    waits goes beside what computes, so that no core is idle."""

    def kind(item: pytest.Item) -> str:
        return item.path.relative_to(FOLDER).parts[0]

    def rank(item: pytest.Item) -> int:
        return KINDS.index(kind(item)) if kind(item) in KINDS else len(KINDS)

    if config.getoption("engine") != "sqlite":
        about_files = [each for each in items if each.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=about_files)
        items[:] = [each for each in items if each not in about_files]
    if hasattr(config, "workerinput"):  # of xdist; a single process keeps the order of the folders
        files = [list(each) for _, each in groupby(sorted(items, key=rank), key=lambda item: item.path)]
        waiting = [each for each in files if kind(each[0]) in WAITING]
        working = [each for each in files if kind(each[0]) not in WAITING]
        for number, file in enumerate(waiting):
            working.insert(number * (1 + BESIDE), file)
        items[:] = chain.from_iterable(working)


def pytest_collection_finish() -> None:
    """Cycles are looked for in what the tests make: not among modules and thousands of items, ten times at the end."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests have recorded as their table, for readers of the outcome."""
    for report in [each for ended in ("passed", "failed") for each in terminalreporter.getreports(ended)]:
        for name, value in report.user_properties:
            if name == "table":
                terminalreporter.write_sep("-", report.nodeid)
                terminalreporter.write_line(str(value))


@pytest.fixture(autouse=True, scope="session")
def logged() -> None:
    """The log goes through `logging`, where pytest shows it beside a failure."""
    configure_logging("json", "debug")


@pytest.fixture(autouse=True, scope="session")
def patient_pools() -> Iterator[None]:
    """Work with pictures, which yields to all else, gets the time that it may take on a busy machine."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(pool_defaults(), "deadline_s", PICTURE_DEADLINE_S)
        yield


@pytest.fixture
def kept_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that runs in this process leaves the log as it is: loggers keep the processors that they began with,
    and `capture_logs` would see nothing of them any more."""

    def configure(log_format: str, level: str) -> None:
        pass

    monkeypatch.setattr(logs, "configure_logging", configure)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run, the same in all its processes."""
    folder = tmp_path_factory.getbasetemp()  # of a worker: a folder in the run's own
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config, run_folder: Path) -> Generator[Cluster]:
    """One server for all processes of the run. Its files are in memory unless every Easel has a database there."""
    in_memory = pytestconfig.getoption("engine") == "sqlite"
    with shared_cluster(run_folder / "postgres", in_memory=in_memory) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    """The name of a database with all tables, to copy from."""
    return postgres.template(lambda url: asyncio.run(upgrade(url)))


@pytest.fixture
def shared_url(postgres: Cluster, postgres_template: str) -> Generator[str]:
    """A PostgreSQL database with all tables, for several processes."""
    with postgres.database(template=postgres_template) as url:
        yield url


@pytest.fixture(autouse=True, scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `--engine=postgresql` every Easel under test keeps its state there."""
    if request.config.getoption("engine") == "sqlite":
        yield
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("postgres_template")
    with databases_made_by(lambda _: cluster.url(cluster.create(template=template))):
        yield


@pytest.fixture(autouse=True, scope="session")
def compiled_once(pytestconfig: pytest.Config) -> Iterator[None]:
    """Processes under test keep their bytecode, too; half of each start went into compiling."""
    with _bytecode_kept(pytestconfig) as folder, pytest.MonkeyPatch.context() as patched:
        if folder is not None:
            patched.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            patched.setenv("PYTHONPYCACHEPREFIX", folder)
        yield


@pytest.fixture(autouse=True, scope="session")
def painted_small() -> Iterator[None]:
    """The sandbox paints as `tests.support.painting` says."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(renderer, "paint", paint_enlarged)
        patched.setattr(playback, "encode_picture", encode_remembered)
        yield


@pytest.fixture(scope="session")
def preloaded_texts() -> None:
    """The texts are read outside of the event loop, as the app does."""
    preload_locales()


@pytest.fixture(autouse=True, scope="session")
def unblocked() -> Iterator[BlockBuster]:
    """A blocking call on the event loop raises BlockingError inside our code. Switched on once: to do so took as long
    as everything else around a small test."""
    with blockbuster_ctx(["bot", "adapters"]) as watch:
        for name in ("os.stat", "io.BufferedReader.read", "io.TextIOWrapper.read"):
            if name in watch.functions:  # the log of a bug reads the lines of code that it shows
                watch.functions[name].can_block_in("linecache.py", {"checkcache", "updatecache"})
        for name in ("threading.Lock.acquire", "threading.Lock.acquire_lock"):
            if name in watch.functions:  # coverage guards its data, for as long as it takes to write a number
                watch.functions[name].can_block_in("coverage/collector.py", {"lock_data"})
        yield watch
