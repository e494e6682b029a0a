"""Every setting of Kaiyue: one entry with name, default, unit and help.

`docs/settings.md` is written from this list (`python -m web.reference`), and a test holds the two together.
Values come from the environment; `kaiyue.toml` in the data folder may set the same names in lower case
without the prefix. Only web/wiring.py reads settings; everything below gets its options passed in.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import KaiyueError, Sentence, mark_text


class SettingInvalid(KaiyueError):
    """A setting has a value that it cannot have."""

    code = "setting.invalid"
    sentence = mark_text("The setting {name} cannot be {value}: {why}.")
    remedy = mark_text("See docs/settings.md.")
    exit_code = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: the environment variable, its default as text, its unit, and what it does."""

    name: str
    default: str
    unit: str
    help: str
    choices: tuple[str, ...] = ()


SETTINGS: tuple[Setting, ...] = (
    Setting("KAIYUE_DATA", "./data", "folder", "Where all state lives: database, evidence, secret key, settings file."),
    Setting("KAIYUE_DATABASE_URL", "", "URL", "PostgreSQL to use instead of the SQLite file in the data folder."),
    Setting(
        "KAIYUE_PROFILE",
        "lan",
        "",
        "lan: plain HTTP on an isolated network, a recorded exception. internet: TLS in front, secure cookies, HSTS.",
        ("lan", "internet"),
    ),
    Setting(
        "KAIYUE_HOST", "127.0.0.1", "address", "Address that `kaiyue serve` listens on; 0.0.0.0 for a school network."
    ),
    Setting("KAIYUE_PORT", "8000", "port", "Port that `kaiyue serve` listens on."),
    Setting("KAIYUE_THREADS", "32", "threads", "Request threads of the web server."),
    Setting("KAIYUE_TRUSTED_PROXY", "", "address", "Address of the one reverse proxy whose forwarded headers count."),
    Setting("KAIYUE_SECRET_KEY", "", "text", "Signs cookies; by default a random key kept in the data folder."),
    Setting("KAIYUE_LEASE", "600", "s", "How long a marker may hold a response without a sign of life."),
    Setting("KAIYUE_SESSION_IDLE", "1800", "s", "A session ends after this long without a request."),
    Setting("KAIYUE_SESSION_ABSOLUTE", "43200", "s", "A session ends this long after login, whatever happens."),
    Setting("KAIYUE_UPLOAD_LIMIT", "512", "MiB", "The largest upload that the server takes."),
    Setting("KAIYUE_JOBS", "0", "processes", "Processes that read pages; 0 = one for each processor core."),
    Setting(
        "KAIYUE_FONT", "", "file", "TrueType font for printed cards; by default one of the system's Chinese fonts."
    ),
    Setting(
        "KAIYUE_LANG",
        "",
        "zh or en",
        "Default language of the pages (empty: Chinese) and, from the environment only, of the command line "
        "(empty: English where the locale is English, Chinese otherwise).",
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force."""

    data: Path
    database_url: str
    profile: str
    host: str
    port: int
    threads: int
    trusted_proxy: str
    secret_key: str
    lease_s: int
    session_idle_s: int
    session_absolute_s: int
    upload_limit_bytes: int
    jobs: int
    font: str
    language: str

    @property
    def is_internet(self) -> bool:
        """Whether pages are served through TLS to the open network."""
        return self.profile == "internet"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment and the data folder's kaiyue.toml. Raises SettingInvalid."""
    values = {setting.name: setting.default for setting in SETTINGS}
    given = os.environ if environment is None else environment
    data = Path(given.get("KAIYUE_DATA") or values["KAIYUE_DATA"]).expanduser()
    values.update(_from_file(data / "kaiyue.toml"))
    values.update({name: given[name] for name in values if given.get(name)})
    for name, value in values.items():
        choices = _BY_NAME[name].choices
        if choices and value not in choices:
            raise SettingInvalid(
                name=name,
                value=value,
                why=Sentence(mark_text("it must be one of {choices}"), {"choices": ", ".join(choices)}),
            )
    return Settings(
        data=data.resolve(),
        database_url=values["KAIYUE_DATABASE_URL"],
        profile=values["KAIYUE_PROFILE"],
        host=values["KAIYUE_HOST"],
        port=_whole(values, "KAIYUE_PORT", 1, 65535),
        threads=_whole(values, "KAIYUE_THREADS", 1, 256),
        trusted_proxy=values["KAIYUE_TRUSTED_PROXY"],
        secret_key=values["KAIYUE_SECRET_KEY"],
        lease_s=_whole(values, "KAIYUE_LEASE", 30, 86_400),
        session_idle_s=_whole(values, "KAIYUE_SESSION_IDLE", 60, 86_400),
        session_absolute_s=_whole(values, "KAIYUE_SESSION_ABSOLUTE", 300, 7 * 86_400),
        upload_limit_bytes=_whole(values, "KAIYUE_UPLOAD_LIMIT", 1, 16_384) * 1024 * 1024,
        jobs=_whole(values, "KAIYUE_JOBS", 0, 256),
        font=values["KAIYUE_FONT"],
        language=values["KAIYUE_LANG"],
    )


def _from_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise SettingInvalid(name=str(path), value="", why=str(err)) from err
    found: dict[str, str] = {}
    for key, value in content.items():
        name = "KAIYUE_" + key.upper()
        if name not in _BY_NAME or name == "KAIYUE_DATA":
            raise SettingInvalid(
                name=key,
                value=value,
                why=Sentence(mark_text("{file} knows no such setting"), {"file": path.name}),
            )
        found[name] = str(value)
    return found


def _whole(values: Mapping[str, str], name: str, least: int, most: int) -> int:
    text = values[name]
    try:
        number = int(text)
    except ValueError as err:
        raise SettingInvalid(name=name, value=text, why=mark_text("it must be a whole number")) from err
    if not least <= number <= most:
        raise SettingInvalid(
            name=name,
            value=text,
            why=Sentence(mark_text("it must lie between {least} and {most}"), {"least": least, "most": most}),
        )
    return number


def as_markdown() -> str:
    """The page docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Written from `web/settings.py` by `python -m web.reference`.",
        "",
        "Set them in the environment, or in `kaiyue.toml` in the data folder in lower case without the prefix",
        '(`port = 8080`, `profile = "internet"`).',
        "",
        "| Name | Default | Unit | What it does |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.unit} | {s.help} |" for s in SETTINGS]
    return "\n".join(lines) + "\n"
