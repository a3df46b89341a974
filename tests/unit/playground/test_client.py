"""The page's texts."""

import asyncio

import pytest

from adapters.playground.client import page_texts
from bot.texts import LOCALES


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_page_has_all_its_words_in_every_language(locale: str) -> None:
    texts = await asyncio.to_thread(page_texts, locale)
    assert texts.keys() == (await asyncio.to_thread(page_texts, "en")).keys()
    assert "page-error-frame" in texts
    assert all(texts.values())
