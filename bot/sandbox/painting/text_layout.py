"""Layout of text on pictures in any script: choice of fonts, line breaking, drawing.

What no installed font covers is drawn as its code points, so that nothing of a prompt is silently left out.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from bot.sandbox.painting.pillow_types import resize

Font = ImageFont.FreeTypeFont

# Looked for by name in the system's own font folders, in this order, after Pillow's built-in Latin one.
FONT_FILES = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf",
    "NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc",
    "PingFang.ttc", "Hiragino Sans GB.ttc", "msyh.ttc", "msgothic.ttc", "malgun.ttf",
    "NotoSansArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf", "Arial Unicode.ttf", "Symbola.ttf",
)  # fmt: skip
EMOJI = ("NotoColorEmoji.ttf", "seguiemj.ttf")
EMOJI_SIZE = 109  # pixels; the only size at which Noto Color Emoji holds bitmaps
MISSING_GLYPH = "\U0010ffff"  # a noncharacter: every font draws its "missing" glyph for it
JOINERS = frozenset("\u200d\ufe0f\ufe0e\u20e3") | frozenset(map(chr, range(0x1F3FB, 0x1F400)))
CJK = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
WORDS = re.compile(rf"\s+|[{CJK}]|[^\s{CJK}]+")
PICTOGRAPHS = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55]")
NO_LINE_START = frozenset("，。、；：？！）」』》】…,.;:?!)")


@dataclass(frozen=True, slots=True)
class TextRun:
    """Characters that one font can write."""

    text: str
    font: Font
    scale: float
    """1 except for bitmap emoji, which are drawn large and shrunk."""

    @property
    def width(self) -> float:
        """Pixels."""
        return self.font.getlength(self.text) * self.scale


Line = tuple[TextRun, ...]


@functools.cache
def _load_font(name: str, size: int) -> Font | None:
    if not name:
        built_in = ImageFont.load_default(size)
        return built_in if isinstance(built_in, Font) else None
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@functools.cache
def _available_fonts(emoji: bool) -> tuple[str, ...]:
    names = EMOJI if emoji else ("", *FONT_FILES)
    return tuple(name for name in names if _load_font(name, EMOJI_SIZE) is not None)


@functools.lru_cache(maxsize=4096)
def _has_glyph(name: str, letter: str) -> bool:
    if letter.isspace():
        return True
    font = _load_font(name, EMOJI_SIZE)
    assert font is not None
    return _glyph_bitmap(font, letter) != _glyph_bitmap(font, MISSING_GLYPH)


def _glyph_bitmap(font: Font, letter: str) -> bytes:
    bare = font.font_variant(layout_engine=ImageFont.Layout.BASIC)  # shaping would add to a lone combining mark
    image = Image.new("L", (EMOJI_SIZE * 2, EMOJI_SIZE * 2))
    ImageDraw.Draw(image).text((EMOJI_SIZE // 2, EMOJI_SIZE * 3 // 2), letter, font=bare, fill=255, anchor="ls")
    return image.tobytes()


def _text_run(name: str, text: str, size: int) -> TextRun:
    emoji = name in EMOJI
    font = _load_font(name, EMOJI_SIZE if emoji else size)
    assert font is not None
    return TextRun(text, font, size / EMOJI_SIZE if emoji else 1.0)


def _code_point(letter: str) -> str:
    return f"[U+{ord(letter):04X}]"


def _runs_by_letter(word: str, size: int) -> Iterator[TextRun]:
    """The runs of a word that no single font writes: letter by letter, each with the characters that join to it."""
    names: list[tuple[str, str]] = []
    for letter in word:
        if letter in JOINERS and names and names[-1][0] in EMOJI:
            names[-1] = (names[-1][0], names[-1][1] + letter)
            continue
        pictograph = PICTOGRAPHS.match(letter) is not None
        found = (n for e in (pictograph, not pictograph) for n in _available_fonts(e) if _has_glyph(n, letter))
        name, text = next(((n, letter) for n in found), (_available_fonts(emoji=False)[0], _code_point(letter)))
        if names and names[-1][0] == name:
            names[-1] = (name, names[-1][1] + text)
        else:
            names.append((name, text))
    return (_text_run(name, text, size) for name, text in names)


def _split_into_runs(word: str, size: int) -> Line:
    if not PICTOGRAPHS.search(word):
        for name in _available_fonts(emoji=False):
            if all(_has_glyph(name, letter) for letter in word):
                return (_text_run(name, word, size),)
    return tuple(_runs_by_letter(word, size))


def _fit_word(word: str, size: int, width: float) -> Iterator[Line]:
    """The runs of a word; a word wider than a line is cut wherever the line ends."""
    runs = _split_into_runs(word, size)
    if sum(run.width for run in runs) <= width:
        yield runs
        return
    piece = ""
    for letter in word:
        if piece and letter not in JOINERS and sum(r.width for r in _split_into_runs(piece + letter, size)) > width:
            yield _split_into_runs(piece, size)
            piece = ""
        piece += letter
    yield _split_into_runs(piece, size)


def wrap_lines(text: str, size: int, width: float) -> list[Line]:
    """Lines of at most `width` pixels at a letter height of `size` pixels. Breaks at spaces and anywhere between
    Chinese characters, but not before punctuation that must not begin a line."""
    lines: list[Line] = []
    for paragraph in text.replace("\t", " ").splitlines() or [""]:
        line: list[TextRun] = []
        used = 0.0
        for word in WORDS.findall(paragraph):
            for piece in _fit_word(word, size, width):
                needed = sum(run.width for run in piece)
                hangs = word in NO_LINE_START and needed <= size  # into the margin
                if line and used + needed > width and not hangs:
                    lines.append(tuple(line))
                    line, used = [], 0.0
                if line or not word.isspace():
                    line += piece
                    used += needed
        lines.append(tuple(line))
    return lines


def fit_lines(text: str, *, width: float, height: float, sizes: Sequence[int]) -> tuple[list[Line], int]:
    """The lines at the first of `sizes` (pixels) at which they fit, and that size. What does not fit at the last one
    is counted in the closing line."""
    size = sizes[-1]
    lines: list[Line] = []
    for size in sizes:
        lines = wrap_lines(text, size, width)
        if len(lines) * line_height(size) <= height:
            return lines, size
    room = max(1, int(height // line_height(size)) - 1)
    kept = sum(len(run.text) for line in lines[:room] for run in line)
    return [
        *lines[:room],
        *wrap_lines(f"… and about {max(1, len(text) - kept)} more characters", size, width)[:1],
    ], size


def line_height(size: int) -> int:
    """Distance from one baseline to the next, pixels."""
    return round(size * 1.38)


def draw_line(image: Image.Image, at: tuple[float, float], line: Line, size: int, ink: tuple[int, int, int]) -> None:
    """Draws one line; `at` is its left end on the baseline."""
    draw = ImageDraw.Draw(image)
    x, baseline = at
    for run in line:
        if run.scale == 1.0:
            draw.text((x, baseline), run.text, font=run.font, fill=ink, anchor="ls")
        else:
            _draw_emoji(image, run, (x, baseline), size)
        x += run.width


def _draw_emoji(image: Image.Image, run: TextRun, at: tuple[float, float], size: int) -> None:
    """Draws colour emoji at the font's own size, then shrinks them on to the line."""
    box = max(1, round(run.font.getlength(run.text))), round(EMOJI_SIZE * 1.3)
    stamp = Image.new("RGBA", box)
    ImageDraw.Draw(stamp).text((0, EMOJI_SIZE), run.text, font=run.font, embedded_color=True, anchor="ls")
    shrunk = max(1, round(box[0] * run.scale)), max(1, round(box[1] * run.scale))
    small = resize(stamp, shrunk, Image.Resampling.LANCZOS)
    image.paste(small, (round(at[0]), round(at[1] - size)), small)
