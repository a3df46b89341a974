"""The operator's settings: what is understood, and how a mistake is said."""

import ast
import inspect
from itertools import pairwise
from pathlib import Path

import pytest

from bot import settings as settings_module
from bot.errors import SettingsWrong
from bot.providers import presets
from bot.settings import PREFIX, Settings, keys, load, providers, tables, variables


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no easel.toml of the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in (*variables(), "EASEL_SPECS"):
        monkeypatch.delenv(name, raising=False)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(config: Path | None = None) -> list[str]:
    with pytest.raises(SettingsWrong) as wrong:
        load(config)
    return wrong.value.problems


def test_by_default_a_process_that_has_died_is_noticed_within_ten_seconds() -> None:
    times = load().processes
    noticed_s = times.lost_after_s + 2 * times.heartbeat_s  # after its last one, by another's second one from then on
    assert noticed_s <= 10
    assert load().jobs.concurrency > 0  # `easel run` paints, too


def test_nothing_configured_gives_the_documented_defaults() -> None:
    settings = load()
    assert settings.database_url == "sqlite:///easel.db"
    assert (settings.server.host, settings.server.port, settings.server.enabled) == ("127.0.0.1", 8080, True)
    assert (settings.limits.user_daily, settings.limits.chat_daily) == (50, None)
    assert (settings.limits.user_concurrent, settings.limits.user_waiting) == (2, 5)
    assert (settings.discord.api_base, settings.discord.token) == ("https://discord.com/api/v10", None)
    assert (settings.telegram.api_base, settings.telegram.mode) == ("https://api.telegram.org", "polling")
    assert (settings.providers, settings.admins, settings.fetch.allow_hosts) == ((), (), ())
    assert (settings.locale, settings.log.format, settings.log.level) == ("en", "console", "info")
    assert (settings.playground.enabled, settings.jobs.concurrency, settings.drain_s) == (False, 500, 120)


def test_easel_toml_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "easel.toml").write_text("[limits]\nuser_daily = 7\n")
    assert load().limits.user_daily == 7


def test_a_file_that_is_named_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "easel.toml").write_text("[limits]\nuser_daily = 7\n")
    assert load(written(tmp_path, "[limits]\nuser_daily = 8")).limits.user_daily == 8


def test_the_environment_wins_key_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, '[limits]\nuser_daily = 7\nuser_waiting = 1\n[telegram]\ntoken = "from-file"\n')
    monkeypatch.setenv("EASEL_LIMITS__USER_DAILY", "9")
    monkeypatch.setenv("EASEL_TELEGRAM__TOKEN", "from-environment\n")
    settings = load(path)
    assert (settings.limits.user_daily, settings.limits.user_waiting) == (9, 1)
    assert settings.telegram.token is not None
    assert settings.telegram.token.get_secret_value() == "from-environment"


def test_lists_and_tables_in_the_environment_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_ADMINS", '["telegram:123", "discord:456"]')
    monkeypatch.setenv("EASEL_PROVIDERS", '[{"preset": "acedata", "api_key": "k", "price": 2}]')
    monkeypatch.setenv("EASEL_FETCH__ALLOW_HOSTS", '["127.0.0.1:9000", "[::1]:80"]')
    settings = load()
    assert settings.admins == ("telegram:123", "discord:456")
    assert settings.providers[0].name == "acedata"
    assert settings.providers[0].price == 2
    assert settings.fetch.allow_hosts == ("127.0.0.1:9000", "[::1]:80")


def test_packs_are_json_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_TELEGRAM__STAR_PACKS", '[{"credits": 50, "stars": 100}]')
    (pack,) = load().telegram.star_packs
    assert (pack.credits, pack.stars) == (50, 100)
    assert "EASEL_TELEGRAM__STAR_PACKS" in variables()


@pytest.mark.parametrize(
    ("value", "channels"), [("true", True), ("false", False), ("[-1001, -1002]", (-1001, -1002)), ("[]", ())]
)
def test_channels_are_all_none_or_a_list(monkeypatch: pytest.MonkeyPatch, value: str, channels: object) -> None:
    monkeypatch.setenv("EASEL_TELEGRAM__CHANNELS", value)
    assert load().telegram.channels == channels


