"""What Retry and Vary ask for, of each kind of job."""

from dataclasses import replace
from typing import Any

import pytest

from bot.chat import Action, Attachment
from bot.errors import PictureGone
from bot.job import Job
from bot.jobs.repetition import repeated_request
from bot.painting import Options
from tests.unit.jobs.test_lineage import job

PHOTO, COPY, MASK, RESULT, SECOND = (Attachment(ref=each, media_type="image/png") for each in "pcmrs")


def done(**given: Any) -> Job:
    return replace(job("j1"), delivered=(RESULT, SECOND), references=(PHOTO,), **given)


def marked() -> Job:
    facts = {"attempt-started:1": {"provider": "a", "price": 1, "marked": True}}
    return replace(done(), references=(PHOTO, COPY), checkpoints=facts)


def test_retry_is_the_same_request_whatever_it_was() -> None:
    options = Options(quality="high", replaced_model="gone", reframe="zoom:2")
    again = repeated_request(Action.RETRY, done(mask=MASK, options=options, is_variation=True), None, 5)
    assert (again.references, again.mask, again.is_variation, again.number) == ((PHOTO,), MASK, True, 1)
    assert again.options == Options(quality="high", reframe="zoom:2")


def test_vary_is_about_the_picture_that_was_pressed_and_leaves_mask_and_frame() -> None:
    again = repeated_request(Action.VARY, done(mask=MASK, options=Options(reframe="zoom:2")), 2, 2)
    assert (again.references, again.mask, again.options) == ((SECOND, PHOTO), None, Options())
    assert (again.parent, again.parent_picture, again.is_variation, again.number) == ("j1", 2, True, 2)
    assert repeated_request(Action.VARY, done(), None, 1).references == (RESULT,)
    assert repeated_request(Action.VARY, done(is_variation=True), None, 2).references == (RESULT,)
    with pytest.raises(PictureGone):
        repeated_request(Action.VARY, done(), 3, 5)


def test_vary_of_a_picture_that_was_marked_by_hand_is_the_same_edit_with_its_marks() -> None:
    again = repeated_request(Action.VARY, replace(marked(), parent="j0", parent_picture=1), 2, 5)
    assert (again.references, again.is_variation, again.number) == ((PHOTO, COPY), False, 2)
    assert (again.parent, again.parent_picture) == ("j0", 1)


def test_vary_of_what_has_no_picture_is_a_retry() -> None:
    again = repeated_request(Action.VARY, replace(done(), delivered=()), None, 5)
    assert (again.references, again.is_variation) == ((PHOTO,), False)
