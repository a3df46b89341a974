"""JSON bodies with images inside, which become base64 only while they are written.

What the JSON says is decided by its callers.
"""

import json
import re
from collections.abc import Mapping
from uuid import uuid4

from bot.painting import Image
from bot.providers.http.payload import Base64, Payload


class InlineImages:
    """Images of one body, by a placeholder for the base64 of each."""

    def __init__(self) -> None:
        self._images: dict[str, Image] = {}

    def data_url(self, image: Image) -> str:
        """The data URL of an image, with a placeholder in it; random, so that no prompt contains it."""
        placeholder = uuid4().hex
        self._images[placeholder] = image
        return f"data:{image.media_type};base64,{placeholder}"

    def encode(self, body: Mapping[str, object]) -> Payload:
        """The payload of a JSON object that holds the data URLs."""
        text = json.dumps(body, ensure_ascii=False).encode()
        if not self._images:
            return Payload(media_type="application/json", pieces=(text,))
        parts = re.split(f"({'|'.join(self._images)})".encode(), text)
        images = {placeholder.encode(): image for placeholder, image in self._images.items()}
        pieces = tuple(Base64(images[part].data) if part in images else part for part in parts)
        return Payload(media_type="application/json", pieces=pieces)
