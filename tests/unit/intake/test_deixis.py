"""Requests that are about a picture around them, and requests for a new one, in three languages."""

import pytest

from bot.intake.deixis import refers_to_picture


@pytest.mark.parametrize(
    "text",
    [
        "make this an oil painting",
        "This, but at night",
        "these two as cats",
        "a poster in the style of that picture",
        "make it night",
        "please, make it night",
        "Could you turn her into a fox",
        "add a hat",
        "now remove the background",
        "make the sky red",
        "/edit",
        "/edit@easel_bot a fox",
        "/imagine this as a poster",
        "сделай это ночью",
        "эту картину маслом",
        "сделайте её ярче",
        "Пожалуйста, добавь шляпу",
        "а теперь убери фон",
        "把这张变成油画",
        "这个改成夜晚",
        "請把天空變紅",
        "加上一顶帽子",
        "让它变成夜晚",
    ],
)
def test_it_is_about_the_picture(text: str) -> None:
    assert refers_to_picture(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a fox in the snow",
        "a castle with a dragon that flies over it",
        "paint a fox",
        "make a poster of a fox",
        "thistles and additions",
        "/imagine a fox",
        "лиса в снегу",
        "нарисуй лису",
        "поэт и поэты",
        "一只狐狸",
        "画一只狐狸",
    ],
)
def test_it_is_for_a_new_picture(text: str) -> None:
    assert not refers_to_picture(text)
