"""Faults in prompts, and their combination."""

from bot.sandbox.faults import Fault, combine_effects, parse_faults


def test_faults_are_parsed_from_a_prompt_and_combined():
    assert parse_faults("a [[429:2.5]] fox [[TORN]] [[fox]] [[429]]", "chat") == [
        Fault("429", 2.5),
        Fault("torn"),
        Fault("429"),
    ]
    effect = combine_effects([Fault("torn"), Fault("forms", 4), Fault("two", 9), Fault("slow", 2)])
    assert (effect.fragmented, effect.progress_format, effect.picture_count, effect.slowdown) == (True, 4, 2, 2)


def test_a_fault_of_one_dialect_spares_the_others():
    assert parse_faults("a fox [[images/500]]", "images") == [Fault("500")]
    assert parse_faults("a fox [[images/500]] [[chat/torn]]", "chat") == [Fault("torn")]
