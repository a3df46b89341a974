"""The fuzzing targets on cases of hypothesis, the same each time: seeds, seeds cut and mixed, and any bytes."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.fuzz.targets import DEEP, SEEDS, TARGETS
from tests.support.examples import examples


def test_every_target_has_seeds() -> None:
    assert SEEDS.keys() == TARGETS.keys()
    assert all(SEEDS.values())


@st.composite
def mutations(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed with a few pieces taken out, put in, repeated or overwritten."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        kept = bytes(data[start:end])
        filling = st.sampled_from([b"", kept * 3, b"[" * 50, b'"', b"null", b"{}", b"-1e999", b"\xff\xfe", b"\\ud800"])
        data[start:end] = draw(filling | st.binary(max_size=8))
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_break_a_reader(name: str) -> None:
    @settings(max_examples=examples(40))
    @given(mutations(SEEDS[name]) | st.binary(max_size=200))
    def run(data: bytes) -> None:
        TARGETS[name](data)

    for seed in (*SEEDS[name], *DEEP):
        TARGETS[name](seed)
    run()
