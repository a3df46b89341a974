"""I: a flood of wishes, picture bombs and half-open connections while others ask three times a second, beside a quiet
bot; and a burst of slash commands, beside the bare library. What abuse costs those who do not take part in it."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import platforms, subjects
from tests.bench.figures import Figure, mean, percentile
from tests.bench.jobs import JobRegistry, MeasuredJob, now
from tests.bench.platforms import DiscordBench, TelegramBench
from tests.bench.upstream import Pace, serve_upstream
from tests.servers import telegram as telegram_server

FLOODERS, WISHES_PER_S = 30, 400
TICK_S = 0.05  # between two bursts of wishes
HALF_OPEN = 100  # connections that begin a request and never end it
BOMB = bytes.fromhex("524946461e0000005745425056503820120000003001009d012a10271027000000000000")  # 10,000 × 10,000
BOMB_INTERVAL_S = 1.0
PAINTING = Pace(seconds=4.0, lines=4)
ASK_INTERVAL_S = 1 / 3  # between two wishes of the users who are measured, each in a chat of their own; a 95th
# percentile of twenty would be the worst but one, which is whatever else the machine did
ROUNDS, QUICK_ROUND_S = 2, 20  # quiet and abused in turn; seconds of each
ROUND_S = 70  # longer than the minute after which the paces of all flooders begin anew
WARM_UP_S = 2.0  # until the first answers to thirty users have used up and freed what a platform allows in a second
LATEST_S = 60.0  # until a status or an acknowledgement counts as missing
COMMANDS, QUICK_COMMANDS = 2000, 500  # slash commands within a second
DISCORD_DEADLINE_S = 3.0  # Discord's own, for the first response
LOOK_S = 0.05  # between two looks at whether something has come
DEFAULT_LIMITS: dict[str, Any] = {"limits": {}, "jobs": {}}  # as an operator has them who sets none


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the users who are measured saw."""

    statuses: list[float]
    """Event → first status of each, seconds; LATEST_S for those without."""
    pictures: list[float]
    """Event → picture of each, seconds; LATEST_S for those without."""
    cpu: float
    """Processor time of Easel, seconds a second."""
    behind: int
    """Updates that Telegram still held in the end."""
    peak_mb: float


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    seconds = QUICK_ROUND_S if quick else ROUND_S
    quiet, abused = list[Answers](), list[Answers]()
    for number in range(ROUNDS):  # in turn, so that what else the machine does meets both
        quiet.append(await measure_telegram(folder / f"quiet{number}", seconds, abused=False))
        abused.append(await measure_telegram(folder / f"abused{number}", seconds, abused=True))
    case = f"telegram, {WISHES_PER_S} wishes/s"

    def figure(quantity: str, unit: str, ours: float, theirs: float | None, limit: float | None = None) -> Figure:
        return Figure(scenario="I", case=case, quantity=quantity, unit=unit, easel=ours, baseline=theirs, limit=limit)

    figures: list[Figure] = []
    for quantity, delays in (("first status", _statuses), ("picture", _pictures)):
        figures += [
            figure(
                f"event → {quantity}, {words}",
                "ms",
                percentile(delays(abused), share) * 1000,
                percentile(delays(quiet), share) * 1000,
                1500 * percentile(delays(quiet), share) if share == 0.95 else None,
            )
            for words, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
        ]
    figures += [
        figure("event → first status, above 2 s", "", sum(each > 2 for each in _statuses(abused)), None, 0),
        figure("updates left behind", "", max(each.behind for each in abused), max(each.behind for each in quiet)),
        figure("processor time", "s/s", mean([each.cpu for each in abused]), mean([each.cpu for each in quiet])),
        figure("peak memory", "MB", max(each.peak_mb for each in abused), max(each.peak_mb for each in quiet)),
    ]
    return [*figures, *await compare_slash(folder, QUICK_COMMANDS if quick else COMMANDS)]


def _statuses(rounds: list[Answers]) -> list[float]:
    return [delay for each in rounds for delay in each.statuses]


def _pictures(rounds: list[Answers]) -> list[float]:
    return [delay for each in rounds for delay in each.pictures]


# ---------------------------------------------------------------- Telegram


async def measure_telegram(folder: Path, seconds: int, *, abused: bool) -> Answers:
    """Users who each ask once, one every ASK_INTERVAL_S, for `seconds`."""
    registry, port = JobRegistry(), _free_port()
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, PAINTING))
        platform = await opened.enter_async_context(platforms.telegram())
        settings = subjects.easel_settings(up, folder, platform.easel_settings) | DEFAULT_LIMITS
        settings["server"] = {"enabled": True, "port": port}
        subject = await opened.enter_async_context(subjects.run_easel(folder, settings))
        chats = [platform.open_chat(f"member {number}") for number in range(round(seconds / ASK_INTERVAL_S))]
        if abused:
            await opened.enter_async_context(running(lambda: flood(platform, registry)))
            await opened.enter_async_context(running(lambda: bomb(platform)))
            await opened.enter_async_context(half_open(port))
        await asyncio.sleep(WARM_UP_S)
        before, begun = subject.cpu_s(), now()
        jobs: list[MeasuredJob] = []
        for number, chat in enumerate(chats):
            jobs.append(registry.add(f"honest{number}"))
            platform.send_prompt(chat, jobs[-1])
            await asyncio.sleep(ASK_INTERVAL_S)
        cpu, behind = (subject.cpu_s() - before) / (now() - begun), len(platform.server.pending)
        await wait_for(lambda: not any(job.lost for job in jobs))
        return Answers(
            statuses=[_delay(job, job.status_at) for job in jobs],
            pictures=[_delay(job, job.picture_at) for job in jobs],
            cpu=cpu,
            behind=behind,
            peak_mb=subject.peak_mb,
        )


