"""What a press brings back: a job, and maybe a picture of its result."""

import pytest

from bot.chat import Action, Button
from bot.ports import read_target


@pytest.mark.parametrize(
    ("target", "read"),
    [
        ("abc", ("abc", None)),
        ("abc:2", ("abc", 2)),
        ("abc:0", ("abc", None)),
        ("abc:", ("abc", None)),
        ("abc:x", ("abc", None)),
        ("abc:1234", ("abc", None)),
    ],
)
def test_a_target_names_a_job_and_a_picture(target: str, read: tuple[str, int | None]) -> None:
    assert read_target(target) == read


@pytest.mark.parametrize("picture", [None, 3])
def test_what_a_button_names_is_read_back(picture: int | None) -> None:
    button = Button(action=Action.VARY, job_id="abc", label="Vary", picture=picture)
    assert read_target(button.target) == ("abc", picture)
