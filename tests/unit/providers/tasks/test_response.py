"""Answers about a task: paths in documents, progress, states, usage."""

from dataclasses import replace

import pytest

from bot.painting import Link, Usage
from bot.providers.presets import TaskState, TasksWire
from bot.providers.tasks.response import parse_task, value_at

WIRE = TasksWire()
DOCUMENT = {"data": {"urls": ["a", "b"], "n": 0}, "3": "three"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ((), DOCUMENT),
        (("data", "urls", 0), "a"),
        (("data", "urls", -1), "b"),
        (("data", "urls", 2), None),
        (("data", "urls", "x"), None),
        (("data", 0), None),
        (("data", "n"), 0),
        (("nothing", "there"), None),
        (("3",), "three"),
    ],
)
def test_paths_in_a_document(path: tuple[str | int, ...], found: object) -> None:
    assert value_at(DOCUMENT, path) == found


@pytest.mark.parametrize(
    ("reported", "percent"),
    [
        (0, 0.0),
        (48, 48.0),
        (48.5, 48.5),
        ("48", 48.0),
        (" 48% ", 48.0),
        (-1, 0.0),
        (250, 100.0),
        ("NaN", None),
        (None, None),
        ("soon", None),
        (True, None),
        ([1], None),
        ({"percent": 1}, None),
        (10**400, None),
        (float("inf"), None),
    ],
)
def test_progress_is_a_percentage_or_nothing(reported: object, percent: float | None) -> None:
    assert parse_task({"id": "t", "progress": reported}, WIRE).progress == percent


def test_a_fraction_becomes_a_percentage_where_the_preset_says_so() -> None:
    wire = replace(WIRE, progress_scale=100.0)
    assert parse_task({"id": "t", "progress": "0.48"}, wire).progress == 48.0


def test_states_may_be_numbers() -> None:
    wire = replace(
        WIRE,
        status_paths=(("data", "successFlag"),),
        result_paths=(("data", "response", "resultUrls"),),
        states={"0": TaskState.WORKING, "1": TaskState.DONE},
    )
    status = parse_task({"data": {"successFlag": 1, "response": {"resultUrls": ["https://a.example/1"]}}}, wire)
    assert (status.state, status.images) == (TaskState.DONE, (Link(url="https://a.example/1"),))
    assert parse_task({"data": {"successFlag": 0}}, wire).state is TaskState.WORKING


@pytest.mark.parametrize("document", [None, 7, [], {}, {"id": {}, "status": [], "results": {"url": 7}}])
def test_unknown_shapes_are_empty(document: object) -> None:
    status = parse_task(document, WIRE)
    assert (status.id, status.state, status.images, status.request_error) == (None, TaskState.WORKING, (), None)


@pytest.mark.parametrize(
    ("document", "state", "words"),
    [
        ({"id": "t", "status": "生成失败"}, TaskState.FAILED, None),
        ({"id": "t", "status": "已完成", "url": "https://a.example/1"}, TaskState.DONE, None),
        ({"id": "t", "status": "SENSITIVE_WORD_ERROR"}, TaskState.FAILED, "sensitive word error"),
        ({"id": "t", "status": "stopped", "reason": "the GPU died"}, TaskState.FAILED, "the GPU died"),
        ({"id": "t", "status": -1, "msg": "boom"}, TaskState.FAILED, "boom"),
        ({"id": "t", "status": "retrying", "message": "attempt 1 failed, retrying"}, TaskState.WORKING, None),
        (
            {"id": "t", "status": "odd", "message": "the request was rejected"},
            TaskState.FAILED,
            "the request was rejected",
        ),
        ({"taskId": "t", "taskStatus": "FAILED", "message": "boom"}, TaskState.FAILED, "boom"),
        ({"data": {"task": {"id": "t", "status": {"state": "failed"}, "error": "boom"}}}, TaskState.FAILED, "boom"),
        ({"output": {"task_id": "t", "task_status": "FAILED", "message": "boom"}}, TaskState.FAILED, "boom"),
        (
            {"data": {"taskId": "t", "successFlag": 1, "response": {"resultUrls": ["https://a.example/1"]}}},
            "done",
            None,
        ),
        ({"id": "t", "status": "completed", "made": {"image": "https://a.example/1"}}, TaskState.DONE, None),
        ({"id": "t", "status": "Ready", "result": {"sample": "https://a.example/1"}}, TaskState.DONE, None),
        (
            {"id": "t", "status": "completed", "result": "https://a.example/1, https://a.example/2"},
            TaskState.DONE,
            None,
        ),
    ],
)
def test_a_status_is_found_and_understood_wherever_it_is(
    document: dict[str, object], state: TaskState, words: str | None
) -> None:
    status = parse_task(document, WIRE)
    assert (status.id, status.state) == ("t", state)
    assert (status.error.message if status.error else None) == words
    assert [each.url for each in status.images][:1] == (["https://a.example/1"] if state == TaskState.DONE else [])


def test_a_task_that_is_done_may_lack_its_result() -> None:
    assert parse_task({"id": "t", "status": "completed"}, WIRE).lacks_result
    assert not parse_task({"id": "t", "status": "completed", "url": "https://a.example/1"}, WIRE).lacks_result
    assert not parse_task({"id": "t", "status": "completed", "error": "no image"}, WIRE).lacks_result


def test_usage_with_and_without_credits() -> None:
    wire = replace(WIRE, credits_path=("usage", "credits_reserved"))
    counts = {"credits_reserved": 1.5}
    assert parse_task({"id": "t", "usage": counts}, wire).usage == Usage(counts, credits=1.5)
    assert parse_task({"id": "t", "usage": {"credits_reserved": "?"}}, wire).usage == Usage({"credits_reserved": "?"})
    assert parse_task({"id": "t", "usage": counts}, WIRE).usage == Usage(counts)
    assert parse_task({"id": "t", "usage": {}}, wire).usage is None
