"""MarkdownV2, by the rules in "Formatting options" of Telegram's documents. Pure."""

from tests.servers.telegram.errors import Json, unparsed
from tests.servers.telegram.markup.builder import Builder

RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
MARKS = {
    "*": ("Bold", "bold"),
    "_": ("Italic", "italic"),
    "__": ("Underline", "underline"),
    "~": ("Strikethrough", "strikethrough"),
    "||": ("Spoiler", "spoiler"),
    "`": ("Code", "code"),
    "```": ("Pre", "pre"),
}
ENTITIES = dict(MARKS.values())
CLOSERS = {name: mark for mark, (name, _) in MARKS.items()} | {"TextUrl": "]", "CustomEmoji": "]"}
ASCII_END = 126  # the last character that a backslash may escape


def parse(source: str) -> tuple[str, list[Json]]:
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.out = Builder(source)

    def read(self) -> tuple[str, list[Json]]:
        while self.at < len(self.source):
            self._step()
        self._end_quote()
        if self.out.stack:
            opened = self.out.stack[-1]
            raise unparsed(f"Can't find end of {opened.type} entity at byte offset {opened.at}")
        return self.out.done()

    def _step(self) -> None:
        character, following = self.source[self.at], self.source[self.at + 1 : self.at + 2]
        if character == "\\" and following and ord(following) <= ASCII_END:
            self.out.write(following)
            self.at += 2
        elif self._closes():
            self._close()
        elif self._in_code() or character not in RESERVED:
            self._plain(character)
        else:
            self._open(character)

    def _plain(self, character: str) -> None:
        if character == "\n" and not self._next_line_quoted():
            self._end_quote()
        self.out.write(character)
        self.at += 1
        if character == "\n" and self._quoting() and self.source[self.at : self.at + 1] == ">":
            self.at += 1  # the quotation goes on

    def _in_code(self) -> bool:
        return bool(self.out.stack) and self.out.stack[-1].type in ("Code", "Pre")

    def _quoting(self) -> bool:
        return any(opened.type == "BlockQuote" for opened in self.out.stack)

    def _next_line_quoted(self) -> bool:
        return self.source[self.at + 1 : self.at + 2] == ">"

    def _end_quote(self) -> None:
        if self.out.stack and self.out.stack[-1].type == "BlockQuote":
            self.out.end(self.out.stack.pop(), "blockquote")

    def _closes(self) -> bool:
        if not self.out.stack:
            return False
        kind = self.out.stack[-1].type
        closer = CLOSERS.get(kind, "")
        if not closer or not self.source.startswith(closer, self.at):
            return False
        return not (kind == "Italic" and self.source.startswith("__", self.at))

    def _close(self) -> None:
        opened = self.out.stack.pop()
        closer = CLOSERS[opened.type]
        self.at += len(closer)
        if opened.type in ("TextUrl", "CustomEmoji"):
            address = self._address(opened.at) if self.source[self.at : self.at + 1] == "(" else ""
            if opened.type == "CustomEmoji":
                if not address.startswith("tg://emoji?id="):
                    raise unparsed("Custom emoji entity must contain a tg://emoji URL")
                self.out.end(opened, "custom_emoji", custom_emoji_id=address.rpartition("=")[2])
            elif address:
                self.out.end(opened, "text_link", url=address)
            return
        language = {"language": opened.argument} if opened.argument else {}
        self.out.end(opened, ENTITIES[opened.type], **language)

    def _address(self, begun: int) -> str:
        """What stands in the brackets after a link's text."""
        found: list[str] = []
        index = self.at + 1
        while index < len(self.source) and self.source[index] != ")":
            if self.source[index] == "\\" and index + 1 < len(self.source):
                index += 1
            found.append(self.source[index])
            index += 1
        if index >= len(self.source):
            raise unparsed(f"Can't find end of a URL at byte offset {begun}")
        self.at = index + 1
        return "".join(found)

    def _open(self, character: str) -> None:
        begun = self.at
        mark = next((one for one in ("```", "__", "||") if self.source.startswith(one, begun)), character)
        if mark in MARKS:
            self.at += len(mark)
            self.out.begin(MARKS[mark][0], begun, argument=self._language() if mark == "```" else "")
        elif character == "[" or self.source.startswith("![", begun):
            self.at += 1 if character == "[" else 2
            self.out.begin("TextUrl" if character == "[" else "CustomEmoji", begun)
        elif character == ">" and (begun == 0 or self.source[begun - 1] == "\n"):
            self.at += 1
            self.out.begin("BlockQuote", begun)
        else:
            raise unparsed(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")

    def _language(self) -> str:
        """The word after three backticks, when a line break follows it; the break belongs to the markup."""
        line, newline, _ = self.source[self.at :].partition("\n")
        if not newline or "`" in line or " " in line:
            return ""
        self.at += len(line) + 1
        return line
