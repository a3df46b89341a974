"""Says of a file, before anything is asked for with it, whether a request could use it.

Looks at it as a job would: with the same decoder, within the same limits. Keeps nothing.
"""

from collections.abc import Callable

from bot.chat import Attachment, User
from bot.errors import EaselError, Refusal, TextFileTooLong
from bot.intake.parser import file_refusal
from bot.intake.text_files import decode_text_file, is_text_file, max_bytes
from bot.painting import Capabilities
from bot.pictures.processing import ImageProcessor
from bot.texts import negotiate_locale, translate_error

MAX_NAME_CHARS = 60  # characters of a file's name in a sentence about it


class FileChecks:
    """Checks files; `bot.ports.EventSink.check_file` has the promise."""

    def __init__(self, processor: ImageProcessor, capabilities: Callable[[], Capabilities], locale: str) -> None:
        """`locale`: for users whose platform names none of ours."""
        self._processor = processor
        self._capabilities = capabilities
        self._locale = locale

    async def check(self, user: User, file: Attachment, data: bytes) -> str | None:
        """Why a request of the user could not use the file, in their language; None: it could, or nobody knows."""
        try:
            await self._look(user, file, data)
        except Refusal as refusal:
            return translate_error(negotiate_locale(user.locale, self._locale), refusal)
        except EaselError:
            return None  # of the machine, not of the file: its job will say so if that lasts
        return None

    async def _look(self, user: User, file: Attachment, data: bytes) -> None:
        """Raises Refusal."""
        capabilities, name = self._capabilities(), (file.filename or file.media_type)[:MAX_NAME_CHARS]
        if is_text_file(file):
            if len(data) > max_bytes(capabilities.max_prompt_chars):
                raise TextFileTooLong(name=name, limit=capabilities.max_prompt_chars)
            decode_text_file(data, name)
            return
        if (refusal := file_refusal(file)) is not None:
            raise refusal
        await self._processor.prepare_reference(data, name=name, capabilities=capabilities, owner=user.key)
