"""Commands, buttons and forms: acknowledged at once, then handed to the reception with the token to answer by.

Discord gives three seconds for the first answer. Only a form must be that first answer itself.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import discord
import structlog

from adapters.discord import decode, modals
from adapters.discord.answers import Answers
from adapters.discord.commands import Interaction
from adapters.discord.decode import BUTTON
from adapters.discord.files import Files, Given, handle
from adapters.discord.ids import Kept
from adapters.discord.modals import EditForm
from adapters.discord.state import DiscordState
from adapters.discord.tokens import InteractionToken
from bot.chat import Action, Attachment, ButtonReply, DeletedMessage, Message, User
from bot.clock import Clock
from bot.errors import Restarted, StoreFailed
from bot.ports import AdapterStorage, EventSink
from bot.texts import choose, explain, say

log = structlog.get_logger()

LOOK, LOOKS = 0.1, 100  # seconds between two looks at whether an answer stands; how many
PATIENCE = 2.0  # seconds for the reception to allow a form; Discord wants it within three
PRIVATE = ("quota", "history", "cancel", "help", "privacy", "forget", "admin")  # answered to the member alone


class JobButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=BUTTON):
    """A button of a job, whichever process posted it."""

    def __init__(self, button: discord.ui.Button[Any], action: str, job: str) -> None:
        super().__init__(button)
        self._action = action
        self._job = job

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "JobButton":
        assert isinstance(item, discord.ui.Button)  # nothing else of ours has such an id
        return cls(item, match["action"], match["job"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        client = interaction.client
        await client.in_turn(client.counter.press(interaction, self._action, self._job))


class InteractionHandler:
    """Where interactions come in."""

    def __init__(
        self,
        *,
        answers: Answers,
        files: Files,
        notebook: DiscordState,
        memory: AdapterStorage,
        reception: EventSink,
        clock: Clock,
    ) -> None:
        self._answers = answers
        self._files = files
        self._notebook = notebook
        self._memory = memory
        self._reception = reception
        self._clock = clock

    # ------------------------------------------------------------ commands

    async def painting(
        self,
        interaction: Interaction,
        command: str,
        prompt: str,
        pictures: Sequence[discord.Attachment],
        mask: discord.Attachment | None,
        choices: Mapping[str, str],
    ) -> None:
        """`/imagine` and `/edit`."""
        if (ticket := await self._answers.acknowledge(interaction, private=False)) is None:
            return
        async with self._answers.words(interaction, ticket):
            given = [decode.decode_given(each) for each in (*pictures, *([] if mask is None else [mask]))]
            kept = await self._keep(given)
            await self._hand_over(
                interaction,
                ticket,
                command,
                prompt,
                attachments=tuple(kept[: len(pictures)]),
                mask=None if mask is None else kept[-1],
                choices=choices,
            )

    async def asking(self, interaction: Interaction, command: str, text: str) -> None:
        """A command that paints nothing."""
        ticket = await self._answers.acknowledge(interaction, private=command in PRIVATE)
        if ticket is not None:
            async with self._answers.words(interaction, ticket):
                await self._hand_over(interaction, ticket, command, text)

    async def menu(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry "Edit image" on any message: Discord shows it whole, this once. Its pictures are kept
        while the form is filled in."""
        locale = self._answers.locale(interaction)
        given = [each for _, each in decode.pictures_of(message)]
        if not given:
            text = say(locale, "refusal-reply-has-no-picture")
            await self._answers.call(lambda: interaction.response.send_message(text, ephemeral=True))
            return
        given = [_unique(each, message.id) for each in given]
        for each in given:
            self._files.keep_soon(each)
        noting = asyncio.ensure_future(self._note(message.id, given))
        await self._form(interaction, "menu", message)
        await noting

    # ------------------------------------------------------------ buttons

    async def press(self, interaction: Interaction, action: str, job: str) -> None:
        alone = decode.is_alone(interaction)
        ticket = self._answers.ticket(interaction, alone=alone)
        sender = self._answers.sender_of(interaction)
        press = decode.decode_press(interaction, action, job, sender, ticket.id if alone else None)
        if press.action is Action.EDIT:
            answering = asyncio.ensure_future(self._reception.press_button(press))
            done, _ = await asyncio.wait([answering], timeout=PATIENCE)
            if done and answering.result().open_reply and interaction.message is not None:
                await self._form(interaction, "edit", interaction.message)
                return
            await self._answers.call(lambda: interaction.response.defer())
            answer = await answering
        else:
            await self._answers.call(lambda: interaction.response.defer())
            if alone and interaction.message is not None:  # the fresh token reaches the message once more
                self._notebook.book.add(ticket)
                self._notebook.book.bind(ticket, str(interaction.message.id))
                await self._notebook.save(ticket)
            answer = await self._reception.press_button(press)
        await self._answers.whisper(ticket, answer)

    # ------------------------------------------------------------ forms

    async def form(self, interaction: Interaction) -> None:
        """A form was sent in, maybe one that an earlier process showed."""
        custom_id = interaction.custom_id or ""
        menu, result = modals.MENU.fullmatch(custom_id), modals.RESULT.fullmatch(custom_id)
        if menu is None and result is None:
            return
        if (ticket := await self._answers.acknowledge(interaction, private=False)) is None:
            return
        async with self._answers.words(interaction, ticket):
            filled = decode.decode_form(interaction.data or {})
            uploads = tuple(await self._keep(filled.uploads))
            reply: Message | DeletedMessage | None = None
            if menu is not None:
                target = await self._noted(menu["message"])
                uploads, reply = (*target, *uploads), None if target else DeletedMessage(id=menu["message"])
            else:
                reply = self._result(interaction, ticket)
            await self._hand_over(interaction, ticket, "edit", filled.prompt, attachments=uploads, reply_to=reply)

    async def _note(self, message: int, given: list[Given]) -> None:
        """Which pictures a form is about, also for the process that it is sent in to."""
        try:
            await self._memory.cache_blob(modals.menu_key(message), modals.dump_given(given))
        except StoreFailed as failed:
            log.warning("pictures of a message not noted", detail=failed.detail)

    async def _noted(self, message: str) -> tuple[Attachment, ...]:
        """The pictures of the message that a form is about; none when they are no longer known."""
        try:
            noted = await self._memory.cached_blob(modals.menu_key(message))
        except StoreFailed as failed:
            log.warning("pictures of a message not read", detail=failed.detail)
            noted = None
        return () if noted is None else tuple(handle(each, str(Kept(id=each.id))) for each in modals.load_given(noted))

    def _result(self, interaction: Interaction, ticket: InteractionToken) -> Message | None:
        """The result that the form's button hangs on."""
        message = interaction.message
        if message is None:
            return None
        found = decode.pictures_of(message)
        for place, given in found:
            self._files.know(str(place), given.url)
        refs = [(str(Kept(id=given.id) if ticket.alone else place), given) for place, given in found]
        return Message(
            id=str(message.id),
            chat=decode.decode_place(interaction, None),
            sender=decode.decode_user(message.author, locale=None),
            text="",
            attachments=tuple(handle(given, ref) for ref, given in refs),
            from_me=True,
        )

    async def _form(self, interaction: Interaction, kind: str, message: discord.Message) -> None:
        form = EditForm(
            kind=kind,
            channel=interaction.channel_id or 0,
            message=message.id,
            locale=self._answers.locale(interaction),
            longest=self._reception.capabilities.max_prompt_chars,
        )
        await self._answers.call(lambda: interaction.response.send_modal(form))

    # ------------------------------------------------------------ shared

    async def _keep(self, given: Sequence[Given]) -> list[Attachment]:
        return list(await asyncio.gather(*(self._files.keep(each) for each in given)))

    async def _hand_over(
        self,
        interaction: Interaction,
        ticket: InteractionToken,
        command: str,
        text: str,
        *,
        attachments: tuple[Attachment, ...] = (),
        mask: Attachment | None = None,
        choices: Mapping[str, str] | None = None,
        reply_to: Message | DeletedMessage | None = None,
    ) -> None:
        sender = self._answers.sender_of(interaction)
        received = await self._reception.receive_message(
            Message(
                id=ticket.id,
                chat=decode.decode_place(interaction, ticket.id),
                sender=sender,
                text=text,
                attachments=attachments,
                reply_to=reply_to,
                to_me=True,
                command=command,
                options=choices or {},
                mask=mask,
            )
        )
        if not received:  # nobody will hand it in again, and "thinking" would stand there for ever
            await self._answers.whisper(
                ticket, ButtonReply(text=explain(self._answers.locale(interaction), Restarted()))
            )
            return
        await self._pay(ticket, sender)

    async def _pay(self, ticket: InteractionToken, member: User) -> None:
        """Tells what could not be told before, once the answer itself stands: until then it would fill that one."""
        if not self._notebook.owes(member.id):
            return
        for _ in range(LOOKS):
            if ticket.answered:
                await self._answers.whisper(ticket, ButtonReply(text=say(choose(member.locale), "discord-owed")))
                await self._notebook.paid(member.id)
                return
            await self._clock.sleep(LOOK)


def _unique(given: Given, message: int) -> Given:
    """An embed's picture has no id of its own: it is kept under its message's."""
    if not given.id.startswith("e"):
        return given
    return Given(
        id=f"{message}-{given.id}",
        url=given.url,
        size=given.size,
        media_type=given.media_type,
        filename=given.filename,
        spoiler=given.spoiler,
    )
