"""The protocol between the playground's page and its server: frames, limits, the parser of a page's frames.

No behaviour beyond parsing; what a frame causes stands in session.py.

JSON text frames over `GET /ws`, one object a frame, distinguished by `type`.

Page to server. The first frame is `start`; anything else before it is an error.
    start   {locale}
    send    {as, chat, text, files: [file id], reply_to: message id|null, reply_file: file id|null, nonce}
    press   {as, chat, message, action, job, file: file id|null, nonce}
    delete  {chat, message}
    locale  {locale}               answered by a new `hello`; history is not sent again
    quota   {as}                   answered by `quota`
    estimate {as, chat, text, pictures, reply_to, reply_file, nonce}   answered by `estimate`: nothing is sent;
                                   `pictures`: how many go with it
`as` is a user's id. A `nonce` is chosen by the page, random, 1 to 100 characters: the same send repeated
with the same nonce (after a reconnect) posts nothing new and is acknowledged with the first one's id. `reply_file`
and `file` name the one picture of a message that a reply or a press is about; null: all of them, or the first. Frames
may carry fields that are not named here; they are ignored. The locale belongs to the
connection and to the messages it sends; `hello` names the nearest locale that there is.

Server to page.
    hello   {users: [{id, name, color}], chats: [{id, kind: "group"|"direct", user?}],
             commands: [{name, hint}], texts: {id: words}, locale, locales: [..],
             limits: {files, file_bytes, text, prompt}, demo: whether pictures are stand-ins}
    history {chat, messages: [message]}   one for each chat, the newest HISTORY messages, oldest first
    message {message}              new or changed: replaces the one with its id
    deleted {chat, id}
    quota   {user, available, reserved, daily}
    estimate {user, chat, nonce, paints, price: words|null, credits: number|null, commands: [name],
             options: [{name, chosen, ratio, choices: [{value, typed, price: words|null, ratio}]}],
             typed: [{name, start, end}]}   what a text would be and cost, what could be typed to choose something
                                   else, and where options stand in it, in UTF-16 code units
    notice  {user, text}           the reply to a press, to that connection alone; the text may be empty
    page    {user, url}            the reply to a press, too: a page of Easel's to open within this one
    compare {user, chat, before, after}   the reply to a press, too: two files to look at in one place
    card    {user, chat, message, text, copyable, buttons}   the reply to a press, too: what its user alone is shown
                                   about the message with the button
    compose {user, chat, reply_to, file} reply to the message with that id (the Edit button), about that file
    sent    {nonce, id}            acknowledges `send`
    error   {text, nonce?}         a frame that was not understood or not accepted; nothing has changed
    message = {id, chat, sender, text, files: [{id, media_type, name, width, height, size, alt}],
               preview: {url}|null, buttons: [{action, job, label}],
               reply_to: {id, sender, text, file: file id|null, deleted}|null,
               source: file id|null, at, edited}
`sender` is a user's id or "easel". Message ids are decimal numbers as strings that only grow.
`source` is the picture that a result was made from, or that a reply is about; `reply_to.file` is that one where it is
there. `at` is ISO 8601 in UTC. `width` and `height` are null for what is no picture. `text` of a message is cut at
SHOWN characters with an ellipsis; the bot gets all of it. `limits.text` is in characters: the page refuses
longer texts itself, since a frame above FRAME_BYTES ends the connection. `limits.prompt` is the longest prompt that
an upstream takes: the page counts down to it, and Easel refuses what is longer.

Files: `POST /files?name=…&as=…&locale=…`, raw body, at most FILE_BYTES (413 with a sentence beyond that), answers
{id, name, media_type, size, width, height}, or {refusal}, a sentence, for one that no request could use;
`GET /files/{id}`; `GET /previews/{id}`, while the server lives.
Older messages: `GET /gallery?chat=…&before=…&member=…&words=…` answers {results: [{message, owner, request, at,
pictures: [file]}], next}, newest first, a page at a time, `next` being the `before` of the next one or null;
`GET /messages?chat=…&around=…` answers {messages: [message]}, those around one, oldest first.
A page that reads too slowly is disconnected; it connects again, sends `start` and gets the history.
"""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from adapters.playground.frame_structure import exceeds_max_values
from bot.chat import Action

# One websocket frame. A prompt of 10 MB is to be refused in words by the core, not by a lost connection.
FRAME_BYTES = 12 * 1024 * 1024
TEXT = 4_000_000  # characters; at three bytes each at most, so that whatever a page lets through fits a frame
FILE_BYTES = 25 * 1024 * 1024
FILES = 40  # in one message
HISTORY = 200  # messages of a chat that a page gets when it connects
SHOWN = 8192  # characters of a message that pages get
ESTIMATED = 16_384  # characters of a text whose price a page shows
QUOTED = 120  # characters of a message that a reply to it shows

# ---------------------------------------------------------------- page to server

UserId = Literal["amber", "jade", "violet"]
ChatId = Annotated[str, StringConstraints(min_length=1, max_length=40)]
MessageId = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,15}$")]
FileId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Nonce = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Locale = Annotated[str, StringConstraints(max_length=40)]


