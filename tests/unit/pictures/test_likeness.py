"""Which pictures are looked at closely."""

from bot.pictures.likeness import is_alike_from_afar

RAMP = bytes(range(0, 256, 4))


def test_one_scene_is_alike_whatever_its_light_and_another_is_not() -> None:
    assert is_alike_from_afar(RAMP, bytes(value // 2 + 60 for value in RAMP))
    assert not is_alike_from_afar(RAMP, RAMP[::-1])


def test_a_plain_picture_may_be_anything_that_is_plain() -> None:
    assert is_alike_from_afar(bytes([90]) * 64, RAMP)
