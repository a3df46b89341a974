"""Requests that lack something: what is kept of them while the bot's question stands, and how an answer completes them.

Pure: messages and refusals go in, values come out. `bot.handlers.pending_requests` keeps them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.chat import Attachment, Message, User
from bot.errors import (
    AnimatedPicture,
    Banned,
    ChatBanned,
    Closed,
    Declined,
    EaselError,
    FlaggedPrompt,
    MaskNotTransparent,
    MaskOfOtherSize,
    MaskTooLarge,
    MaskTooManyPictures,
    MaskWithoutPicture,
    Moderated,
    NotAPicture,
    NothingToEdit,
    OutOfCredits,
    Paused,
    PicturesWithoutPrompt,
    PlaceClosed,
    PromptEmpty,
    Refusal,
    RegionAsked,
    ReplyGone,
    Restarting,
    RestTooLate,
    StillPainting,
    TooFast,
    TooManyPictures,
    TooManyWaiting,
    Unsupported,
)
from bot.intake.parser import PaintParts, take_apart
from bot.job import Job

JOIN_WITHIN = timedelta(minutes=1)  # of the last picture; a captioned one that comes later is a request of its own

_NEVER_ANSWERED = (Banned, ChatBanned, Closed, Paused, StillPainting, TooFast)
_NOT_ASKED = (OutOfCredits, PlaceClosed, RegionAsked, Restarting, RestTooLate, TooManyWaiting)
_ASKED_FOR_PICTURES = (
    AnimatedPicture,
    MaskTooManyPictures,
    MaskWithoutPicture,
    NotAPicture,
    NothingToEdit,
    ReplyGone,
    TooManyPictures,
)
_REFUSED_MASKS = (MaskNotTransparent, MaskOfOtherSize, MaskTooLarge)
_REFUSED_MASK_KEYS = frozenset(each.key for each in _REFUSED_MASKS)
_ASKS_FOR_OTHER_WORDS = (Moderated.key, Declined.key, FlaggedPrompt.key)  # failures of jobs
_NUMBER = re.compile(r"\d+")


class Awaits(StrEnum):
    """What the question asks for."""

    WORDS = "words"
    """A prompt; `PendingRequest.words` are options alone."""
    PICTURES = "pictures"
    """Pictures for the prompt in `PendingRequest.words`, or another prompt."""
    CORRECTION = "correction"
    """A prompt in place of the refused one."""
    NOTHING = "nothing"
    """No answer is expected (out of credits); one is understood all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMessage:
    """The pictures of one message."""

    message: str
    """The platform's id of the message, or of the first one of an album."""
    images: tuple[Attachment, ...]
    """Handles, in order; at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request that cannot be painted yet, and the messages of the bot that say so."""

    id: str
    """The platform's id of the message that began it; unique among the requests of a user in a chat."""
    latest: str
    """The platform's id of the message that changed it last."""
    asked_at: datetime
    """When it was changed last; aware, UTC."""
    awaits: Awaits
    words: str = ""
    """What an answer does not have to repeat; see Awaits."""
    edits: bool = False
    """Whether it is meant to change pictures, so that one without any is none."""
    pictures: tuple[PictureMessage, ...] = ()
    """References, in order."""
    is_collected: bool = False
    """Whether they came without words, one message after the other."""
    left_out: int = 0
    """Pictures beyond the most that a request may have; >= 0."""
    wants_others: bool = False
    """Whether the pictures of an answer take the place of these: too many of them, or one that cannot be used."""
    mask: Attachment | None = None
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """As `Message.options`."""
    is_private: bool = False
    """Whether its pictures are not shown in the chat, so that nobody else may use them."""
    questions: tuple[str, ...] = ()
    """The platform's ids of the bot's messages that an answer may reply to, oldest first."""
    is_editable: bool = False
    """Whether the newest of `questions` can be edited."""
    is_answered: bool = False
    """Whether it was painted: only a reply to its question is an answer still."""

    @property
    def images(self) -> tuple[Attachment, ...]:
        return tuple(image for each in self.pictures for image in each.images)

    @property
    def is_growing(self) -> bool:
        """Whether pictures are there, and further ones are added to them until words come."""
        return self.awaits is Awaits.WORDS and bool(self.pictures)

    @property
    def is_counted(self) -> bool:
        """Whether the question says how many pictures there are: they came in several messages, or are more than it may
        have."""
        return self.is_growing and (len(self.pictures) > 1 or self.left_out > 0)


def message_order(message_id: str) -> int:
    """A number that rises with the messages of a chat: the digits of the platform's id."""
    return int("".join(_NUMBER.findall(message_id)) or 0)


# ---------------------------------------------------------------- answers


def is_answer(request: PendingRequest, parts: PaintParts, message: Message, now: datetime) -> bool:
    """Whether a message that replies to nothing of the bot's answers the request."""
    if request.awaits is Awaits.NOTHING or says_nothing(message):
        return False
    if not message.attachments:
        return True
    if parts.words:  # a request of its own, unless pictures have just come one by one
        return request.is_collected and now - request.asked_at <= JOIN_WITHIN
    return request.awaits in (Awaits.WORDS, Awaits.PICTURES)


def says_nothing(message: Message) -> bool:
    """Whether a message has neither words nor pictures, nor names the bot: a location, a die."""
    return not (message.text.strip() or message.attachments or message.command or message.to_me)


