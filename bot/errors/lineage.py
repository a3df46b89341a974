"""Refusals of what members ask about the pictures that a result was made from. Nothing is charged."""

from bot.errors.refusals import Refusal


class ParentGone(Refusal):
    """The picture that a result was made from is no longer kept, and so cannot be shown."""

    key = "refusal-parent-expired"


class ParentDeleted(ParentGone):
    """It was taken away."""

    key = "refusal-parent-deleted"


class ParentForgotten(ParentGone):
    """Its owner has asked Easel to forget them."""

    key = "refusal-parent-forgotten"


class ParentElsewhere(ParentGone):
    """It stands in another chat."""

    key = "refusal-parent-elsewhere"


class NothingBefore(Refusal):
    """A result was made from words alone, so that nothing comes before it."""

    key = "refusal-nothing-before"
