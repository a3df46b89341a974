"""The table of progress formats."""

from bot.sandbox.chat.progress_formats import CHINESE, PROGRESS_FORMATS


def test_all_progress_formats_are_there():
    assert sorted(PROGRESS_FORMATS) == list(range(1, 27))
    assert CHINESE.step == "> 🏃 进度：{percent:.1f}%\n\n"
