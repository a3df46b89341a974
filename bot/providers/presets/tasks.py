"""The upstreams of the dialect `tasks`, as data."""

from collections.abc import Mapping
from dataclasses import replace

from bot.painting import Abilities
from bot.providers.presets.shape import Preset
from bot.providers.presets.wires import TasksWire, UploadWire

_GPT_4O_IMAGE = Abilities(
    sizes=("1:1", "2:3", "3:2", "1024x1024", "1024x1536", "1536x1024"),
    max_references=5,
    masks=True,
    max_masked_references=1,
)

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
        ),
        base_url="https://api.evolink.ai",
        files_base_url="https://files-api.evolink.ai",
        model="gpt-4o-image",
        stream=False,
        probe="/v1/tasks/task-unified-0-probe",
        abilities=replace(_GPT_4O_IMAGE, counts=(1, 2, 4), max_prompt=2000),
    ),
    "toapis": Preset(
        dialect="tasks",
        wire=TasksWire(
            references_field="reference_images",
            upload=UploadWire(path="/uploads/images", form="multipart"),
            poll_growth=1.0,
        ),
        base_url="https://toapis.com/v1",
        model="gpt-4o-image",
        stream=False,
        probe="/models",
        abilities=replace(_GPT_4O_IMAGE, sizes=("1:1", "2:3", "3:2")),
    ),
}

TASK_RELAY = Preset(
    dialect="tasks",
    wire=TasksWire(upload=UploadWire(path="/uploads/images", form="multipart"), callback_field="callback_url"),
    model="gpt-4o-image",
    stream=False,
    abilities=_GPT_4O_IMAGE,
)
