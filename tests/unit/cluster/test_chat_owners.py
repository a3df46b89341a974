"""A chat is handled by one process at a time, whatever comes, goes, is heard late or never; and in the end by one."""

from collections import deque
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.cluster.chat_owners import MAX_BUSY, MAX_EARLY, Announcement, ChatOwners, owner_of
from tests.support.examples import examples

CHATS = tuple(f"-{number}" for number in range(6))


def said(
    sender: str, *, serves: bool = True, knows: str = "", busy: frozenset[str] | None = frozenset()
) -> Announcement:
    return Announcement(sender=sender, serves=serves, knows=frozenset(knows.split()), busy=busy)


# ---------------------------------------------------------------- hashing


def test_only_the_chats_of_whoever_comes_or_goes_change_hands() -> None:
    chats = [str(number) for number in range(1000)]
    before = {chat: owner_of(chat, ("a", "b", "c")) for chat in chats}
    after = {chat: owner_of(chat, ("a", "b", "c", "d")) for chat in chats}
    moved = [chat for chat in chats if before[chat] != after[chat]]
    assert {after[chat] for chat in moved} == {"d"}
    assert 180 < len(moved) < 320  # a quarter
    assert all(200 < list(before.values()).count(each) < 470 for each in "abc")
    assert owner_of("1", ()) is None


# ---------------------------------------------------------------- one process and its neighbours


def test_a_process_that_is_alone_has_every_chat_once_it_serves() -> None:
    owners = ChatOwners("a")
    assert not owners.is_alone
    assert not owners.may_handle("1")
    assert owners.owner("1") is None
    assert owners.start_serving()
    assert not owners.start_serving()
    assert owners.is_alone
    assert owners.may_handle("1")
    owners.begin("1")
    owners.begin("1")
    assert not owners.end("1")
    assert not owners.end("1")
    assert owners.announcement() == said("a")


def test_who_begins_to_serve_waits_until_every_other_knows_so() -> None:
    owners = ChatOwners("a", ["b", "c"])
    owners.start_serving()
    assert owners.awaited == {"b", "c"}
    assert not any(map(owners.may_handle, CHATS))
    assert owners.hear(said("b"))  # serves, and does not know
    assert owners.awaited == {"b", "c"}
    assert not owners.hear(said("b", knows="a"))
    assert owners.remove_other("c") is False
    assert not owners.awaited
    assert {chat for chat in CHATS if owners.may_handle(chat)} == {
        each for each in CHATS if owner_of(each, "ab") == "a"
    }


def test_a_chat_that_moves_is_left_alone_while_it_is_worked_on() -> None:
    mine, theirs = (next(each for each in CHATS if owner_of(each, "ab") == name) for name in "ab")
    a, b = ChatOwners("a"), ChatOwners("b", ["a"])
    a.start_serving()
    a.begin(mine)
    a.begin(theirs)
    b.start_serving()
    a.add_other("b")
    assert a.hear(b.announcement())
    assert not a.may_handle(theirs)
    assert a.announcement().busy == {theirs}
    b.hear(a.announcement())
    assert not b.may_handle(theirs)
    assert not a.end(mine)
    assert a.end(theirs)
    b.hear(a.announcement())
    assert b.may_handle(theirs)


def test_too_many_busy_chats_count_as_all() -> None:
    a, b = ChatOwners("a"), ChatOwners("b", ["a"])
    a.start_serving()
    for number in range(MAX_BUSY + 1):
        a.begin(str(number))
    assert a.stop_serving()
    assert not a.stop_serving()
    assert a.announcement().busy is None
    b.start_serving()
    a.add_other("b")
    a.hear(b.announcement())
    b.hear(a.announcement())
    assert not b.awaited
    assert not b.may_handle("1000")
    assert a.end("0")
    assert a.announcement().busy == {str(number) for number in range(1, MAX_BUSY + 1)}
    b.hear(a.announcement())
    assert b.may_handle("1000")
    assert not b.may_handle("1")


