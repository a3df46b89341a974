"""The pure parts of the Discord adapter: what text shows as, whose token lives, what handles mean."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import decode, diagnostics, encode, errors, ids, modals
from adapters.discord.commands import member, offer
from adapters.discord.errors import Refused
from adapters.discord.files import Given, embed_picture, pictures
from adapters.discord.ids import InMessage, Kept
from adapters.discord.state import TICKETS, DiscordState
from adapters.discord.tokens import LIFE, PAGE, REMEMBERED, InteractionToken, InteractionTokens
from bot.chat import Action, Button, Card, MessageRef
from bot.errors import ChatBusy, ChatFailed, ChatGone, MessageGone
from bot.painting import Image

LINK = "https://discord.com/channels/1/2/3"


def shown(text: str) -> str:
    """What Discord shows of a text: escapes and invisible marks are gone."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace("\u200b", "")


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("a red fox, 12 s · 1 credit", "a red fox, 12 s · 1 credit"),
        (
            "**bold** _it_ ~~no~~ ||hide|| `code`",
            "\\*\\*bold\\*\\* \\_it\\_ \\~\\~no\\~\\~ \\|\\|hide\\|\\| \\`code\\`",
        ),
        ("<@1> <@&2> <#3> <:e:4> <t:5>", "\\<@1> \\<@&2> \\<#3> \\<:e:4> \\<t:5>"),
        ("@everyone and @here", "@\u200beveryone and @\u200bhere"),
        ("# title\n- item\n> quote\n1. one", "\\# title\n\\- item\n\\> quote\n1\\. one"),
        ("[here](https://evil.example)", "\\[here\\](https\\://evil.example)"),
        ("discord.gg/abc", "discord\\.gg/abc"),
        (f"1. x {LINK}", f"1\\. x {LINK}"),
    ],
)
def test_text_shows_as_typed_and_does_nothing(typed: str, sent: str) -> None:
    assert encode.plain(typed) == sent
    assert shown(sent) == typed


@given(st.text())
def test_whatever_is_typed_shows_as_typed(typed: str) -> None:
    assert shown(encode.plain(typed)) == shown(typed.replace("\\", "\\\\"))


def test_a_text_longer_than_a_message_goes_into_an_embed_at_a_line() -> None:
    body = encode.encode_card(Card(text="\n".join("line" * 20 for _ in range(80))))
    assert body["content"] == ""
    description = body["embeds"][0]["description"]
    assert len(description) <= encode.LONG_TEXT
    assert description.endswith("line\n…")
    assert encode.cut("x" * 50, 10) == "x" * 8 + "\n…"
    assert encode.encode_card(Card(text="short"))["embeds"] == []


def test_every_card_is_guarded_and_its_buttons_name_the_job() -> None:
    card = Card(text="x", buttons=(Button(action=Action.VARY, job_id="j1", label="Vary"),))
    body = encode.encode_card(card)
    assert body["allowed_mentions"] == {"parse": []}
    assert body["components"][0]["components"][0]["custom_id"] == "easel:vary:j1"


def test_pictures_carry_the_prompt_and_hide_when_asked() -> None:
    image = Image(data=b"x", media_type="image/webp", width=1, height=1)
    card = Card(text="x", alt_text="a\nfox " * 1000)
    (hidden,) = encode.encode_images(card, [image], spoiler=True)
    assert hidden.filename == "SPOILER_easel-1.webp"
    assert len(hidden.description) == encode.ALT
    assert len(encode.encode_images(card, [image] * 12, spoiler=False)) == encode.FILES
    assert encode.encode_attachments([hidden])[0]["description"] == hidden.description
    (bare,) = encode.encode_images(Card(text="x"), [image], spoiler=False)
    assert encode.encode_attachments([bare]) == [{"id": 0, "filename": "easel-1.webp"}]


def test_a_nonce_is_short_and_the_same_for_the_same_occasion() -> None:
    assert encode.nonce("job:again") == encode.nonce("job:again") != encode.nonce("job")
    assert len(encode.nonce("x" * 500)) <= 25


# ---------------------------------------------------------------- places


