"""Previews: found by their bytes, bounded in memory."""

from adapters.playground.previews import Previews
from bot.painting import Image


def test_previews_are_found_by_their_bytes_and_the_oldest_make_room() -> None:
    def picture(letter: bytes, size: int) -> Image:
        return Image(data=letter * size, media_type="image/png", width=1, height=1)

    previews = Previews(max_bytes=100)
    first = previews.set_preview(1, picture(b"a", 60))
    assert first is not None
    assert previews.set_preview(2, picture(b"a", 60)) == first == previews.preview_of(1)
    second = previews.set_preview(3, picture(b"b", 60))
    assert second is not None
    assert (previews.get_image(first), previews.preview_of(1), previews.preview_of(2)) == (None, None, None)
    assert previews.get_image(second) == picture(b"b", 60)
    assert previews.set_preview(3, None) is None
    assert previews.preview_of(3) is None
    assert previews.set_preview(3, picture(b"c", 101)) is None
