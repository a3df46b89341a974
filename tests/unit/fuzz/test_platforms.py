"""Whatever Telegram and Discord send, and whatever is to be shown there: a value of ours, and nothing breaks.

Bodies are built as the platforms shape them, with fields missing, wild or unheard of.
"""

import re
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import telegram
from hypothesis import given

from adapters.discord import decode as discord
from adapters.telegram import encode
from adapters.telegram.decode import BotIdentity, decode_button_press, decode_message
from bot.chat import Action, Card, User
from tests.unit.fuzz.strategies import JSON, TEXT, with_names

Body = dict[str, Any]
Bodies = st.SearchStrategy[Body]

ADA: Body = {"id": 5, "is_bot": False, "first_name": "Ada"}
EASEL: Body = {"id": 1, "is_bot": True, "first_name": "Easel", "username": "easel_bot"}
ME = BotIdentity(id=1, username="easel_bot")
JOINER = encode.WORD_JOINER

# ---------------------------------------------------------------- Telegram

STICKERS = [(False, False), (True, False), (False, True)]  # whether they move, and how
FILE: Body = {"file_id": "f", "file_unique_id": "u"}
SIZED: Body = {**FILE, "width": 9, "height": 9}
PRIVATE: Body = {"id": 5, "type": "private", "first_name": "Ada"}
CLUB: Body = {"id": -100500, "type": "supergroup", "title": "Club", "is_forum": True}
WILD = st.integers(-70, 70) | st.sampled_from([2**31, -(2**31), 10**12])
ENTITIES: st.SearchStrategy[list[Body]] = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["mention", "bot_command", "text_mention", "url", "code", "unheard-of"]),
            "offset": WILD,
            "length": WILD,
        },
        optional={"user": st.sampled_from([ADA, EASEL])},
    ),
    max_size=5,
)
SAID = st.lists(
    st.sampled_from(["@easel_bot", "/imagine", "/imagine@easel_bot", "@ada", "🦊", " ", "\n", ",", "\ud83e"]) | TEXT,
    max_size=6,
).map("".join)
MEDIA: dict[str, st.SearchStrategy[Any]] = {
    "photo": st.lists(st.just(SIZED), max_size=2),
    "document": st.just(FILE) | st.just({**FILE, "mime_type": "image/png", "file_name": "a.png"}),
    "sticker": st.sampled_from(
        [{**SIZED, "type": "regular", "is_animated": moves, "is_video": video} for moves, video in STICKERS]
    ),
    "animation": st.just({**SIZED, "duration": 1}),
    "video": st.just({**SIZED, "duration": 1, "mime_type": "video/mp4"}),
    "voice": st.just({**FILE, "duration": 1}),
    "has_media_spoiler": st.booleans(),
}
ORIGINS: Bodies = st.sampled_from(
    [
        {"type": "user", "date": 1, "sender_user": EASEL},
        {"type": "hidden_user", "date": 1, "sender_user_name": "somebody"},
        {"type": "chat", "date": 1, "sender_chat": CLUB},
        {"type": "channel", "date": 1, "chat": CLUB, "message_id": 3},
        {"type": "unheard-of", "date": 1},
    ]
)
WORDS: dict[str, st.SearchStrategy[Any]] = {
    "from": st.sampled_from([ADA, EASEL]),
    "sender_chat": st.just(CLUB),
    "text": SAID,
    "caption": SAID,
    "entities": ENTITIES,
    "caption_entities": ENTITIES,
    "message_thread_id": st.integers(1, 9),
    "is_topic_message": st.booleans(),
    "is_automatic_forward": st.just(True),
    "forum_topic_created": st.just({"name": "Art", "icon_color": 1}),
    "direct_messages_topic": st.just({"topic_id": 7}),
    "guest_query_id": st.text(max_size=5),
    "via_bot": st.just(EASEL),
    "dice": st.just({"emoji": "🎲", "value": 1}),
    "quote": st.fixed_dictionaries({"text": SAID, "position": WILD}),
    "unheard_of": JSON,
}
BASE: dict[str, st.SearchStrategy[Any]] = {
    "message_id": st.integers(0, 2**31),
    "date": st.integers(0, 2**31),
    "chat": st.sampled_from([PRIVATE, CLUB]),
}
ANSWERED: Bodies = st.fixed_dictionaries(BASE, optional={**WORDS, **MEDIA})
ELSEWHERE: Bodies = st.fixed_dictionaries(
    {"origin": ORIGINS}, optional={"chat": st.just(CLUB), "message_id": st.integers(0, 9), **MEDIA}
)
TELEGRAM: Bodies = st.fixed_dictionaries(
    BASE, optional={**WORDS, **MEDIA, "reply_to_message": ANSWERED, "external_reply": ELSEWHERE}
)


