"""What a job's start does in which order: its first call to its chat, then its workflow, then what nobody waits for.

Knows the event loop's turns, and nothing of jobs.
"""

import asyncio

POST_TURNS = 2  # of the event loop, from the request of a call until it is on the wire
WORKFLOW_TURNS = 4  # until the workflow's first write is in the database's hands


async def let_first_post_go() -> None:
    """Returns when a call that was requested just now is on the wire. For a task that is only started."""
    for _ in range(POST_TURNS):
        await asyncio.sleep(0)


async def let_workflow_begin() -> None:
    """Returns when a workflow that was started just now waits for its first write."""
    for _ in range(WORKFLOW_TURNS):
        await asyncio.sleep(0)
