"""A job is one trace, from its message to its end, also over a restart; a collector that is away disturbs nobody."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from adapters.cli import main
from bot.chat import Action
from bot.observability.otel import MISSING, export_traces, traces_url
from bot.observability.tracing import root_span_of, trace_id_of
from bot.sandbox import Sandbox
from tests.flow.scenes import ask, click
from tests.flow.world import MemoryWorld, sandbox_provider, world
from tests.servers.otlp import Collector, ReceivedSpan, collector
from tests.support.images import png
from tests.support.platform import Platform
from tests.support.waiting import wait_until

PROMPT = "a fox that nobody may read of [[tasks/500]]"


@asynccontextmanager
async def traced(collecting: Collector, *, instance: str = "here:1", propagates: bool = False) -> AsyncGenerator[None]:
    headers = {"X-Key": "a-collectors-key"}
    async with export_traces(
        collecting.url, headers=headers, service="easel", instance=instance, propagates=propagates
    ):
        yield


async def job_id(easel: MemoryWorld) -> str:
    [job] = await easel.app.store.history("memory:amber")
    return job.id


def tree(spans: list[ReceivedSpan], job: str) -> dict[str, list[ReceivedSpan]]:
    """The spans by name. All are of the job's trace, and hang on its outermost one."""
    root = f"{root_span_of(job):016x}"
    ids = {span.id for span in spans}
    assert {span.trace for span in spans} == {f"{trace_id_of(job):032x}"}
    assert root in ids
    assert [span.name for span in spans if not span.parent] == ["job"]
    assert all(span.parent in ids for span in spans if span.parent)
    assert len(ids) == len(spans)
    assert all(span.start_ns <= span.end_ns for span in spans)
    named: dict[str, list[ReceivedSpan]] = {}
    for span in sorted(spans, key=lambda each: each.start_ns):
        named.setdefault(span.name, []).append(span)
    return named


async def test_a_job_is_one_trace(tmp_path: Path, sandbox: Sandbox) -> None:
    providers = [sandbox_provider(sandbox, each) for each in ("tasks", "chat")]
    async with collector() as collecting, traced(collecting), world(tmp_path, sandbox, providers=providers) as easel:
        await easel.say(PROMPT, easel.platform.upload(png("red")))
        await easel.settled()
        job = await job_id(easel)
    named = tree(collecting.spans, job)
    once = {"job", "receive", "admission", "acceptance", "post", "delivery", "settlement", "reference"}
    assert {name for name, spans in named.items() if len(spans) == 1} >= once
    failed, done = named["attempt"]
    assert (failed.attributes["provider"], failed.attributes["dialect"], failed.failure) == (
        "tasks",
        "tasks",
        "UpstreamDown",
    )
    assert (done.attributes["outcome"], done.attributes["model"], done.failure) == ("done", "gpt-4o-image", "")
    assert {span.parent for span in named["upstream request"]} == {failed.id, done.id}
    assert {span.attributes["server.address"] for span in named["upstream request"]} == {"127.0.0.1"}
    assert named["admission"][0].parent == named["acceptance"][0].parent == named["receive"][0].id
    assert named["job"][0].attributes["state"] == "done"
    assert "download" in named
    assert "picture work" in named
    told = str([span.attributes for span in collecting.spans])
    assert not [each for each in ("fox", "://", "a-collectors-key", "/v1") if each in told]
    assert collecting.resources[0]["service.name"] == "easel"
    assert {name.lower(): value for name, value in collecting.headers[0].items()}["x-key"] == "a-collectors-key"


async def test_what_comes_to_no_job_is_no_trace(tmp_path: Path, sandbox: Sandbox) -> None:
    async with collector() as collecting, traced(collecting), world(tmp_path, sandbox) as easel:
        await easel.say("/quota")
        await easel.say("/imagine a fox --size banana")
        await easel.settled()
    assert collecting.spans == []