def updated(kind: str, body: Body) -> telegram.Update:
    update = telegram.Update.de_json({"update_id": 1, kind: body}, None)
    assert update is not None
    return update


@given(st.lists(TELEGRAM, min_size=1, max_size=3))
def test_any_message_of_telegram_is_understood_or_passed_over(bodies: list[Body]) -> None:
    parts = [message for body in bodies if (message := updated("message", body).message) is not None]
    found = decode_message(parts, ME)
    if found is not None:
        assert found.sender.platform == "telegram"


CLICKS = st.builds(
    "{}:{}:{}".format,
    st.sampled_from(["easel", "evil"]),
    st.sampled_from([*Action, "buy", "Cancel"]),
    st.text(max_size=50) | st.from_regex(r"[\w-]{1,41}", fullmatch=True),
)


@given(
    st.fixed_dictionaries(
        {"id": st.just("1"), "from": st.just(ADA), "chat_instance": st.just("x")},
        optional={
            "data": CLICKS | TEXT,
            "inline_message_id": st.text(max_size=20),
            "message": TELEGRAM | st.fixed_dictionaries({**BASE, "date": st.just(0)}),
        },
    )
)
def test_any_click_of_telegram_is_ours_or_nothing(body: Body) -> None:
    query = updated("callback_query", body).callback_query
    assert query is not None
    press = decode_button_press(query)
    if press is not None:
        assert body["data"] == f"easel:{press.action.value}:{press.job_id}"


@given(SAID | TEXT)
def test_any_text_shows_in_telegram_as_it_is_and_does_nothing(text: str) -> None:
    shown = encode.escape_entities(text)
    assert shown.replace(JOINER, "") == text.replace(JOINER, "")
    assert not re.search(r"[@#$]\w|\+\d", shown)


@given(
    st.text(st.characters(), max_size=200),
    st.integers(1, 50),
    TEXT,
    st.sampled_from([encode.MAX_CAPTION_CHARS, encode.MAX_TEXT_CHARS]),
)
def test_no_text_is_longer_than_telegram_takes(text: str, times: int, name: str, limit: int) -> None:
    for caller in (None, User(platform="telegram", id="5", name=name), User(platform="discord", id="x", name=name)):
        shown, entities = encode.encode_text(Card(text=text * times, mention=caller), limit)
        assert 0 < len(shown) <= limit
        assert "\0" not in shown
        for each in entities:
            called = shown.encode("utf-16-le", "surrogatepass")[each.offset * 2 : (each.offset + each.length) * 2]
            assert each.user is not None
            assert called.decode("utf-16-le", "surrogatepass") == each.user.first_name


# ---------------------------------------------------------------- Discord

FORMS = with_names(
    """
    components component custom_id value values resolved attachments id url size filename content_type flags
    prompt pictures
    """,
    st.sampled_from(["prompt", "pictures", "1", "SPOILER_a.png", "https://cdn.example/a.png"]),
)
UPLOADS: Bodies = st.fixed_dictionaries(
    {
        "components": st.just([{"component": {"custom_id": "pictures", "values": ["1", "2"]}}]),
        "resolved": st.fixed_dictionaries(
            {
                "attachments": st.dictionaries(
                    st.sampled_from(["1", "2", "3"]),
                    st.dictionaries(st.sampled_from(["id", "url", "size", "filename", "content_type", "flags"]), JSON),
                )
            }
        ),
    }
)


@given(st.dictionaries(st.sampled_from(["components", "resolved"]), FORMS) | UPLOADS)
def test_any_form_of_discord_is_read_as_far_as_it_goes(data: Body) -> None:
    form = discord.decode_modal(data)
    assert all(each.size is None or isinstance(each.size, int) for each in form.uploads)


MENTIONS = st.sampled_from(
    ["<@1>", "<@!1>", "<@&7>", "<@5>", "<@" + "9" * 5000 + ">", "<a:x:1>", "<@٣>", "<", ">", " "]
)


@given(st.lists(MENTIONS | TEXT, max_size=8).map("".join), st.lists(st.sampled_from([1, 5, 6]), max_size=3))
def test_any_text_of_discord_is_read_without_the_bots_name(content: str, mentioned: list[int]) -> None:
    message: Any = SimpleNamespace(
        content=content, guild=None, mentions=[SimpleNamespace(id=each, display_name="Ada") for each in mentioned]
    )
    assert not re.search("<@!?1>|<@&7>", discord.decode_text(message, bot_id=1, bot_roles=[7]))
