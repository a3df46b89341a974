"""getChat and its kin, getFile, leaveChat."""

from tests.servers.telegram import encode
from tests.servers.telegram.errors import Json, bad
from tests.servers.telegram.files import DOWNLOAD_LIMIT
from tests.servers.telegram.methods.call import Call, Handler
from tests.servers.telegram.methods.targets import known_chat, reached_chat


def get_chat(call: Call) -> Json:
    chat = known_chat(call)
    if chat.kind != "private":
        reached_chat(call)
    return encode.full_chat(chat)


def get_member(call: Call) -> Json:
    chat = reached_chat(call)
    user = call.core.world.users.get(call.integer("user_id") or 0)
    if user is None:
        raise bad("PARTICIPANT_ID_INVALID")
    return encode.member(user, call.core.world.status(chat, user), chat.denied)


def get_administrators(call: Call) -> list[Json]:
    chat = reached_chat(call)
    if chat.kind == "private":
        raise bad("there are no administrators in the private chat")
    world = call.core.world
    everybody = [world.bot, *(world.users[number] for number in chat.members)]
    statuses = [(one, world.status(chat, one)) for one in everybody]
    return [
        encode.member(one, status, set(), chat.withheld.get(one.id, ()))
        for one, status in statuses
        if status in ("creator", "administrator")
    ]


def get_member_count(call: Call) -> int:
    chat = reached_chat(call)
    present = [status for status in chat.members.values() if status not in ("left", "kicked")]
    return len(present) + 1 if chat.kind != "private" else 2


def leave_chat(call: Call) -> bool:
    chat = reached_chat(call)
    if chat.kind == "private":
        raise bad("chat member status can't be changed in private chats")
    chat.bot_status = "left"
    return True


def get_file(call: Call) -> Json:
    core = call.core
    file_id = call.string("file_id")
    if file_id is None:
        raise bad("file_id not specified")
    stored = core.files.get(file_id)
    if core.switches.local:
        return encode.file(stored, str(core.files.lay_out(stored)))
    if stored.size > DOWNLOAD_LIMIT:
        raise bad("file is too big")
    core.links[stored.path] = core.now()
    return encode.file(stored, stored.path)


METHODS: dict[str, Handler] = {
    "getChat": get_chat,
    "getChatMember": get_member,
    "getChatAdministrators": get_administrators,
    "getChatMemberCount": get_member_count,
    "leaveChat": leave_chat,
    "getFile": get_file,
}
