"""What a moderation endpoint found, as the operator's policy takes it."""

from typing import Any

import pytest

from bot.moderation.rules import OTHER, Findings, Policy, parse_findings


def answer(*results: Any) -> dict[str, Any]:
    return {"id": "modr-1", "model": "omni-moderation-latest", "results": list(results)}


VIOLENT = {
    "flagged": True,
    "categories": {"violence": True, "violence/graphic": True, "sexual": False, "illicit": None},
    "category_scores": {"violence": 0.9, "violence/graphic": 0.95, "sexual": 0.4, "hate": "high"},
}
HARMLESS = {"flagged": False, "categories": {"violence": False}, "category_scores": {"violence": 0.2, "sexual": 0.6}}


def test_the_results_of_an_answer_are_read_together() -> None:
    assert parse_findings(answer(VIOLENT, HARMLESS)) == Findings(
        flagged=True,
        categories=frozenset({"violence", "violence/graphic"}),
        scores={"violence": 0.9, "violence/graphic": 0.95, "sexual": 0.6},
    )
    assert parse_findings(answer({"flagged": False})) == Findings()
    assert parse_findings(answer({"categories": {"hate": True}})) == Findings(categories=frozenset({"hate"}))


@pytest.mark.parametrize(
    "document",
    [
        None,
        "words",
        [],
        {},
        answer(),
        {"results": "none"},
        answer("flagged"),
        answer({"verdict": "bad"}),
        answer({"flagged": "yes", "categories": None}),
        answer({"flagged": False}, {"categories": ["violence"]}),
        {"error": {}},
    ],
)
def test_what_is_no_answer_of_a_moderation_is_none(document: Any) -> None:
    assert parse_findings(document) is None


FOUND = parse_findings(answer(VIOLENT)) or Findings()


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        (Policy(), "violence/graphic"),
        (Policy(categories=frozenset({"violence"})), "violence"),
        (Policy(categories=frozenset({"sexual", "hate"})), None),
        (Policy(thresholds={"sexual": 0.3}), "violence/graphic"),
        (Policy(categories=frozenset({"sexual"}), thresholds={"sexual": 0.3}), "sexual"),
        (Policy(categories=frozenset({"sexual"}), thresholds={"sexual": 0.5}), None),
        (Policy(thresholds={"violence": 0.99, "violence/graphic": 0.99}), None),
        (Policy(thresholds={"violence": 0.99}), "violence/graphic"),
    ],
)
def test_categories_and_thresholds_decide(policy: Policy, refused: str | None) -> None:
    assert policy.refused_category(FOUND) == refused


def test_an_endpoint_without_scores_or_categories_is_believed_all_the_same() -> None:
    unscored = Findings(flagged=True, categories=frozenset({"hate"}))
    assert Policy(thresholds={"hate": 0.8}).refused_category(unscored) == "hate"
    assert Policy().refused_category(Findings(flagged=True)) == OTHER
    assert Policy(categories=frozenset({"hate"})).refused_category(Findings(flagged=True)) is None
    assert Policy().refused_category(Findings(scores={"hate": 0.9})) is None


@pytest.mark.parametrize("yes", [True, 1, 1.0, "true", "TRUE "])
def test_whatever_says_yes_is_a_finding_and_nothing_else_is(yes: object) -> None:
    document = answer({"categories": {"violence": yes, "hate": "no", "sexual": 0, "illicit": None, "self-harm": {}}})
    assert parse_findings(document) == Findings(categories=frozenset({"violence"}))
