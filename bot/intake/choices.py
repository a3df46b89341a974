"""What a member may choose for a request: every option that is offered, how it is typed, and what the whole request
would cost with it. Pure.

Knows no prices: asks for each choice what it would cost.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from bot.intake import sizes
from bot.intake.models import AUTO_MODEL, offered_models
from bot.painting import Capabilities, Options
from bot.prices import PriceRange

_AUTO = "auto"  # of the providers: no other choice than none, to a member

Quote = Callable[[Options], PriceRange | None]
"""What a whole request costs with these options; None: nobody paints it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of an option."""

    value: str
    """As it is shown; empty: none, which leaves it to the provider."""

    typed: str
    """The option with the value as it is typed, such as `--quality high`; empty: nothing is typed for it."""

    price: PriceRange | None
    """Credits of the whole request with it; None: it cannot be had beside the other options."""

    ratio: float | None = None
    """Width by height, of a shape or a size; None: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChoices:
    """An option with its values."""

    name: str
    """`model`, `size`, `tier`, `quality`, `n`, `background` or `format`. A tier is typed as a `size`."""

    chosen: str
    """The value that a request has now; empty: none. It need not be among the choices: a size may be any legal one."""

    ratio: float | None = None
    """Of what is chosen, as of `Choice`."""

    choices: tuple[Choice, ...]
    """In the order of the providers, the empty one first where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEstimate:
    """What a message would be, if it were sent as it stands."""

    paints: bool
    """Whether it would be a request for pictures, be it an incomplete one."""

    price: PriceRange | None
    """Credits of all its pictures; None: it is no such request, or nobody can meet it."""

    options: tuple[OptionChoices, ...]
    """Every option of which there is a choice."""

    commands: tuple[str, ...]
    """Names of the commands that its sender may give where it is written, in order."""


def list_choices(
    options: Options, capabilities: Capabilities, quote: Quote, *, kept_model: str = ""
) -> tuple[OptionChoices, ...]:
    """Every option of which there is a choice, beside the `options` of a request. `kept_model`: name of the model that
    its sender has chosen once and for all; empty: none."""
    kinds = {
        "size": (_shown_size(options.size or "", capabilities), _sizes(options, capabilities)),
        "tier": (options.tier or "", _tiers(options, capabilities)),
        "quality": (options.quality or "", _words("quality", options, capabilities.qualities)),
        "n": (str(options.n), _counts(options, capabilities)),
        "model": (options.model or "", _models(options, capabilities, kept_model)),
        "background": (options.background or "", _words("background", options, capabilities.backgrounds)),
        "format": (options.format or "", _words("format", options, capabilities.formats)),
    }
    listed = {name: (chosen, list(changes)) for name, (chosen, changes) in kinds.items()}
    return tuple(
        OptionChoices(
            name=name,
            chosen=chosen,
            ratio=sizes.ratio_of(chosen) if name == "size" else None,
            choices=tuple(
                Choice(
                    value=value,
                    typed=typed,
                    price=quote(changed),
                    ratio=sizes.ratio_of(value) if name == "size" else None,
                )
                for value, typed, changed in changes
            ),
        )
        for name, (chosen, changes) in listed.items()
        if len(changes) > 1
    )


_Change = tuple[str, str, Options]
"""A value as it is shown, as it is typed with its option, and the options with it."""


def _shown_size(size: str, capabilities: Capabilities) -> str:
    """A shape that was typed is kept as the size that a provider lists for it: it is shown as what was typed."""
    shapes = [each for each in sizes.offered_sizes(capabilities) if sizes.ratio_of(each) and not sizes.pixels_of(each)]
    same = [each for each in shapes if size in capabilities.sizes and sizes.ratio_of(each) == sizes.ratio_of(size)]
    return next(iter(same), size)


def _sizes(options: Options, capabilities: Capabilities) -> Iterator[_Change]:
    """Shapes keep the tier that was asked for; pixels have one of their own. Where a shape is offered, pixels of the
    same are not listed beside it."""
    every = [each for each in sizes.offered_sizes(capabilities) if each != _AUTO and sizes.parse_size_option(each)[0]]
    ratios = {sizes.ratio_of(each) for each in every if not sizes.pixels_of(each)}
    shapes = [each for each in every if not sizes.pixels_of(each) or sizes.ratio_of(each) not in ratios]
    for size in ("", *shapes) if shapes else ():
        tier = None if sizes.pixels_of(size) else options.tier
        yield size, _typed_size(size, tier), replace(options, size=size or None, tier=tier)


def _tiers(options: Options, capabilities: Capabilities) -> Iterator[_Change]:
    """Each with the shape that was asked for."""
    tiers = [each for each in sizes.offered_sizes(capabilities) if not sizes.parse_size_option(each)[0]]
    shape = "" if options.size is None or sizes.pixels_of(options.size) else options.size
    for tier in ("", *tiers) if tiers else ():
        size = options.size or "" if not tier else shape
        yield tier, _typed_size(size, tier), replace(options, size=size or None, tier=tier or None)


def _typed_size(size: str, tier: str | None) -> str:
    value = "@".join(filter(None, (size, tier)))
    return f"--size {value}" if value else ""


def _words(name: str, options: Options, values: Iterable[str]) -> Iterator[_Change]:
    """Of an option whose values are words."""
    for value in ("", *(each for each in values if each != _AUTO)):
        yield value, f"--{name} {value}" if value else "", replace(options, **{name: value or None})


def _counts(options: Options, capabilities: Capabilities) -> Iterator[_Change]:
    for count in capabilities.allowed_counts:
        yield str(count), f"--n {count}" if count > 1 else "", replace(options, n=count)


def _models(options: Options, capabilities: Capabilities, kept: str) -> Iterator[_Change]:
    """Without one, whichever there is paints; where one is kept, that has to be typed."""
    models = offered_models(capabilities.models)
    if models:
        yield "", f"--model {AUTO_MODEL}" if kept else "", replace(options, model=None)
    for model in models:
        name = f'"{model.name}"' if " " in model.name else model.name
        yield model.name, f"--model {name}", replace(options, model=model.name)
