"""The formats in which chat-style image relays send their progress and the finished picture, as tables.

Data and its formatting only. Formats 1 and 2 are Ace Data's own (its page on the 4o image API); the others were
seen with other relays. Placeholders of a line: {refs}, the re-hosted references with a space after each; {count}
of them; {prompt}; {echo}, the request as JSON; {task}, an id; {web} and {source}, the addresses of the task's page
and data; {last}, the finished picture's address; {percent}, a number.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressFormat:
    """The lines of one format. Empty lines are not sent."""

    opening: tuple[str, ...] = ()
    """Lines at the start."""
    reference_line: str = ""
    """Line for each reference, with {number} from 1."""
    head: str = ""
    """Beginning of a line that grows: the steps follow within it, then `tail`."""
    step: str = ""
    """Text for each percentage, with {percent}."""
    tail: str = ""
    """End of a line that grows."""
    halfway: str = ""
    """Line before the first percentage from 50 on."""
    closing: str = ""
    """Line after the last percentage, before the result."""
    result_format: str = "markdown"
    """A key of RESULT_FORMATS."""
    channel: Literal["content", "reasoning_content"] = "content"
    """Field of the delta that carries the lines."""
    indexed_choices: bool = False
    """Whether the k-th picture comes in the choice of index k."""
    finish_reason: str = "stop"
    failure: Literal["prose", "event"] | None = None
    """How the reply fails: with `closing` instead of a picture, or with an error event; None: it does not."""


CHINESE = ProgressFormat(
    opening=("> ❇️ 关键字：{refs}{prompt}\n\n", "> ✨ Sora正在绘制图片中...\n\n"),
    step="> 🏃 进度：{percent:.1f}%\n\n",
    closing="> ✅ 图片绘制成功，请注意查收~~~\n\n",
)
ENGLISH = ProgressFormat(
    opening=("> ❇️ Keywords: {refs}{prompt}\n\n", "> ✨ Sora is drawing the image...\n\n"),
    step="> 🏃 Progress: {percent:.1f}%\n\n",
    closing="> ✅ Image drawing successful, please check~~~\n\n",
)
REQUEST_ECHO = "```json\n{echo}\n```\n\n"
GROWING = ProgressFormat(
    opening=(
        REQUEST_ECHO,
        "> ID: `{task}`\n>[数据预览]({web}) | [原始数据]({source})\n\n",
        ">🕐 排队中.\n\n",
        ">⚡ 生成中.....\n\n",
    ),
    head=">🏃 进度 ",
    step="{percent:.0f}..",
    tail="[100]({last})\n\n",
    closing="> ✅ 生成完成\n\n\n",
    result_format="titled",
)
PROGRESS_FORMATS: Mapping[int, ProgressFormat] = {
    1: CHINESE,
    2: ENGLISH,
    3: GROWING,
    4: ProgressFormat(
        opening=(REQUEST_ECHO, ">🕐 Queuing...\n\n", ">⚡ Generating...\n\n"),
        head=">🏃 Progress ",
        step="{percent:.0f}....",
        tail="[100]({last})\n\n",
        closing="> ✅ Generation complete\n\n\n",
        result_format="titled",
    ),
    5: ProgressFormat(
        opening=("> Generating image\n\n",), step="> Progress {percent:.0f}%.\n\n", closing="> Done.\n\n"
    ),
    6: ProgressFormat(opening=("> 生成中...\n\n",), step="> 进度 **{percent:.0f}%**\n\n"),
    7: ProgressFormat(opening=("> ID: `{task}`\n", "> 排队中..\n", "> 生成中...\n"), closing="> 生成完成 ✅\n\n"),
    8: replace(CHINESE, opening=(">🕐 排队中.", ".", ".\n\n", *CHINESE.opening)),
    9: ProgressFormat(head=">⚡ 生成中", step=".", tail="\n\n", closing="> ✅ 生成完成\n\n"),
    10: ProgressFormat(opening=("> 🎨 生成中...\n\n",), result_format="titled"),
    11: replace(CHINESE, opening=("任务正在队列中\n\n", *CHINESE.opening)),
    12: ProgressFormat(opening=("🎨 图像生成中，请稍候...\n\n",), indexed_choices=True),
    13: ProgressFormat(
        step="**Video Generation Progress**: {percent:.0f}% (processing)\n",
        channel="reasoning_content",
        finish_reason="STOP",
    ),
    14: ProgressFormat(step="生成进度: {percent:.0f}%\n", channel="reasoning_content"),
    15: replace(CHINESE, reference_line="已上传第 {number}/{count} 张\n\n", opening=("上传 {count} 张参考图片\n\n",)),
    16: replace(CHINESE, closing="图片生成完成 ✅\n\n"),
    17: replace(CHINESE, closing="> ✅ 图片绘制成功\n\n"),
    18: replace(CHINESE, opening=(REQUEST_ECHO, *CHINESE.opening)),
    19: replace(CHINESE, closing="❌ 生成失败: 内部错误，请稍后重试", failure="prose"),
    20: replace(CHINESE, closing="图片生成失败 ❌ - 上游没有返回图片", failure="prose"),
    21: replace(CHINESE, closing="生成图片失败: upstream timeout", failure="prose"),
    22: ProgressFormat(
        closing="I can't generate images right now: there is a rate limit in place. Please try again later.",
        failure="prose",
    ),
    23: ProgressFormat(
        closing="I'm sorry, but I can't create this image because it may conflict with our content policy.",
        failure="prose",
    ),
    24: replace(CHINESE, halfway="**生成失败，正在重试**\n\n"),
    25: replace(CHINESE, failure="event"),
    26: ProgressFormat(channel="reasoning_content", closing="错误: 生成超时", failure="prose"),
}


def queue_line(is_chinese: bool) -> str:
    """The line sent while the request waits for a slot."""
    return ">🕐 排队中.\n\n" if is_chinese else ">🕐 Queuing...\n\n"


def preview_line(link: str) -> str:
    """The line of an unfinished picture: a percentage that is a link, as in progress lines that grow."""
    return f"> [50]({link})\n\n"


# ---------------------------------------------------------------- formats of the finished picture


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedPicture:
    """A picture to send."""

    link: str
    """Address of the picture."""
    download_link: str
    """Address of the same file as a download."""
    data: bytes = field(repr=False)
    """PNG."""
    is_chinese: bool
    """Whether the words around the picture are Chinese."""

    @property
    def base64_data(self) -> str:
        return base64.b64encode(self.data).decode("ascii")


DeltaFields = Mapping[str, object]  # of a delta or a message: `content`, or a field beside it


def _images_field(finished: FinishedPicture) -> DeltaFields:
    url = {"url": f"data:image/png;base64,{finished.base64_data}"}
    return {"content": "", "images": [{"type": "image_url", "image_url": url}]}


def _inline_data_field(finished: FinishedPicture) -> DeltaFields:
    part = {"inline_data": {"mime_type": "image/png", "data": finished.base64_data}}
    return {"content": "", "multi_mod_content": [part]}


def _download_link(finished: FinishedPicture) -> str:
    return f"[{'点击下载' if finished.is_chinese else 'Click to download'}]({finished.download_link})\n\n"


RESULT_FORMATS: Mapping[str, Callable[[FinishedPicture], DeltaFields]] = {
    "markdown": lambda f: {"content": f"![]({f.link})\n\n"},
    "titled": lambda f: {"content": f"![{f.link}]({f.link})\n\n{_download_link(f)}"},
    "download-only": lambda f: {"content": _download_link(f)},
    "bare": lambda f: {"content": f"{f.link}\n"},
    "data-url": lambda f: {"content": f"![image](data:image/png;base64,{f.base64_data})\n\n"},
    "images-field": _images_field,
    "inline-data": _inline_data_field,
    "none": lambda f: {"content": ""},
}


def echo_request(prompt: str, count: int) -> str:
    """The request as some relays repeat it at the top of the reply."""
    return json.dumps({"prompt": prompt, "ratio": "1:1", "n": count}, ensure_ascii=False, indent=2)
