"""Images of a message as REST shows it."""

from adapters.discord.media import embed_image_url, find_images


def test_images_of_a_message_are_found_in_forwards_and_embeds_too() -> None:
    inner = {"attachments": [{"id": 2, "url": "b"}], "embeds": [{"image": {"url": "c"}}]}
    message = {"attachments": [{"id": 1, "url": "a"}], "message_snapshots": [{"message": inner}, {}]}
    assert find_images(message) == [("1", "a"), ("2", "b"), ("e0", "c")]
    assert embed_image_url({"type": "article", "thumbnail": {"url": "x"}}) is None
    assert embed_image_url({"type": "image", "thumbnail": {"url": "x", "proxy_url": "y"}}) == "y"
    assert find_images({"embeds": [{"type": "rich"}]}) == []
