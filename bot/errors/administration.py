"""Refusals because of what administrators have paused, and of what they ask for that there is not.

Nothing is charged for any of them.
"""

from bot.errors.refusals import Refusal


class BotPaused(Refusal):
    """An administrator has paused the bot."""

    key = "bot-paused"


class BotPausedInWords(BotPaused):
    """The same, in their own words. Facts: `words`."""

    key = "bot-paused-in-words"


class ProvidersPaused(Refusal):
    """Whoever could paint the request was paused by an administrator; it may be repeated later."""

    key = "providers-paused"


class UnknownProvider(Refusal):
    """No provider has this name. Facts: `name` as typed (shortened), `nearest` (`none`: there is none
    like it), `all` of them."""

    key = "refusal-unknown-provider"


class UnknownMember(Refusal):
    """Nothing is known of a member with this key. Facts: `user` as typed (shortened), `nearest`; `none`: there is none
    like it."""

    key = "refusal-unknown-member"


class UnknownJob(Refusal):
    """There is no job with this id. Facts: `id` as typed (shortened), `nearest`; `none`: there is none like it."""

    key = "refusal-unknown-job"
