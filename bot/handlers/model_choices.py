"""The model that each user keeps for their requests: stored until they choose another or have it deleted.

Memory is authoritative, the database holds a copy for restarts; other processes are notified of each choice. What the
models are is the providers'.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot.chat import Action, Button, Card
from bot.errors import AlreadyFinished, ChooseModel, OneModelOnly, StoreFailed
from bot.handlers.pending_requests import PendingRequestStorage
from bot.intake.models import AUTO_MODEL, current_model, list_models, matching_models, model_key, offered_models
from bot.intake.options import QUOTED_MAX_CHARS
from bot.painting import Model, Options
from bot.ports import Bus
from bot.texts import shorten, translate

log = structlog.get_logger()

KEY_PREFIX = "model-choice:"  # of the keys in the database; `Deletions.erase_user` deletes by it
TOPIC = "model chosen"  # on the bus, with the user's key and the name; empty: none
MAX_BUTTONS = 20  # models with a button of their own: Discord shows five rows of five, one of them chooses none


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenOptions:
    """A request's options after the user's own choice of a model."""

    options: Options
    """With a model, where one was named or is kept."""

    gone: str = ""
    """Name of the kept model that is no longer offered, and is forgotten now; empty: none."""


class ModelChoices:
    """The choices of all users, by `User.key`."""

    def __init__(self, storage: PendingRequestStorage, bus: Bus) -> None:
        self._storage = storage
        self._bus = bus
        self._names: dict[str, str] = {}
        bus.subscribe(TOPIC, self._hear)

    async def load(self) -> None:
        """Loads those of an earlier process. Without the database they are unknown until the next start."""
        try:
            values = await self._storage.values_with_prefix(KEY_PREFIX)
        except StoreFailed as failed:
            log.warning("kept models not loaded", detail=failed.detail)
            return
        self._names = {key.removeprefix(KEY_PREFIX): name for key, name in values.items()}

    async def choose(self, user_key: str, typed: str, models: Sequence[Model]) -> str:
        """Keeps the model that `typed` means, or none for `auto`. Returns its name; empty: none is kept.

        Raises OneModelOnly, ChooseModel, StoreFailed.
        """
        if not offered_models(models):
            raise OneModelOnly
        found = matching_models(typed, models)
        if len(found) != 1 and typed.strip().casefold() == AUTO_MODEL:
            await self.drop(user_key)
            return ""
        if len(found) != 1:
            raise ChooseModel(value=shorten(typed, QUOTED_MAX_CHARS), allowed=list_models(found or models))
        await self._keep(user_key, found[0].name)
        return found[0].name

    async def choose_by_key(self, user_key: str, key: str, models: Sequence[Model]) -> str:
        """As `choose`, by what a button brings back. Raises AlreadyFinished where there is no choice any more, and
        ChooseModel for a model that is no longer offered."""
        if not offered_models(models):
            raise AlreadyFinished
        if key == AUTO_MODEL:
            await self.drop(user_key)
            return ""
        name = next((each.name for each in models if model_key(each.name) == key), None)
        if name is None:
            raise ChooseModel(value="…", allowed=list_models(models))
        await self._keep(user_key, name)
        return name

    async def apply(self, user_key: str, options: Options, models: Sequence[Model]) -> ChosenOptions:
        """The options of a request with the model that the user keeps, unless it names one, or asks for none."""
        if options.model is not None:
            return ChosenOptions(options=replace(options, model=options.model or None))
        if (kept := self._names.get(user_key)) is None:
            return ChosenOptions(options=options)
        if (name := current_model(kept, models)) is not None:
            return ChosenOptions(options=replace(options, model=name))
        try:
            await self.drop(user_key)
        except StoreFailed as failed:
            log.warning("kept model not forgotten", detail=failed.detail)
        return ChosenOptions(options=options, gone=kept)

    async def drop(self, user_key: str) -> None:
        """Forgets a user's choice; no-op without one. Raises StoreFailed."""
        if self._names.pop(user_key, None) is not None:
            await self._storage.delete_key(KEY_PREFIX + user_key)
            await self._bus.publish(TOPIC, [user_key, ""])

    def drop_user(self, user_key: str) -> None:
        """Forgets a user's choice in memory: what is stored of it is deleted."""
        self._names.pop(user_key, None)

    def menu(self, user_key: str, models: Sequence[Model], locale: str) -> Card:
        """Which model is kept and which there are, each with its price and a button that keeps it.

        Raises OneModelOnly where there is no choice.
        """
        if not (offered := offered_models(models)):
            raise OneModelOnly
        lines = [describe_choice(current_model(self._names.get(user_key, ""), models) or "", locale), ""]
        lines += [priced_model(each, locale) for each in offered]
        lines += ["", translate(locale, "answer-model-how")]
        keys = [(each.name, model_key(each.name)) for each in offered[:MAX_BUTTONS]]
        keys.append((translate(locale, "button-model"), AUTO_MODEL))
        buttons = tuple(Button(action=Action.MODEL, job_id=key, label=label) for label, key in keys)
        return Card(text="\n".join(lines), buttons=buttons, locale=locale)

    async def _keep(self, user_key: str, name: str) -> None:
        await self._storage.set_value(KEY_PREFIX + user_key, name)
        self._names[user_key] = name
        await self._bus.publish(TOPIC, [user_key, name])

    def _hear(self, payload: object) -> None:
        match payload:
            case [str(user_key), ""]:
                self.drop_user(user_key)
            case [str(user_key), str(name)]:
                self._names[user_key] = name
            case _:
                log.warning("choice of a model in another process not understood")


def describe_choice(name: str, locale: str) -> str:
    """Which model is kept now; empty: none."""
    return translate(locale, "answer-model-kept", model=name) if name else translate(locale, "answer-model-auto")


def priced_model(model: Model, locale: str) -> str:
    """A model with its price."""
    return translate(locale, "option-price", option=model.name, price=str(model.price), credits=model.price.most)
