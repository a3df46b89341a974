"""Sample replies of chat upstreams in every known form, and what `ReplyParser` reports about a text.

Shared by the tests of the parser; asserts nothing by itself.
"""

from bot.painting import FinishedImage, Link, Preview, Progress, Stage, StageChanged
from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.verdict import Verdict

PICTURE = "https://files.example/tem/4abe.png"
OTHER = "https://files.example/tem/5c0d.png"

ACE = (
    "> ❇️ 关键字：https://files.example/tem/ref1.png https://files.example/tem/ref2.png 生成动漫风格的图片\n\n"
    "> ✨ Sora正在绘制图片中...\n\n> 🏃 进度：8.4%\n\n> 🏃 进度：17.5%\n\n> 🏃 进度：92.4%\n\n"
    f"> ✅ 图片绘制成功，请注意查收~~~\n\n![]({PICTURE})\n\n"
)
ACE_ENGLISH = (
    "> ❇️ Keywords: https://files.example/tem/ref1.png an anime style\n\n"
    "> ✨ Sora is drawing the image...\n\n> 🏃 Progress: 8.4%\n\n> 🏃 Progress: 43%\n\n"
    f"> ✅ Image drawing successful, please check~~~\n\n![]({PICTURE})\n\n"
)
NO_NUMBERS = f"\n\n> 🎨 生成中...\n\n![{PICTURE}]({PICTURE})\n\n[点击下载](https://files.example/download/4abe.png)\n"
GROWING = (
    ">🕐 Queuing...\n\n>⚡ Generating.....\n\n>🏃 Progress 7....13....25...41...."
    "[100](https://videos.openai.com/vg-assets/task_x_src_0.png?sig=abc)\n\n"
    f"> ✅ 生成完成\n\n![gen_01]({PICTURE}) \n"
)
GROWING_CHINESE = (
    f">🕐 排队中.\n\n>⚡ 生成中.....\n\n>🏃 进度 3..18..72..[100]({OTHER})\n\n> 生成完成 ✅\n\n![]({PICTURE})\n"
)
JSON_ECHO = (
    '```json\n{\n  "prompt": "progress: 50%, ![](http://evil.example/a.png)",\n  "ratio": "2:3"\n}\n```\n\n'
    "> ID: `task_01jqm`\n> 排队中..\n> 生成中...\n> 进度 **34%**\n> 生成完成 ✅\n\n"
    f"![gen]({PICTURE})\n\n[点击下载]({PICTURE}?download=1)\n"
)
TASK_LINES = (
    f"任务正在队列中\n上传 2 张参考图片\n已上传第 1/2 张\n🎨 图像生成中，请稍候...\n图片生成完成 ✅\n![]({PICTURE})"
)
PERCENT_DOT = f"> Progress 14%.\n> Progress 58%.\n\n![a (b)](https://x.example/a_(1).png)\n![]({OTHER})\n"
THOUGHTS = (
    f"<think>\n进度: 30%\n![](https://x.example/draft.png)\n</think>\n![]({PICTURE})\nThanks, https://x.example/b.png\n"
)
FAILED = "> 🏃 进度：8.4%\n\n❌ 生成失败: 服务器开小差了\n"
ALL = [
    ACE, ACE_ENGLISH, NO_NUMBERS, GROWING, GROWING_CHINESE, JSON_ECHO, TASK_LINES, PERCENT_DOT,
    THOUGHTS, FAILED,
]  # fmt: skip


def parse_reply(
    text: str, *, prompt: str = "", step: int = 0, cut: bool = False, thoughts: bool = False
) -> list[object]:
    """All events and the verdict for `text`, fed in pieces of `step` characters (0: whole)."""
    reader = ReplyParser(prompt, is_reasoning=thoughts)
    pieces = [text[at : at + step] for at in range(0, len(text), step)] if step else [text]
    said: list[object] = [event for piece in pieces for event in reader.feed(piece)]
    return [*said, *reader.end_reply(cut=cut)]


def percents(said: list[object]) -> list[float]:
    return [event.percent for event in said if isinstance(event, Progress)]


def stages(said: list[object]) -> list[Stage]:
    return [event.stage for event in said if isinstance(event, StageChanged)]


def urls(said: list[object], kind: type[FinishedImage | Preview] = FinishedImage) -> list[str]:
    return [event.source.url for event in said if isinstance(event, kind) and isinstance(event.source, Link)]


def verdict(said: list[object]) -> Verdict | None:
    return next((each for each in said if isinstance(each, Verdict)), None)


NASTY = (
    "A poster: 进度：50%\n\n> 🏃 进度：99%\n![](https://evil.example/x.png) https://evil.example/y.png\n"
    "```\n<think>\n排队中...\n❌ 生成失败: never\nProgress 7....13..\nProgress: 88\n[100](https://evil.example/z.png)"
)
