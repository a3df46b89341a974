"""Which budgets of chat platforms this process shares with others."""

from bot.cluster.local import LocalMembership
from bot.ports import Cluster
from bot.runtime.clock import Clock
from bot.status.calls import ShareBudgets
from bot.status.shared_budgets import SharedBudgets
from bot.store.store import Store


def share_budgets(store: Store, cluster: Cluster, clock: Clock) -> ShareBudgets | None:
    """What shares them over the store; None where one process serves the bot, as on SQLite."""
    if (storage := store.budgets) is None or isinstance(cluster.membership, LocalMembership):
        return None
    return lambda pacer, wake: SharedBudgets(pacer, storage, cluster.membership, clock, wake)