def complete(message: Message, request: PendingRequest) -> Message:
    """The answer with what the request has: the question counts as a message of the bot with the pictures."""
    parts = take_apart(message)
    if parts is None or parts.is_unknown:
        return message
    kept = request.images
    if message.attachments and request.wants_others:
        kept = ()
    is_empty = not (parts.words or message.attachments or kept or request.edits)
    if is_empty and request.awaits is Awaits.PICTURES:
        text = ""  # the words alone would be painted without the pictures that they are about
    elif not parts.words or request.awaits is Awaits.WORDS:
        text = f"{request.words} {parts.words}".strip()
    else:
        text = parts.words
    question = None
    if kept:
        nobody = User(platform=message.chat.platform, id="", name="")
        question = Message(id=request.id, chat=message.chat, sender=nobody, text="", attachments=kept, from_me=True)
    return replace(
        message,
        text=text,
        command=parts.command or ("edit" if request.edits and _replies_to_bot(message) else "imagine"),
        reply_to=question,
        mask=message.mask or request.mask,
        options={**request.options, **message.options},
    )


def _replies_to_bot(message: Message) -> bool:
    return isinstance(message.reply_to, Message) and message.reply_to.from_me


# ---------------------------------------------------------------- refusals


def keep_refused(
    message: Message, refusal: EaselError, *, answered: PendingRequest | None, max_images: int, now: datetime
) -> PendingRequest | None:
    """What is kept of a refused message, with what it was completed by (`answered`). None: nothing.

    `max_images`: the most references that a request may have.
    """
    whole = message if answered is None else complete(message, answered)
    parts, own = take_apart(whole), take_apart(message)
    if parts is None or own is None or not isinstance(refusal, Refusal) or isinstance(refusal, _NEVER_ANSWERED):
        return None
    if not own.words and own.images and max_images and isinstance(refusal, PicturesWithoutPrompt | TooManyPictures):
        return _collect(message, own, whole, answered, max_images, now)
    images = parts.images[:max_images]
    return PendingRequest(
        id=message.id,
        latest=message.id,
        asked_at=now,
        awaits=_awaited(refusal),
        words="" if _awaited(refusal) is Awaits.CORRECTION else parts.words,
        edits=parts.command == "edit",
        pictures=(PictureMessage(message=message.id, images=images),) if images else (),
        left_out=len(parts.images) - len(images),
        wants_others=len(parts.images) > len(images),
        mask=None if _refuses_mask(refusal) else parts.mask,
        options=_without_refused(whole.options, refusal),
        is_private=message.command is not None,
    )


def reopen_job(job: Job, user: User) -> PendingRequest | None:
    """What words in reply to the message of a job that ended without a picture go with: what it was given, if it is the
    user's own. None: the message asks for no other words, and the job had no pictures."""
    failure = "" if job.failure is None else job.failure.key
    is_own = job.user.key == user.key
    has_bad_input = failure.startswith("refusal-") and failure not in _ASKS_FOR_OTHER_WORDS
    references = job.references if is_own else ()
    if job.delivered or not (references or has_bad_input or failure in _ASKS_FOR_OTHER_WORDS):
        return None
    request_id = job.request_id or job.id
    return PendingRequest(
        id=request_id,
        latest=request_id,
        asked_at=job.created,
        awaits=Awaits.PICTURES if has_bad_input and is_own else Awaits.CORRECTION,
        words=job.prompt if has_bad_input and is_own else "",
        pictures=(PictureMessage(message=request_id, images=references),) if references else (),
        wants_others=has_bad_input,
        mask=job.mask if is_own and failure not in _REFUSED_MASK_KEYS else None,
    )


def _collect(
    message: Message,
    own: PaintParts,
    whole: Message,
    answered: PendingRequest | None,
    max_images: int,
    now: datetime,
) -> PendingRequest:
    """A request with the pictures of one more message that has no words, in the order of the messages."""
    if answered is None or answered.awaits is not Awaits.WORDS:
        answered = PendingRequest(id=message.id, latest=message.id, asked_at=now, awaits=Awaits.WORDS)
    more = PictureMessage(message=message.id, images=own.images)
    others = [each for each in answered.pictures if each.message != message.id]  # it may be delivered again
    given = sorted((*others, more), key=lambda each: message_order(each.message))
    pictures: list[PictureMessage] = []
    room = max_images
    for each in given:
        images, room = each.images[:room], max(0, room - len(each.images))
        pictures += [PictureMessage(message=each.message, images=images)] if images else []
    kept = sum(len(each.images) for each in pictures)
    return replace(
        answered,
        latest=message.id,
        asked_at=now,
        edits=answered.edits or own.command == "edit",
        pictures=tuple(pictures),
        is_collected=bool(message.attachments),
        left_out=answered.left_out + sum(len(each.images) for each in given) - kept,
        options=dict(whole.options),
        is_private=answered.is_private or message.command is not None,
    )


def _awaited(refusal: Refusal) -> Awaits:
    match refusal:
        case PromptEmpty() | PicturesWithoutPrompt():
            return Awaits.WORDS
        case _ if isinstance(refusal, _ASKED_FOR_PICTURES):
            return Awaits.PICTURES
        case _ if isinstance(refusal, _NOT_ASKED):
            return Awaits.NOTHING
        case _:
            return Awaits.CORRECTION


def _without_refused(options: Mapping[str, str], refusal: Refusal) -> dict[str, str]:
    """The options of a form without those that were refused."""
    refused = {str(refusal.facts.get("option", "")).removeprefix("--")}
    if isinstance(refusal, Unsupported):
        refused |= {each.removeprefix("--") for each in _words_of(refusal) if each.startswith("--")}
    return {name: value for name, value in options.items() if name not in refused}


def _refuses_mask(refusal: Refusal) -> bool:
    """Whether the same mask would be refused again, whatever the answer says."""
    named = isinstance(refusal, Unsupported) and "mask" in _words_of(refusal)
    return named or isinstance(refusal, _REFUSED_MASKS)


def _words_of(refusal: Unsupported) -> list[str]:
    """What was refused, as users type it."""
    return str(refusal.facts["what"]).split()
