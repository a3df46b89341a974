"""The lines of `easel check`, and how a check becomes one: it returns words, or raises what is wrong.

No check may hold up the others, nor end the report: each has an end, and whatever it raises is a line.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from bot.errors import EaselError, SettingsWrong

CHECK_TIMEOUT_S = 20.0  # of one check; a platform or an upstream that takes longer is not to be relied on


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    subject: str
    """What was checked."""
    is_ok: bool
    message: str
    """The result, or what is wrong, in English."""
    hint: str = ""
    """What to do next; of a finding that is ok: what may be worth doing."""

    @property
    def status(self) -> str:
        """`ok`, `note` (ok, and something to be done) or `FAIL`."""
        return "FAIL" if not self.is_ok else "note" if self.hint else "ok"


async def finding(subject: str, check: Awaitable[str | Finding], *, hint: str = "") -> Finding:
    """The finding of a check that returns a message, or a finding, or raises. `hint`: where it raises."""
    try:
        found = await check
    except SettingsWrong as error:
        return Finding(subject=subject, is_ok=False, message="; ".join(error.problems), hint=hint)
    except EaselError as error:
        return Finding(subject=subject, is_ok=False, message=error.detail or type(error).__name__, hint=hint)
    return found if isinstance(found, Finding) else Finding(subject=subject, is_ok=True, message=found)


async def bounded(
    subject: str, check: Awaitable[Sequence[Finding]], timeout_s: float = CHECK_TIMEOUT_S
) -> Sequence[Finding]:
    """The findings of a check, or one that says that it has none. `timeout_s`: seconds that it may take."""
    try:
        async with asyncio.timeout(timeout_s):
            return await check
    except SettingsWrong:
        raise  # the settings themselves, which end the command
    except TimeoutError:
        words = f"no answer within {timeout_s:g} s"
        return [Finding(subject=subject, is_ok=False, message=words, hint="try again; is the network slow or closed?")]
    except Exception as error:  # its text could hold an address with a password
        words = f"the check itself failed ({type(error).__name__})"
        return [
            Finding(subject=subject, is_ok=False, message=words, hint="run it with --log-level debug, and report it")
        ]
