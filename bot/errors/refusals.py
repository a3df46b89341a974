"""Refusals of invalid requests: nothing is charged, and the message says what would be accepted.

No failures of an upstream, a download or a platform.
"""

from bot.errors.base import EaselError


class Refusal(EaselError):
    """An invalid request. Nothing is charged; the message says what would be accepted."""


class PromptEmpty(Refusal):
    """The request has no prompt."""

    key = "refusal-prompt-empty"


class PicturesWithoutPrompt(Refusal):
    """There are reference images, but no prompt."""

    key = "refusal-pictures-without-prompt"


class PromptTooLong(Refusal):
    """Facts: `length`, `limit`, both in characters."""

    key = "refusal-prompt-too-long"


class TextFileTooLong(PromptTooLong):
    """A text file has more than any prompt. Facts: `name`, `limit` in characters."""

    key = "refusal-text-file-too-long"


class TextFileUnreadable(Refusal):
    """A text file is in an encoding that is not read, or is no text. Facts: `name`."""

    key = "refusal-text-file-unreadable"


class RestTooLate(Refusal):
    """The rest of a prompt, which its client has cut, came when the beginning was being painted."""

    key = "refusal-rest-too-late"


class UnknownOption(Refusal):
    """Facts: `option` as typed, `allowed` (comma-separated)."""

    key = "refusal-unknown-option"


class BadOption(Refusal):
    """Facts: `option`, `value` as typed (shortened), `allowed`."""

    key = "refusal-bad-option"


class OptionWithoutValue(BadOption):
    """Facts: `option`, `allowed`."""

    key = "refusal-option-without-value"


class ChooseModel(BadOption):
    """No model has this name, or several begin with it. Facts: `value` as typed (shortened), `allowed` with prices."""

    key = "refusal-choose-model"


class OneModelOnly(Refusal):
    """A model is asked for where there is no choice."""

    key = "refusal-one-model-only"


class TooManyPictures(Refusal):
    """Facts: `count`, `limit`."""

    key = "refusal-too-many-pictures"


class NotAPicture(Refusal):
    """Facts: `name`, `kinds` that are accepted."""

    key = "refusal-not-a-picture"


class BrokenPicture(Refusal):
    """Facts: `name`."""

    key = "refusal-broken-picture"


class AnimatedPicture(Refusal):
    """Facts: `name`."""

    key = "refusal-animated-picture"


class MovingSticker(AnimatedPicture):
    """Facts: `name` of the sticker."""

    key = "refusal-moving-sticker"


class PictureTooLarge(Refusal):
    """The file has more bytes than allowed. Facts: `name`, `limit` with its unit, such as "20 MB"."""

    key = "refusal-picture-too-large"


class PictureTooManyPixels(Refusal):
    """Facts: `name`, `megapixels`, the limit (a number)."""

    key = "refusal-picture-too-many-pixels"


class PictureTooComplex(Refusal):
    """Opening the file would take too long, however few its pixels: hundreds of scans, millions of parts.
    Facts: `name`."""

    key = "refusal-picture-too-complex"


class PictureGone(Refusal):
    """The platform no longer serves an attachment. Facts: `name`."""

    key = "refusal-picture-gone"


class MaskWithoutPicture(Refusal):
    """There is a mask, but no image that it could apply to."""

    key = "refusal-mask-without-picture"


class MaskNotTransparent(Refusal):
    """The mask is no PNG, or nothing in it is wholly transparent. Facts: `name`."""

    key = "refusal-mask-not-transparent"


class MaskOfOtherSize(Refusal):
    """The mask has other dimensions than the image. Facts: `mask` and `picture`, both such as "1024×768"."""

    key = "refusal-mask-of-other-size"


class MaskTooLarge(Refusal):
    """Facts: `limit` with its unit, such as "4 MB"."""

    key = "refusal-mask-too-large"


class MaskTooManyPictures(Refusal):
    """Facts: `count`, `limit` beside a mask."""

    key = "refusal-mask-too-many-pictures"


class NothingToExtend(Refusal):
    """A canvas is to grow to a shape that the picture has already."""

    key = "refusal-nothing-to-extend"


class NothingDrawn(Refusal):
    """Two pictures were sent, and they are the same one: no marks are found on either."""

    key = "refusal-nothing-drawn"


class ReplyGone(Refusal):
    """The replied-to message was deleted."""

    key = "refusal-reply-gone"


class NothingToEdit(Refusal):
    """An edit without an image."""

    key = "refusal-nothing-to-edit"


class ReplyHasNoPicture(Refusal):
    """The replied-to message has no image."""

    key = "refusal-reply-has-no-picture"


class StillPainting(Refusal):
    """The replied-to job has not finished."""

    key = "refusal-still-painting"