def test_a_question_is_answered_whatever_is_known() -> None:
    owners = ChatOwners("a", ["b"])
    owners.hear(said("b"))
    assert not owners.hear(said("b"))
    question = ChatOwners("b").announcement(asks=True)
    assert owners.hear(question)


def test_who_is_no_member_yet_counts_once_it_is_one() -> None:
    owners = ChatOwners("a")
    owners.start_serving()
    assert not owners.hear(said("b"))
    assert owners.is_alone
    assert owners.add_other("b")
    assert not owners.is_alone
    assert not owners.add_other("c")
    for number in range(MAX_EARLY + 1):
        owners.hear(said(f"late {number}"))
    assert not owners.add_other("late 0")
    assert owners.add_other("late 1")


def test_a_process_that_went_is_not_heard_any_more() -> None:
    owners = ChatOwners("a", ["b"])
    owners.start_serving()
    owners.hear(said("b", knows="a"))
    assert owners.remove_other("b")
    owners.hear(said("b", knows="a"))  # was on its way
    assert owners.is_alone


@pytest.mark.parametrize("busy", [frozenset({"1", "-2"}), frozenset[str](), None])
def test_announcements_are_json(busy: frozenset[str] | None) -> None:
    announced = said("a", knows="b c", busy=busy)
    assert Announcement.from_json(announced.to_json()) == announced


@pytest.mark.parametrize("other", [None, [], {}, {"sender": "a", "serves": 1, "knows": [], "busy": [], "asks": False}])
def test_anything_else_is_no_announcement(other: object) -> None:
    with pytest.raises(ValueError, match="no announcement"):
        Announcement.from_json(other)


# ---------------------------------------------------------------- several processes, in any order of events


@dataclass(eq=False)
class Process:
    """One process: its knowledge, what it has not heard yet, and the updates that it handles."""

    owners: ChatOwners
    members: set[str]
    """As of its last heartbeat."""
    inbox: deque[Announcement | int] = field(default_factory=deque[Announcement | int])
    """Messages on the bus, in the order of the commits; a number tells of an update in the table."""
    handling: dict[int, str] = field(default_factory=dict[int, str])
    """Updates and their chats."""


