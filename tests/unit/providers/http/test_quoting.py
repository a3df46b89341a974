"""Upstream texts quoted in errors: one short line, without control characters, secrets and prompts."""

import json

import pytest

from bot.providers.http.quoting import MAX_QUOTE_CHARS, quote, without_images


def test_a_quote_is_one_short_line_without_control_characters_and_secrets() -> None:
    assert quote("a\x1b[31m\u202e b\n\tc\u2028d") == "a [31m b c d"
    assert quote("key sk-123 is wrong", redact=["sk-123", ""]) == "key … is wrong"
    assert len(quote("x" * 10_000)) == MAX_QUOTE_CHARS


@pytest.mark.parametrize("prompt", ["a fox\n\nkeep its colours", 'the "red" fox', "雪地里的狐狸", "back\\slash"])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_prompt_is_hidden_in_a_request_that_is_repeated(prompt: str, escaped: bool) -> None:
    repeated = "may not do this: " + json.dumps({"prompt": prompt}, ensure_ascii=escaped)
    assert quote(repeated, redact=[prompt]) == 'may not do this: {"prompt": "…"}'


@pytest.mark.parametrize("text", ["{" * 1_500_000, "[![" * 500_000])
def test_data_without_blanks_are_looked_for_base64_in_linear_time(text: str) -> None:
    """The test's own time limit is the judge."""
    assert without_images(text) in {text, " "}
