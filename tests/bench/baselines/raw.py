"""httpx alone talking to the upstream: no chat platform at all. Paints what it is told on its command line."""

import asyncio
import json
import sys

from tests.bench.baselines.painting import client, paint

GIVEN = json.loads(sys.argv[1])


async def main() -> None:
    http = client()
    print("ready", flush=True)
    prompts = [f"a red fox in the snow job-{key}" for key in GIVEN["keys"]]
    if GIVEN.get("in_turn"):
        for prompt in prompts:
            await paint(http, GIVEN["upstream"], prompt, lambda _: None)
    else:
        await asyncio.gather(*(paint(http, GIVEN["upstream"], prompt, lambda _: None) for prompt in prompts))
    print("done", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
