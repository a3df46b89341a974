"""answerCallbackQuery, answerInlineQuery, answerGuestQuery."""

from typing import cast

from tests.servers.telegram import inline
from tests.servers.telegram.errors import TOO_OLD, Json, bad
from tests.servers.telegram.methods.call import Call, Handler
from tests.servers.telegram.queries import Answer

ALERT_LIMIT = 200  # characters
MOST_RESULTS = 50


def answer_callback(call: Call) -> bool:
    core = call.core
    pressed = core.queries.pressed.get(call.string("callback_query_id") or "")
    text = call.string("text") or ""
    if len(text) > ALERT_LIMIT:
        raise bad("MESSAGE_TOO_LONG")
    if pressed is None or pressed.answered or _age(call, pressed.at.timestamp()) > core.switches.query_life:
        raise bad(TOO_OLD)
    pressed.answer = Answer(text=text, show_alert=call.flag("show_alert"), url=call.string("url"))
    return True


def answer_inline(call: Call) -> bool:
    core = call.core
    query = core.queries.inline.get(call.string("inline_query_id") or "")
    if query is None or query.answered or _age(call, query.at.timestamp()) > core.switches.query_life:
        raise bad(TOO_OLD)
    results = [cast("Json", one) for one in call.array("results") or []]
    if len(results) > MOST_RESULTS:
        raise bad("RESULTS_TOO_MUCH")
    for one in results:
        inline.check(core, one)
    if len({one["id"] for one in results}) < len(results):
        raise bad("RESULT_ID_DUPLICATE")
    query.results = results
    cache = call.integer("cache_time")
    query.cache_time = 300 if cache is None else cache
    query.personal = call.flag("is_personal")
    query.button = call.object("button")
    return True


def answer_guest(call: Call) -> Json:
    core = call.core
    query = core.queries.guests.get(call.string("guest_query_id") or "")
    if query is None or query.answered or _age(call, query.at.timestamp()) > core.switches.query_life:
        raise bad(TOO_OLD)
    result = call.object("result")
    if result is None:
        raise bad("result isn't specified")
    inline.check(core, result)
    call.charge(None)
    asked = query.message
    query.answer = core.world.post(
        asked.chat,
        core.bot,
        inline.content(core, result),
        reply_to=asked,
        inline_id=inline.new_id(core),
        guest_caller=query.user,
    )
    return {"inline_message_id": query.answer.inline_id}


def _age(call: Call, at: float) -> float:
    return call.core.now().timestamp() - at


METHODS: dict[str, Handler] = {
    "answerCallbackQuery": answer_callback,
    "answerInlineQuery": answer_inline,
    "answerGuestQuery": answer_guest,
}
