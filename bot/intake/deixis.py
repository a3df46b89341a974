"""Whether a request is about a picture that stands around it: it says "this", or changes something it does not name.

Pure. English, Russian and Chinese; where words leave it open, a request is for a new picture.
"""

import re

_COMMAND = re.compile(r"\s*[/／](?P<name>\w+)(?:[@＠]\w+)?\s*")
_POLITE = r"(?:please|pls|can you|could you|would you|now|and|пожалуйста|а|и|теперь|请|請|帮我|幫我|麻烦|现在|現在)"
_ANYWHERE = re.compile(
    r"\b(?:this|these)\b"
    r"|\bthat (?:picture|photo|image|pic|one|drawing|painting)\b"
    r"|\b(?:the|above) (?:picture|photo|image|pic) above\b"
    # several of them
    r"|\b(?:both|all|all (?:two|three|four|five)) (?:of (?:them|those)|(?:the )?(?:pictures|photos|images|pics)|"
    r"at|in|on|into|to|together)\b"
    r"|\b(?:обоих|их всех|всех (?:троих|их)|все (?:фото|картинки|фотографии))(?!\w)"
    r"|他[们們]|她[们們]|它[们們]|(?:所有|全部)的?(?:图|圖|照)"
    r"|\bэт(?:о|а|от|у|и|ого|ой|ому|им|ом|их|ими)\b"
    r"|[这這]|此图|此圖",
    re.IGNORECASE,
)
_AT_START = re.compile(
    rf"\s*(?:{_POLITE}[,，]?\s*)*(?:"
    # somebody or something that is not named
    r"(?:make|turn|paint|draw|put|give|show|dress|let|render|convert|transform|combine|merge|blend|mix|join) "
    r"(?:it|him|her|them)\b"
    # a change; of what, is clear from the place
    r"|(?:add|remove|delete|erase|replace|change|edit|modify|recolou?r|colou?ri[sz]e|crop|extend|brighten|darken|blur|"
    r"sharpen|restyle|redraw|repaint|redo|enhance|upscale|restore|swap|zoom in|zoom out|get rid of)\b"
    r"|make the\b"
    r"|(?:сделай|преврати|нарисуй|перерисуй|поставь|одень|покажи)(?:те)? (?:его|её|ее|их)\b"
    r"|(?:добавь|убери|удали|сотри|замени|измени|поменяй|смени|перекрась|раскрась|дорисуй|обрежь|расширь|осветли|затемни|"
    r"размой|улучши|исправь|переделай|перерисуй|отредактируй|увеличь|восстанови)(?:те)?\b"
    r"|把|将|將|给[它他她]|給[它他她]|让[它他她]|讓[它他她]|加上|添加|加[个個一]|去掉|去除|删除|刪除|移除|换成|換成|改成|改为|改為|"
    r"变成|變成|修改|替换|替換|上色|裁剪|放大|修复|修復|重绘|重繪"
    r")",
    re.IGNORECASE,
)


def refers_to_picture(text: str) -> bool:
    """Whether a request without pictures of its own is about one that its place shows. `text` may begin with a
    command; `/edit` always is."""
    command = _COMMAND.match(text)
    if command is not None:
        if command["name"].lower() == "edit":
            return True
        text = text[command.end() :]
    return _ANYWHERE.search(text) is not None or _AT_START.match(text) is not None
