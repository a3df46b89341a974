"""Requests that cannot be met as they stand: nothing is spent, and the words say what would be accepted.

No failure of an upstream, a download or a platform.
"""

from bot.errors.base import EaselError


class Refusal(EaselError):
    """The request cannot be met as it stands. Nothing is spent; the words say what would be accepted."""


class PromptEmpty(Refusal):
    key = "refusal-prompt-empty"


class PicturesWithoutPrompt(Refusal):
    """There are pictures, but no word about what to do with them."""

    key = "refusal-pictures-without-prompt"


class PromptTooLong(Refusal):
    """Facts: `length`, `limit`, both in characters."""

    key = "refusal-prompt-too-long"


class UnknownOption(Refusal):
    """Facts: `option` as typed, `allowed` (comma-separated)."""

    key = "refusal-unknown-option"


class BadOption(Refusal):
    """Facts: `option`, `value` as typed (shortened), `allowed`."""

    key = "refusal-bad-option"


class OptionWithoutValue(BadOption):
    """Facts: `option`, `allowed`."""

    key = "refusal-option-without-value"


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


class PictureTooLarge(Refusal):
    """More bytes than are taken. Facts: `name`, `limit` with its unit, such as "20 MB"."""

    key = "refusal-picture-too-large"


class PictureTooManyPixels(Refusal):
    """Facts: `name`, `megapixels` that are the most taken (a number)."""

    key = "refusal-picture-too-many-pixels"


class PictureGone(Refusal):
    """The platform no longer hands out an attachment. Facts: `name`."""

    key = "refusal-picture-gone"


class MaskWithoutPicture(Refusal):
    """A mask marks where to change a picture, and there is none."""

    key = "refusal-mask-without-picture"


class MaskNotTransparent(Refusal):
    """The mask is no PNG, or nothing in it is wholly transparent. Facts: `name`."""

    key = "refusal-mask-not-transparent"


class MaskOfOtherSize(Refusal):
    """The mask has another shape than the picture. Facts: `mask` and `picture`, both such as "1024×768"."""

    key = "refusal-mask-of-other-size"


class MaskTooLarge(Refusal):
    """Facts: `limit` with its unit, such as "4 MB"."""

    key = "refusal-mask-too-large"


class MaskTooManyPictures(Refusal):
    """Facts: `count`, `limit` beside a mask."""

    key = "refusal-mask-too-many-pictures"


class ReplyGone(Refusal):
    key = "refusal-reply-gone"


class NothingToEdit(Refusal):
    key = "refusal-nothing-to-edit"


class ReplyHasNoPicture(Refusal):
    key = "refusal-reply-has-no-picture"


class StillPainting(Refusal):
    key = "refusal-still-painting"


class OutOfCredits(Refusal):
    """Facts: `left`, `cost`, `refill` (hours until the daily refill)."""

    key = "refusal-out-of-credits"


class ChatOutOfCredits(OutOfCredits):
    key = "refusal-chat-out-of-credits"


class TooManyWaiting(Refusal):
    """Facts: `limit`."""

    key = "refusal-too-many-waiting"


class Banned(Refusal):
    key = "refusal-banned"


class ChatBanned(Refusal):
    key = "refusal-chat-banned"


class Closed(Refusal):
    """The bot is for those whom its operator has named."""

    key = "refusal-closed"


class ForbiddenWord(Refusal):
    """The operator does not want it painted. The word itself is not said back."""

    key = "refusal-forbidden-word"


class TooFast(Refusal):
    """More requests than a minute allows. Facts: `seconds` until the next is heard."""

    key = "refusal-too-fast"


class NotYours(Refusal):
    key = "refusal-not-yours"


class AlreadyFinished(Refusal):
    key = "refusal-already-finished"


class AdminsOnly(Refusal):
    key = "refusal-admins-only"


class UnknownCommand(Refusal):
    """Facts: `command` as typed."""

    key = "refusal-unknown-command"


class BadArguments(Refusal):
    """Facts: `usage`, the form that is understood."""

    key = "refusal-bad-arguments"


class UnknownCharge(Refusal):
    """No purchase is known under that number. Facts: `charge` as typed."""

    key = "refusal-unknown-charge"


class Unsupported(Refusal):
    """Facts: `what` was asked for."""

    key = "refusal-unsupported"
