"""Who may do what to a job: its owner, admins, whoever acts for the chat that asked; who has gone on from its result;
and moderators of its chat.

Asks the platform about roles where it has to, and grants nothing because it did not answer.
"""

from collections.abc import Container, Mapping

from bot.chat import Chat, User
from bot.errors import Banned, ChatFailed, NotAnAdministrator, NotYours, RoleUnknown
from bot.handlers.admission import Admission
from bot.job import Job
from bot.ports import ChatPort, ChatRoles
from bot.store.store import Store


class JobPermissions:
    """Checks what users do to jobs."""

    def __init__(
        self, *, store: Store, admission: Admission, admins: Container[str], ports: Mapping[str, ChatPort]
    ) -> None:
        """`admins`: user keys (`platform:id`)."""
        self._store = store
        self._admission = admission
        self._admins = admins
        self._ports = ports

    async def identify_actor(self, sender: User, job: Job) -> User:
        """On whose account a user goes on from the result of a job: as `identify_owner`; and whoever has a result that
        descends from it, on their own, since *Undo* shows it to them with its buttons. Raises as `identify_owner`."""
        try:
            return await self.identify_owner(sender, job)
        except (NotYours, NotAnAdministrator, RoleUnknown):
            if not await self._store.has_result_below(job.id, sender.key):
                raise
        await self._check_welcome(sender)
        return sender

    async def identify_owner(self, sender: User, job: Job) -> User:
        """On whose account a user acts on a job: on their own, or on that of the chat which they act for.

        What somebody asked in a group as a channel of theirs, the group's administrators act on as well, for the bot
        may not be in that channel; but on their own account. Raises NotYours, NotAnAdministrator, RoleUnknown, Banned.
        """
        owner, is_admin = job.user, sender.key in self._admins
        if owner.key == sender.key:
            return sender
        asker = Chat(platform=owner.platform, id=owner.id, kind="group")
        try:
            if owner.is_chat and await self._administers(sender, asker):
                await self._check_welcome(sender)
                return owner
            if owner.is_chat and asker.key != job.chat.key and await self._administers(sender, job.chat):
                return sender
        except ChatFailed as failed:
            if not is_admin:
                raise RoleUnknown from failed
        if is_admin:
            return sender
        raise NotAnAdministrator if owner.is_chat else NotYours

    async def check_deletion(self, sender: User, job: Job, *, moderates: Chat | None) -> None:
        """Lets the owner and admins take a result away, and moderators of its chat. `moderates`: where the platform has
        said that the sender is one. Raises as `identify_owner`."""
        try:
            await self.identify_owner(sender, job)
        except (NotYours, NotAnAdministrator, RoleUnknown) as refused:
            if moderates is not None and moderates.key == job.chat.key:
                return
            try:
                if await self._moderates(sender, job.chat):
                    return
            except ChatFailed as failed:
                raise RoleUnknown from failed
            raise refused from None

    async def _check_welcome(self, sender: User) -> None:
        if self._admission.blocks(sender) or await self._store.is_banned(sender.key):
            raise Banned

    async def _moderates(self, sender: User, chat: Chat) -> bool:
        port = self._ports.get(chat.platform)
        return chat.kind == "group" and isinstance(port, ChatRoles) and await port.is_moderator(chat, sender)

    async def _administers(self, sender: User, chat: Chat) -> bool:
        port = self._ports.get(chat.platform)
        return chat.kind == "group" and isinstance(port, ChatRoles) and await port.is_administrator(chat, sender)