@pytest.mark.parametrize("value", ['"yes"', "-1001", "[5]", '["@news"]'])
def test_channels_of_any_other_form_are_one_mistake(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        load(written(tmp_path, f"[telegram]\nchannels = {value}"))
    (problem,) = caught.value.problems
    assert problem.startswith("telegram.channels: must be true, false, or a list of channel ids")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_TELEGRAM__TOKEN", "")
    monkeypatch.setenv("EASEL_SERVER__PUBLIC_URL", "")
    settings = load()
    assert settings.telegram.token is None
    assert settings.server.public_url is None


def test_an_empty_secret_in_the_file_counts_as_not_set(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "[telegram]\ntoken = ''\n[discord]\ntoken = '  '"))
    assert (settings.telegram.token, settings.discord.token) == (None, None)


def test_secrets_show_in_no_repr(tmp_path: Path) -> None:
    settings = load(
        written(
            tmp_path,
            """
            database_url = "postgresql://easel:hush@db/easel"
            [discord]
            token = "hush"
            [telegram]
            token = "hush"
            [[providers]]
            preset = "acedata"
            api_key = "hush"
            """,
        )
    )
    assert "hush" not in repr(settings)
    assert "hush" not in str(settings)


def test_a_mistake_never_quotes_the_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_DISCORD__TOKEN", '["hush"]')
    path = written(tmp_path, 'database_url = "mysql://hush"\n[telegram]\ntoken = ["hush"]\n[[providers]]\napi_key = 5')
    assert "hush" not in "".join(problems(path))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[limits]\nuser_daly = 5", "limits.user_daly: unknown key; did you mean limits.user_daily?"),
        ("databse_url = 'x'", "databse_url: unknown key; did you mean database_url?"),
        ("colour = 'x'", "colour: unknown key"),
        (
            "[[providers]]\npreset = 'relay'\napi_kye = 'k'",
            "providers.0.api_kye: unknown key; did you mean providers.0.api_key?",
        ),
        (
            "[[providers]]\npreset = 'relay'\nmodels = ['a', { name = 'b', pirce = 1 }]",
            "providers.0.models.1.pirce: unknown key; did you mean providers.0.models.1.price?",
        ),
        (
            "[[providers]]\npreset = 'openai'\nmodels = ['a', 'b', 'A']",
            "providers.0.models.2.name: there is another model A",
        ),
        (
            "[[providers]]\npreset = 'openai'\nmodels = ['a', { name = 'b', label = 'A' }]",
            "providers.0.models.1.label: there is another model A",
        ),
        (
            "[[providers]]\npreset = 'openai'\nmodel = 'a'\nmodels = ['b']",
            "providers.0: set model and label, or models, not both",
        ),
        (
            "[[providers]]\npreset = 'acedat'",
            f"providers.0.preset: unknown; there are {', '.join(settings_module.PRESETS)}; did you mean acedata?",
        ),
        ("[[providers]]\ndialect = 'smoke'", "providers.0.dialect: unknown; there are chat, tasks, images"),
        ("[[providers]]\nmodel = 'm'", "providers.0: needs a preset, or a dialect and a base_url"),
        (
            "[[providers]]\npreset = 'relay'\n[[providers]]\npreset = 'relay'",
            "providers.1.name: there is another provider relay",
        ),
        ("providers = 5", "providers: input should be a list"),
        ("providers = [5]", "providers.0: input should be a table"),
        (
            '[[providers]]\npreset = "openai"\nmodels = [5]',
            "providers.0.models.0: input should be a table",
        ),
        (
            '[[providers]]\npreset = "openai"\nmodels = ["a", { name = "b", label = "Auto" }]',
            "providers.0.models.1.label: must be another word than auto, which stands for any model",
        ),
        (
            '[[providers]]\npreset = "openai"\nmodels = ["a", "auto"]',
            "providers.0.models.1.name: auto stands for any model; set a label",
        ),
        (
            '[[providers]]\npreset = "openai"\nlabel = " "',
            "providers.0.label: must be one line of at most 60 characters, without blanks around it",
        ),
        (
            '[[providers]]\npreset = "openai"\nsizes = [""]',
            "providers.0.sizes.0: must be a word, without blanks around it",
        ),
        ("locale = 'de'", "locale: input should be 'en', 'zh' or 'ru'"),
        ("[notifications]\nwebhook = 'hooks.example'", "notifications.webhook: must be an http(s) address"),
        (
            "database_url = 'easel.db'",
            "database_url: must be sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/NAME",
        ),
        ("admins = ['123']", "admins.0: must be platform:id, such as telegram:123"),
        ("[fetch]\nallow_hosts = ['localhost']", "fetch.allow_hosts.0: must be host:port"),
        ("[server]\nport = 70000", "server.port: input should be less than or equal to 65535"),
        ("[server]\npublic_url = 'http://x'", "server.public_url: must be an https address"),
        ("[telegram]\nmode = 'webhook'", "telegram.mode: webhook needs server.public_url"),
        (
            "[telegram]\nmode = 'webhook'\n[server]\nenabled = false\npublic_url = 'https://x'",
            "telegram.mode: webhook needs server.enabled",
        ),
        (
            "[playground]\nenabled = true\n[server]\nhost = '0.0.0.0'",
            "playground.enabled: needs the server, on a loopback server.host such as 127.0.0.1",
        ),
        (
            "[discord]\nshard_ids = [2]\nshard_count = 2",
            "discord: shard_ids need a shard_count that is greater than each of them",
        ),
        ("[discord]\nshard_ids = 'all'", "discord.shard_ids: must be auto, or a list of shards such as [0, 1]"),
        (
            "[processes]\nheartbeat_s = 2\nlost_after_s = 5",
            "processes: lost_after_s must be at least three times heartbeat_s",
        ),
        (
            "database_listen_url = 'sqlite:///easel.db'",
            "database_listen_url: must be postgresql://USER:PASSWORD@HOST/NAME",
        ),
    ],
)
def test_a_mistake_names_its_key(tmp_path: Path, text: str, line: str) -> None:
    assert problems(written(tmp_path, text)) == [line]


