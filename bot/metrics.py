"""Metrics for the operator's Prometheus. Labels are few and bounded: never a user, a chat or a prompt.

Each constant is named for its metric.
"""

from prometheus_client import Counter, Gauge, Histogram

JOBS_ACCEPTED = Counter("easel_jobs_accepted_total", "Jobs accepted")
JOBS_FINISHED = Counter("easel_jobs_finished_total", "Jobs ended, by final state", ["state"])
REFUSALS = Counter("easel_refusals_total", "Requests refused, by reason", ["reason"])
UPSTREAM_FAILURES = Counter("easel_upstream_failures_total", "Paintings that an upstream failed, by class", ["failure"])
PROVIDER_CONCURRENCY = Gauge(
    "easel_provider_concurrency", "Requests that a provider may have at once, as learned from its answers", ["provider"]
)
SURPLUS_IMAGES = Counter(
    "easel_surplus_images_total", "Pictures that an upstream sent beyond what was asked, and nobody got", ["provider"]
)
ROWS_SET_ASIDE = Counter("easel_rows_set_aside_total", "Stored rows that could not be read, by table", ["table"])
UPDATES_SET_ASIDE = Counter(
    "easel_updates_set_aside_total", "Events of a chat platform that could not be read or handled", ["platform"]
)
TASK_RESTARTS = Counter("easel_task_restarts_total", "Restarts of long-lived tasks that had ended, by task", ["task"])
TEXT_FAILURES = Counter("easel_text_failures_total", "Sentences that could not be built, and were replaced")
INVALID_REQUESTS = Counter(
    "easel_discord_invalid_requests_total", "Calls that Discord counts as invalid, by status", ["status"]
)
RECENT_INVALID_REQUESTS = Gauge(
    "easel_discord_invalid_requests_recent", "The same in the last ten minutes; beyond 10,000 Discord bans the address"
)
MODERATION_REQUESTS = Counter(
    "easel_moderation_requests_total", "Prompts and pictures that a moderation was asked about"
)
MODERATION_REFUSALS = Counter(
    "easel_moderation_refusals_total", "Prompts and pictures refused by moderation, by category", ["category"]
)
MODERATION_UNAVAILABLE = Counter(
    "easel_moderation_unavailable_total", "Prompts and pictures that the moderation did not answer about"
)
CLUSTER_MEMBERS = Gauge(
    "easel_cluster_members", "Processes that share the database, this one included, as it sees them"
)
CLUSTER_LAPSES = Counter(
    "easel_cluster_lapses_total", "Times that this process was given up by the others, and began anew"
)
LEASES_HELD = Gauge("easel_leases_held", "Leases that this process holds: polling, shards, periodic work")
BUS_GAPS = Counter("easel_bus_gaps_total", "Times that messages between processes may have been missed")
JOBS_RUNNING = Gauge("easel_jobs_running", "Jobs running in this process")
JOBS_WAITING = Gauge("easel_jobs_waiting", "Jobs waiting in line in this process")
PAINT_SECONDS = Histogram(
    "easel_paint_seconds",
    "Seconds from a job's start to its delivered picture",
    ["provider"],
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 300, 600),  # seconds
)
