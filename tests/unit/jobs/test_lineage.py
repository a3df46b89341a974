"""Branches of results, over any families of jobs: circles, missing parents, forgotten and deleted ones included."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.chat import Attachment, Chat, Message, User
from bot.job import Job, State
from bot.jobs.lineage import (
    DECAY_EDITS,
    MAX_BRANCH,
    Branch,
    Presence,
    Source,
    picture_number,
    presence_of,
    source_of,
    trace_branch,
)
from bot.jobs.result_menu import MAX_RESULT_BUTTONS, result_buttons

AT = datetime(2026, 11, 30, tzinfo=UTC)
CHAT = Chat(platform="memory", id="c", kind="direct")
USER = User(platform="memory", id="u", name="U")


def picture(ref: str) -> Attachment:
    return Attachment(ref=ref, media_type="image/png")


def job(
    name: str, parent: str | None = None, *, photo: bool = False, number: int | None = None, varies: bool = False
) -> Job:
    return Job(
        id=name,
        event=name,
        user=USER,
        chat=CHAT,
        request_id=None,
        locale="en",
        prompt=f"wish {name}",
        references=(picture(f"into {name}"),) if photo or parent is not None else (),
        cost=1,
        parent=parent,
        parent_picture=number,
        is_variation=varies,
        state=State.DONE,
        attempt=1,
        charged=1,
        status_id=f"m{name}",
        created=AT,
        started=AT,
        finished=AT,
        provider=None,
        model=None,
        price=None,
        spent=None,
        upstream_id=None,
        usage=None,
        trace=None,
        failure=None,
        delivered=(picture(f"{name}/0"), picture(f"{name}/1")),
        delivered_id=f"m{name}",
        further_ids=(f"n{name}",),
        copy_ids=(),
        deleted=None,
        checkpoints={},
    )


def traced(*jobs: Job) -> Branch:
    return trace_branch(jobs[-1], {each.id: each for each in jobs})


def test_edits_of_a_first_result_are_wishes_about_it() -> None:
    branch = traced(job("a"), job("b", "a", number=2), job("v", "b", varies=True), job("c", "v"))
    assert [each.id for each in branch.jobs] == ["a", "b", "v", "c"]
    assert branch.is_whole
    assert branch.root == Source(job_id="a", number=2, picture=picture("into b"))
    assert branch.wishes == ("wish b", "wish c")
    assert not branch.wears


def test_a_members_own_picture_is_a_root_too() -> None:
    branch = traced(job("a", photo=True), job("b", "a"))
    assert branch.root == Source(job_id=None, number=1, picture=picture("into a"))
    assert branch.wishes == ("wish a", "wish b")
    assert source_of(job("a")) is None
    assert traced(job("a")).root is None
    assert source_of(replace(job("b", "a"), references=())) == Source(job_id="a", number=1, picture=None)


def test_what_is_forgotten_is_no_wish_and_what_is_missing_ends_the_branch() -> None:
    assert traced(job("a"), replace(job("b", "a"), prompt=""), job("c", "b")).wishes == ("wish c",)
    branch = traced(job("b", "a"), job("c", "b"))
    assert (branch.is_whole, branch.root) == (False, None)


@pytest.mark.parametrize("edits", [DECAY_EDITS, DECAY_EDITS + 1])
def test_more_than_a_few_edits_wear_a_picture_out(edits: int) -> None:
    family = [job("0"), *(job(str(n), str(n - 1)) for n in range(1, edits + 1))]
    assert traced(*family).wears is (edits > DECAY_EDITS)


@given(parents=some.lists(some.none() | some.integers(0, 11), min_size=1, max_size=12), at=some.integers(0, 11))
def test_any_family_has_branches(parents: list[int | None], at: int) -> None:
    family = [job(str(n), None if parent is None else str(parent)) for n, parent in enumerate(parents)]
    branch = trace_branch(family[at % len(family)], {each.id: each for each in family})
    ids = [each.id for each in branch.jobs]
    assert ids[-1] == family[at % len(family)].id
    assert len(set(ids)) == len(ids)
    assert all(child.parent == parent.id for parent, child in zip(branch.jobs, branch.jobs[1:], strict=False))
    assert branch.is_whole is (branch.jobs[0].parent is None)
    assert len(branch.wishes) <= len(ids)
    assert branch.root is None or branch.is_whole


def test_a_branch_without_end_is_looked_at_to_some_depth() -> None:
    family = [job("0"), *(job(str(n), str(n - 1)) for n in range(1, MAX_BRANCH + 5))]
    assert len(traced(*family).jobs) == MAX_BRANCH


def test_what_has_become_of_a_result() -> None:
    assert presence_of(None) is Presence.EXPIRED
    assert presence_of(job("a")) is Presence.SHOWN
    assert presence_of(replace(job("a"), deleted=AT)) is Presence.DELETED
    assert presence_of(replace(job("a"), prompt="")) is Presence.FORGOTTEN
    assert presence_of(replace(job("a"), state=State.FAILED, delivered=())) is Presence.EXPIRED


def test_which_picture_of_a_result_is_meant() -> None:
    def reply(message_id: str, about: int | None = None) -> Message:
        replied = Message(id=message_id, chat=CHAT, sender=USER, text="", job_picture=about)
        return Message(id="x", chat=CHAT, sender=USER, text="", reply_to=replied)

    parent = job("a")
    assert picture_number(parent, picture("a/1"), reply("ma")) == 2
    assert picture_number(parent, picture("other"), reply("na")) == 2
    assert picture_number(parent, picture("other"), reply("else", 2)) == 2
    assert picture_number(parent, picture("other"), reply("else")) == 1
    assert picture_number(parent, picture("other"), replace(reply("na"), reply_to=None)) == 1


def test_a_result_has_few_buttons_and_undo_only_where_there_is_something_before() -> None:
    assert [each.action.value for each in result_buttons(job("a"))] == ["retry", "vary", "edit", "more"]
    buttons = result_buttons(job("b", "a"), 2)
    assert [each.action.value for each in buttons] == ["retry", "vary", "edit", "undo", "more"]
    assert len(buttons) <= MAX_RESULT_BUTTONS
    assert {each.target for each in buttons} == {"b:2"}
