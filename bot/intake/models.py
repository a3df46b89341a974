"""Finds the model that a member means by a name that may be cut short, and lists those that there are. Pure.

Which models there are, and at what price, is data of the providers (`Capabilities.models`).
"""

import unicodedata
from collections.abc import Sequence

from bot.painting import Model


def offered_models(models: Sequence[Model]) -> tuple[Model, ...]:
    """The models to choose from; none where there is no choice."""
    return tuple(models) if len(models) > 1 else ()


def matching_models(typed: str, models: Sequence[Model]) -> list[Model]:
    """The models that a typed name may mean, in any letter case and width: the one that has it, else those that have a
    name beginning with it. Of a name with slashes (`google/gemini`) the last part will do."""
    wanted = _fold(typed)
    names = [(model, {_fold(name) for name in (model.name, *model.aliases)}) for model in models]
    exact = [model for model, own in names if wanted in own]
    parts = [(model, own | {each.rpartition("/")[2] for each in own}) for model, own in names]
    return exact[:1] or [model for model, own in parts if any(each.startswith(wanted) for each in own)]


def list_models(models: Sequence[Model]) -> str:
    """Names with prices in brackets, in one line, for refusals."""
    return ", ".join(f"{model.name} ({model.price})" for model in models)


def is_same_model(name: str, other: str) -> bool:
    """Whether two names differ in letter case and width at most."""
    return _fold(name) == _fold(other)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