@settings(max_examples=examples(20), stateful_step_count=50)
class Cluster(RuleBasedStateMachine):
    """Processes, the bus that tells them things late, the table of members and that of updates."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[str, Process] = {}
        self.table: dict[int, str] = {}  # updates that are saved, with their chats
        self.begun: dict[int, int] = {}  # how often the handling of an update began and was not cut off
        self.names = 0
        self.updates = 0

    # what happens to processes

    @precondition(lambda self: len(self.alive) < 4)
    @rule()
    def join(self) -> None:
        self.names += 1
        name = f"p{self.names}"
        self.alive[name] = Process(ChatOwners(name, self.alive), set(self.alive))
        self._publish(name, asks=True)

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def serve(self, data: st.DataObject) -> None:
        process = self._any(data)
        if process.owners.start_serving():
            self._learned(process, announces=True)

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def stop_serving(self, data: st.DataObject) -> None:
        process = self._any(data)
        if process.owners.stop_serving():
            self._publish(process.owners.me)

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        process = self._any(data)
        del self.alive[process.owners.me]
        for number in process.handling:
            if self.begun[number]:
                self.begun[number] -= 1

    # what they learn, whenever they do

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        self._beat(self._any(data))

    @precondition(lambda self: any(each.inbox for each in self.alive.values()))
    @rule(data=st.data())
    def hear(self, data: st.DataObject) -> None:
        self._hear(data.draw(st.sampled_from([each for each in self.alive.values() if each.inbox])))

    @precondition(lambda self: any(each.inbox for each in self.alive.values()))
    @rule(data=st.data())
    def lose_connection(self, data: st.DataObject) -> None:
        process = data.draw(st.sampled_from([each for each in self.alive.values() if each.inbox]))
        process.inbox.clear()
        self._publish(process.owners.me, asks=True)
        self._look(process)

    # updates

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), chat=st.sampled_from(CHATS))
    def receive(self, data: st.DataObject, chat: str) -> None:
        process = self._any(data)
        self.updates += 1
        number = self.updates
        self.begun[number] = 0
        if process.owners.may_handle(chat):
            self._look(process, chat)
            self._begin(process, number, chat)
        self.table[number] = chat  # what is handled here is saved as well, as it takes a while
        if number not in process.handling:
            for each in self.alive.values():
                if each is not process:
                    each.inbox.append(number)

    @precondition(lambda self: any(each.handling for each in self.alive.values()))
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        process = data.draw(st.sampled_from([each for each in self.alive.values() if each.handling]))
        self._finish(process, data.draw(st.sampled_from(sorted(process.handling))))

    # what holds at any time

    @invariant()
    def nobody_works_on_the_chat_of_another(self) -> None:
        for chat in CHATS:
            able = [each for each in self.alive.values() if each.owners.may_handle(chat)]
            working = [each for each in self.alive.values() if chat in each.handling.values()]
            assert len(able) <= 1
            assert len(working) <= 1
            assert not (able and working and able != working)

    @invariant()
    def nothing_is_handled_twice(self) -> None:
        assert all(times <= 1 for times in self.begun.values())

    def teardown(self) -> None:
        """Once all is quiet, each chat is one process's, and nothing is left over."""
        if not self.alive:
            return
        for process in self.alive.values():
            if process.owners.start_serving():
                self._learned(process, announces=True)
        while True:
            for process in self.alive.values():
                self._beat(process)
                while process.inbox:
                    self._hear(process)
                for number in list(process.handling):
                    self._finish(process, number)
            if not any(each.inbox or each.handling for each in self.alive.values()):
                break
        for chat in CHATS:
            assert sum(each.owners.may_handle(chat) for each in self.alive.values()) == 1
        assert not self.table
        assert all(times == 1 for times in self.begun.values())

    # within

    def _any(self, data: st.DataObject) -> Process:
        return data.draw(st.sampled_from(list(self.alive.values())))

    def _publish(self, name: str, *, asks: bool = False) -> None:
        said = Announcement.from_json(self.alive[name].owners.announcement(asks=asks).to_json())
        for other, process in self.alive.items():
            if other != name:
                process.inbox.append(said)

    def _beat(self, process: Process) -> None:
        now = self.alive.keys() - {process.owners.me}
        for gone in process.members - now:
            self._learned(process, announces=process.owners.remove_other(gone))
        for new in now - process.members:
            self._learned(process, announces=process.owners.add_other(new))
        process.members = now

    def _hear(self, process: Process) -> None:
        heard = process.inbox.popleft()
        if isinstance(heard, Announcement):
            self._learned(process, announces=process.owners.hear(heard))
        elif heard in self.table:
            self._look(process, self.table[heard])

    def _learned(self, process: Process, *, announces: bool) -> None:
        if announces:
            self._publish(process.owners.me)
        self._look(process)

    def _look(self, process: Process, only: str | None = None) -> None:
        """Looks for updates in the table that fall to the process; `only`: of one chat."""
        for number, chat in sorted(self.table.items()):
            if process.owners.may_handle(chat) and only in (None, chat):
                self._begin(process, number, chat)

    def _begin(self, process: Process, number: int, chat: str) -> None:
        if number not in process.handling:
            process.handling[number] = chat
            process.owners.begin(chat)
            self.begun[number] += 1
            assert not [
                each for each in self.table if self.table[each] == chat and each < number and not self.begun[each]
            ]

    def _finish(self, process: Process, number: int) -> None:
        self.table.pop(number, None)
        if process.owners.end(process.handling.pop(number)):
            self._publish(process.owners.me)


TestCluster = Cluster.TestCase
