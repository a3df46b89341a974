"""Finds the model that a member means by a name that may be cut short, and lists those that there are. Pure.

Which models there are, and at what price, is data of the providers (`Capabilities.models`).
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from bot.painting import Model, Options

AUTO_MODEL = "auto"  # typed for: whichever model there is, also where one is kept


def offered_models(models: Sequence[Model]) -> tuple[Model, ...]:
    """The models to choose from; none where there is no choice."""
    return tuple(models) if len(models) > 1 else ()


def matching_models(typed: str, models: Sequence[Model]) -> list[Model]:
    """The models that a typed name may mean, in any letter case and width: the one whose name it is, else those that
    have it as another name, else those that have a name beginning with it. Of a name with slashes (`google/gemini`)
    the last part will do."""
    wanted = _fold(typed)
    named = [model for model in models if _fold(model.name) == wanted]
    aliased = [model for model in models if wanted in map(_fold, model.aliases)]
    return named[:1] or aliased or [model for model in models if any(each.startswith(wanted) for each in _parts(model))]


def current_model(name: str, models: Sequence[Model]) -> str | None:
    """The name that a model has now which was chosen as `name` before; None: it is offered no longer."""
    named = [each.name for each in models if is_same_model(name, each.name)]
    aliased = [each.name for each in models if any(is_same_model(name, alias) for alias in each.aliases)]
    return next(iter(named or aliased), None)


def current_options(options: Options, models: Sequence[Model]) -> Options:
    """The options of an earlier request as they are given now: its model under the name that it has by now, or none,
    and said so, where it is offered no longer."""
    if not options.model:
        return options
    name = current_model(options.model, models)
    return replace(options, model=name, replaced_model=options.replaced_model if name else options.model)


def model_key(name: str) -> str:
    """What a button with a model brings back: short, and the same as long as the model has its name."""
    return hashlib.sha256(_fold(name).encode()).hexdigest()[:16]


def list_models(models: Sequence[Model]) -> str:
    """Names with prices in brackets, in one line, for refusals."""
    return ", ".join(f"{model.name} ({model.price})" for model in models)


def is_same_model(name: str, other: str) -> bool:
    """Whether two names differ in letter case and width at most."""
    return _fold(name) == _fold(other)


def _parts(model: Model) -> set[str]:
    """All names of a model, and what follows the last slash in them."""
    names = {_fold(name) for name in (model.name, *model.aliases)}
    return names | {each.rpartition("/")[2] for each in names}


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
