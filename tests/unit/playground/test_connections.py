"""Outgoing queues: the latest state wins, and overflow disconnects."""

from adapters.playground.connections import OutgoingQueue
from adapters.playground.protocol import ErrorFrame


def error_frame(text: str) -> ErrorFrame:
    return {"type": "error", "text": text}


async def test_an_outgoing_queue_keeps_the_latest_of_each_kind_in_order() -> None:
    outgoing = OutgoingQueue(10)
    for key, text in (("a", "old"), ("b", "b"), ("a", "new")):
        outgoing.enqueue_frame((key,), error_frame(text))
    assert await outgoing.dequeue_frames() == [error_frame("new"), error_frame("b")]
    outgoing.enqueue_frame(("a",), error_frame("later"))
    assert await outgoing.dequeue_frames() == [error_frame("later")]


async def test_an_outgoing_queue_that_overflows_disconnects_and_accepts_nothing_more() -> None:
    outgoing = OutgoingQueue(2)
    for number in range(4):
        outgoing.enqueue_frame((str(number),), error_frame("x"))
    assert outgoing.overflowed
    assert outgoing.disconnect.is_set()
    assert await outgoing.dequeue_frames() == []