class OutOfCredits(Refusal):
    """The user's credits do not suffice. Facts: `left`, `cost`, `refill` (hours until the daily refill)."""

    key = "refusal-out-of-credits"


class ChatOutOfCredits(OutOfCredits):
    """The chat's shared credits do not suffice. Facts: `left`, `cost`, `refill` (hours until the daily refill)."""

    key = "refusal-chat-out-of-credits"


class TooDear(OutOfCredits):
    """The user's credits do not suffice, but would for something else. Facts: `left`, `cost`, `refill` as above,
    `cheaper` (options to type, with what the request costs then)."""

    key = "refusal-too-dear"


class ChatTooDear(ChatOutOfCredits):
    """The chat's credits do not suffice, but would for something else. Facts: `left`, `cost`, `refill`, `cheaper`."""

    key = "refusal-chat-too-dear"


class TooManyWaiting(Refusal):
    """Facts: `limit`."""

    key = "refusal-too-many-waiting"


class Banned(Refusal):
    """The user is banned."""

    key = "refusal-banned"


class Paused(Refusal):
    """Moderation has refused the user too often within a day. Facts: `hours` until the pause ends, >= 1, and
    `until` when."""

    key = "refusal-paused"


class ChatBanned(Refusal):
    """The chat is banned."""

    key = "refusal-chat-banned"


class Closed(Refusal):
    """The bot is restricted to the users whom its operator has listed."""

    key = "refusal-closed"


class ForbiddenWord(Refusal):
    """The prompt contains a word that the operator forbids. The message does not repeat it."""

    key = "refusal-forbidden-word"


class FlaggedPrompt(Refusal):
    """Moderation refuses the words. Facts: `category`, the first part of OpenAI's name, or `sexual-minors`."""

    key = "refusal-flagged-prompt"


class FlaggedPicture(Refusal):
    """Moderation refuses a reference picture. Facts: `category` as of FlaggedPrompt, `number` of the picture, >= 1."""

    key = "refusal-flagged-picture"


class TooFast(Refusal):
    """More requests than allowed a minute. Facts: `seconds` until the next is accepted."""

    key = "refusal-too-fast"


class NotYours(Refusal):
    """The job is another user's."""

    key = "refusal-not-yours"


class NothingToDelete(Refusal):
    """The command to take a result away replies to none."""

    key = "refusal-nothing-to-delete"


class NotAnAdministrator(Refusal):
    """Only administrators may act on what was asked for in their chat's name."""

    key = "refusal-not-an-administrator"


class RoleUnknown(Refusal):
    """The platform does not tell at the moment whether the user administers the chat."""

    key = "refusal-role-unknown"


class AlreadyFinished(Refusal):
    """The job has ended already."""

    key = "refusal-already-finished"


class Forgotten(Refusal):
    """The job is not known any more: its user asked Easel to forget it, or its time has passed."""

    key = "refusal-forgotten"


class PlaceClosed(Refusal):
    """Pictures cannot be delivered in the chat, which is known before anything is painted."""


class PicturesForbidden(PlaceClosed):
    """The bot may send neither photos nor files in the chat."""

    key = "refusal-pictures-forbidden"


class WritingForbidden(PlaceClosed):
    """The bot may send nothing at all in the chat, or in that topic of it: the words reach the user elsewhere."""

    key = "refusal-writing-forbidden"


class PermissionsMissing(PlaceClosed):
    """Facts: `missing`, the platform's own names of permissions, comma-separated."""

    key = "discord-no-permission"


class Restarting(Refusal):
    """Easel is about to restart: it finishes what it has begun, and takes nothing new."""

    key = "refusal-restarting"


class AdminsOnly(Refusal):
    """The command is for administrators only."""

    key = "refusal-admins-only"


class AdminPageOff(Refusal):
    """The admin page is not enabled."""

    key = "refusal-admin-page-off"


class AdminLinkInGroup(Refusal):
    """A link that signs in whoever opens it was asked for where others read along."""

    key = "refusal-admin-link-in-group"


class UnknownCommand(Refusal):
    """Facts: `command` as typed."""

    key = "refusal-unknown-command"


class BadArguments(Refusal):
    """Facts: `usage`, the syntax of the command."""

    key = "refusal-bad-arguments"


class UnknownCharge(Refusal):
    """There is no purchase with this id. Facts: `charge` as typed."""

    key = "refusal-unknown-charge"


class Unsupported(Refusal):
    """No configured provider can meet the request. Facts: `what` was requested."""

    key = "refusal-unsupported"


class UnsupportedByModel(Unsupported):
    """The chosen model cannot meet the request, others can. Facts: `what` was requested, `model` that was chosen,
    `models` that can."""

    key = "refusal-unsupported-by-model"
