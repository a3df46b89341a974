"""Settings read again while Easel runs: at SIGHUP, and when a file of them changes. A broken file changes nothing.

Says in the log what holds now, and what needs a restart, by its keys; never a value.
"""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog
from pydantic import BaseModel

from bot.app.reconfiguration import EXCEPT, RELOADED, Reconfiguration
from bot.errors import SettingsWrong, StoreFailed
from bot.observability.logs import configure_logging
from bot.observability.secrets import SECRETS, secrets_in
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor
from bot.settings import LoadedSettings, Settings, in_operators_words, load_with_files

log = structlog.get_logger()

LOOK_S = 2.0  # between two looks at the files. Looking works on every file system, and where a mount swaps a link

NoteChange = Callable[[str, str, str, Mapping[str, object]], Awaitable[None]]
"""Notes who has done what to which target, with facts by name. Raises StoreFailed."""
Stamp = tuple[object, ...]
"""What tells one state of some files from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSource:
    """Where settings come from."""

    config: Path | None
    """The file of --config; None: the default."""
    files: tuple[Path, ...]
    """Who changes one, changes the settings."""


class SettingsReloader:
    """Follows the settings of one process."""

    def __init__(
        self,
        source: SettingsSource,
        settings: Settings,
        reconfiguration: Reconfiguration,
        clock: Clock,
        find_problems: Callable[[Settings], list[str]],
        note_change: NoteChange | None = None,
    ) -> None:
        """`settings`: what the process has begun with. `find_problems`: in settings that were understood.
        `note_change`: notes in the audit log what holds now; None: nobody does."""
        self._note_change = note_change
        self._find_problems = find_problems
        self._source = source
        self._settings = settings
        self._reconfiguration = reconfiguration
        self._clock = clock
        self._files = source.files
        self._asked = asyncio.Event()
        self._supervisor = Supervisor(clock)
        self._stamp: Stamp = ()

    async def __aenter__(self) -> Self:
        """Looks from now on."""
        self._stamp = await asyncio.to_thread(stamp_of, self._files)
        if hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)
        self._supervisor.keep_running("settings", self._run_forever)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Looks no more."""
        if hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        await self._supervisor.stop()

    async def _run_forever(self) -> None:
        loaded = self._stamp
        while True:
            seen = await asyncio.to_thread(stamp_of, self._files)
            await self._wait()
            now = await asyncio.to_thread(stamp_of, self._files)
            is_changed = now != loaded and now == seen  # else somebody is writing
            if self._asked.is_set() or is_changed:
                self._asked.clear()
                files = self._files
                await self.reload()
                loaded = now if files == self._files else await asyncio.to_thread(stamp_of, self._files)

    async def _wait(self) -> None:
        """Until it is time to look, or somebody asks."""
        asked = asyncio.create_task(self._asked.wait(), name="reload asked")
        pause = asyncio.create_task(self._clock.sleep(LOOK_S), name="settings look")  # pyright: ignore[reportArgumentType] - a coroutine
        try:
            await asyncio.wait([asked, pause], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (asked, pause):
                each.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(asked, pause, return_exceptions=True)

    def _load(self) -> LoadedSettings:
        """Raises SettingsWrong."""
        loaded = load_with_files(self._source.config)
        if problems := self._find_problems(loaded.settings):
            raise SettingsWrong(problems)
        return loaded

    async def reload(self) -> None:
        """Reads the settings and applies what can be; what is wrong is logged, and nothing has changed then."""
        try:
            loaded = await asyncio.to_thread(self._load)
            SECRETS.add(secrets_in(loaded.settings))
            changed = changed_keys(self._settings, loaded.settings)
            now = [key for key in changed if is_reloaded(key)]
            if now:
                await self._reconfiguration.apply(loaded.settings)
        except SettingsWrong as wrong:
            for line in in_operators_words(wrong.problems, self._source.config):
                log.error("settings not reloaded, the old ones hold", problem=line)
            return
        self._files = loaded.files
        if any(key.startswith("log.") for key in changed):
            configure_logging(loaded.settings.log.format, loaded.settings.log.level)
        later = [key for key in changed if key not in now and not key.startswith("log.")]
        self._settings = _with_kept(self._settings, loaded.settings)
        log.info("settings reloaded", changed=now)
        if later:
            log.warning("settings need a restart", keys=later)
        if now and self._note_change is not None:
            try:
                await self._note_change("settings", "reload", "", {"keys": now})
            except StoreFailed as failed:
                log.warning("reload not noted in the audit log", detail=failed.detail)


@asynccontextmanager
async def follow_settings(
    source: SettingsSource | None,
    settings: Settings,
    reconfiguration: Reconfiguration,
    clock: Clock,
    find_problems: Callable[[Settings], list[str]],
    note_change: NoteChange | None = None,
) -> AsyncGenerator[None]:
    """Follows them inside the context, as of SettingsReloader. `source`: None: they stay as they are."""
    if source is None:
        yield
        return
    async with SettingsReloader(source, settings, reconfiguration, clock, find_problems, note_change):
        yield


def changed_keys(before: Settings, after: Settings) -> list[str]:
    """The keys, dotted, whose values differ; a list of tables such as `providers` as a whole."""
    return list(_changed(before, after, ""))


def _changed(before: BaseModel, after: BaseModel, prefix: str) -> Iterator[str]:
    for name in type(before).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if isinstance(old, BaseModel) and isinstance(new, BaseModel):
            yield from _changed(old, new, f"{prefix}{name}.")
        else:
            yield prefix + name


def is_reloaded(key: str) -> bool:
    """Whether a changed key holds without a restart."""
    return key.partition(".")[0] in RELOADED and key not in EXCEPT


def _with_kept(before: Settings, after: Settings) -> Settings:
    """What the process works with by now: the new values of what was reloaded, the old ones of all else."""
    applied = {name: getattr(after, name) for name in (*RELOADED, "log")}
    kept = {key.partition(".")[2]: getattr(before.limits, key.partition(".")[2]) for key in EXCEPT}
    applied["limits"] = after.limits.model_copy(update=kept)
    return before.model_copy(update=applied)


def stamp_of(files: Sequence[Path]) -> Stamp:
    """Changes with any of the files, also where a link leads to another one. Blocking."""
    return tuple(_stamp(each) for each in files)


def _stamp(file: Path) -> tuple[object, ...]:
    try:
        found = os.stat(file)
    except OSError as error:
        return (str(file), error.errno)
    return (str(file), found.st_mtime_ns, found.st_size, found.st_ino)
