"""Exceptions are grouped by their class and our own frames; what is kept of one holds no value."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.observability import error_groups
from bot.observability.error_groups import ErrorGroup, group_of, merge_groups

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
OUR_FILE = "/home/ada/easel/bot/jobs/example.py"
SECRET = "123456:AAE-a-token-of-nobody"


def raised(work: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:
        work()
    return caught.value


def grouped(error: BaseException, *, job: str | None = "job1", at: datetime = NOW) -> ErrorGroup:
    return group_of(error, event="job workflow failed", logger="bot.jobs.runner", job=job, at=at)


def compiled(
    code: str, name: str = "bot.jobs.example", filename: str = "/home/ada/easel/bot/jobs/example.py"
) -> object:
    """The value of `work` in a module of our own with that code."""
    namespace: dict[str, object] = {"__name__": name}
    exec(compile(code, filename, "exec"), namespace)  # noqa: S102 - ours
    return namespace["work"]


def failing(code: str, *given: object, **where: str) -> BaseException:
    work = compiled(code, **where)
    assert callable(work)
    return raised(lambda: work(*given))


def test_lines_and_values_make_no_difference() -> None:
    code = "def work(key):\n    return {}[key]\n"
    one, other = grouped(failing(code, "a fox")), grouped(failing("\n\n\n" + code, SECRET))
    assert one.fingerprint == other.fingerprint
    assert len(one.fingerprint) == 16
    assert (one.kind, one.place) == ("builtins.KeyError", "bot.jobs.example:work")
    assert (one.count, one.first, one.last, one.jobs) == (1, NOW, NOW, ("job1",))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("def work(key):\n    return [][key]\n", "bot.jobs.example"),  # another class: TypeError
        ("def work(key):\n    return other(key)\ndef other(key):\n    return {}[key]\n", "bot.jobs.example"),
        ("def work(key):\n    return {}[key]\n", "bot.jobs.elsewhere"),
        ("def work(key):\n    return {}[key]\n", "somebody.else"),  # no frame of ours
    ],
)
def test_another_origin_is_another_group(code: str, name: str) -> None:
    here = grouped(failing("def work(key):\n    return {}[key]\n", "x"))
    assert grouped(failing(code, "x", name=name)).fingerprint != here.fingerprint


def test_frames_of_libraries_do_not_tell_groups_apart() -> None:
    own = "def work(call):\n    call()\n"
    one = failing(own, lambda: int("a"))
    other = failing(own, lambda: sorted([1, 2], key=lambda _: int("b")))
    assert grouped(one).fingerprint == grouped(other).fingerprint


def test_an_endless_recursion_is_one_short_group() -> None:
    error = failing("def work():\n    work()\n")
    found = grouped(error)
    assert found.place == "bot.jobs.example:work"
    assert "more" in found.sample
    assert len(found.sample.splitlines()) < 50
    assert "maximum recursion depth" in found.sample  # its text names no value


def test_of_a_group_the_first_exception_counts() -> None:
    inner = failing("def work():\n    raise ValueError\n")
    wrapped = BaseExceptionGroup("several", [ExceptionGroup("more", [inner]), KeyError("x")])  # type: ignore[list-item]  # it is an Exception
    assert grouped(wrapped).fingerprint == grouped(inner).fingerprint


def test_one_that_was_never_raised_is_told_by_its_line() -> None:
    found = grouped(ValueError("x"), job=None)
    assert found.place == "bot.jobs.runner"
    assert found.sample == "builtins.ValueError"
    assert found.jobs == ()
    other = group_of(ValueError("x"), event="another line", logger="bot.jobs.runner", job=None, at=NOW)
    assert other.fingerprint != found.fingerprint


def test_a_sample_holds_frames_and_classes_and_no_value() -> None:
    code = (
        "def work(key):\n    try:\n        {}[key]\n    except KeyError as error:\n"
        "        try:\n            int(key)\n        except ValueError:\n"
        "            raise RuntimeError(key) from error\n"
    )
    sample = grouped(failing(code, SECRET)).sample
    assert SECRET not in sample
    assert "builtins.KeyError" in sample
    assert "This was the direct cause of the following:" in sample
    assert sample.endswith("builtins.RuntimeError")
    assert 'File "bot/jobs/example.py", line 8, in work' in sample
    assert "/home" not in sample


def test_what_was_being_handled_is_shown_and_what_was_suppressed_is_not() -> None:
    handled = "def work():\n    try:\n        {}['x']\n    except KeyError:\n        None.x\n"
    sample = grouped(failing(handled)).sample
    assert "While it was handled, the following happened:" in sample
    assert "'NoneType' object has no attribute 'x'" in sample  # of code alone
    suppressed = "def work():\n    try:\n        {}['x']\n    except KeyError:\n        raise ValueError from None\n"
    assert "KeyError" not in grouped(failing(suppressed)).sample


def test_causes_in_a_circle_end() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert grouped(one).sample.count("builtins.") == 2


def test_files_of_libraries_and_others_are_named_shortly() -> None:
    code = "def work():\n    raise ValueError\n"
    library = failing(code, filename="/usr/lib/python3/site-packages/httpx/_client.py", name="httpx")
    assert 'File "httpx/_client.py"' in grouped(library).sample
    other = failing(code, filename="/usr/lib/python3.11/json/decoder.py", name="json.decoder")
    assert 'File "json/decoder.py"' in grouped(other).sample


def test_merged_groups_count_all_and_keep_the_latest_jobs() -> None:
    error = ValueError()
    merged = grouped(error, job="0")
    for number in range(1, 15):
        merged = merge_groups(merged, grouped(error, job=str(number), at=NOW + timedelta(seconds=number)))
    merged = merge_groups(merged, grouped(error, job="3", at=NOW - timedelta(days=1)))
    assert merged.count == 16
    assert merged.first == NOW - timedelta(days=1)
    assert merged.last == NOW + timedelta(seconds=14)
    assert merged.jobs == ("3", "14", "13", "12", "11", "10", "9", "8", "7", "6")
    assert len(merged.jobs) == error_groups.MAX_JOBS
