"""The moderation endpoint as OpenAI has it: flags some words, and pictures that are red all over. Knows no painting.

POST /moderations, /v1/moderations    the key as for pictures; one picture a request

forbidden → illicit, gore → violence/graphic, brawl → violence, hateful → hate, naked → sexual
"""

import base64
import binascii
import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from aiohttp import web
from PIL import ImageStat

from bot.sandbox.faults import Fault, FaultEffect
from bot.sandbox.http_errors import BadRequestError, error_response
from bot.sandbox.references import InvalidReferenceError, Reference, open_reference, parse_reference
from bot.sandbox.renderer import Renderer
from bot.sandbox.server_context import ServerContext

PREFIXES = ("", "/v1")
CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
TEXT_ONLY = frozenset(each for each in CATEGORIES if each.startswith(("harassment", "hate", "illicit"))) | {
    "sexual/minors"
}
FLAGGED_WORDS: Mapping[str, str] = {
    "forbidden": "illicit",
    "gore": "violence/graphic",
    "brawl": "violence",
    "hateful": "hate",
    "naked": "sexual",
}
PICTURE_CATEGORY = "violence/graphic"  # of a picture that is red all over
CERTAIN, UNLIKELY = 0.97, 0.001  # scores
RED_AT_LEAST, OTHERS_AT_MOST = 200, 60  # mean of the channels, 0 to 255, of a red picture
DATA_URL = re.compile(r"data:image/[a-z]+;base64,(.*)", re.DOTALL)
MAX_RECORDED = 1000  # requests
EDGE_PX = 64  # pixels to which a picture is scaled down to be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationRequest:
    """What a request asks about."""

    texts: tuple[str, ...] = ()
    pictures: tuple[Reference, ...] = ()


class ModerationRoutes:
    """The endpoint at every address of PREFIXES."""

    def __init__(self, server: ServerContext, renderer: Renderer) -> None:
        self._server = server
        self._renderer = renderer
        self.requests: deque[ModerationRequest] = deque(maxlen=MAX_RECORDED)
        """Those that were understood, oldest first."""
        self._count = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"{prefix}/moderations", self._classify) for prefix in PREFIXES]

    async def _classify(self, http_request: web.Request) -> web.Response:
        if not self._server.is_authorized(http_request):
            return error_response(Fault("401").effect)
        try:
            request = await self._renderer.run_in_thread(parse_request, await http_request.read())
        except BadRequestError as exc:
            code = "too_many_images" if "images" in str(exc) else "invalid_request_error"
            return error_response(FaultEffect(status=400, body_format="openai", code=code, message=str(exc)))
        self.requests.append(replace(request, pictures=tuple(replace(each, data=b"") for each in request.pictures)))
        self._count += 1
        found = await self._renderer.run_in_thread(find_categories, request)
        result = {
            "flagged": bool(found),
            "categories": {each: each in found for each in CATEGORIES},
            "category_scores": {each: CERTAIN if each in found else UNLIKELY for each in CATEGORIES},
            "category_applied_input_types": {each: _input_types(each, request) for each in CATEGORIES},
        }
        answer = {"id": f"modr-{self._count}", "model": "omni-moderation-latest", "results": [result]}
        return web.json_response(answer)


def parse_request(body: bytes) -> ModerationRequest:
    """Raises BadRequestError."""
    try:
        document: object = json.loads(body)
    except ValueError as exc:
        raise BadRequestError("the body is no JSON") from exc
    given = cast("Mapping[str, object]", document).get("input") if isinstance(document, Mapping) else None
    parts = [given] if isinstance(given, str) else cast("list[object]", given) if isinstance(given, list) else []
    if not parts:
        raise BadRequestError("input is missing")
    texts: list[str] = []
    pictures: list[Reference] = []
    for part in parts:
        match part:
            case str(text) | {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "image_url", "image_url": {"url": str(url)}}:
                pictures.append(_parse_picture(url))
            case _:
                raise BadRequestError("a part of input is neither a text nor a picture")
    if len(pictures) > 1:
        raise BadRequestError(f"Number of images ({len(pictures)}) exceeds maximum of 1")
    return ModerationRequest(texts=tuple(texts), pictures=tuple(pictures))


def _parse_picture(url: str) -> Reference:
    found = DATA_URL.fullmatch(url)
    if found is None:
        raise BadRequestError("a picture must be a data URL: the sandbox fetches nothing")
    try:
        return parse_reference(base64.b64decode(found[1], validate=True))
    except (binascii.Error, InvalidReferenceError) as exc:
        raise BadRequestError("a picture cannot be read") from exc


def find_categories(request: ModerationRequest) -> frozenset[str]:
    """The categories that a request is flagged for."""
    words = {word for text in request.texts for word in re.findall(r"\w+", text.lower())}
    found = {category for word, category in FLAGGED_WORDS.items() if word in words}
    if any(map(_is_red, request.pictures)):
        found.add(PICTURE_CATEGORY)
    return frozenset(found)


def _is_red(picture: Reference) -> bool:
    red, green, blue = ImageStat.Stat(open_reference(picture, within=EDGE_PX)).mean
    return red >= RED_AT_LEAST and max(green, blue) <= OTHERS_AT_MOST


def _input_types(category: str, request: ModerationRequest) -> list[str]:
    texts = ["text"] if request.texts else []
    return texts + (["image"] if request.pictures and category not in TEXT_ONLY else [])
