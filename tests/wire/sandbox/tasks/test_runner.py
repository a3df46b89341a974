"""Tasks from submit to result, as the two documentations show them."""

import asyncio
import io

from PIL import Image

from tests.wire.sandbox.tasks.task_client import (
    DAY,
    EVOLINK,
    REFERENCE_FIELDS,
    TOAPIS,
    TaskClient,
    both,
    make_image,
    open_client,
)


async def test_evolink_tells_of_a_task_as_its_page_does(client: TaskClient):
    opened = (await client.submit(EVOLINK, size="2:3", n=2)).json()
    assert opened["id"].startswith("task-unified-")
    assert (opened["object"], opened["type"], opened["progress"]) == ("image.generation.task", "image", 0)
    assert opened["status"] == "pending"
    assert set(opened["task_info"]) == {"can_cancel", "estimated_time"}
    assert set(opened["usage"]) == {"billing_rule", "credits_reserved", "user_group"}
    document = await client.poll_until_ended(EVOLINK, opened["id"])
    assert (document["status"], document["progress"], len(document["results"])) == ("completed", 100, 2)
    for link in document["results"]:
        with Image.open(io.BytesIO((await client.http.get(link)).content)) as picture:
            assert picture.size == (64, 96)  # 2:3


async def test_toapis_tells_of_a_task_as_its_page_does(client: TaskClient):
    opened = (await client.submit(TOAPIS, n=3)).json()
    assert (opened["object"], opened["progress"], opened["metadata"]) == ("generation.task", 0, {})
    assert opened["id"].startswith("task_img_")
    document = await client.poll_until_ended(TOAPIS, opened["id"])
    assert document["id"].startswith("img_")
    assert (document["status"], document["progress"], document["result"]["type"]) == ("completed", 100, "image")
    assert len({each["url"] for each in document["result"]["data"]}) == 3
    assert document["expires_at"] - document["completed_at"] == DAY
    assert (await client.poll(TOAPIS, document["id"]))["status"] == "completed"


async def test_progress_rises_while_time_passes():
    gate: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(_: float) -> None:
        await gate.get()

    async with open_client(sleep=sleep) as client:
        task = (await client.submit(EVOLINK)).json()["id"]
        seen: list[int] = []
        for _ in range(6):
            gate.put_nowait(None)
            while (now := (await client.poll(EVOLINK, task))["progress"]) == (seen[-1] if seen else 0):
                pass
            seen.append(now)
        assert seen == sorted(set(seen))
        assert (await client.poll(EVOLINK, task))["status"] == "processing"


@both
async def test_references_and_a_mask_come_from_the_own_upload_service(client: TaskClient, at: str):
    picture = await client.upload(make_image("red"), to=at)
    mask = await client.upload(make_image((0, 0, 0, 0)), to=at)
    document = await client.run_task(at, **{REFERENCE_FIELDS[at]: [picture]}, mask_url=mask)
    assert document["status"] == "completed"
    [received] = client.sandbox.requests
    assert [each.media_type for each in received.references] == ["image/png"]
    assert received.mask is not None
    assert [each.reference.digest for each in client.sandbox.uploads] == [
        received.references[0].digest,
        received.mask.digest,
    ]
    assert (await client.http.get(picture)).content == make_image("red")


async def test_an_upload_keeps_the_name_and_kind_of_its_part(client: TaskClient):
    await client.upload(make_image(kind="WEBP"), "image/webp", "a cat.webp")
    form = {"file": ("b.png", make_image(), "image/png")}
    stream = await client.http.post(f"{client.sandbox.address}/evolink/api/v1/files/upload/stream", files=form)
    assert (stream.json()["code"], stream.json()["data"]["original_name"]) == (200, "b.png")
    assert [(each.filename, each.media_type) for each in client.sandbox.uploads] == [
        ("a cat.webp", "image/webp"),
        ("b.png", "image/png"),
    ]
