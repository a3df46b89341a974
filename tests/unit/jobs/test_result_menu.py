"""Which rows the menu of a result has, for whom and where."""

from dataclasses import replace

from bot.chat import Action, ChatFeatures
from bot.jobs.result_menu import MenuContext, Right, menu_buttons, offered_rows
from bot.prices import PriceRange
from tests.unit.jobs.test_lineage import job

OWN = {Action.DETAILS, Action.COMPARE, Action.TREE, Action.DELETE}


def offered(context: MenuContext) -> set[Action]:
    return {row.action for row in offered_rows(context)}


def test_what_leads_back_is_offered_where_there_is_something_before() -> None:
    assert offered(MenuContext(job=job("a"))) == {Action.DETAILS, Action.DELETE}
    assert offered(MenuContext(job=job("a", photo=True))) == OWN - {Action.TREE}
    assert offered(MenuContext(job=job("b", "a"))) == OWN
    inline = ChatFeatures(one_message=True)
    assert offered(MenuContext(job=job("b", "a"), features=inline)) == {Action.DETAILS, Action.DELETE}


def test_moderators_delete_alone_who_went_on_does_the_rest_and_a_forgotten_job_can_only_be_deleted() -> None:
    assert offered(MenuContext(job=job("b", "a"), rights=frozenset({Right.DELETE}))) == {Action.DELETE}
    assert offered(MenuContext(job=job("b", "a"), rights=frozenset({Right.GO_ON}))) == OWN - {Action.DELETE}
    assert offered(MenuContext(job=replace(job("b", "a"), prompt=""))) == {Action.DELETE}


def test_what_paints_says_its_price_and_is_not_offered_without_one() -> None:
    prices = {Action.ORIGINAL: PriceRange(least=4, most=4)}
    buttons = menu_buttons(MenuContext(job=job("b", "a"), picture=2, prices=prices), "en")
    labels = {each.action: each.label for each in buttons}
    assert labels[Action.ORIGINAL] == "From the original (4 credits)"
    assert labels[Action.TREE] == "Tree"
    assert {each.picture for each in buttons} == {2}
