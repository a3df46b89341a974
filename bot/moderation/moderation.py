"""Refuses what the operator's policy does not allow, before it costs anything: a prompt, then each picture.

Knows no job. What an endpoint has found is remembered for a while, by a digest: a repeated request is not asked about
again, and no prompt is kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256

import structlog
from cachetools import TTLCache

from bot.errors import FlaggedPicture, FlaggedPrompt, Moderated, PaintFailed, Unmoderated
from bot.moderation.endpoint import ModerationClient, make_endpoint
from bot.moderation.rules import OTHER, Findings, Policy
from bot.observability.metrics import MODERATION_REFUSALS, MODERATION_REQUESTS, MODERATION_UNAVAILABLE
from bot.painting import Image
from bot.providers.http.client import UpstreamClient
from bot.runtime.clock import Clock
from bot.settings import MODERATION_CATEGORIES
from bot.settings import Moderation as ModerationSettings

log = structlog.get_logger()

MEMORY_S = 600.0  # seconds that findings are remembered: as long as people press Retry and Vary
MEMORY_SIZE = 10_000  # findings


class Moderation:
    """The gate."""

    def __init__(
        self, client: ModerationClient, policy: Policy, clock: Clock, *, allows_unchecked: bool, checks_pictures: bool
    ) -> None:
        """`allows_unchecked`: what cannot be checked is painted. `checks_pictures`: pictures are checked, too."""
        self._client = client
        self._policy = policy
        self._allows_unchecked = allows_unchecked
        self._checks_pictures = checks_pictures
        self._labels = {*MODERATION_CATEGORIES, *policy.categories, *policy.thresholds}
        self._known: TTLCache[bytes, Findings] = TTLCache(MEMORY_SIZE, MEMORY_S, timer=clock.monotonic)

    @property
    def checks_pictures(self) -> bool:
        """Whether pictures are checked."""
        return self._checks_pictures

    async def check_prompt(self, prompt: str) -> None:
        """Raises FlaggedPrompt where it is refused, Unmoderated where it could not be checked and must be."""
        digest = sha256(b"text " + prompt.encode("utf-8", "replace")).digest()
        match await self._judge(digest, lambda: self._client.classify_text(prompt)):
            case str(category):
                raise FlaggedPrompt(category=_family(category))
            case Unmoderated() as failure:
                raise failure
            case None:
                return

    async def check_pictures(self, pictures: Sequence[Image]) -> None:
        """Checks all pictures at once. Raises FlaggedPicture for the first that is refused, Unmoderated as
        `check_prompt`."""
        verdicts = await asyncio.gather(*map(self._judge_picture, pictures))
        for number, verdict in enumerate(verdicts, start=1):
            if isinstance(verdict, str):
                raise FlaggedPicture(category=_family(verdict), number=number)
        for verdict in verdicts:
            if isinstance(verdict, Unmoderated):
                raise verdict

    async def _judge_picture(self, picture: Image) -> str | Unmoderated | None:
        digest = sha256(b"picture " + picture.data).digest()
        return await self._judge(digest, lambda: self._client.classify_picture(picture))

    async def _judge(self, digest: bytes, classify: Callable[[], Awaitable[Findings]]) -> str | Unmoderated | None:
        """The category because of which something is refused, or that it could not be checked; None: it is allowed."""
        findings = self._known.get(digest)
        if findings is None:
            MODERATION_REQUESTS.inc()
            try:
                findings = self._known[digest] = await classify()
            except Moderated as failure:  # a content filter in front of the endpoint has refused the request itself
                findings = Findings(flagged=True)
                if self._policy.refused_category(findings) is None:  # it does not say why, and other reasons may stand
                    return self._judge_unavailable(failure)
                self._known[digest] = findings
            except PaintFailed as failure:
                return self._judge_unavailable(failure)
        category = self._policy.refused_category(findings)
        if category is not None:
            MODERATION_REFUSALS.labels(category if category in self._labels else OTHER).inc()
            log.warning("refused by moderation", category=category, score=findings.scores.get(category))
        return category

    def _judge_unavailable(self, failure: PaintFailed) -> Unmoderated | None:
        """None where what cannot be checked is painted."""
        MODERATION_UNAVAILABLE.inc()
        tell = log.error if failure.lasting else log.warning  # a key, a balance, an address: the operator must act
        tell(
            "moderation did not answer",
            failure=type(failure).__name__,
            trace_id=failure.trace,
            detail=failure.detail,
            follows="allowed" if self._allows_unchecked else "refused",
        )
        return None if self._allows_unchecked else Unmoderated(trace=failure.trace, detail=failure.detail)


def _family(category: str) -> str:
    """The category as the texts know it: they tell of its kinds (`violence/graphic`) only `sexual/minors` apart."""
    return "sexual-minors" if category == "sexual/minors" else category.partition("/")[0]


def make_moderation(given: ModerationSettings, client: UpstreamClient, clock: Clock) -> Moderation | None:
    """The check of prompts and pictures, as the operator wants it; None: nothing is checked."""
    if not given.enabled:
        return None
    return Moderation(
        ModerationClient(make_endpoint(given), client, clock),
        Policy(categories=frozenset(given.categories), thresholds=given.thresholds),
        clock,
        allows_unchecked=given.when_unavailable == "allow",
        checks_pictures=given.pictures,
    )
