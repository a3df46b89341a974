"""Faults of the task dialects."""

import httpx
import pytest

from bot.sandbox.faults import TASK_CODES
from tests.wire.sandbox.tasks.task_client import EVOLINK, QUERY_PATHS, TOAPIS, TaskClient, both

REFUSED = {  # code of EvoLink, code of ToAPIs
    "400": ("invalid_request", "invalid_request_error"),
    "401": ("unauthorized", 401),
    "402": ("insufficient_quota", "insufficient_quota"),
    "403": ("model_access_denied", 403),
    "404": ("resource_not_found", 404),
    "429": ("rate_limit_exceeded", "rate_limit_exceeded"),
    "500": ("internal_error", "internal_error"),
}


@pytest.mark.forms(4)
@both
@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_has_the_code_of_its_family(client: TaskClient, at: str, name: str):
    response = await client.submit(at, f"a fox [[{name}]]")
    assert response.status_code == int(name)
    assert response.json()["error"]["code"] == REFUSED[name][at == TOAPIS]
    assert client.sandbox.tasks == []


@both
async def test_other_refusals(client: TaskClient, at: str):
    assert (await client.submit(at, "a fox [[429:3]]")).headers["retry-after"] == "3"
    assert (await client.submit(at, "a fox [[no-funds]]")).json()["error"]["code"] == "insufficient_quota"
    assert (await client.submit(at, "a fox [[html502]]")).headers["content-type"].startswith("text/html")
    for response in (
        await client.submit(at, "a fox [[apitype]]"),
        await client.http.post(client.sandbox.address + at.replace("images/generations", "chat/completions"), json={}),
    ):
        assert (response.status_code, response.json()["error"]["message"]) == (400, "invalid apitype: -1")


async def test_moderation_is_a_422_with_one_and_a_failed_task_with_the_other(client: TaskClient):
    refused = await client.submit(TOAPIS, "a fox [[moderation]]")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "content_policy_violation")
    document = await client.run_task(EVOLINK, "a fox [[moderation]]")
    assert (document["status"], document["error"]["code"]) == ("failed", "content_policy_violation")
    assert "results" not in document


@pytest.mark.forms(5)
@both
@pytest.mark.parametrize("code", TASK_CODES)
async def test_a_task_fails_with_the_code_of_its_fault(client: TaskClient, at: str, code: str):
    document = await client.run_task(at, f"a fox [[task-{code}]]")
    assert (document["status"], document["error"]["code"]) == ("failed", code)
    assert client.sandbox.painted == 0


async def test_a_code_may_be_a_number(client: TaskClient):
    document = await client.run_task(TOAPIS, "a fox [[numbered]]")
    assert (document["status"], document["error"]["code"]) == ("failed", 500)
    assert document["fail_reason"] == document["error"]["message"]
    assert (await client.run_task(TOAPIS, "a fox [[error-in-stream]]"))["error"]["code"] == "service_error"
    assert (await client.run_task(TOAPIS, "a fox [[failed]]"))["error"]["code"] == "generation_failed"


@both
async def test_other_ends(client: TaskClient, at: str):
    assert (await client.run_task(at, "a fox [[cancelled]]"))["status"] == "cancelled"
    assert (await client.run_task(at, "a fox [[mystery]]"))["status"] == "archived"
    held = (await client.submit(at, "a fox [[quiet]]")).json()["id"]
    while (document := await client.poll(at, held))["progress"] < 40:
        pass
    assert "error" not in document
    assert document["status"] in {"processing", "in_progress"}


async def test_fewer_pictures_and_none(client: TaskClient):
    assert len((await client.run_task(EVOLINK, "a fox [[partial:3]]", n=4))["results"]) == 3
    assert (await client.run_task(EVOLINK, "a fox [[no-picture]]"))["results"] == []
    single = (await client.run_task(TOAPIS, "a fox [[single]]"))["result"]
    assert (await client.http.get(single["url"])).status_code == 200
    gone = (await client.run_task(TOAPIS, "a fox [[gone]]"))["result"]["data"][0]["url"]
    assert (await client.http.get(gone)).status_code == 404


@both
@pytest.mark.parametrize("fault", ["reset", "no-answer:0"])
async def test_a_submit_whose_answer_is_lost_was_accepted(client: TaskClient, at: str, fault: str):
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await client.submit(at, f"a fox [[{fault}]]")
    [task] = client.sandbox.tasks
    assert (await client.poll_until_ended(at, task.id))["status"] == "completed"


@both
async def test_questions_may_go_unanswered(client: TaskClient, at: str):
    task = (await client.submit(at, "a fox [[polls-fail:2]]")).json()["id"]
    url = client.sandbox.address + QUERY_PATHS[at].format(task)
    assert [(await client.http.get(url)).status_code for _ in range(3)] == [503, 503, 200]
    task = (await client.submit(at, "a fox [[cut]]")).json()["id"]
    with pytest.raises(httpx.RemoteProtocolError):
        await client.http.get(client.sandbox.address + QUERY_PATHS[at].format(task))
    assert (await client.poll_until_ended(at, task))["status"] == "completed"
