"""A chat platform in memory that keeps what was posted, edited and delivered, and can be made to fail.

Implements `bot.ports.ChatPort` with a platform's honest behaviour: ids, deleted messages, flood limits, budgets.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from bot.chat import Attachment, Budget, Button, Card, Chat, ChatFeatures, Delivered, Lane, Message, MessageRef, User
from bot.errors import ChatFailed, MessageGone, PictureGone, PictureTooLarge
from bot.painting import Image

AMBER = User(platform="memory", id="amber", name="Amber", locale="en")
JADE = User(platform="memory", id="jade", name="Jade", locale="zh-CN")
DIRECT = Chat(platform="memory", id="direct", kind="direct")
GROUP = Chat(platform="memory", id="group", kind="group")


@dataclass(slots=True, kw_only=True)
class Post:
    """One message of the bot, with everything it has shown."""

    id: str
    chat: Chat
    reply_to: str | None
    cards: list[Card]
    images: list[Image] = field(default_factory=list[Image])
    deliveries: int = 0
    deleted: bool = False

    @property
    def text(self) -> str:
        return self.cards[-1].text

    @property
    def actions(self) -> list[str]:
        return [button.action.value for button in self.cards[-1].buttons]


class CorePlatform:
    """A platform without any of the optional protocols of `bot.ports`.

    `posts` in order; `failures` are raised by the next calls, one each; `calls` in order, by the port's method;
    `shows_pending_reply`, `silent_edits`, `opens_pages`, `private_replies`: its features, the same in every chat."""

    platform = "memory"

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.files: dict[str, bytes] = {}
        self.failures: list[ChatFailed] = []
        self.calls: list[str] = []
        self.slots = 1000
        self.silent_edits = False
        self.shows_pending_reply = False
        self.opens_pages = False
        self.private_replies = True
        self._keys: dict[str, Post] = {}
        self._ids = count(1)
        self.changed = asyncio.Event()

    # ------------------------------------------------------------ ChatPort

    def features(self, chat: Chat) -> ChatFeatures:
        return ChatFeatures(
            shows_pending_reply=self.shows_pending_reply,
            silent_edits=self.silent_edits,
            opens_pages=self.opens_pages,
            private_replies=self.private_replies,
        )

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        return Lane(budgets=(Budget(key=chat.key, slots=self.slots, period_s=60.0),), edit_gap_s=0.0)

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        self._call("post")
        if key not in self._keys:
            self._keys[key] = Post(id=f"m{next(self._ids)}", chat=chat, reply_to=reply_to, cards=[])
            self.posts.append(self._keys[key])
        self._keys[key].cards.append(card)
        self._notify()
        return MessageRef(chat=chat, message_id=self._keys[key].id)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        self._call("edit")
        self._find(ref).cards.append(card)
        self._notify()

    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        if ref is None:
            ref = await self.post(chat, card, reply_to=reply_to, key=key)
        else:
            self._call("deliver")
        post = self._find(ref)
        post.cards.append(card)
        post.images = list(images)
        post.deliveries += 1
        handles: list[Attachment] = []
        for position, image in enumerate(images):
            handle = f"{post.id}/{position}"
            self.files[handle] = image.data
            handles.append(Attachment(ref=handle, media_type=image.media_type, size=len(image.data)))
        self._notify()
        return Delivered(ref=ref, attachments=tuple(handles))

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        self.calls.append("fetch")
        data = self.files.get(attachment.ref)
        if data is None:
            raise PictureGone(name=attachment.filename or "")
        if len(data) > limit:
            raise PictureTooLarge(name=attachment.filename or "", megabytes=limit // 1_000_000)
        return data

    # ------------------------------------------------------------ what tests do and see

    def upload(self, data: bytes, *, filename: str = "photo.png", media_type: str = "image/png") -> Attachment:
        """A member's attachment."""
        ref = f"f{next(self._ids)}"
        self.files[ref] = data
        return Attachment(ref=ref, media_type=media_type, size=len(data), filename=filename)

    def message(
        self,
        text: str,
        *attachments: Attachment,
        sender: User = AMBER,
        chat: Chat = DIRECT,
        reply_to: "Post | None" = None,
        to_me: bool = True,
    ) -> Message:
        """Something a member writes; each call is a new message."""
        return Message(
            id=f"u{next(self._ids)}",
            chat=chat,
            sender=sender,
            text=text,
            attachments=attachments,
            to_me=to_me,
            reply_to=None if reply_to is None else self.read(reply_to),
        )

    def read(self, post: Post) -> Message:
        """A message of the bot, as one that is replied to."""
        return Message(
            id=post.id,
            chat=post.chat,
            sender=User(platform="memory", id="easel", name="Easel"),
            text=post.text,
            attachments=tuple(
                Attachment(ref=f"{post.id}/{position}", media_type=image.media_type)
                for position, image in enumerate(post.images)
            ),
            from_me=True,
        )

    def delete(self, post: Post) -> MessageRef:
        post.deleted = True
        return MessageRef(chat=post.chat, message_id=post.id)

    async def until(self, seen: Callable[[], bool]) -> None:
        """Waits until something holds of the posts."""
        while not seen():
            self.changed.clear()
            await self.changed.wait()

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.failures:
            raise self.failures.pop(0)

    def _find(self, ref: MessageRef) -> Post:
        post = next(p for p in self.posts if p.id == ref.message_id)
        if post.deleted:
            raise MessageGone
        return post

    def _notify(self) -> None:
        self.changed.set()


class Platform(CorePlatform):
    """A platform that can do everything. `acknowledged`: ids of acknowledged messages; `deleted_files`: handles whose
    stored copies were deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.deleted_files: list[str] = []

    async def delete_stored(self, attachments: Sequence[Attachment]) -> None:
        self.deleted_files.extend(each.ref for each in attachments)

    async def remove(
        self, chat: Chat, message_ids: Sequence[str], card: Card, *, key: str, keep: Sequence[Attachment]
    ) -> None:
        self._call("remove")
        for post in self.posts:
            post.deleted = post.deleted or (post.chat.key == chat.key and post.id in message_ids)
        self._notify()

    async def replace_buttons(self, ref: MessageRef, buttons: Sequence[Button]) -> None:
        self._call("replace_buttons")
        post = self._find(ref)
        post.cards.append(replace(post.cards[-1], buttons=tuple(buttons)))
        self._notify()

    def message_link(self, ref: MessageRef) -> str | None:
        return f"memory://{ref.chat.id}/{ref.message_id}"

    def acknowledge_request(self, chat: Chat, message_id: str) -> None:
        self.acknowledged.append(message_id)

    def balance_changed(self, user: User) -> None:
        self._notify()
