"""Draws a chat of the platforms' test servers as a page: what the bot sent, in a look that resembles the platform's.

Pure: entries in, HTML out. It draws what Easel uses, and nothing else of a client.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from tests.servers import discord, telegram

COLORS = ("#b4582a", "#2a7d6b", "#6b46c1")  # of faces, by the name
NOTE = "Drawn by a test from what Easel sent to a test server. Not a screenshot of {platform}."

STYLE = """
* { box-sizing: border-box; margin: 0; }
body { inline-size: 620px; padding: 22px 24px 14px; font: 15px/1.4 "Noto Sans", "Liberation Sans", sans-serif; }
.entry { display: grid; grid-template-columns: 40px minmax(0, 1fr); gap: 0 14px; margin-block-end: 16px; }
.face { grid-row: 1 / 3; display: grid; place-items: center; block-size: 40px; border-radius: 50%; color: #fff;
  font-weight: 600; }
.name { font-weight: 600; }
.tag { padding: 0 5px; border-radius: 4px; background: #4752c4; color: #fff; font-size: 10.5px; vertical-align: 1px; }
.reply { overflow: hidden; opacity: .72; font-size: 13px; text-overflow: ellipsis; white-space: nowrap; }
.text { white-space: pre-line; overflow-wrap: anywhere; }
.picture { display: block; inline-size: 300px; margin-block: 6px; border-radius: 8px; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 6px; }
.button { padding: 5px 14px; border-radius: 8px; font-size: 14px; font-weight: 500; }
.note { padding-block-start: 8px; opacity: .6; font-size: 11.5px; }
.discord { background: #313338; color: #dbdee1; }
.discord .button { background: #4e5058; color: #fff; }
.telegram { background: #d9e5cf; color: #16201a; }
.telegram .entry { inline-size: fit-content; max-inline-size: 460px; padding: 8px 12px; border-radius: 14px;
  background: #fff; grid-template-columns: minmax(0, 1fr); margin-block-end: 10px; }
.telegram .own { margin-inline-start: auto; background: #e6fbcf; }
.telegram :is(.face, .tag, .own .name) { display: none; }
.telegram .name { color: #2a7d6b; }
.telegram .reply { padding-inline-start: 8px; border-inline-start: 3px solid #4e9a6b; }
.telegram .button { flex: 1; background: #6f9a74; color: #fff; text-align: center; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message as it stands in the chat."""

    author: str
    is_bot: bool
    text: str
    reply: str = ""
    """What it replies to: name and first words."""
    pictures: tuple[bytes, ...] = ()
    buttons: tuple[tuple[str, ...], ...] = ()
    """Labels, by row."""


def discord_entry(message: discord.Message, names: dict[str, str]) -> Entry:
    """`names`: of mentions, such as `<@12>`."""
    replied = message.reference.message if message.reference is not None else None
    rows = [[str(each.get("label", "")) for each in row.get("components", [])] for row in message.components]
    return Entry(
        author=message.author.name,
        is_bot=message.author.bot,
        text=_plain(message.content, names),
        reply=_quote(replied.author.name, _plain(replied.content, names)) if replied is not None else "",
        pictures=tuple(each.data for each in message.attachments),
        buttons=tuple(tuple(filter(None, row)) for row in rows),
    )


def telegram_entry(message: telegram.Message) -> Entry:
    assert message.sender is not None
    replied = message.reply_to
    rows = (message.content.markup or {}).get("inline_keyboard", [])
    return Entry(
        author=message.sender.name,
        is_bot=message.sender.bot,
        text=message.content.text,
        reply=_quote(replied.sender.name, replied.content.text) if replied is not None and replied.sender else "",
        pictures=() if message.photo is None else (message.photo,),
        buttons=tuple(tuple(str(each["text"]) for each in row) for row in rows),
    )


def draw(platform: str, entries: Iterable[Entry]) -> str:
    """The page of a chat. `platform`: its name, such as `Discord`."""
    inside = "".join(map(_draw_entry, entries))
    note = escape(NOTE.format(platform=platform))
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{platform}</title><style>{STYLE}</style>"
    return f"{head}<body class={platform.lower()}>{inside}<p class=note>{note}</p></body></html>"


def _draw_entry(entry: Entry) -> str:
    color = COLORS[sum(map(ord, entry.author)) % len(COLORS)]
    tag = " <span class=tag>APP</span>" if entry.is_bot else ""
    reply = f"<div class=reply>{escape(entry.reply)}</div>" if entry.reply else ""
    images = "".join(f'<img class=picture src="{_data_url(each)}">' for each in entry.pictures)
    text = f"<div class=text>{escape(entry.text)}</div>" if entry.text else ""
    rows = "".join(
        f"<div class=buttons>{''.join(f'<span class=button>{escape(label)}</span>' for label in row)}</div>"
        for row in entry.buttons
    )
    face = f'<div class=face style="background:{color}">{escape(entry.author[:1])}</div>'
    body = f"<div class=body>{reply}{text}{images}{rows}</div>"
    kind = "entry" if entry.is_bot else "entry own"
    return f'<div class="{kind}">{face}<div class=name>{escape(entry.author)}{tag}</div>{body}</div>'


def _plain(text: str, names: dict[str, str]) -> str:
    """Discord's Markdown as it reads."""
    for mention, name in names.items():
        text = text.replace(mention, name)
    return re.sub(r"\\([^\w\s])", r"\1", re.sub(r"^-# ", "", text, flags=re.M))


def _quote(name: str, text: str) -> str:
    return f"↱ {name}: {text.splitlines()[0] if text else '🖼'}"


def _data_url(data: bytes) -> str:
    return f"data:image;base64,{base64.b64encode(data).decode()}"
