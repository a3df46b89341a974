"""Commands, buttons and modals: acknowledged at once, then handed to the core with the token to reply by.

Discord gives three seconds for the first response. Only a modal must be that first response itself.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import discord
import structlog

from adapters.discord import decode, modals
from adapters.discord.commands import EPHEMERAL_COMMANDS, Interaction
from adapters.discord.decode import ANSWER_ID, BUTTON_ID
from adapters.discord.files import Files
from adapters.discord.ids import PLATFORM
from adapters.discord.interaction_replies import InteractionReplies
from adapters.discord.interaction_tokens import InteractionToken, token_id
from adapters.discord.media import ReceivedFile, decode_file, decode_files, make_attachment
from adapters.discord.modals import MenuTarget, PromptModal
from adapters.discord.permissions import REQUIRED_FOR_REPLIES, names_of_missing
from adapters.discord.state import DiscordState
from adapters.discord.threads import ThreadStarters
from adapters.discord.unfolding import LINKS_FRESH, LinkUnfolding
from adapters.discord.users import Users, interaction_locale
from bot.chat import Action, Attachment, DeletedMessage, Message, MessageRef, User
from bot.errors import ReplyHasNoPicture, Restarted, StoreFailed
from bot.intake.commands import PAINT_COMMANDS
from bot.intake.parser import file_refusal
from bot.ports import AdapterStorage, ButtonPress, EventSink
from bot.runtime.clock import Clock
from bot.texts import negotiate_locale, translate, translate_error

log = structlog.get_logger()

NOTICE_POLL_S, NOTICE_POLLS = 0.1, 100  # between two looks at whether the reply is shown; how many: 10 s
PAINTING_ACTIONS = (
    Action.RETRY,
    Action.VARY,
    Action.EDIT,
    Action.UNDO,
    Action.ORIGINAL,
)  # of buttons: what they lead to needs a place
MODAL_DECISION_S = 2.0  # until a modal is shown or not: Discord wants it within three
MENU_UNFOLD_WAIT_S = 1.0  # of that, for Discord to show what is behind a link


class InteractionHandler:
    """Handles every interaction. Implements `commands.CommandCallbacks`."""

    def __init__(
        self,
        *,
        replies: InteractionReplies,
        users: Users,
        starters: ThreadStarters,
        unfolding: LinkUnfolding,
        files: Files,
        state: DiscordState,
        storage: AdapterStorage,
        events: EventSink,
        clock: Clock,
    ) -> None:
        self._replies = replies
        self._users = users
        self._starters = starters
        self._unfolding = unfolding
        self._files = files
        self._state = state
        self._storage = storage
        self._events = events
        self._clock = clock

    # ------------------------------------------------------------ commands

    async def handle_paint_command(
        self,
        interaction: Interaction,
        command: str,
        prompt: str,
        images: Sequence[discord.Attachment],
        mask: discord.Attachment | None,
        options: Mapping[str, str],
    ) -> None:
        """`/imagine` and `/edit`."""
        if await self._refuse_closed_place(interaction):
            return
        message = self._make_message(interaction, command, prompt, options=options)  # while the interaction is saved
        if (token := await self._replies.acknowledge(interaction, ephemeral=False)) is None:
            return
        async with self._replies.report_bugs(interaction, token):
            if images or mask is not None:
                files = [decode_file(file) for file in (*images, *([] if mask is None else [mask]))]
                attachments = await self._store_uploads(files)
                message = replace(
                    message,
                    attachments=tuple(attachments[: len(images)]),
                    mask=None if mask is None else attachments[-1],
                )
            await self._hand_over(interaction, token, message)

    async def handle_text_command(self, interaction: Interaction, command: str, args: str) -> None:
        """A command that paints nothing."""
        token = await self._replies.acknowledge(interaction, ephemeral=command in EPHEMERAL_COMMANDS)
        if token is not None:
            async with self._replies.report_bugs(interaction, token):
                await self._hand_over(interaction, token, self._make_message(interaction, command, args))

    async def handle_message_menu(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry "Edit image" of any message: Discord shows the message whole, this once. Its images are
        stored while the modal is filled in; of links that Discord still looks at, what it shows is waited for."""
        if await self._refuse_closed_place(interaction):
            return
        if interaction.created_at - message.created_at < LINKS_FRESH:
            unfolding = asyncio.ensure_future(self._unfolding.complete(message, wait_s=MENU_UNFOLD_WAIT_S))
            await asyncio.wait([unfolding], timeout=MODAL_DECISION_S)
        locale = interaction_locale(interaction)
        files = tuple(_with_unique_id(file, message.id) for _, file in decode_files(message))
        target = MenuTarget(files=files, links=tuple(decode.decode_written_links(message)))
        refusals = [file_refusal(make_attachment(file, file.stored_ref)) for file in files]
        if not (None in refusals or (target.links and not files)):  # before somebody fills in a form in vain
            refused = next((each for each in refusals if each is not None), ReplyHasNoPicture())
            await self._replies.refuse(interaction, translate_error(locale, refused))
            return
        for file in files:
            self._files.store_in_background(file)
        storing = asyncio.ensure_future(self._store_menu_target(message.id, target))
        await self._show_modal(interaction, "menu", message)
        await storing

    async def handle_delete_menu(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry "Delete picture": as the button of a result, also where that is out of sight."""
        job, _ = decode.job_of_message(message)
        if job is None or message.author != interaction.client.user:
            text = translate(interaction_locale(interaction), "refusal-nothing-to-delete")
            await self._replies.respond(lambda: interaction.response.send_message(text, ephemeral=True))
            return
        if (token := await self._replies.acknowledge(interaction, ephemeral=True)) is None:
            return
        async with self._replies.report_bugs(interaction, token):
            reply = await self._events.press_button(
                ButtonPress(
                    id=str(interaction.id),
                    message=MessageRef(
                        chat=decode.decode_interaction_chat(interaction, None), message_id=str(message.id)
                    ),
                    sender=self._users.of_interaction(interaction),
                    action=Action.DELETE,
                    job_id=job,
                    sender_moderates=decode.moderates(interaction),
                )
            )
            await self._replies.send_ephemeral(
                token, reply.text or translate(interaction_locale(interaction), "deleted")
            )

    # ------------------------------------------------------------ buttons

    async def handle_component(self, interaction: Interaction) -> None:
        """A click on a button, whichever process posted it; other components are none of ours."""
        custom_id = interaction.custom_id or ""
        if (match := BUTTON_ID.fullmatch(custom_id)) is not None:
            await self.handle_button(interaction, match["action"], match["target"])
        elif (match := ANSWER_ID.fullmatch(custom_id)) is not None:
            await self.handle_answer_button(interaction, needs_words=match["wanted"] == "words")

    async def handle_button(self, interaction: Interaction, action: str, target: str) -> None:
        if Action(action) in PAINTING_ACTIONS and await self._refuse_closed_place(interaction):
            return
        token_only = decode.is_token_only(interaction)
        token = self._replies.make_token(interaction, token_only=token_only)
        sender = self._users.of_interaction(interaction)
        press = decode.decode_button_press(interaction, action, target, sender, token.id if token_only else None)
        if press.action is Action.EDIT:
            pressing = asyncio.ensure_future(self._events.press_button(press))
            done, _ = await asyncio.wait([pressing], timeout=MODAL_DECISION_S)
            if done and pressing.result().open_reply and interaction.message is not None:
                await self._show_modal(interaction, "edit", interaction.message)
                return
            await self._replies.respond(lambda: interaction.response.defer())
            reply = await pressing
        else:
            await self._replies.acknowledge_press(interaction)
            # the fresh token reaches the message once more
            if token_only and interaction.message is not None and not press.from_menu:
                await self._state.renew_token(token, str(interaction.message.id))
            reply = await self._events.press_button(press)
        await self._replies.send_reply(token, reply)
        if reply.handled:
            self._replies.set_handled(interaction)

    async def handle_answer_button(self, interaction: Interaction, *, needs_words: bool) -> None:
        """The button of a question opens the form for its answer."""
        if interaction.message is not None:
            await self._show_modal(interaction, "answer", interaction.message, needs_words=needs_words)

    # ------------------------------------------------------------ modals

    async def handle_modal(self, interaction: Interaction) -> None:
        """A modal was sent in, maybe one that an earlier process showed."""
        custom_id = interaction.custom_id or ""
        menu, answer = modals.MENU_MODAL_ID.fullmatch(custom_id), modals.ANSWER_MODAL_ID.fullmatch(custom_id)
        if menu is None and answer is None and modals.RESULT_MODAL_ID.fullmatch(custom_id) is None:
            return
        if await self._refuse_closed_place(interaction):
            return
        if (token := await self._replies.acknowledge(interaction, ephemeral=False)) is None:
            return
        async with self._replies.report_bugs(interaction, token):
            modal = decode.decode_modal(interaction.data or {})
            attachments = tuple(await self._store_uploads(modal.uploads))
            reply: Message | DeletedMessage | None = None
            if menu is not None:
                target = await self._load_menu_target(menu["message"])
                files = [make_attachment(file, file.stored_ref) for file in target.files]
                attachments = (*files, *attachments)
                reply = None if files else self._linked_message(interaction, menu["message"], target)
            else:
                reply = self._decode_own_message(interaction, token)
            command = "edit" if answer is None else "imagine"
            message = self._make_message(interaction, command, modal.prompt)
            await self._hand_over(interaction, token, replace(message, attachments=attachments, reply_to=reply))

    async def _store_menu_target(self, message_id: int, target: MenuTarget) -> None:
        """Stores which images a modal is about, also for the process that it is sent in to."""
        try:
            await self._storage.cache_blob(modals.menu_target_key(message_id), modals.dump_target(target))
        except StoreFailed as failed:
            log.warning("images of a message not stored", detail=failed.detail)

    async def _load_menu_target(self, message_id: str) -> MenuTarget:
        """The images of the message that a modal is about; none when they are no longer known."""
        try:
            dumped = await self._storage.cached_blob(modals.menu_target_key(message_id))
        except StoreFailed as failed:
            log.warning("images of a message not loaded", detail=failed.detail)
            dumped = None
        try:
            return MenuTarget() if dumped is None else modals.load_target(dumped)
        except ValueError:
            log.warning("images of a message not understood", message=message_id)
            return MenuTarget()

    def _linked_message(
        self, interaction: Interaction, message_id: str, target: MenuTarget
    ) -> Message | DeletedMessage:
        """A message whose links may be pictures', as one that is replied to; the deleted one where it has none."""
        if not target.links:
            return DeletedMessage(id=message_id)
        return Message(
            id=message_id,
            chat=decode.decode_interaction_chat(interaction, None),
            sender=User(platform=PLATFORM, id="", name=""),
            text="",
            links=target.links,
        )

    def _decode_own_message(self, interaction: Interaction, token: InteractionToken) -> Message | None:
        """The result or question that the modal's button belongs to, as the message that is replied to."""
        message = interaction.message
        if message is None:
            return None
        files = decode_files(message)
        for ref, file in files:
            self._files.remember_url(str(ref), file.url)
        attachments = [make_attachment(file, file.stored_ref if token.token_only else ref) for ref, file in files]
        return Message(
            id=str(message.id),
            chat=decode.decode_interaction_chat(interaction, None),
            sender=decode.decode_user(message.author, locale=None),
            text=message.content,
            attachments=tuple(attachments),
            from_me=True,
        )

    async def _show_modal(
        self, interaction: Interaction, kind: str, message: discord.Message, *, needs_words: bool = True
    ) -> None:
        modal = PromptModal(
            kind=kind,
            channel_id=interaction.channel_id or 0,
            message_id=message.id,
            locale=interaction_locale(interaction),
            max_prompt=self._events.capabilities.max_prompt_chars,
            needs_words=needs_words,
        )
        await self._replies.respond(lambda: interaction.response.send_modal(modal))

    # ------------------------------------------------------------ shared

    async def _refuse_closed_place(self, interaction: Interaction) -> bool:
        """Whether no picture can be delivered where the interaction was started; the user alone is notified."""
        missing = names_of_missing(interaction.app_permissions, REQUIRED_FOR_REPLIES)
        if missing:
            log.warning("permissions are missing", channel=interaction.channel_id, missing=missing)
            locale = interaction_locale(interaction)
            await self._replies.refuse(
                interaction, translate(locale, "discord-no-permission", missing=", ".join(missing))
            )
        return bool(missing)

    async def _store_uploads(self, files: Sequence[ReceivedFile]) -> list[Attachment]:
        return list(await asyncio.gather(*(self._files.store_upload(file) for file in files)))

    def _make_message(
        self, interaction: Interaction, command: str, text: str, *, options: Mapping[str, str] | None = None
    ) -> Message:
        """The request of an interaction, as a message of the user."""
        request_id = token_id(interaction.id)
        return Message(
            id=request_id,
            chat=decode.decode_interaction_chat(interaction, request_id),
            sender=self._users.of_interaction(interaction),
            text=text if command == "admin" else decode.decode_typed(interaction, text),
            to_me=True,
            command=command,
            options=options or {},
        )

    async def _hand_over(self, interaction: Interaction, token: InteractionToken, message: Message) -> None:
        """Hands a request to the core."""
        command = message.command
        if message.reply_to is None and not message.attachments and command in PAINT_COMMANDS:
            typed = "/edit" if command == "edit" else message.text
            if about := await self._starters.pictures(interaction.channel, typed):
                message = replace(message, about=about)
        if await self._events.receive_message(message):
            await self._send_pending_notice(token, message.sender)
        else:  # nobody will hand it over again, and "thinking" would stand there for ever
            await self._replies.send_ephemeral(token, translate_error(interaction_locale(interaction), Restarted()))

    async def _send_pending_notice(self, token: InteractionToken, user: User) -> None:
        """Sends a notice of before, once the reply itself is shown: until then the notice would take its place."""
        if not self._state.has_pending_notice(user.id):
            return
        for _ in range(NOTICE_POLLS):
            if token.replied:
                await self._replies.send_ephemeral(token, translate(negotiate_locale(user.locale), "discord-owed"))
                await self._state.delete_pending_notice(user.id)
                return
            await self._clock.sleep(NOTICE_POLL_S)


def _with_unique_id(file: ReceivedFile, message_id: int) -> ReceivedFile:
    """An image of embeds and components has no id of its own: it is stored under its message's."""
    return file if file.id.isdecimal() else replace(file, id=f"{message_id}-{file.id}")
