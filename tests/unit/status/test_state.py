"""What a status message says while a job runs."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.painting import Accepted, Blob, FinishedImage, Link, Preview, Progress, Stage, StageChanged, Usage
from bot.status.state import (
    BAR_EMPTY,
    BAR_FULL,
    QueuePosition,
    RestartAnnounced,
    Status,
    StatusEvent,
    apply_event,
    is_noticeable_change,
    progress_bar,
    render,
)
from bot.texts import LOCALES, translate

ANY = Link(url="https://example.org/1.png")
NEW = Status(accepted_at=100.0)

events = st.one_of(
    st.sampled_from(Stage).map(StageChanged),
    st.floats(-5, 105).map(Progress),
    st.integers(1, 9).map(QueuePosition),
    st.sampled_from([Accepted(), Preview(ANY), FinishedImage(ANY), Usage({}), RestartAnnounced()]),
)


def status_after(*happened: StatusEvent, start: Status = NEW) -> Status:
    status = start
    for each in happened:
        status = apply_event(status, each)
    return status


# ---------------------------------------------------------------- events -> status


def test_a_job_goes_through_its_stages_in_their_order() -> None:
    status = NEW
    for stage in (Stage.PREPARING, Stage.SENDING, Stage.QUEUED, Stage.PAINTING, Stage.SAVING):
        status = apply_event(status, StageChanged(stage))
        assert status.stage is stage


def test_an_earlier_stage_that_is_shown_late_is_ignored() -> None:
    assert status_after(StageChanged(Stage.PAINTING), StageChanged(Stage.QUEUED), Accepted()).stage is Stage.PAINTING


def test_after_a_retry_the_stages_come_anew_but_not_the_line() -> None:
    retrying = status_after(StageChanged(Stage.PAINTING), Progress(40), StageChanged(Stage.RETRYING))
    assert retrying.stage is Stage.RETRYING
    assert apply_event(retrying, StageChanged(Stage.WAITING)).stage is Stage.RETRYING
    again = status_after(StageChanged(Stage.SENDING), Accepted(), Progress(10), start=retrying)
    assert (again.stage, again.percent) == (Stage.PAINTING, 40)


def test_what_the_upstream_does_says_where_the_job_is() -> None:
    assert status_after(Accepted()).stage is Stage.QUEUED
    assert status_after(Accepted(), Progress(0)).stage is Stage.QUEUED
    assert status_after(Accepted(), Progress(3)).stage is Stage.PAINTING
    assert status_after(Preview(ANY)) == replace(NEW, stage=Stage.PAINTING, preview_source=ANY)
    assert status_after(Usage({"tokens": 1})) == NEW


def test_each_picture_counts_and_the_last_one_ends_the_painting() -> None:
    pair = replace(NEW, image_count=2)
    one = status_after(StageChanged(Stage.PAINTING), FinishedImage(ANY), start=pair)
    assert (one.images_ready, one.percent, one.stage) == (1, 50, Stage.PAINTING)
    both = apply_event(one, FinishedImage(ANY))
    assert (both.images_ready, both.percent, both.stage) == (2, 100, Stage.SAVING)


def test_a_place_in_line_is_known_only_while_waiting() -> None:
    assert status_after(QueuePosition(3), QueuePosition(2)).queue_position == 2
    assert status_after(QueuePosition(3), StageChanged(Stage.WAITING)).queue_position == 3
    assert status_after(QueuePosition(3), StageChanged(Stage.PREPARING)).queue_position is None
    assert status_after(StageChanged(Stage.SENDING), QueuePosition(3)).queue_position is None


def test_a_job_that_is_not_sent_yet_may_come_to_stand_in_line() -> None:
    status = status_after(StageChanged(Stage.PREPARING), QueuePosition(3))
    assert (status.stage, status.queue_position) == (Stage.WAITING, 3)


def test_a_job_waits_while_its_provider_takes_no_more_requests() -> None:
    status = status_after(StageChanged(Stage.PREPARING), StageChanged(Stage.WAITING))
    assert status.stage is Stage.WAITING
    assert apply_event(status, StageChanged(Stage.SENDING)).stage is Stage.SENDING
    assert status_after(StageChanged(Stage.SENDING), StageChanged(Stage.WAITING)).stage is Stage.SENDING


def test_a_finished_picture_stands_at_a_hundred_percent() -> None:
    assert status_after(Progress(89), StageChanged(Stage.SAVING)).percent == 100


@given(st.lists(events, max_size=30), st.integers(1, 4))
def test_the_percentage_never_falls_and_no_stage_goes_backwards(happened: list[StatusEvent], count: int) -> None:
    order = list(Stage)
    before = Status(accepted_at=0.0, image_count=count)
    for each in happened:
        status = apply_event(before, each)
        assert before.percent is None or (status.percent is not None and status.percent >= before.percent)
        assert status.percent is None or 0 <= status.percent <= 100
        back_in_line = isinstance(each, QueuePosition) and before.stage is Stage.PREPARING
        if Stage.RETRYING not in (before.stage, status.stage) and not back_in_line:
            assert order.index(status.stage) >= order.index(before.stage)
        before = status


# ---------------------------------------------------------------- status -> words


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({}, False),
        ({"percent": 42.9}, False),
        ({"percent": 43.0}, True),
        ({"percent": None}, True),
        ({"stage": Stage.SAVING}, True),
        ({"queue_position": 2}, True),
        ({"images_ready": 1}, True),
        ({"preview_source": Link(url="https://example.org/2.png")}, True),
        ({"preview_source": Blob(data=b"2")}, True),
    ],
)
def test_only_a_change_that_somebody_would_notice_is_worth_an_edit(change: dict[str, object], seen: bool) -> None:
    shown = replace(NEW, stage=Stage.PAINTING, percent=42.0, preview_source=ANY)
    assert is_noticeable_change(shown, replace(shown, **change), 200.0, 201.0) is seen


def test_after_a_quarter_of_a_minute_the_elapsed_time_is_worth_an_edit() -> None:
    assert not is_noticeable_change(NEW, NEW, 200.0, 214.9)
    assert is_noticeable_change(NEW, NEW, 200.0, 215.0)


def test_a_painting_is_shown_with_a_bar_its_percentage_its_time_and_what_is_left() -> None:
    status = replace(NEW, typical_s=40.0, stage=Stage.PAINTING, percent=42.7)
    assert render(status, "en", 112.0) == "🎨 Painting\n▰▰▰▰▰▱▱▱▱▱▱▱ 42%\n12 s · about 28 s left"


def test_minutes_are_shown_as_minutes() -> None:
    status = replace(NEW, typical_s=200.0, stage=Stage.QUEUED)
    assert render(status, "en", 180.0).splitlines()[1:] == ["1 min 20 s · about 2 min 0 s left"]


@pytest.mark.parametrize("now", [140.0, 141.0, 1000.0])
def test_an_estimate_that_is_overrun_is_dropped(now: float) -> None:
    assert "left" not in render(replace(NEW, typical_s=40.0, stage=Stage.PAINTING), "en", now)


def test_nothing_is_estimated_while_the_job_waits_in_line() -> None:
    assert render(replace(NEW, typical_s=40.0), "en", 105.0) == "⏳ Waiting in line\n5 s"


def test_a_message_posted_at_once_is_its_stage_alone() -> None:
    assert render(NEW, "en", 100.4) == "⏳ Waiting in line"
    assert render(NEW, "en", 99.0) == "⏳ Waiting in line"


def test_of_several_pictures_those_that_are_ready_are_counted() -> None:
    assert render(replace(NEW, image_count=4, images_ready=1), "en", 100.0).endswith("1 of 4 pictures ready")
    assert "ready" not in render(replace(NEW, image_count=4), "en", 100.0)
    assert "ready" not in render(replace(NEW, images_ready=1), "en", 100.0)


@pytest.mark.parametrize(
    ("locale", "place", "words"),
    [
        ("en", 1, "you are next"),
        ("en", 2, "1 request ahead of you"),
        ("en", 3, "2 requests ahead of you"),
        ("zh", 1, "下一个就是你"),
        ("zh", 3, "前面还有 2 个请求"),
        ("ru", 1, "ваша очередь следующая"),
        ("ru", 2, "перед вами 1 запрос"),
        ("ru", 3, "перед вами 2 запроса"),
        ("ru", 6, "перед вами 5 запросов"),
        ("ru", 12, "перед вами 11 запросов"),
        ("ru", 22, "перед вами 21 запрос"),
        ("ru", 23, "перед вами 22 запроса"),
    ],
)
def test_the_place_in_line_is_shown_in_words(locale: str, place: int, words: str) -> None:
    assert render(replace(NEW, queue_position=place), locale, 100.0).splitlines()[1] == words


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_words_in_every_language(locale: str, stage: Stage) -> None:
    status = replace(NEW, stage=stage, percent=50.0, typical_s=90.0, image_count=2, images_ready=1)
    first, second, third = render(status, locale, 170.0).splitlines()
    assert re.fullmatch(r"\W+ \w.*", first)
    assert second == "▰▰▰▰▰▰▱▱▱▱▱▱ 50%"
    left: set[str] = set() if stage is Stage.WAITING else {"20"}
    assert {"1", "2", "10"} | left == set(re.findall(r"\d+", third))


@given(st.floats(0, 100), st.floats(0, 100))
def test_the_bar_grows_with_the_percentage_and_is_full_only_at_the_end(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert progress_bar(low).count(BAR_FULL) <= progress_bar(high).count(BAR_FULL)
    assert len(progress_bar(low)) == len(progress_bar(high)) == 12
    assert (BAR_EMPTY in progress_bar(low)) == (low < 100)
    assert progress_bar(low) == progress_bar(low).replace(BAR_EMPTY, "").ljust(12, BAR_EMPTY)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_restart_is_announced_to_jobs_that_run_and_to_those_that_wait(locale: str) -> None:
    running = status_after(StageChanged(Stage.PAINTING), RestartAnnounced())
    waiting = status_after(QueuePosition(1), RestartAnnounced())
    assert is_noticeable_change(replace(running, restarts=False), running, 100.0, 100.0)
    assert render(running, locale, 100.0).endswith(translate(locale, "status-restarts-after"))
    assert render(waiting, locale, 100.0).endswith(translate(locale, "status-restarts-before"))