def test_a_chat_is_addressed_as_in_discords_links() -> None:
    square = ids.chat(1, 2, direct=False)
    home = ids.chat(None, 3, direct=True, ticket="i4")
    assert (square.kind, home.kind) == ("group", "direct")
    assert (ids.guild_of(square), ids.channel_of(square)) == (1, "2")
    assert (ids.guild_of(home), ids.channel_of(home)) == (None, "3")
    assert ids.link(MessageRef(chat=square, message_id="5")) == "https://discord.com/channels/1/2/5"
    assert home.key == "discord:@me/3"


@pytest.mark.parametrize("handle", [InMessage(channel="1", message="2", item="e0"), Kept(id="3")])
def test_a_handle_is_read_as_it_was_written(handle: InMessage | Kept) -> None:
    assert ids.read_ref(str(handle)) == handle


def test_a_foreign_handle_is_none() -> None:
    assert ids.read_ref("photo") is None


# ---------------------------------------------------------------- tokens


def ticket(identity: str = "i1", **given: object) -> InteractionToken:
    values: dict[str, object] = {"token": "secret", "born": 1000.0, "limit": 10, "user": "7", "alone": False}
    return InteractionToken(id=identity, **(values | given))  # pyright: ignore[reportArgumentType] - fields by name


def test_a_token_lives_fourteen_minutes_unless_it_died_before() -> None:
    one = ticket()
    assert one.living(1000.0 + LIFE - 1)
    assert not one.living(1000.0 + LIFE)
    assert not ticket(dead=True).living(1000.0)
    assert "secret" not in repr(one)


def test_the_book_knows_by_whom_a_message_is_changed() -> None:
    book = InteractionTokens()
    first, second = ticket("i1", messages=["m1"]), ticket("i2")
    book.add(first)
    book.add(second)
    assert book.of("m1") is first
    book.bind(second, "m1")
    book.bind(second, "m1")
    assert book.of("m1") is second
    assert second.messages == ["m1"]
    assert book.of("m9") is None
    assert book.get(None) is None


def test_the_book_survives_a_restart() -> None:
    book, again = InteractionTokens(), InteractionTokens()
    book.add(ticket(messages=["m1"], original="m1", alone=True))
    book.add(ticket("i2", born=1000.0 + PAGE, messages=["m2"]))
    first, second = sorted(book.pages())
    again.load(book.dump(first))
    assert again.of("m1") == book.of("m1")
    assert again.of("m2") is None
    again.load(book.dump(second))
    assert again.of("m2") == book.of("m2")