def test_every_mistake_gets_a_line(tmp_path: Path) -> None:
    text = "colour = 1\nlocale = 'de'\n[limits]\nuser_daily = -1\nuser_concurrent = 'x'"
    assert [line.partition(":")[0] for line in sorted(problems(written(tmp_path, text)))] == [
        "colour",
        "limits.user_concurrent",
        "limits.user_daily",
        "locale",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("EASEL_PROVIDERS", "acedata", "providers: EASEL_PROVIDERS must be JSON"),
        ("EASEL_TELEGRAM__TOKN", "x", "telegram.tokn: unknown key; did you mean telegram.token?"),
        (
            "EASEL_TELEGRM__TOKEN",
            "x",
            "EASEL_TELEGRM__TOKEN: unknown environment variable; did you mean EASEL_TELEGRAM__TOKEN?",
        ),
        (
            "EASEL_SERVER_PORT",
            "1",
            "EASEL_SERVER_PORT: unknown environment variable; did you mean EASEL_SERVER__PORT?",
        ),
        ("EASEL_ADMIN", "[]", "EASEL_ADMIN: unknown environment variable; did you mean EASEL_ADMINS?"),
    ],
)
def test_a_mistake_in_the_environment_is_said(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, line: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert problems() == [line]


def test_variables_that_others_set_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EASEL_PORT", "EASEL_SERVICE_HOST", "EASEL_PORT_8080_TCP_ADDR", "EASEL_SPECS"):
        monkeypatch.setenv(name, "tcp://10.0.0.1:8080")
    assert isinstance(load(), Settings)


def test_a_moderation_that_cannot_work_is_named_by_its_keys(tmp_path: Path) -> None:
    wrong = """
        [moderation]
        enabled = true
        categories = ["sexual", "sexual/minor"]
        thresholds = { violense = 0.5 }
    """
    assert problems(written(tmp_path, wrong)) == [
        "moderation.api_key: https://api.openai.com/v1 needs one",
        "moderation.categories: there is no category sexual/minor; did you mean sexual/minors?",
        "moderation.thresholds: there is no category violense; did you mean violence?",
    ]
    (line,) = problems(written(tmp_path, "[moderation]\nthresholds = { violence = 2 }"))
    assert line.startswith("moderation.thresholds.violence: ")


def test_a_moderation_of_ones_own_has_categories_of_its_own(tmp_path: Path) -> None:
    own = load(written(tmp_path, "[moderation]\nenabled = true\nbase_url = 'http://m'\ncategories = ['spam']"))
    assert own.moderation.categories == ("spam",)
    assert not load(written(tmp_path, "[moderation]\ncategories = ['spam']")).moderation.enabled
    given = load(written(tmp_path, "[moderation]\nheaders = { X-Key = 'sk-hidden' }\napi_key = 'sk-gate'"))
    assert "sk-" not in repr(given)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == [f"{tmp_path}/none.toml: no such file"]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert problems(tmp_path) == [f"{tmp_path}: cannot be read (Is a directory)"]


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"locale = '\xe9'")
    assert problems(tmp_path / "latin.toml") == [f"{tmp_path}/latin.toml: is not UTF-8 text"]


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    (line,) = problems(written(tmp_path, "locale = 'en'\n[limits\n"))
    assert line.startswith(f"{tmp_path}/some.toml: is not valid TOML:")
    assert "line 2" in line


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("easel", False)],
)
def test_loopback_is_known(tmp_path: Path, host: str, alone: bool) -> None:
    assert load(written(tmp_path, f"[server]\nhost = '{host}'")).server.is_loopback is alone


