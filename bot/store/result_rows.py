"""The images of finished jobs, which wait in the database until they are delivered.

Works inside the transaction it is given.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from bot.painting import Image
from bot.store.engine import field_values, require_columns
from bot.store.schema import result

INSERT_RESULT = insert(result)
DELETE_RESULTS = delete(result).where(result.c.job == bindparam("job_id"))


def insert_results(conn: Connection, job_id: str, images: Sequence[Image]) -> None:
    """Writes the images in order, instead of any that were written before."""
    delete_results(conn, job_id)
    for position, image in enumerate(images):
        row = {"job": job_id, "position": position, **field_values(image)}
        require_columns(result, row)
        conn.execute(INSERT_RESULT, row)


def delete_results(conn: Connection, job_id: str) -> None:
    conn.execute(DELETE_RESULTS, {"job_id": job_id})


def load_results(conn: Connection, job_id: str) -> list[Image]:
    """The images that wait for delivery, in order."""
    query = (
        select(result.c.data, result.c.media_type, result.c.width, result.c.height)
        .where(result.c.job == job_id)
        .order_by(result.c.position)
    )
    return [Image(**row) for row in conn.execute(query).mappings()]
