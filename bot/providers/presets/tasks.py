"""Presets of the dialect `tasks`."""

from collections.abc import Mapping

from bot.providers.presets.models import EVOLINK_MODELS, TASK_MODELS, TOAPIS_MODELS
from bot.providers.presets.shape import BalanceQuery, Preset
from bot.providers.presets.wires import TasksWire, UploadWire

TASKS: Mapping[str, Preset] = {
    "evolink": Preset(
        dialect="tasks",
        wire=TasksWire(
            submit="/v1/images/generations",
            task="/v1/tasks/{id}",
            upload=UploadWire(
                path="/api/v1/files/upload/base64",
                form="base64",
                file_field="base64_data",
                name_field="file_name",
                url_paths=(("data", "file_url"), ("data", "download_url")),
            ),
            callback_field="callback_url",
            credits_path=("usage", "credits_reserved"),
            failed_is_free=True,
        ),
        base_url="https://api.evolink.ai",
        files_base_url="https://files-api.evolink.ai",
        model="gpt-4o-image",
        stream=False,
        probe="/v1/tasks/task-unified-0-probe",
        models=EVOLINK_MODELS,
        # https://docs.evolink.ai/en/api-manual/account-management/get-credits
        balance=BalanceQuery(
            path="/v1/credits",
            left=(("data", "user", "remaining_credits"),),
            answer=("data", "user"),
            unit="credits",
        ),
    ),
    "toapis": Preset(
        dialect="tasks",
        wire=TasksWire(
            submit="/v1/images/generations",
            task="/v1/images/generations/{id}",
            references_field="reference_images",
            upload=UploadWire(path="/v1/uploads/images", form="multipart"),
            poll_growth=1.0,
        ),
        base_url="https://toapis.com",
        model="gpt-4o-image",
        stream=False,
        probe="/v1/models",
        models=TOAPIS_MODELS,
    ),
}

TASK_RELAY = Preset(
    dialect="tasks",
    wire=TasksWire(upload=UploadWire(path="/uploads/images", form="multipart"), callback_field="callback_url"),
    model="gpt-4o-image",
    stream=False,
    models=TASK_MODELS,
)

# The sandbox serves several dialects at one address, this one under a path of its own.
TASK_SANDBOX = Preset(
    dialect="tasks",
    wire=TasksWire(
        submit="/evolink/v1/images/generations",
        task="/evolink/v1/tasks/{id}",
        upload=UploadWire(
            path="/evolink/api/v1/files/upload/stream", form="multipart", url_paths=(("data", "file_url"),)
        ),
        callback_field="callback_url",
        credits_path=("usage", "credits_reserved"),
        failed_is_free=True,
    ),
    model="gpt-4o-image",
    stream=False,
    probe="/evolink/v1/tasks/task-unified-0-probe",
    models=EVOLINK_MODELS,
)
