"""What a modal knows of its message's files."""

from adapters.discord import modals
from adapters.discord.media import ReceivedFile


def test_what_a_modal_is_about_is_stored_without_a_url() -> None:
    file = ReceivedFile(
        id="1", url="https://cdn.example/secret", size=3, media_type="image/png", filename="a.png", spoiler=True
    )
    dumped = modals.dump_target(modals.MenuTarget(files=(file,), links=("https://pictures.example/fox.png",)))
    assert b"secret" not in dumped
    target = modals.load_target(dumped)
    (loaded,) = target.files
    assert (loaded.id, loaded.size, loaded.filename, loaded.spoiler, loaded.url) == ("1", 3, "a.png", True, "")
    assert target.links == ("https://pictures.example/fox.png",)
