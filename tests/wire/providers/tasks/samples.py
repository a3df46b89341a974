"""Pictures, and answers of an upstream that speaks the tasks dialect."""

from bot.painting import Image
from tests.servers.upstream.tasks import Json
from tests.support.images import image

URL = "https://files.example/a.png"
OPENED: Json = {"id": "task-1", "status": "pending", "progress": 0}
DONE: Json = {"id": "task-1", "status": "completed", "progress": 100, "results": [URL]}
PENDING: Json = {"id": "task-1", "status": "processing", "progress": 10}


def png(colour: tuple[int, ...] = (200, 30, 30), size: tuple[int, int] = (8, 6)) -> Image:
    return image(colour, "PNG", size)


CLEAR = png((0, 0, 0, 0))
JPEG = Image(data=b"\xff\xd8\xff\xe0 a jpeg", media_type="image/jpeg", width=8, height=6)


def uploaded(number: int) -> dict[str, object]:
    """The answer of EvoLink's files API."""
    data = {"file_id": f"f{number}", "file_url": f"https://files.evolink.example/{number}.png"}
    return {"success": True, "code": 200, "msg": "uploaded", "data": data}


def failed(code: object, message: str = "words", **more: object) -> dict[str, object]:
    return {"id": "task-1", "status": "failed", "progress": 40, "error": {"code": code, "message": message}, **more}
