"""A preset as it is added to `bot/providers/presets`: the example of bot/providers/README.md."""

from bot.painting import Capabilities
from bot.providers.presets import ModelRule, Preset, TaskState, TasksWire

MILL = Preset(
    dialect="tasks",
    base_url="https://mill.example",
    model="mill-3",
    stream=False,
    wire=TasksWire(
        submit="/v2/jobs",
        task="/v2/jobs/{id}",
        model_field="engine",
        prompt_field="input.text",
        references_field="input.pictures",
        size_field="input.shape",
        n_field="",
        mask_field="",
        id_paths=(("job",),),
        status_paths=(("phase",),),
        progress_paths=(("percent",),),
        result_paths=(("files", "0", "href"),),
        states={"running": TaskState.WORKING, "ready": TaskState.DONE, "broken": TaskState.FAILED},
    ),
    models=(
        ModelRule(families=("mill-3",), capabilities=Capabilities(sizes=("1:1", "3:2", "2:3"), max_references=2)),
        ModelRule(families=("mill-2",), capabilities=Capabilities(sizes=("1:1",), max_references=0)),
    ),
)
