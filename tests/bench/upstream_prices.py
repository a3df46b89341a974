"""What 1,000 square pictures of GPT Image cost upstream: `python -m tests.bench.upstream_prices`.

From OpenAI's prices of tokens, by which the preset openai-hk counts, and the tokens that OpenAI names for a picture.
"""

from collections.abc import Mapping

from bot.providers.presets import PRESETS

OUTPUT_TOKENS: Mapping[str, int] = {"low": 272, "medium": 1_056, "high": 4_160}
"""Of a picture of 1024 × 1024, by quality (https://platform.openai.com/docs/guides/image-generation)."""
PROMPT_TOKENS = 100  # a long sentence
REFERENCE_TOKENS = 4_000  # of a photo at high fidelity, an upper end


def cost_usd(quality: str, *, pictures: int = 1_000, reference: bool = False) -> float:
    """Dollars for so many pictures."""
    price = PRESETS["openai-hk"].token_price
    assert price is not None
    tokens = PROMPT_TOKENS * price.text + OUTPUT_TOKENS[quality] * price.output
    tokens += REFERENCE_TOKENS * price.image * reference
    return pictures * tokens / 1_000_000


def table() -> str:
    """The rows of deploy/COSTS.md."""
    rows = ["| quality | 1,000 from words | 1,000 from a photo |", "| --- | --- | --- |"]
    rows += [
        f"| {quality} | ${cost_usd(quality):.0f} | ${cost_usd(quality, reference=True):.0f} |"
        for quality in OUTPUT_TOKENS
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
