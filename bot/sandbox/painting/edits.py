"""Edits of a reference that words ask for: night, rain, snow, fog, another season, nearer, a hat … Each is seen.

Pure drawing on RGB pictures; only the random numbers vary. What no word names is drawn anew (`restyle`).
"""

import random
import re
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from bot.sandbox.painting.landscape import CheckAbandoned, brush_strokes
from bot.sandbox.painting.palette import Colour, gradient
from bot.sandbox.painting.pillow_types import apply_curve, resize

Edit = Callable[[Image.Image, random.Random], Image.Image]
"""A picture and random numbers in, another picture of the same size out."""


def edit_picture(picture: Image.Image, prompt: str, rng: random.Random, check_abandoned: CheckAbandoned) -> Image.Image:
    """The picture with every change that the prompt names, in the order of EDITS; drawn anew where it names none."""
    wanted = [edit for words, edit in EDITS if words.search(prompt)]
    if not wanted or STYLE.search(prompt):
        picture = restyle(picture, rng, check_abandoned)
    for edit in wanted:
        check_abandoned()
        picture = edit(picture, rng)
    check_abandoned()
    brush_strokes(picture, rng, 60)  # so that no two views of one request are alike
    return picture


def restyle(picture: Image.Image, rng: random.Random, check_abandoned: CheckAbandoned) -> Image.Image:
    """The picture as a drawing: flat areas of colour, inked outlines, a light tint, brush strokes."""
    size = picture.size
    small = max(32, size[0] // 2), max(32, size[1] // 2)
    smooth = resize(picture, small).filter(ImageFilter.MedianFilter(5))
    check_abandoned()
    outlines = smooth.convert("L").filter(ImageFilter.GaussianBlur(1.2)).filter(ImageFilter.FIND_EDGES)
    inside = (2, 2, small[0] - 2, small[1] - 2)  # the filter marks the border itself
    outlines = resize(outlines.crop(inside), small)
    flat = ImageEnhance.Color(_flatten(smooth)).enhance(1.3)
    check_abandoned()
    drawing = resize(flat, size).filter(ImageFilter.GaussianBlur(1.5))
    tint = rng.choice(((255, 240, 222), (250, 232, 236), (226, 238, 250), (236, 246, 226)))
    drawing = Image.blend(drawing, Image.new("RGB", size, tint), 0.07)
    brush_strokes(drawing, rng, 220)
    ink = resize(apply_curve(outlines, lambda value: min(230, (value - 22) * 6)), size)
    drawing.paste((42, 32, 56), (0, 0), ink)
    return drawing


def _flatten(picture: Image.Image) -> Image.Image:
    """The picture in areas of twenty colours. The areas are rounded before they have colours: a third of the time."""
    areas = picture.quantize(20, dither=Image.Dither.NONE)
    rounded = Image.frombytes("L", areas.size, areas.tobytes()).filter(ImageFilter.ModeFilter(7))
    areas.frombytes(rounded.tobytes())
    return areas.convert("RGB")


# ------------------------------------------------------------ light


def _tint(picture: Image.Image, colour: Colour, share: float) -> Image.Image:
    return Image.blend(picture, Image.new("RGB", picture.size, colour), share)


def _grade(picture: Image.Image, dark: Colour, bright: Colour, middle: Colour | None = None) -> Image.Image:
    """The picture in shades between two colours, by its brightness."""
    return ImageOps.colorize(picture.convert("L"), dark, bright, middle)


def _night(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Dark and blue below, a moon and stars above; what was brightest keeps a warm gleam."""
    width, height = picture.size
    short = min(width, height)
    light = picture.convert("L")
    dark = Image.blend(_grade(picture, (3, 6, 20), (112, 128, 178)), ImageEnhance.Brightness(picture).enhance(0.3), 0.3)
    sky = resize(apply_curve(Image.linear_gradient("L"), lambda value: max(0, 170 - value * 1.5)), picture.size)
    dark.paste((10, 16, 46), (0, 0), sky)
    gleam = apply_curve(light.filter(ImageFilter.GaussianBlur(short / 200)), lambda value: (value - 214) * 3)
    lower = resize(apply_curve(Image.linear_gradient("L"), lambda value: (value - 110) * 4), picture.size)
    dark.paste((255, 214, 140), (0, 0), ImageChops.multiply(gleam, lower))
    draw = ImageDraw.Draw(dark, "RGBA")
    for _ in range(140):
        x, y, r = rng.random() * width, rng.random() ** 1.6 * height * 0.5, rng.uniform(0.5, 1.6) * short / 900
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 240, rng.randint(90, 240)))
    x, y, r = width * rng.uniform(0.68, 0.86), height * rng.uniform(0.1, 0.2), short * 0.05
    halo = resize(ImageChops.invert(Image.radial_gradient("L")), (round(r * 8), round(r * 8)))
    halo = apply_curve(halo, lambda value: (value - 74) * 0.55)
    dark.paste((206, 216, 246), (round(x - r * 4), round(y - r * 4)), halo)
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(248, 244, 224, 255))
    return dark


def _sunset(picture: Image.Image, rng: random.Random) -> Image.Image:
    warm = gradient(picture.size, ((120, 70, 130), (244, 130, 84), (255, 206, 130), (120, 66, 70)))
    return Image.blend(Image.blend(picture, warm, 0.36), ImageChops.multiply(picture, warm), 0.35)


def _autumn(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Greens become reds and yellows, and leaves fall."""
    _, green, blue = picture.split()
    leaves = apply_curve(ImageChops.subtract(green, blue, offset=40), lambda value: (value - 20) * 4)
    turned = _tint(picture, (238, 190, 130), 0.12)
    turned.paste(_grade(picture, (66, 24, 20), (250, 214, 120), (196, 96, 44)), (0, 0), leaves)
    draw, (width, height) = ImageDraw.Draw(turned, "RGBA"), picture.size
    for _ in range(70):
        x, y, r = rng.random() * width, rng.random() * height, min(width, height) * rng.uniform(0.006, 0.014)
        leaf = rng.choice(((206, 84, 40), (232, 156, 52), (178, 52, 44)))
        draw.ellipse((x - r, y - r * 0.6, x + r, y + r * 0.6), fill=(*leaf, 220))
    return turned


def _sepia(picture: Image.Image, rng: random.Random) -> Image.Image:
    return _vignette(_grade(picture, (38, 24, 12), (250, 236, 206), (158, 118, 78)))


def _grey(picture: Image.Image, rng: random.Random) -> Image.Image:
    return ImageOps.autocontrast(picture.convert("L"), cutoff=1).convert("RGB")


def _brighter(picture: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Color(ImageEnhance.Brightness(picture).enhance(1.35)).enhance(1.15)


def _darker(picture: Image.Image, rng: random.Random) -> Image.Image:
    return _vignette(ImageEnhance.Brightness(picture).enhance(0.6))


def _vignette(picture: Image.Image) -> Image.Image:
    shade = resize(apply_curve(Image.radial_gradient("L"), lambda value: (value - 90) * 0.8), picture.size)
    picture.paste((14, 8, 6), (0, 0), shade)
    return picture


# ------------------------------------------------------------ weather


def _rain(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Grey and dim, with streaks in front and a wet shine below."""
    width, height = picture.size
    wet = _tint(ImageEnhance.Brightness(ImageEnhance.Color(picture).enhance(0.5)).enhance(0.72), (84, 98, 118), 0.22)
    shine = ImageOps.flip(wet).filter(ImageFilter.GaussianBlur(min(picture.size) / 60))
    low = resize(apply_curve(Image.linear_gradient("L"), lambda value: (value - 190) * 1.6), picture.size)
    wet.paste(shine, (0, 0), low)
    draw, short = ImageDraw.Draw(wet, "RGBA"), min(width, height)
    for _ in range(420):
        near = rng.random()
        x, y, span = rng.uniform(-0.1, 1.0) * width, rng.uniform(-0.1, 1.0) * height, short * (0.02 + 0.06 * near)
        colour = (226, 234, 246, round(40 + 110 * near))
        draw.line((x, y, x + span * 0.28, y + span), fill=colour, width=max(1, round(short * 0.0022 * (0.5 + near))))
    return wet


def _snow(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Pale and cold, white where light falls from above, flakes in front."""
    width, height = picture.size
    cold = _tint(ImageEnhance.Color(picture).enhance(0.45), (214, 226, 242), 0.3)
    light = picture.convert("L").filter(ImageFilter.GaussianBlur(min(picture.size) / 300))
    ridges = ImageChops.subtract(light, ImageChops.offset(light, 0, -max(2, height // 90)), scale=0.35, offset=40)
    low = resize(apply_curve(Image.linear_gradient("L"), lambda value: (value - 70) * 1.5), picture.size)
    cold.paste((248, 251, 255), (0, 0), ImageChops.multiply(ImageChops.lighter(ridges, light), low))
    draw = ImageDraw.Draw(cold, "RGBA")
    for _ in range(380):
        near = rng.random() ** 2
        x, y, r = rng.random() * width, rng.random() * height, min(width, height) * (0.0015 + 0.006 * near)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255, rng.randint(150, 245)))
    return cold


def _fog(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Layers of grey that are thickest in the distance."""
    pale = ImageEnhance.Color(picture).enhance(0.55)
    veil = resize(apply_curve(Image.linear_gradient("L"), lambda v: 232 - abs(v - 105) * 1.15), picture.size)
    small = Image.new("L", (32, 18))
    small.putdata([rng.randint(120, 255) for _ in range(32 * 18)])  # pyright: ignore[reportUnknownMemberType] - a numpy type in its signature
    drift = resize(small.filter(ImageFilter.GaussianBlur(2)), picture.size)
    pale.paste((222, 226, 230), (0, 0), ImageChops.multiply(veil, drift))
    return pale


# ------------------------------------------------------------ view


def _nearer(picture: Image.Image, rng: random.Random) -> Image.Image:
    """The middle, half as large again."""
    width, height = picture.size
    across, down = width / 3, height / 3
    box = (across / 2, down / 2, width - across / 2, height - down / 2)
    return picture.resize(picture.size, Image.Resampling.BICUBIC, box)  # pyright: ignore[reportUnknownMemberType] - a numpy type in its signature


def _farther(picture: Image.Image, rng: random.Random) -> Image.Image:
    """The whole at two thirds, its surroundings continued by mirror images."""
    width, height = picture.size
    part = resize(picture, (max(1, width * 2 // 3), max(1, height * 2 // 3)))
    left, top = (width - part.width) // 2, (height - part.height) // 2
    wide = Image.new("RGB", picture.size)
    for column in (-1, 0, 1):
        for row in (-1, 0, 1):
            tile = ImageOps.mirror(part) if column else part
            wide.paste(ImageOps.flip(tile) if row else tile, (left + column * part.width, top + row * part.height))
    return wide


def _mirrored(picture: Image.Image, rng: random.Random) -> Image.Image:
    return ImageOps.mirror(picture)


def _hat(picture: Image.Image, rng: random.Random) -> Image.Image:
    """A straw hat where a head would be."""
    width, height = picture.size
    b = min(width, height) * 1.0  # the patch is drawn twice as large as it is pasted
    patch = Image.new("RGBA", (round(b), round(b * 0.62)))
    draw = ImageDraw.Draw(patch)
    straw, shade, ribbon = (
        (240, 206, 130),
        (206, 162, 88),
        rng.choice(((196, 62, 72), (52, 104, 150), (74, 132, 92))),
    )
    line, ink = max(2, round(b / 130)), (74, 50, 40)
    draw.ellipse((b * 0.02, b * 0.34, b * 0.98, b * 0.58), fill=straw, outline=ink, width=line)
    draw.chord((b * 0.1, b * 0.38, b * 0.9, b * 0.56), 0, 180, fill=shade)
    crown = (b * 0.26, b * 0.05, b * 0.74, b * 0.44)
    draw.rounded_rectangle(crown, b * 0.15, fill=straw, outline=ink, width=line, corners=(True, True, False, False))
    for i in range(1, 8):
        x = b * (0.26 + 0.06 * i)
        draw.line((x, b * 0.1, x, b * 0.31), fill=shade, width=line)
    draw.chord((crown[0], b * 0.37, crown[2], b * 0.51), 0, 180, fill=ribbon, outline=ink, width=line)
    draw.rectangle((crown[0] + line, b * 0.33, crown[2] - line, b * 0.44 + line), fill=ribbon)
    half = resize(patch, (patch.width // 2, patch.height // 2), Image.Resampling.LANCZOS)
    half = half.rotate(rng.uniform(-7, 7), Image.Resampling.BICUBIC, expand=True)
    picture.paste(half, ((width - half.width) // 2, round(height * 0.02)), half)
    return picture


# Words that ask for a drawing beside other changes.
STYLE = re.compile(
    r"anime|manga|comic|cartoon|drawing|drawn|sketch|paint(ed|ing)|watercolou?r|\bink|动漫|漫画|卡通|水彩|素描"
    r"|аниме|манг|комикс|мульт|рису|акварел|эскиз",
    re.I,
)

# In the order in which they are done: first the view, then light, then weather, then what is put on top.
EDITS: tuple[tuple[re.Pattern[str], Edit], ...] = (
    (
        re.compile(r"bigger|larger|closer|nearer|zoom in|close-?up|放大|更大|靠近|больше|крупне|ближе|приблиз", re.I),
        _nearer,
    ),
    (re.compile(r"smaller|farther|further away|zoom out|wider|缩小|更小|更远|меньше|дальше|отдал", re.I), _farther),
    (re.compile(r"mirror|flip|镜像|翻转|зеркал|отраз", re.I), _mirrored),
    (re.compile(r"autumn|\bfall\b|秋|осен", re.I), _autumn),
    (re.compile(r"sunset|dusk|evening|golden hour|日落|夕阳|黄昏|закат|вечер", re.I), _sunset),
    (re.compile(r"brighter|lighter|more light|更亮|明亮|ярче|светлее", re.I), _brighter),
    (re.compile(r"darker|更暗|темнее", re.I), _darker),
    (re.compile(r"sepia|vintage|old photo|复古|老照片|怀旧|сепи|старинн|винтаж", re.I), _sepia),
    (re.compile(r"black[ -]and[ -]white|b&w|gr[ea]y ?scale|monochrome|黑白|ч[её]рно-бел", re.I), _grey),
    (re.compile(r"night|moon|midnight|夜|月|ноч|лун", re.I), _night),
    (re.compile(r"rain|storm|shower|雨|暴风|дожд|ливень|гроз", re.I), _rain),
    (re.compile(r"snow|winter|blizzard|雪|冬|снег|снеж|зим", re.I), _snow),
    (re.compile(r"fog|mist|haze|雾|туман|дымк", re.I), _fog),
    (re.compile(r"\bhats?\b|帽|шляп|шапк", re.I), _hat),
)
