"""How the process's file descriptors are shared out: so many for the server, for chats, for jobs; the rest for files.

Whoever opens connections asks here how many it may have. Each share is small enough that none can use up another's.
"""

import resource
from contextlib import suppress

import structlog

log = structlog.get_logger()

MAX_LIMIT = 65_536  # descriptors that are asked for, where the system allows more than the process was given
FILES = 28  # the database's connections with their logs, the event loop, the log, pipes to processes, a lock
MIN_JOBS = 2
MIN_CONNECTIONS = 4
SERVER_SHARE, CHAT_SHARE = (
    8,
    16,
)  # one descriptor in so many is for the HTTP server's, for each chat client's connections
CHAT_CLIENTS = 3  # with connections of their own: Telegram's, Discord's library, our calls to Discord


def raise_limit() -> None:
    """Raises the process's limit as far as the system allows it, at most to MAX_LIMIT."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_LIMIT if hard == resource.RLIM_INFINITY else min(hard, MAX_LIMIT)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # a sandbox of the system's may forbid it
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def limit() -> int:
    """How many descriptors the process may have; MAX_LIMIT where there is no limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_LIMIT if soft == resource.RLIM_INFINITY else soft


def server_connections(descriptors: int) -> int:
    """Connections that the HTTP server may have."""
    return max(MIN_CONNECTIONS, descriptors // SERVER_SHARE)


def chat_connections(descriptors: int) -> int:
    """Connections that one chat client may have."""
    return max(MIN_CONNECTIONS, descriptors // CHAT_SHARE)


def concurrent_jobs(descriptors: int) -> int:
    """Jobs that may run at once: each has one connection to its upstream, or to where the result is fetched from."""
    chats = CHAT_CLIENTS * chat_connections(descriptors)
    return max(MIN_JOBS, descriptors - FILES - server_connections(descriptors) - chats)


def limit_jobs(wanted: int) -> int:
    """Jobs at once: as many as the operator wants, or as the process has descriptors for, which is logged then."""
    possible = concurrent_jobs(limit())
    if possible < wanted:
        log.warning("few descriptors: fewer jobs run at once", jobs=possible, wanted=wanted, limit=limit())
    return min(wanted, possible)
