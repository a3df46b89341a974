"""What the core asks of the outside and the outside of the core, as Protocols with their promises.

One place to import them from; they stand in the modules below.
"""

from bot.ports.core import EventSink, Provider
from bot.ports.dispatch import Dispatch, Signal, Workflow
from bot.ports.platforms import (
    BalanceDisplay,
    ChatPort,
    ChatRoles,
    DeliveryPermissions,
    MessageLinks,
    MessageRemoval,
    PreparedPosts,
    PrivateChats,
    RateLimitFeedback,
    RequestAcknowledgement,
    Shop,
    StoredFiles,
)
from bot.ports.storage import (
    AdapterStorage,
    InteractionTokenStorage,
    MovedRefs,
    PendingNotices,
    PostIntents,
    StoredToken,
    UpdateInbox,
)

__all__ = [
    "AdapterStorage",
    "BalanceDisplay",
    "ChatPort",
    "ChatRoles",
    "DeliveryPermissions",
    "Dispatch",
    "EventSink",
    "InteractionTokenStorage",
    "MessageLinks",
    "MessageRemoval",
    "MovedRefs",
    "PendingNotices",
    "PostIntents",
    "PreparedPosts",
    "PrivateChats",
    "Provider",
    "RateLimitFeedback",
    "RequestAcknowledgement",
    "Shop",
    "Signal",
    "StoredFiles",
    "StoredToken",
    "UpdateInbox",
    "Workflow",
]
