"""Options as a member types them. Pure; the opposite of `bot.intake.parser`."""

from bot.painting import Options


def typed_options(options: Options) -> str:
    """The options as they are typed behind a prompt, such as `--size 3:2@2K --n 2`; empty: none were chosen."""
    size = "@".join(filter(None, (options.size, options.tier)))
    words = {
        "size": size,
        "quality": options.quality,
        "n": str(options.n) if options.n > 1 else "",
        "model": f'"{options.model}"' if options.model and " " in options.model else options.model,
        "background": options.background,
        "format": options.format,
        "compression": None if options.compression is None else str(options.compression),
    }  # a reframe is a button's, and cannot be typed
    switches = {"file": options.as_file, "loose": options.loose}
    typed = [f"--{name} {value}" for name, value in words.items() if value]
    return " ".join((*typed, *(f"--{name}" for name, is_on in switches.items() if is_on)))
