"""Size and quality of a picture, read from a field or from the end of the prompt."""

import pytest

from bot.sandbox.painting.picture_spec import picture_size, split_quality


@pytest.mark.parametrize(
    ("prompt", "wish", "size"),
    [
        ("a fox", None, (1024, 1024)),
        ("a fox", "1536x1024", (1536, 1024)),
        ("a fox", "2:3", (1024, 1536)),
        ("a fox", "auto", (1024, 1024)),
        ("a fox, 1024x1536", None, (1024, 1536)),
        ("a fox (3:2)", None, (1536, 1024)),
        ("一只狐狸，比例3：2", None, (1536, 1024)),
        ("a fox in 16:9 format", None, (1536, 864)),
        ("a fox 9:16", None, (864, 1536)),
        ("a fox 1:1", None, (1024, 1024)),
        ("a fox 1:9", None, (1024, 1024)),
        ("a fox 9:1", None, (1024, 1024)),
        ("a fox 0:3", None, (1024, 1024)),
        ("a fox 3:0", None, (1024, 1024)),
        ("a fox 32x32", None, (1024, 1024)),
        ("a fox 4000x4000", None, (1024, 1024)),
        ("at 3:2 the fox woke up and looked around", None, (1024, 1024)),
        ("a fox 3:2", "1:1", (1024, 1024)),
        ("a fox\n\nImage size: 3:2\n\nImage quality: high", None, (1536, 1024)),
        ("a fox\n\nImage quality: high", "2:3", (1024, 1536)),
    ],
)
def test_the_size_field_counts_then_the_end_of_the_prompt(prompt: str, wish: str | None, size: tuple[int, int]):
    assert picture_size(prompt, wish) == size


@pytest.mark.parametrize(
    ("prompt", "shown", "quality"),
    [
        ("a fox", "a fox", None),
        ("a fox\n\nImage size: 3:2\n\nImage quality: High\n", "a fox\n\nImage size: 3:2", "high"),
        ("image quality: low", "", "low"),
        ("a fox of image quality: high fidelity", "a fox of image quality: high fidelity", None),
        ("a fox, image quality: superb", "a fox, image quality: superb", None),
    ],
)
def test_a_quality_that_ends_the_prompt_is_taken_out(prompt: str, shown: str, quality: str | None):
    assert split_quality(prompt) == (shown, quality)
