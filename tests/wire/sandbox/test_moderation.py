"""The sandbox's moderation endpoint under the official client."""

import base64

import openai
import pytest

from bot.sandbox import Sandbox
from tests.servers.upstream import openai_spec
from tests.support.images import png


def picture(colour: str) -> dict[str, object]:
    url = "data:image/png;base64," + base64.b64encode(png(colour)).decode()
    return {"type": "image_url", "image_url": {"url": url}}


async def test_the_official_client_reads_its_answers(sandbox: Sandbox) -> None:
    async with openai.AsyncOpenAI(api_key="sandbox", base_url=f"{sandbox.address}/v1", max_retries=0) as official:
        words = await official.moderations.create(input="A forbidden brawl", model="omni-moderation-latest")
        [found] = words.results
        if (known := openai_spec.spec()) is not None:
            assert known.check("CreateModerationResponse", words.to_dict()) is None
        assert found.flagged
        assert {name for name, is_flagged in found.categories if is_flagged} == {"illicit", "violence"}
        assert found.category_scores.violence > 0.9 > 0.1 > found.category_scores.hate
        for colour, flagged in (("red", True), ("blue", False)):
            shown = await official.moderations.create(input=[picture(colour)])  # type: ignore[list-item]  # a dict of its shape
            assert shown.results[0].flagged == flagged
            assert shown.results[0].category_applied_input_types.violence == ["image"]
            assert shown.results[0].category_applied_input_types.hate == []
    assert [len(each.pictures) for each in sandbox.moderations] == [0, 1, 1]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([picture("red"), picture("blue")], "too_many_images"),
        ([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}], "invalid_request_error"),
        ([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}], "invalid_request_error"),
        ([{"type": "audio"}], "invalid_request_error"),
        ([], "invalid_request_error"),
    ],
)
async def test_what_openai_refuses_it_refuses(sandbox: Sandbox, given: list[object], code: str) -> None:
    async with openai.AsyncOpenAI(api_key="sandbox", base_url=sandbox.address, max_retries=0) as official:
        with pytest.raises(openai.BadRequestError) as refused:
            await official.moderations.create(input=given)  # type: ignore[arg-type]  # wrong on purpose
    assert refused.value.code == code
    assert sandbox.moderations == []


async def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    async with openai.AsyncOpenAI(api_key="wrong", base_url=sandbox.address, max_retries=0) as official:
        with pytest.raises(openai.AuthenticationError):
            await official.moderations.create(input="a cat")