def test_keys_and_variables_are_listed() -> None:
    assert {"telegram.token", "providers.*.idle_timeout_s", "database_url", "jobs.concurrency"} <= set(keys())
    assert {"EASEL_TELEGRAM__TOKEN", "EASEL_PROVIDERS", "EASEL_LIMITS", "EASEL_DRAIN_S"} <= set(variables())
    assert all(name.startswith(PREFIX) for name in variables())


def test_the_presets_and_dialects_that_settings_allow_are_those_that_exist() -> None:
    assert set(settings_module.PRESETS) == set(presets.PRESETS)
    assert set(settings_module.DIALECTS) == set(presets.DIALECTS)


def test_every_setting_has_a_docstring_of_its_own() -> None:
    sources = [inspect.getsource(each) for each in (tables, providers)]
    classes = [each for source in sources for each in ast.parse(source).body if isinstance(each, ast.ClassDef)]
    assert len(classes) > 15
    for each in classes:
        for field, after in pairwise([*each.body, ast.Pass()]):
            if isinstance(field, ast.AnnAssign):
                documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                assert documented, f"{each.name}: {ast.unparse(field.target)}"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [('"30m"', 1800), ('"6h"', 21_600), ('"1d"', 86_400), ('"90"', 90), ("45", 45), ('"1.5h"', 5400)],
)
def test_a_time_has_a_unit_or_is_seconds(tmp_path: Path, value: str, seconds: float) -> None:
    assert load(written(tmp_path, f"backup.every = {value}")).backup.every == seconds


@pytest.mark.parametrize("value", ['"often"', '"1 year"', "0", '"0h"', "true", "[1]", '"999w"', "-5"])
def test_what_is_no_time_is_said(tmp_path: Path, value: str) -> None:
    wrong = "backup.every: must be a time such as 30m, 6h or 1d, or a number of seconds from 1 on"
    assert problems(written(tmp_path, f"backup.every = {value}")) == [wrong]


def test_postgresql_is_backed_up_by_its_own_tools(tmp_path: Path) -> None:
    text = 'database_url = "postgresql://db/easel"\nbackup.every = "1d"'
    assert problems(written(tmp_path, text)) == [
        "backup.every: PostgreSQL is backed up with its own pg_dump or pg_basebackup (deploy/BACKUP.md)"
    ]