def _delay(job: MeasuredJob, at: float) -> float:
    delay = at - job.requested_at
    return delay if delay == delay else LATEST_S


async def wait_for(condition: Callable[[], bool], seconds: float = LATEST_S) -> None:
    """Looks until the condition holds, `seconds` at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(LOOK_S)


async def flood(platform: TelegramBench, registry: JobRegistry) -> None:
    """Wishes of FLOODERS users, WISHES_PER_S in all, each user in a chat of their own."""
    chats = [platform.open_chat(f"flooder {number}") for number in range(FLOODERS)]
    begun, sent = now(), 0
    while True:
        while sent < (now() - begun) * WISHES_PER_S:
            platform.send_prompt(chats[sent % FLOODERS], registry.add(f"flood{sent}"))
            sent += 1
        await asyncio.sleep(TICK_S)


async def bomb(platform: TelegramBench) -> None:
    """Small files that claim to be huge pictures."""
    user, chat = platform.open_chat("bomber")
    while True:
        item = telegram_server.AlbumItem(data=BOMB, kind="document", filename="bomb.webp")
        platform.server.album(user, chat, [item, item], caption="brighter")
        await asyncio.sleep(BOMB_INTERVAL_S)


@asynccontextmanager
async def half_open(port: int) -> AsyncGenerator[None]:
    """HALF_OPEN connections to Easel's HTTP server that send the beginning of a request, and again when closed."""

    async def hold() -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET / HTTP/1.1\r\nX: ")
                await reader.read()
                writer.close()
            await asyncio.sleep(0.1)

    async with AsyncExitStack() as held:
        for _ in range(HALF_OPEN):
            await held.enter_async_context(running(hold))
        yield


@asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    """Runs `work` beside the block."""
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---------------------------------------------------------------- Discord


async def compare_slash(folder: Path, count: int) -> list[Figure]:
    """How many of `count` commands within a second are acknowledged in Discord's time, and how late."""
    bare = await measure_slash(folder / "slash-bare", count, easel=False)
    easel = await measure_slash(folder / "slash-easel", count, easel=True)
    case = f"discord, {count} slash commands in 1 s"
    in_time = [sum(delay <= DISCORD_DEADLINE_S for delay in delays) for delays in (easel, bare)]
    return [
        Figure(
            scenario="I",
            case=case,
            quantity=f"acknowledged within {DISCORD_DEADLINE_S:.0f} s",
            unit="",
            easel=in_time[0],
            baseline=in_time[1],
            limit=min(count, in_time[1]),
            at_least=True,
        ),
        *(
            Figure(
                scenario="I",
                case=case,
                quantity=f"event → acknowledged, p{share * 100:.0f}",
                unit="s",
                easel=percentile(easel, share),
                baseline=percentile(bare, share),
            )
            for share in (0.5, 0.95)
        ),
    ]


async def measure_slash(folder: Path, count: int, *, easel: bool) -> list[float]:
    """The delays of the acknowledgements, seconds; LATEST_S for those that never came."""
    registry = JobRegistry()
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, PAINTING))
        platform: DiscordBench = await opened.enter_async_context(platforms.discord(slash=True))
        chats = [platform.open_chat(f"member {number}") for number in range(20)]
        subject = (
            subjects.run_easel(folder, subjects.easel_settings(up, folder, platform.easel_settings) | DEFAULT_LIMITS)
            if easel
            else subjects.run_baseline(folder, up, platform.baseline_script, platform.baseline_config)
        )
        await opened.enter_async_context(subject)
        await wait_for(lambda: bool(platform.server.commands.writes))
        acknowledged: dict[str, float] = {}

        def record(token: str) -> None:
            acknowledged.setdefault(token, now())

        platform.on_callback = record
        sent: dict[str, float] = {}
        begun = now()
        for number in range(count):
            user, channel = chats[number % len(chats)]
            options: dict[str, Any] = {"prompt": registry.add(f"slash{number}").prompt}
            at = now()
            sent[platform.server.slash(user, channel, "imagine", options).token] = at
            await asyncio.sleep(max(0.0, begun + number / count - now()))
        await wait_for(lambda: len(acknowledged) >= count, LATEST_S / 2)
        return [acknowledged.get(token, at + LATEST_S) - at for token, at in sent.items()]
