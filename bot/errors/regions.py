"""Refusals of what members paint over a picture by hand, and of the links that lead to the page for it.

Nothing is charged. No failures of anything else.
"""

from bot.errors.refusals import Refusal


class RegionAsked(Refusal):
    """The request waits until its region is painted by hand: the answer has a button for that."""

    key = "refusal-region-asked"


class NothingMarked(Refusal):
    """Nothing of the picture is marked."""

    key = "refusal-region-empty"


class EverythingMarked(Refusal):
    """All of the picture is marked, so that nothing would stay."""

    key = "refusal-region-everything"


class RegionTooDetailed(Refusal):
    """A region has more strokes than are drawn."""

    key = "refusal-region-too-detailed"


class RegionUnreadable(Refusal):
    """What a page sent is no region."""

    key = "refusal-region-unreadable"


class RegionOfOtherPicture(Refusal):
    """A region was painted over a picture of another shape."""

    key = "refusal-region-of-other-picture"


class RegionUnavailable(Refusal):
    """The page needs a public address of Easel, and there is none."""

    key = "refusal-region-unavailable"


class RegionLinkUnknown(Refusal):
    """A link to the page is none of this Easel's, or what it led to is gone."""

    key = "refusal-region-link-unknown"


class RegionLinkExpired(Refusal):
    """A link to the page has expired."""

    key = "refusal-region-link-expired"


class RegionLinkUsed(Refusal):
    """A link to the page has become a job."""

    key = "refusal-region-link-used"


class RegionOfOtherUser(Refusal):
    """A link to the page was made for somebody else."""

    key = "refusal-region-of-other-user"
