"""Users, chats and topics: made, closed, deleted, migrated; and the bot's membership in them.

Every change that Telegram reports to bots becomes an update.
"""

from collections.abc import Collection, Iterable

from tests.servers.telegram import encode
from tests.servers.telegram.core import Core
from tests.servers.telegram.entities import Chat, Content, Message, Status, Topic, User


class ChatActions:
    """Mixin of TelegramServer."""

    core: Core

    # ------------------------------------------------------------ users, chats, topics

    def add_user(
        self, name: str, *, username: str | None = None, language_code: str | None = "en", bot: bool = False
    ) -> User:
        """`language_code` None: the client sends none."""
        return self.core.world.add_user(name, username, language_code, bot=bot)

    def private(self, user: User, *, opened: bool = False) -> Chat:
        """The private chat of the bot with a user. The bot may write only after the user has; `opened`: the user has
        written before."""
        chat = self.core.world.private(user)
        chat.opened = chat.opened or opened
        return chat

    def add_group(
        self,
        title: str = "Group",
        *,
        members: Iterable[User] = (),
        supergroup: bool = True,
        forum: bool = False,
        privacy: bool | None = None,
        bot_status: Status = "member",
        username: str | None = None,
    ) -> Chat:
        """A group that the bot has been in since before. `privacy`: by default as set in BotFather."""
        switches = self.core.switches
        chat = Chat(
            id=self.core.world.chat_id(large=supergroup or forum),
            kind="supergroup" if supergroup or forum else "group",
            title=title,
            username=username,
            forum=forum,
            privacy=not switches.can_read_all_group_messages if privacy is None else privacy,
            bot_status=bot_status,
        )
        chat.members.update({user.id: "member" for user in members})
        return self.core.world.enter(chat)

    def add_channel(self, title: str = "Channel", *, bot_status: Status = "administrator") -> Chat:
        chat = Chat(id=self.core.world.chat_id(large=True), kind="channel", title=title, bot_status=bot_status)
        return self.core.world.enter(chat)

    def add_direct_messages(self, title: str = "Channel") -> Chat:
        """The direct messages of a channel, with the bot as an administrator. Each user who writes has a topic of
        their own."""
        chat = self.add_group(title, bot_status="administrator")
        chat.direct_messages = True
        return chat

    def add_topic(self, chat: Chat, name: str, *, by: User | None = None) -> Topic:
        """A topic of a forum, or of a private chat."""
        creator = by or chat.user or next(iter(self._members(chat)), None)
        service = {"forum_topic_created": {"name": name, "icon_color": 0x6FB9F0}}
        message = self.core.world.post(chat, creator, Content(service=service))
        topic = Topic(id=message.id, name=name, created=message)
        message.topic = chat.topics[topic.id] = topic
        self.core.add_message_update(message)
        return topic

    def close_topic(self, chat: Chat, topic: Topic) -> None:
        topic.closed = True
        creator = next(iter(self._members(chat)), None)
        service = Content(service={"forum_topic_closed": {}})
        self.core.add_message_update(self.core.world.post(chat, creator, service, topic=topic))

    def reopen_topic(self, chat: Chat, topic: Topic) -> None:
        topic.closed = False
        creator = next(iter(self._members(chat)), None)
        service = Content(service={"forum_topic_reopened": {}})
        self.core.add_message_update(self.core.world.post(chat, creator, service, topic=topic))

    def delete_topic(self, chat: Chat, topic: Topic) -> None:
        """With all its messages; bots get no update."""
        topic.deleted = True
        for message in chat.visible_messages:
            if message.topic is topic:
                message.deleted = True

    # ------------------------------------------------------------ the bot's membership

    def block(self, user: User) -> None:
        chat = self.core.world.private(user)
        chat.blocked = True
        self._report_bot_status(chat, user, "member", "kicked")

    def unblock(self, user: User) -> None:
        chat = self.core.world.private(user)
        chat.blocked = False
        self._report_bot_status(chat, user, "kicked", "member")

    def deactivate(self, user: User) -> None:
        """Deletes the user's account."""
        self.core.world.private(user).deactivated = True

    def kick(self, chat: Chat, *, by: User | None = None) -> None:
        self._set_bot_status(chat, "kicked", by)

    def join(self, chat: Chat, *, by: User | None = None) -> None:
        """The bot is added (again)."""
        self._set_bot_status(chat, "member", by)
        adder = by or self._any_member(chat)
        service = Content(service={"new_chat_members": [encode.user(self.core.bot)]})
        self.core.add_message_update(self.core.world.post(chat, adder, service))

    def promote(self, chat: Chat, *, by: User | None = None) -> None:
        """The bot becomes an administrator, and sees everything."""
        self._set_bot_status(chat, "administrator", by)

    def demote(self, chat: Chat, *, by: User | None = None) -> None:
        self._set_bot_status(chat, "member", by)

    def appoint(self, chat: Chat, *users: User, without: Collection[str] = ()) -> None:
        """Users become administrators of a group or channel. `without`: rights that they do not get."""
        chat.withheld.update({user.id: frozenset(without) for user in users})
        chat.members.update({user.id: "administrator" for user in users})

    def dismiss(self, chat: Chat, *users: User) -> None:
        """Administrators become ordinary members again."""
        chat.members.update({user.id: "member" for user in users})

    def restrict(self, chat: Chat, *denied: str, by: User | None = None) -> None:
        """The bot may not send `denied` here ("photos", "text messages", "documents", …); nothing: it may again."""
        before = set(chat.denied)
        chat.denied = set(denied)
        self._set_bot_status(chat, "restricted" if denied else "member", by, denied_before=before)

    def forbid(self, chat: Chat, *denied: str) -> None:
        """Nobody but administrators may send `denied` here; nothing: everybody may send everything. Bots get no update
        of it."""
        chat.all_denied = set(denied)

    def migrate(self, group: Chat) -> Chat:
        """Migrates a basic group to a supergroup with another id; calls with the old id are rejected from now on."""
        assert group.kind == "group", "only small groups migrate"
        world = self.core.world
        new = Chat(
            id=world.chat_id(large=True),
            kind="supergroup",
            title=group.title,
            privacy=group.privacy,
            bot_status=group.bot_status,
            members=dict(group.members),
        )
        world.enter(new)
        by = self._any_member(group)
        self.core.add_message_update(world.post(group, by, Content(service={"migrate_to_chat_id": new.id})))
        self.core.add_message_update(world.post(new, by, Content(service={"migrate_from_chat_id": group.id})))
        group.migrated_to = new
        return new

    # ------------------------------------------------------------ inside

    def _members(self, chat: Chat) -> list[User]:
        return [self.core.world.users[number] for number in chat.members]

    def _any_member(self, chat: Chat) -> User:
        members = self._members(chat)
        if members:
            return members[0]
        owner = self.add_user("Owner")
        chat.members[owner.id] = "creator"
        return owner

    def _set_bot_status(
        self, chat: Chat, status: Status, by: User | None, denied_before: set[str] | None = None
    ) -> None:
        old, chat.bot_status = chat.bot_status, status
        self._report_bot_status(chat, by or self._any_member(chat), old, status, denied_before)

    def _report_bot_status(
        self, chat: Chat, by: User, old: Status, new: Status, denied_before: set[str] | None = None
    ) -> None:
        """Adds the my_chat_member update."""
        core = self.core
        denied = chat.denied if denied_before is None else denied_before
        payload = {
            "chat": encode.chat(chat),
            "from": encode.user(by),
            "date": encode.seconds(core.now()),
            "old_chat_member": encode.member(core.bot, old, denied),
            "new_chat_member": encode.member(core.bot, new, chat.denied),
        }
        core.add_update("my_chat_member", payload, lane=chat.id)

    def delete(self, message: Message) -> None:
        """A user deletes a message; bots get no update of it."""
        message.deleted = True