class _Frame(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class StartFrame(_Frame):
    type: Literal["start"]
    locale: Locale


class LocaleFrame(_Frame):
    type: Literal["locale"]
    locale: Locale


class SendFrame(_Frame):
    type: Literal["send"]
    sender: UserId = Field(alias="as")
    chat: ChatId
    text: str
    files: Annotated[list[FileId], Field(max_length=1000)] = []
    reply_to: MessageId | None = None
    reply_file: FileId | None = None
    nonce: Nonce


class PressFrame(_Frame):
    type: Literal["press"]
    sender: UserId = Field(alias="as")
    chat: ChatId
    message: MessageId
    action: Action
    job: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    file: FileId | None = None
    nonce: Nonce


class EstimateFrame(_Frame):
    type: Literal["estimate"]
    sender: UserId = Field(alias="as")
    chat: ChatId
    text: Annotated[str, StringConstraints(max_length=ESTIMATED)]
    pictures: Annotated[int, Field(ge=0, le=FILES)] = 0
    reply_to: MessageId | None = None
    reply_file: FileId | None = None
    nonce: Nonce


class DeleteFrame(_Frame):
    type: Literal["delete"]
    chat: ChatId
    message: MessageId


class QuotaRequestFrame(_Frame):
    type: Literal["quota"]
    sender: UserId = Field(alias="as")


PageFrame = StartFrame | LocaleFrame | SendFrame | PressFrame | EstimateFrame | DeleteFrame | QuotaRequestFrame
_PAGE_FRAME: TypeAdapter[PageFrame] = TypeAdapter(Annotated[PageFrame, Field(discriminator="type")])


def parse_frame(raw: str) -> PageFrame:
    """The frame in `raw`. Raises ValueError (pydantic's ValidationError) for anything else."""
    if exceeds_max_values(raw):
        raise ValueError("no frame has as many values")
    return _PAGE_FRAME.validate_json(raw)


# ---------------------------------------------------------------- server to page


class WireUser(TypedDict):
    id: str
    name: str
    color: str


class WireChat(TypedDict):
    id: str
    kind: Literal["group", "direct"]
    user: NotRequired[str]


class WireCommand(TypedDict):
    name: str
    hint: str


class WireLimits(TypedDict):
    files: int
    file_bytes: int
    text: int
    prompt: int


class WireUpload(TypedDict):
    id: str
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None


class WireFile(WireUpload):
    alt: str


class WirePreview(TypedDict):
    url: str


class WireButton(TypedDict):
    action: str
    job: str
    label: str


class WireQuote(TypedDict):
    id: str
    sender: str
    text: str
    file: str | None
    deleted: bool


class WireMessage(TypedDict):
    id: str
    chat: str
    sender: str
    text: str
    files: list[WireFile]
    preview: WirePreview | None
    buttons: list[WireButton]
    reply_to: WireQuote | None
    source: str | None
    at: str
    edited: bool


class HelloFrame(TypedDict):
    type: Literal["hello"]
    users: list[WireUser]
    chats: list[WireChat]
    commands: list[WireCommand]
    texts: dict[str, str]
    locale: str
    locales: list[str]
    limits: WireLimits
    demo: bool


class HistoryFrame(TypedDict):
    type: Literal["history"]
    chat: str
    messages: list[WireMessage]


class MessageFrame(TypedDict):
    type: Literal["message"]
    message: WireMessage


class DeletedFrame(TypedDict):
    type: Literal["deleted"]
    chat: str
    id: str


class QuotaFrame(TypedDict):
    type: Literal["quota"]
    user: str
    available: int
    reserved: int
    daily: int
    price: NotRequired[str]  # credits for a picture, where that is not one: `4`, or `1–16`


class WireChoice(TypedDict):
    value: str
    typed: str
    price: str | None
    ratio: float | None


class WireOption(TypedDict):
    name: str
    chosen: str
    ratio: float | None
    choices: list[WireChoice]


class WireTypedOption(TypedDict):
    name: str
    start: int
    end: int


class EstimatedFrame(TypedDict):
    type: Literal["estimate"]
    user: str
    chat: str
    nonce: str
    paints: bool
    price: str | None
    credits: int | None
    commands: list[str]
    options: list[WireOption]
    typed: list[WireTypedOption]


class NoticeFrame(TypedDict):
    type: Literal["notice"]
    user: str
    text: str


class CompareFrame(TypedDict):
    type: Literal["compare"]
    user: str
    chat: str
    before: str
    after: str


class CardFrame(TypedDict):
    type: Literal["card"]
    user: str
    chat: str
    message: str
    text: str
    copyable: str
    buttons: list[WireButton]


class ComposeFrame(TypedDict):
    type: Literal["compose"]
    user: str
    chat: str
    reply_to: str
    file: str | None


class OpenPageFrame(TypedDict):
    type: Literal["page"]
    user: str
    url: str


class SentFrame(TypedDict):
    type: Literal["sent"]
    nonce: str
    id: str


class ErrorFrame(TypedDict):
    type: Literal["error"]
    text: str
    nonce: NotRequired[str]


ServerFrame = (
    HelloFrame
    | HistoryFrame
    | MessageFrame
    | DeletedFrame
    | QuotaFrame
    | EstimatedFrame
    | NoticeFrame
    | CardFrame
    | CompareFrame
    | ComposeFrame
    | OpenPageFrame
    | SentFrame
    | ErrorFrame
)
