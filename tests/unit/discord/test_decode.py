"""Modals as Discord sends them."""

from adapters.discord.decode import decode_modal
from adapters.discord.media import ReceivedFile


def test_a_modal_with_fields_of_other_kinds_is_read_as_far_as_it_goes() -> None:
    body = {"id": 1, "url": "u", "flags": "many", "size": "large", "filename": None, "content_type": None}
    modal = decode_modal(
        {
            "components": [{"component": {"custom_id": "pictures", "values": ["1", "2", None]}}, 7, {"component": 7}],
            "resolved": {"attachments": {"1": body, "2": {"id": 2}}},
        }
    )
    assert modal.uploads == (ReceivedFile(id="1", url="u", size=None, media_type="", filename=None, spoiler=False),)
