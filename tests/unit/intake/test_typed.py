"""Options as they are typed again."""

import pytest

from bot.intake.typed import typed_options
from bot.painting import Options


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        (Options(), ""),
        (Options(size="3:2", tier="2K", n=2), "--size 3:2@2K --n 2"),
        (Options(tier="4K", quality="high"), "--size 4K --quality high"),
        (Options(model="Fine Brush", compression=0, as_file=True), '--model "Fine Brush" --compression 0 --file'),
        (Options(model="plain", format="png", loose=True), "--model plain --format png --loose"),
        (Options(background="transparent"), "--background transparent"),
    ],
)
def test_they_read_as_a_member_writes_them(options: Options, typed: str) -> None:
    assert typed_options(options) == typed