async def test_a_press_begins_a_trace_and_a_cancelled_job_has_one(tmp_path: Path, sandbox: Sandbox) -> None:
    async with collector() as collecting, traced(collecting), world(tmp_path, sandbox) as easel:
        post = await ask(easel, "a fox")
        await easel.settled()
        before = len(await easel.app.store.history("memory:amber"))
        assert before == 1
        await click(easel, post, Action.RETRY)
        await easel.settled(2)
        jobs = [job.id for job in await easel.app.store.history("memory:amber")]
    assert len(jobs) == 2
    for job in jobs:
        own = [span for span in collecting.spans if span.attributes["easel.job"] == job]
        named = tree(own, job)
        assert ("press" in named) == (job == jobs[0])
        assert ("receive" in named) == (job == jobs[1])


async def test_a_job_that_goes_on_after_a_restart_goes_on_with_its_trace(tmp_path: Path) -> None:
    async with Sandbox(pace=0.5) as sandbox, collector() as collecting:
        providers = [sandbox_provider(sandbox, "tasks")]
        made = MemoryWorld(folder=tmp_path, sandbox=sandbox, platform=Platform())
        async with traced(collecting), made.easel(providers=providers):
            await made.say("a fox")
            await made.wait_for_checkpoint("accepted")
            job = await job_id(made)
        assert "job" not in {span.name for span in collecting.spans}
        async with traced(collecting, instance="here:2"), made.easel(providers=providers):
            await made.settled()
    named = tree(collecting.spans, job)
    interrupted, resumed = named["attempt"]
    assert (interrupted.failure, resumed.attributes["resumed"], resumed.attributes["outcome"]) == (
        "cancelled",
        True,
        "done",
    )
    assert [each["service.instance.id"] for each in collecting.resources[:1]] == ["here:1"]


@pytest.mark.parametrize("propagates", [False, True])
async def test_upstreams_are_told_the_trace_only_where_that_is_wanted(
    propagates: bool, tmp_path: Path, sandbox: Sandbox
) -> None:
    async with (
        collector() as collecting,
        traced(collecting, propagates=propagates),
        world(tmp_path, sandbox) as easel,
    ):
        await easel.say("a fox")
        await easel.settled()
        job = await job_id(easel)
    sent = [request.headers.get("traceparent") for request in sandbox.requests]
    trace = f"{trace_id_of(job):032x}"
    assert [(each or "").split("-")[1:2] for each in sent] == [[trace] if propagates else []] * len(sent)


@pytest.mark.parametrize("status", [503, None])
async def test_a_collector_that_is_away_or_refuses_disturbs_nobody(
    status: int | None, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.observability.otel.TIMEOUT_S", 0.2)
    name = "easel_trace_spans_dropped_total"
    before = REGISTRY.get_sample_value(name) or 0.0
    async with collector() as collecting:
        if status is None:
            collecting.url = "http://127.0.0.1:9"
        collecting.status = status or 200
        async with traced(collecting), world(tmp_path, sandbox) as easel:
            await easel.say("a fox")
            [post] = await easel.settled()
            assert post.images
    await wait_until(lambda: _rises(name, before))


async def _rises(name: str, before: float) -> bool:
    return (REGISTRY.get_sample_value(name) or 0.0) > before


@pytest.mark.parametrize(
    "endpoint", ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces", "http://c:4318/v1/traces/"]
)
def test_an_endpoint_is_a_collectors_or_that_of_its_traces(endpoint: str) -> None:
    assert traces_url(endpoint) == "http://c:4318/v1/traces"


@pytest.mark.thorough
def test_without_the_setting_nothing_of_it_is_imported() -> None:
    code = "import sys, adapters.service, bot.app; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("kept_logging")
def test_without_the_extra_the_setting_ends_with_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "easel.toml"
    config.write_text(
        '[[providers]]\npreset = "sandbox"\nbase_url = "http://127.0.0.1:9"\napi_key = "sandbox"\n'
        f'[playground]\nenabled = true\npath = "{tmp_path}/playground.db"\n'
        '[otel]\nendpoint = "http://127.0.0.1:4318"\n'
    )
    for name in ("opentelemetry", "opentelemetry.trace", "opentelemetry.sdk.resources"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("EASEL_DATABASE_URL", f"sqlite:///{tmp_path}/easel.db")
    monkeypatch.setattr("sys.argv", ["easel", "run", "--config", str(config)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert MISSING in capsys.readouterr().err
