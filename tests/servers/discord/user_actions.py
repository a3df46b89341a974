"""User actions: messages, deletions, commands, clicks, submitted modals. Each reaches the bot as an event."""

from collections.abc import Mapping, Sequence

from tests.servers.discord import interaction_events, mentions
from tests.servers.discord.commands import CHAT, MESSAGE
from tests.servers.discord.core import Core
from tests.servers.discord.entities import Channel, Flag, Guild, Message, Permission, Reference, Sticker, Upload, User
from tests.servers.discord.errors import Json
from tests.servers.discord.gateway import Intent
from tests.servers.discord.interaction_events import Resolved, Value
from tests.servers.discord.interactions import Interaction, InteractionKind

REPLY, BUTTON = 19, 2


class UserActions:
    """What users do. An act that Discord's own client would not allow raises AssertionError."""

    core: Core

    # ------------------------------------------------------------ writing

    def say(
        self,
        author: User,
        channel: Channel,
        text: str = "",
        *,
        files: Sequence[Upload] = (),
        reply_to: Message | None = None,
        ping: bool = True,
        resolved: bool = True,
        embeds: Sequence[Json] = (),
        stickers: Sequence[Sticker] = (),
        components: Sequence[Json] = (),
    ) -> Message:
        """A member writes, or with `components` an app. `ping`: the reply mentions its author. `resolved` False: the
        event leaves out `referenced_message`, as Discord does when it did not look."""
        reference = None
        if reply_to is not None:
            reference = Reference(message=reply_to, kind="reply", shown=resolved)
        return self._write(
            author,
            channel,
            text,
            files,
            reference=reference,
            ping=ping,
            embeds=embeds,
            stickers=stickers,
            components=components,
        )

    def unfold(self, message: Message, embeds: Sequence[Json]) -> None:
        """Discord has looked at the links of a message, some time after it was written, and shows what is there."""
        message.embeds = [*message.embeds, *embeds]
        self.core.dispatch_message("MESSAGE_UPDATE", message)

    def open_post(self, author: User, forum: Channel, text: str = "", *, files: Sequence[Upload] = ()) -> Channel:
        """A member opens a post of a forum, whose first message has the post's id."""
        thread = self.core.world.add_thread(forum)
        self._write(author, thread, text, files, reference=None, message_id=thread.id)
        return thread

    def forward(self, author: User, channel: Channel, message: Message) -> Message:
        """Someone's message, as a snapshot."""
        return self._write(author, channel, "", (), reference=Reference(message=message, kind="forward"))

    def rewrite(self, message: Message, text: str) -> None:
        """A member edits a message."""
        message.content = text
        message.edited = self.core.now()
        message.versions.append(text)
        message.mentions = self._mentions(text, message.reference, ping=True)
        self.core.dispatch_message("MESSAGE_UPDATE", message)

    def delete(self, message: Message) -> None:
        """A member, or a moderator, deletes a message."""
        message.deleted = True
        self.core.dispatch_deletion(message)

    def kick(self, guild: Guild) -> None:
        """An admin of the guild removes the bot."""
        guild.bot_in = False
        body: Json = {"id": str(guild.id)}
        self.core.gateway.dispatch("GUILD_DELETE", lambda _: body, guild_id=guild.id, needs=Intent.GUILDS)

    def repeat_events(self) -> None:
        """Every message and interaction so far comes once more, the last one first: Discord promises no order, and a
        resumed session replays."""
        for session in self.core.gateway.sessions.values():
            for packet in reversed(session.sent.copy()):
                if packet["t"] in ("MESSAGE_CREATE", "INTERACTION_CREATE"):
                    session.dispatch(packet["t"], packet["d"])

    def deny(self, channel: Channel, denied: Permission) -> None:
        """An admin of the guild changes what the bot may not do in a channel."""
        channel.denied = denied
        self.core.dispatch_channel("CHANNEL_UPDATE", channel)

    def remove_channel(self, channel: Channel) -> None:
        """An admin of the guild deletes a channel."""
        assert channel.guild is not None
        self.core.dispatch_channel("CHANNEL_DELETE", channel)
        del self.core.world.channels[channel.id]
        channel.guild.channels.remove(channel)

    def archive(self, thread: Channel, *, locked: bool = False) -> None:
        thread.archived, thread.locked = True, locked
        self.core.dispatch_channel("THREAD_UPDATE", thread)

    # ------------------------------------------------------------ asking

    def slash(
        self, user: User, channel: Channel, command: str, options: Mapping[str, Value] | None = None
    ) -> Interaction:
        """`/command`, with the names of subcommands after a space. The bot must have registered it for this
        place."""
        return self._command(InteractionKind.COMMAND, user, channel, command, options or {})

    def autocomplete(
        self,
        user: User,
        channel: Channel,
        command: str,
        focused: str,
        typed: str,
        options: Mapping[str, Value] | None = None,
    ) -> Interaction:
        """The member is typing `typed` into option `focused`; `options` are filled in already."""
        return self._command(
            InteractionKind.AUTOCOMPLETE, user, channel, command, {**(options or {}), focused: typed}, focused=focused
        )

    def message_menu(self, user: User, command: str, message: Message) -> Interaction:
        """Apps > `command` on a message; the bot sees that message whole."""
        channel = message.channel
        definition = self._definition(command, MESSAGE, channel)
        full = self.core.messages.full(message)
        data: Json = {
            "id": definition["id"],
            "name": command,
            "type": MESSAGE,
            "target_id": str(message.id),
            "resolved": {"messages": {str(message.id): full}},
        }
        return self._ask(InteractionKind.COMMAND, user, channel, data, name=command, target=message)

    def click(self, user: User, message: Message, custom_id: str) -> Interaction:
        """A button of a message of the bot."""
        assert not message.deleted, "the message is deleted"
        nodes = [node for node in interaction_events.walk(message.components) if node.get("custom_id") == custom_id]
        assert nodes, f"no button {custom_id!r} among {message.custom_ids}"
        assert not nodes[0].get("disabled"), f"the button {custom_id!r} is disabled"
        data: Json = {"custom_id": custom_id, "component_type": BUTTON, "id": nodes[0].get("id")}
        return self._ask(InteractionKind.COMPONENT, user, message.channel, data, source=message)

    def modal_submit(self, opened_by: Interaction, values: Mapping[str, Value]) -> Interaction:
        """The member fills in the form that an interaction opened, and sends it. `values` by custom_id."""
        modal = opened_by.modal
        assert modal is not None, "the interaction opened no form"
        resolved = Resolved(self.core.world, self.core.cdn)
        data: Json = {
            "custom_id": modal["custom_id"],
            "components": interaction_events.fields(modal, values, resolved),
            "resolved": resolved.body,
        }
        return self._ask(
            InteractionKind.MODAL,
            opened_by.user,
            opened_by.channel,
            data,
            source=opened_by.source,
            parent=opened_by,
        )

    def deliver_interaction(self, interaction: Interaction) -> None:
        """Tells the bot of an interaction (once more), with the same id and token."""
        build, guild = interaction_events.event(self.core, interaction), interaction.channel.guild
        self.core.gateway.dispatch(
            "INTERACTION_CREATE",
            lambda session: build(session.sees_content),
            guild_id=guild.id if guild else None,
        )

    # ------------------------------------------------------------ inside

    def _write(
        self,
        author: User,
        channel: Channel,
        text: str,
        files: Sequence[Upload],
        *,
        reference: Reference | None,
        ping: bool = False,
        embeds: Sequence[Json] = (),
        stickers: Sequence[Sticker] = (),
        components: Sequence[Json] = (),
        message_id: int | None = None,
    ) -> Message:
        core = self.core
        message = Message(
            id=core.world.snowflake() if message_id is None else message_id,
            channel=channel,
            author=author,
            created=core.now(),
            content=text,
            kind=REPLY if reference is not None and reference.kind == "reply" else 0,
            flags=(1 << 14 if reference is not None and reference.kind == "forward" else 0)
            | (Flag.COMPONENTS_V2 if components else 0),
            attachments=[core.world.store(upload) for upload in files],
            embeds=list(embeds),
            stickers=list(stickers),
            components=list(components),
            mentions=self._mentions(text, reference, ping=ping),
            reference=reference,
        )
        core.world.add_message(message)
        core.dispatch_message("MESSAGE_CREATE", message)
        return message

    def _mentions(self, text: str, reference: Reference | None, *, ping: bool) -> list[User]:
        """Who is mentioned: by name, and by a reply, unless that answers an interaction's message."""
        users = self.core.world.users
        found = [users[number] for number in mentions.mentioned_users(text) if number in users]
        if reference is not None and reference.kind == "reply" and ping:
            target = reference.message
            if target.interaction is None and target.author not in found:
                found.append(target.author)
        return found

    def _command(
        self,
        kind: InteractionKind,
        user: User,
        channel: Channel,
        command: str,
        values: Mapping[str, Value],
        *,
        focused: str | None = None,
    ) -> Interaction:
        name, *path = command.split()
        definition = self._definition(name, CHAT, channel)
        resolved = Resolved(self.core.world, self.core.cdn)
        data: Json = {
            "id": definition["id"],
            "name": name,
            "type": CHAT,
            "options": interaction_events.options(definition, path, values, resolved, focused=focused),
        }
        if resolved.body:
            data["resolved"] = resolved.body
        return self._ask(kind, user, channel, data, name=command)

    def _definition(self, name: str, kind: int, channel: Channel) -> Json:
        """What this member may use in this place ("Contexts" and "Installation")."""
        guild = channel.guild
        definition = self.core.commands.find(name, kind, guild.id if guild else None)
        probe = 0 if guild else 1 if channel.recipients and channel.bot_in else 2
        contexts = definition.get("contexts")
        assert contexts is None or probe in contexts, f"{name!r} is not offered in context {probe}"
        here = guild.bot_in if guild else channel.bot_in
        installs = definition.get("integration_types") or [0]
        assert here or 1 in installs, f"{name!r} cannot be installed by a user"
        return definition

    def _ask(
        self,
        kind: InteractionKind,
        user: User,
        channel: Channel,
        data: Json,
        *,
        name: str = "",
        source: Message | None = None,
        target: Message | None = None,
        parent: Interaction | None = None,
    ) -> Interaction:
        assert source is None or not source.flags & Flag.LOADING or kind is InteractionKind.MODAL, "still loading"
        core = self.core
        interaction = core.interactions.ask(
            kind, user, channel, data, name=name, source=source, target=target, parent=parent
        )
        self.deliver_interaction(interaction)
        return interaction
