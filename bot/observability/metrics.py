"""Metrics for the operator's Prometheus. Labels are few and bounded: never a user, a chat or a prompt.

Each constant is named for its metric.
"""

from prometheus_client import Counter, Gauge, Histogram

QUICK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds; of what a user should not notice
PAINT_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)  # seconds; of what an upstream takes

JOBS_ACCEPTED = Counter("easel_jobs_accepted_total", "Jobs accepted")
JOBS_FINISHED = Counter("easel_jobs_finished_total", "Jobs ended, by final state", ["state"])
CREDITS_RESERVED = Counter(
    "easel_credits_reserved_total", "Credits reserved for jobs, before any correction of their requests"
)
CREDITS_CHARGED = Counter("easel_credits_charged_total", "Credits charged for delivered pictures")
FIRST_STATUS_SECONDS = Histogram(
    "easel_first_status_seconds",
    "Seconds from a job's acceptance until its status message stood in the chat",
    ["platform"],
    buckets=QUICK_BUCKETS,
)
CHAT_CALLS = Counter(
    "easel_chat_calls_total",
    "Calls that post, edit or end messages, by kind (post, edit, final) and outcome (ok, or the class of the failure)",
    ["platform", "kind", "outcome"],
)
RATE_LIMITED = Counter(
    "easel_rate_limited_total", "Calls that a chat platform refused for their number, by scope", ["platform", "scope"]
)
PROGRESS_DROPPED = Counter(
    "easel_progress_dropped_total", "Changes of a status message that newer ones replaced before they were shown"
)
PROVIDER_INFO = Gauge(
    "easel_provider_info", "Always 1, for each model of each provider", ["provider", "model", "dialect", "preset"]
)
ATTEMPTS = Counter(
    "easel_attempts_total",
    "Requests to an upstream that ended, by outcome (done, or the class of the failure)",
    ["provider", "model", "outcome"],
)
UPSTREAM_WAIT_SECONDS = Histogram(
    "easel_upstream_wait_seconds",
    "Seconds from a job's acceptance until an upstream was asked for the first time",
    buckets=(*QUICK_BUCKETS, 30, 60, 300),
)
UPSTREAM_SECONDS = Histogram(
    "easel_upstream_seconds",
    "Seconds from a request to an upstream until it had ended, however it ended",
    ["provider", "model"],
    buckets=PAINT_BUCKETS,
)
DELIVERY_SECONDS = Histogram(
    "easel_delivery_seconds",
    "Seconds from the end of an upstream's answer until the pictures stood in the chat",
    ["platform"],
    buckets=QUICK_BUCKETS,
)
LOOP_LAG_SECONDS = Histogram(
    "easel_event_loop_lag_seconds",
    "Seconds by which a timer of one second came late: how long the event loop was held up",
    buckets=QUICK_BUCKETS,
)
COMMIT_SECONDS = Histogram("easel_database_commit_seconds", "Seconds that one COMMIT took", buckets=QUICK_BUCKETS)
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
UNEXPECTED_ERRORS = Counter("easel_unexpected_errors_total", "Exceptions that nobody expected, logged with a traceback")
TRACE_SPANS_DROPPED = Counter("easel_trace_spans_dropped_total", "Spans of traces that did not reach the collector")
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
BACKUPS = Counter("easel_backups_total", "Backups by outcome: made, failed", ["outcome"])
LAST_BACKUP = Gauge("easel_last_backup_timestamp_seconds", "When the last backup was made")
JOBS_RUNNING = Gauge("easel_jobs_running", "Jobs running in this process")
JOBS_WAITING = Gauge("easel_jobs_waiting", "Jobs waiting in line in this process")
PAINT_SECONDS = Histogram(
    "easel_paint_seconds",
    "Seconds from a job's start to its delivered picture",
    ["provider"],
    buckets=PAINT_BUCKETS,
)