class Pages:
    """A memory; `written`: the keys, in order."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.written: list[str] = []

    async def set_value(self, key: str, value: str) -> None:
        self.written.append(key)
        self.kept[key] = value

    async def get_value(self, key: str) -> str | None:
        return self.kept.get(key)

    async def cache_blob(self, key: str, data: bytes) -> None:
        raise NotImplementedError

    async def cached_blob(self, key: str) -> bytes | None:
        raise NotImplementedError

    async def delete_key(self, key: str) -> None:
        del self.kept[key]


async def test_a_full_book_costs_no_more_to_save_and_what_is_out_of_date_goes() -> None:
    memory = Pages()
    notebook = DiscordState(memory)
    for number in range(100):
        one = ticket(f"i{number}", born=1000.0 + number, messages=[f"m{number}"], alone=number == 0)
        notebook.book.add(one)
        await notebook.save(one)
    pages = sorted(notebook.book.pages())
    assert memory.written[-2:] == [f"{TICKETS}:{pages[-1]}"] * 2
    await notebook.close()
    again = DiscordState(memory)
    await again.load()
    assert len(again.book) == 100
    late = ticket("late", born=1100.0 + LIFE + PAGE)
    again.book.add(late)
    await again.save(late)
    await again.close()
    assert len(again.book) == 2  # the one of a place that has no other way, and the late one
    assert sorted(memory.kept) == sorted([TICKETS, *(f"{TICKETS}:{each.page}" for each in (ticket(), late))])


def test_the_book_forgets_what_cannot_matter_any_more() -> None:
    book = InteractionTokens()
    book.add(ticket("plain", messages=["plain"]))
    book.add(ticket("alone", messages=["alone"], alone=True))
    book.add(ticket("private", messages=["private"], alone=True, private=True))
    book.bind(ticket("elsewhere"), "plain")  # changed hands: forgetting the old one leaves that alone
    book.prune(1000.0 + LIFE - 1)
    assert len(book) == 3
    book.prune(1000.0 + LIFE)
    assert len(book) == 1
    assert book.of("alone") is not None
    book.prune(1000.0 + REMEMBERED)
    assert len(book) == 0
    assert book.of("alone") is None


# ---------------------------------------------------------------- refusals, forms, menus, the portal


def test_refusals_mean_what_discord_means() -> None:
    assert isinstance(errors.translated(Refused(404, 10008, "Unknown Message")), MessageGone)
    assert isinstance(errors.translated(Refused(403, 50013, "Missing Permissions")), ChatGone)
    assert isinstance(errors.translated(Refused(403, 0, "Forbidden")), ChatGone)
    other = errors.translated(Refused(400, 50035, "Invalid Form Body"))
    assert type(other) is ChatFailed
    assert errors.busy(2.5, 0).retry_after == 2.5
    assert isinstance(errors.busy(None, 30046), ChatBusy)
    assert errors.unreachable("").detail == "str"


def test_what_a_form_is_about_is_kept_without_a_link() -> None:
    one = Given(
        id="1", url="https://cdn.example/secret", size=3, media_type="image/png", filename="a.png", spoiler=True
    )
    dumped = modals.dump_given([one])
    assert b"secret" not in dumped
    (back,) = modals.load_given(dumped)
    assert (back.id, back.size, back.filename, back.spoiler, back.url) == ("1", 3, "a.png", True, "")


def test_pictures_of_a_message_are_found_in_forwards_and_embeds_too() -> None:
    inner = {"attachments": [{"id": 2, "url": "b"}], "embeds": [{"image": {"url": "c"}}]}
    message = {"attachments": [{"id": 1, "url": "a"}], "message_snapshots": [{"message": inner}, {}]}
    assert pictures(message) == [("1", "a"), ("2", "b"), ("e0", "c")]
    assert embed_picture({"type": "article", "thumbnail": {"url": "x"}}) is None
    assert embed_picture({"type": "image", "thumbnail": {"url": "x", "proxy_url": "y"}}) == "y"
    assert pictures({"embeds": [{"type": "rich"}]}) == []


def test_a_form_with_fields_of_other_kinds_is_read_as_far_as_it_goes() -> None:
    body = {"id": 1, "url": "u", "flags": "many", "size": "large", "filename": None, "content_type": None}
    form = decode.decode_form(
        {
            "components": [{"component": {"custom_id": "pictures", "values": ["1", "2", None]}}, 7, {"component": 7}],
            "resolved": {"attachments": {"1": body, "2": {"id": 2}}},
        }
    )
    assert form.uploads == (Given(id="1", url="u", size=None, media_type="", filename=None, spoiler=False),)


def test_admins_name_members_as_they_like() -> None:
    assert member("<@123>") == member("<@!123>") == "discord:123"
    assert member("123456789012345678") == "discord:123456789012345678"
    assert member(" telegram:5 ") == "telegram:5"


def test_sizes_that_fit_what_is_typed_are_offered() -> None:
    sizes = ["1:1", "3:2", "1536x1024"]
    assert [each.value for each in offer("3", sizes)] == ["3:2", "1536x1024"]
    assert [each.value for each in offer("1536×1", sizes)] == ["1536x1024"]
    assert [each.value for each in offer("cat", sizes)] == sizes


def test_the_portal_is_read() -> None:
    seen = diagnostics.read(
        {"id": "5", "name": "Easel", "flags": 1 << 19, "integration_types_config": {"1": {}}}, content=True
    )
    assert (seen.name, seen.notes, seen.problems) == ("Easel", (), ())
    seen = diagnostics.read({"id": "5", "bot": {"username": "easel"}}, content=True)
    assert seen.name == "easel"
    assert len(seen.notes) == len(seen.problems) == 1
    assert diagnostics.read({"id": "5", "name": "Easel"}, content=False).problems == ()
