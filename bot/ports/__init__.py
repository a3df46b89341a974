"""What the core asks of the outside and the outside of the core, as Protocols with their promises.

One place to import them from; they stand in the modules below.
"""

from bot.ports.cluster import (
    EVENTS,
    MAX_PAYLOAD_BYTES,
    PAINTING,
    Bus,
    Cluster,
    Lease,
    Leases,
    Member,
    Membership,
    MembershipChange,
    Transaction,
)
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
    "EVENTS",
    "MAX_PAYLOAD_BYTES",
    "PAINTING",
    "AdapterStorage",
    "BalanceDisplay",
    "Bus",
    "ChatPort",
    "ChatRoles",
    "Cluster",
    "DeliveryPermissions",
    "Dispatch",
    "EventSink",
    "InteractionTokenStorage",
    "Lease",
    "Leases",
    "Member",
    "Membership",
    "MembershipChange",
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
    "Transaction",
    "UpdateInbox",
    "Workflow",
]
