"""Where people meet: users, chats, topics, and what becomes of the bot in them. Every change that Telegram tells
bots of reaches it as an update."""

from collections.abc import Iterable

from tests.servers.telegram import encode
from tests.servers.telegram.core import Core
from tests.servers.telegram.entities import Chat, Content, Message, Status, Topic, User


class Places:
    """The hands of those who arrange chats."""

    core: Core

    # ------------------------------------------------------------ making

    def add_user(
        self, name: str, *, username: str | None = None, language_code: str | None = "en", bot: bool = False
    ) -> User:
        """`language_code` None: the client tells none."""
        return self.core.world.add_user(name, username, language_code, bot=bot)

    def private(self, user: User, *, opened: bool = False) -> Chat:
        """The conversation of the bot with a user. Until the user has written, the bot may not; `opened`: they
        have written before."""
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
        """A group that the bot is in since long ago. `privacy`: by default as set in BotFather."""
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
        """The chat in which people write to a channel; the bot is one of its administrators. Everybody who
        writes has a topic of their own."""
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
        self.core.tell_message(message)
        return topic

    def close_topic(self, chat: Chat, topic: Topic) -> None:
        topic.closed = True
        creator = next(iter(self._members(chat)), None)
        service = Content(service={"forum_topic_closed": {}})
        self.core.tell_message(self.core.world.post(chat, creator, service, topic=topic))

    def delete_topic(self, chat: Chat, topic: Topic) -> None:
        """With all its messages; bots are not told."""
        topic.deleted = True
        for message in chat.standing:
            if message.topic is topic:
                message.deleted = True

    # ------------------------------------------------------------ the bot in them

    def block(self, user: User) -> None:
        chat = self.core.world.private(user)
        chat.blocked = True
        self._moved(chat, user, "member", "kicked")

    def unblock(self, user: User) -> None:
        chat = self.core.world.private(user)
        chat.blocked = False
        self._moved(chat, user, "kicked", "member")

    def deactivate(self, user: User) -> None:
        """The account is gone."""
        self.core.world.private(user).deactivated = True

    def kick(self, chat: Chat, *, by: User | None = None) -> None:
        self._become(chat, "kicked", by)

    def join(self, chat: Chat, *, by: User | None = None) -> None:
        """The bot is added (again)."""
        self._become(chat, "member", by)
        adder = by or self._somebody(chat)
        service = Content(service={"new_chat_members": [encode.user(self.core.bot)]})
        self.core.tell_message(self.core.world.post(chat, adder, service))

    def promote(self, chat: Chat, *, by: User | None = None) -> None:
        """The bot becomes an administrator, and sees everything."""
        self._become(chat, "administrator", by)

    def demote(self, chat: Chat, *, by: User | None = None) -> None:
        self._become(chat, "member", by)

    def restrict(self, chat: Chat, *denied: str, by: User | None = None) -> None:
        """The bot may not send `denied` here ("photos", "text messages", "documents", …); nothing: it may again."""
        before = set(chat.denied)
        chat.denied = set(denied)
        self._become(chat, "restricted" if denied else "member", by, denied_before=before)

    def migrate(self, group: Chat) -> Chat:
        """A small group becomes a supergroup with another id; the old id is refused from now on."""
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
        by = self._somebody(group)
        self.core.tell_message(world.post(group, by, Content(service={"migrate_to_chat_id": new.id})))
        self.core.tell_message(world.post(new, by, Content(service={"migrate_from_chat_id": group.id})))
        group.migrated_to = new
        return new

    # ------------------------------------------------------------ inside

    def _members(self, chat: Chat) -> list[User]:
        return [self.core.world.users[number] for number in chat.members]

    def _somebody(self, chat: Chat) -> User:
        members = self._members(chat)
        if members:
            return members[0]
        owner = self.add_user("Owner")
        chat.members[owner.id] = "creator"
        return owner

    def _become(self, chat: Chat, status: Status, by: User | None, denied_before: set[str] | None = None) -> None:
        old, chat.bot_status = chat.bot_status, status
        self._moved(chat, by or self._somebody(chat), old, status, denied_before)

    def _moved(self, chat: Chat, by: User, old: Status, new: Status, denied_before: set[str] | None = None) -> None:
        """my_chat_member."""
        core = self.core
        denied = chat.denied if denied_before is None else denied_before
        payload = {
            "chat": encode.chat(chat),
            "from": encode.user(by),
            "date": encode.seconds(core.now()),
            "old_chat_member": encode.member(core.bot, old, denied),
            "new_chat_member": encode.member(core.bot, new, chat.denied),
        }
        core.tell("my_chat_member", payload, lane=chat.id)

    def delete(self, message: Message) -> None:
        """Somebody deletes a message; bots are not told."""
        message.deleted = True
