"""Messages as the bot receives them: what the message-content intent hides, what a reply shows. Changes nothing.

From the docs' "Message Content Intent", "Message Object", "Message Reference Types".
"""

from tests.servers.discord import encode
from tests.servers.discord.cdn import Cdn
from tests.servers.discord.entities import Kind, Message, Reference, User
from tests.servers.discord.errors import Json
from tests.servers.discord.world import World

HIDDEN: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


class Messages:
    """How messages look to the bot."""

    def __init__(self, world: World, cdn: Cdn) -> None:
        self._world = world
        self._cdn = cdn

    def full(self, what: Message) -> Json:
        """With everything in it, as in the target of a message command."""
        return self.seen(what, content=True)

    def seen(self, what: Message, *, content: bool) -> Json:
        """As the bot sees it. `content`: whether it has the message-content intent."""
        shown = content or self._exempt(what)
        body = {
            **self._inside(what, shown=shown),
            "id": str(what.id),
            "channel_id": str(what.channel.id),
            "author": encode.user(what.author),
            "pinned": False,
            "mention_everyone": "@everyone" in what.content,
            "tts": False,
        }
        if what.nonce is not None:
            body["nonce"] = what.nonce
        if what.reactions:
            body["reactions"] = [self._reaction(emoji, who) for emoji, who in what.reactions.items()]
        if what.interaction is not None:
            body["application_id"] = body["webhook_id"] = str(self._world.application_id)
            body["interaction_metadata"] = what.interaction.metadata()
        if what.reference is not None:
            body |= self._reference(what.reference, content=content, shown=shown)
        return body

    def event(self, what: Message, *, content: bool) -> Json:
        """As the gateway sends it: with the guild and the author's membership."""
        body = self.seen(what, content=content)
        guild = what.channel.guild
        if guild is None:
            return body
        body["guild_id"] = str(guild.id)
        if (author := guild.members.get(what.author.id)) is not None:
            body["member"] = encode.member(author, self._world.now())
        return body

    def _exempt(self, what: Message) -> bool:
        """What every bot may read: its own messages, DMs, and those that mention it ("Message Content Intent")."""
        bot = self._world.bot
        return what.author is bot or what.channel.kind is Kind.DM or bot in what.mentions

    def _inside(self, what: Message, *, shown: bool) -> Json:
        place = self._world.application_id if what.ephemeral else what.channel.id
        body: Json = {
            "type": what.kind,
            "content": what.content,
            "mentions": [encode.user(one) for one in what.mentions],
            "mention_roles": [],
            "attachments": [encode.attachment(one, place, self._cdn) for one in what.attachments],
            "embeds": what.embeds,
            "timestamp": encode.stamp(what.created),
            "edited_timestamp": None if what.edited is None else encode.stamp(what.edited),
            "flags": what.flags,
            "components": what.components,
        }
        if what.stickers:  # not among what the intent hides
            body["sticker_items"] = [
                {"id": str(one.id), "name": one.name, "format_type": int(one.format)} for one in what.stickers
            ]
        return body if shown else body | HIDDEN

    def _reference(self, reference: Reference, *, content: bool, shown: bool) -> Json:
        target = reference.message
        guild = target.channel.guild
        link: Json = {
            "type": 0 if reference.kind == "reply" else 1,
            "channel_id": str(target.channel.id),
            "message_id": str(target.id),
        }
        if guild is not None:
            link["guild_id"] = str(guild.id)
        body: Json = {"message_reference": link}
        if reference.kind == "forward":
            body["message_snapshots"] = [{"message": self._inside(target, shown=shown)}]
        elif reference.shown:
            body["referenced_message"] = None if target.deleted else self._alone(target, content=content)
        return body

    def _alone(self, target: Message, *, content: bool) -> Json:
        """A replied-to message: one hop, its own reference named but not resolved; its own rule of content."""
        body = self.seen(target, content=content)
        body.pop("referenced_message", None)
        return body

    def _reaction(self, emoji: str, who: list[User]) -> Json:
        return {
            "emoji": {"id": None, "name": emoji},
            "count": len(who),
            "count_details": {"burst": 0, "normal": len(who)},
            "burst_colors": [],
            "me_burst": False,
            "burst_me": False,
            "burst_count": 0,
            "me": self._world.bot in who,
        }
