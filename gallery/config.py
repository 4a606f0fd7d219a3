"""The settings: each typed, with a default and the reason why it exists.

They come from the environment, from ``.env`` beside the project, or from
``instance/config.py``, in that order of strength. Nonsense stops the
start and names the variable, since a gallery that guesses what its
operator meant may delete the wrong pictures.
"""

import os
import re
import runpy
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import unquote, urlsplit

from apscheduler.triggers.cron import CronTrigger
from dotenv import dotenv_values
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gallery.errors import InvalidSetting
from gallery.logs import FORMATS as LOG_FORMATS
from gallery.logs import LEVELS as LOG_LEVELS
from gallery.rates import Rate, parse_rate

SHORTEST_SECRET = 16
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
_SAFE_IN_NGINX = re.compile(r"[A-Za-z0-9_-]*")
_SIZE = re.compile(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SECRETIVE = re.compile("SECRET|KEY|TOKEN|PASSWORD")
Parser = Callable[[str], Any]


def _text(value: str) -> str:
    return value.strip()


def _word(value: str) -> str:
    return value.strip().lower()


def _boolean(value: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True}
    words |= {"false": False, "0": False, "no": False, "off": False}
    try:
        return words[value.strip().lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _optional_boolean(value: str) -> bool | None:
    return _boolean(value) if value.strip() else None


def _bucket(value: str) -> str:
    name = value.strip()
    if name and not _BUCKET.fullmatch(name):
        raise ValueError("must be 3 to 63 lower-case letters, digits, - and .")
    return name


def _integer(least: int, most: int | None = None) -> Parser:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if number < least or (most is not None and number > most):
            bounds = f"at least {least}" if most is None else f"from {least} to {most}"
            raise ValueError(f"must be {bounds}")
        return number

    return parse


def _optional_integer(least: int) -> Parser:
    parse = _integer(least)
    return lambda value: parse(value) if value.strip() else None


def _money(value: str) -> float:
    try:
        amount = float(value)
    except ValueError:
        raise ValueError("must be a number") from None
    if not 0 <= amount < float("inf"):
        raise ValueError("must be 0 or more")
    return amount


def _share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        raise ValueError("must be a number") from None
    if not 0 < share <= 1:
        raise ValueError("must be more than 0, and 1 at the most")
    return share


def _one_of(*choices: str) -> Parser:
    def parse(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value.strip().lower()

    return parse


def _size(value: str) -> str:
    size = value.strip().lower()
    if size != "auto" and not _SIZE.fullmatch(size):
        raise ValueError("must be auto, or width and height such as 1024x1024")
    return size


def _several(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _secrets(value: str) -> tuple[str, ...]:
    keys = _several(value)
    if not keys:
        raise ValueError("must hold at least one key")
    if any(len(key) < SHORTEST_SECRET for key in keys):
        raise ValueError(f"needs at least {SHORTEST_SECRET} characters in each key")
    return keys


def _token(value: str) -> str:
    token = value.strip()
    if token and (len(token) < SHORTEST_SECRET or not re.fullmatch(r"[!-~]+", token)):
        raise ValueError(f"needs at least {SHORTEST_SECRET} printable ASCII characters")
    return token


def _optional_secret(value: str) -> str:
    secret = value.strip()
    if secret and len(secret) < SHORTEST_SECRET:
        raise ValueError(f"needs at least {SHORTEST_SECRET} characters")
    if not _SAFE_IN_NGINX.fullmatch(secret):
        raise ValueError("must be letters, digits, - and _, which nginx reads as they are")
    return secret


def _cron(value: str) -> str:
    """Return the five fields with weekdays as names.

    Cron counts weekdays from Sunday (0 and 7), APScheduler from Monday;
    names mean the same to both.
    """
    try:
        *others, weekdays = value.split()
        expression = " ".join([*others, ",".join(_weekdays(p) for p in weekdays.split(","))])
        CronTrigger.from_crontab(expression, timezone="UTC")
    except ValueError as error:
        raise ValueError(f"must be five cron fields ({error})") from None
    return expression


def _weekdays(part: str) -> str:
    span, _, step = part.partition("/")
    first, _, last = ("0-6" if span == "*" and step else span).partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        return part
    days = range(int(first), int(last or first) + 1, int(step or 1))
    if not days or days[-1] > 7:
        raise ValueError(f"{part} is no weekday")
    return ",".join(("sun", "mon", "tue", "wed", "thu", "fri", "sat")[day % 7] for day in days)


def _address(value: str) -> str:
    address = value.strip().rstrip("/")
    if address and not address.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return address


def _origins(value: str) -> tuple[str, ...]:
    origins = _several(value)
    # Flask-Cors takes anything with a star in it for a regular expression.
    if not all(each == "*" or _ORIGIN.fullmatch(each) for each in origins):
        raise ValueError("must be origins such as https://app.example.org, or *")
    return origins


def _database(value: str) -> str:
    try:
        make_url(value.strip()).get_dialect().import_dbapi()
    except (ArgumentError, ImportError) as error:
        raise ValueError(f"must be the address of a database ({error})") from None
    return value.strip()


def _redis(value: str) -> str:
    address = value.strip()
    if address and not address.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://")
    return address


def _folder_name(value: str) -> str:
    name = value.strip()
    if not name.isascii() or not all(c.isalnum() or c in "-_" for c in name) or name[0] == "-":
        raise ValueError("must be one folder name of letters, digits, - and _")
    return name


def setting(default: Any, parse: Parser, reason: str, *, is_secret: bool = False) -> Any:
    """Declare one setting: its default, how its text is read, and why it exists.

    A secret is left out where the settings are printed.
    """
    metadata = {"parse": parse, "reason": reason}
    if callable(default):
        return field(default_factory=default, metadata=metadata, repr=not is_secret)
    return field(default=default, metadata=metadata, repr=not is_secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of one gallery. The names are the variables' names."""

    SECRET_KEY: tuple[str, ...] = setting(
        (), _secrets, "Signs links and cookies; comma-separated, newest first, to rotate."
    )
    DATABASE_URL: str = setting(
        "", _database, "Where the rows live; SQLite in the instance folder."
    )
    DATABASE_CONNECTIONS: int = setting(
        10, _integer(1, 1_000), "How many connections to PostgreSQL each worker keeps at most."
    )
    IMAGE_STORAGE_TYPE: str = setting(
        "local", _word, "The storage provider that takes new images: `local` or `s3`."
    )
    IMAGE_STORAGE_BASE_DIR: Path = setting(
        Path(), Path, "The folder that holds the objects; `storage` in the instance folder."
    )
    S3_ENDPOINT_URL: str = setting(
        "", _address, "An S3 server that is not AWS: R2, MinIO and others."
    )
    S3_ACCESS_KEY_ID: str = setting(
        "", _text, "The key for the bucket; without it, what the SDK finds (a machine's role)."
    )
    S3_SECRET_ACCESS_KEY: str = setting("", _text, "Its secret.", is_secret=True)
    S3_BUCKET_NAME: str = setting(
        "", _bucket, "The bucket that holds objects; there is no S3 without one."
    )
    S3_REGION: str = setting("us-east-1", _text, "The region that the bucket is in.")
    S3_PATH_STYLE: bool | None = setting(
        None,
        _optional_boolean,
        "Whether the bucket is in the path of addresses; true where there is an endpoint.",
    )
    S3_CDN_URL: str = setting(
        "", _address, "What presigned addresses begin with, in place of the bucket's own host."
    )
    IMAGE_RETENTION_DAYS: int = setting(
        30, _integer(1, 36_500), "How long an image is kept; sessions never under 7 days."
    )
    IMAGE_CLEANUP_ENABLED: bool = setting(
        True, _boolean, "Whether the sweep runs by itself; `gallery sweep` works either way."
    )
    IMAGE_CLEANUP_CRON: str = setting("0 2 * * *", _cron, "When the sweep runs, in UTC.")
    DOWNLOAD_LINK_DAYS: int = setting(
        7, _integer(1, 3_650), "How long a signed link lasts unless asked otherwise."
    )
    PRODUCT_LINK_MINUTES: int = setting(
        15, _integer(1, 1_440), "How long the links to a product's images last at the most."
    )
    SAVE_GENERATED_IMAGES: bool = setting(
        True, _boolean, "Whether story illustrations are kept at all."
    )
    GENERATED_IMAGE_DIR: str = setting(
        "generated", _folder_name, "The key prefix of story illustrations."
    )
    GENERATED_IMAGE_FORMAT: str = setting(
        "png", _one_of("png", "jpeg", "webp"), "The format that story illustrations are stored in."
    )
    IMAGE_GENERATOR: str = setting(
        "demo", _one_of("demo", "openai"), "Who draws a picture that is asked for."
    )
    OPENAI_BASE_URL: str = setting(
        "https://api.openai.com/v1", _address, "A server with the OpenAI images API."
    )
    OPENAI_API_KEY: str = setting("", _text, "The key for that server.")
    OPENAI_IMAGE_MODEL: str = setting("gpt-image-1", _text, "The model that it is asked for.")
    OPENAI_IMAGE_SIZE: str = setting(
        "1024x1024", _size, "Width and height in pixels that it is asked for; or auto."
    )
    GENERATOR_TIMEOUT: int = setting(
        60, _integer(1, 600), "How many seconds one attempt to draw a picture may take."
    )
    GENERATOR_ATTEMPTS: int = setting(
        3, _integer(1, 10), "How often a busy or failing image server is asked."
    )
    GENERATOR_WORKERS: int = setting(
        2, _integer(1, 32), "How many pictures each worker process draws at once."
    )
    GENERATOR_QUEUE: int = setting(
        64, _integer(1, 10_000), "How many may wait in each; more are asked to come back later."
    )
    PROMPT_LEASE_SECONDS: int = setting(
        120, _integer(1, 86_400), "How long a front end has to make a picture it took the lease on."
    )
    COST_PER_IMAGE: float = setting(
        0.04, _money, "What one generation costs, in your currency, for the statistics."
    )
    MAX_STORAGE_BYTES: int | None = setting(
        None,
        _optional_integer(1),
        "The sweep removes the oldest unkept images above this, products not counted; no limit.",
    )
    CHECK_BYTES_PER_SECOND: int | None = setting(
        None, _optional_integer(1), "How fast `storage check` reads objects at the most; no limit."
    )
    QUARANTINE_DAYS: int = setting(
        7,
        _integer(0, 3_650),
        "How long `storage check --repair` keeps what it puts away before it deletes it.",
    )
    SWEEP_MOST_SHARE: float = setting(
        0.5,
        _share,
        "The largest share of more than 100 images that one sweep removes; `--force` removes more.",
    )
    THUMBNAILS_AHEAD: bool = setting(
        False, _boolean, "Make thumbnails while saving rather than when first looked at."
    )
    PUBLIC_URL: str = setting(
        "", _address, "What absolute links begin with; without it links are paths."
    )
    CONTACT: str = setting(
        "", _text, "Whom to ask about an ended link, beside the one who shared it."
    )
    TRUSTED_PROXIES: int = setting(
        0, _integer(0, 10), "How many proxies in front may set the X-Forwarded headers."
    )
    NGINX_SECRET: str = setting(
        "",
        _optional_secret,
        "What nginx in front, which then sends the files, also knows; or none.",
    )
    REGISTRATION: str = setting(
        "closed",
        _one_of("closed", "open"),
        "Whether programs may make accounts (`open`), or only `gallery users create`.",
    )
    SIGN_IN_DAYS: int = setting(
        30, _integer(1, 365), "How long somebody stays signed in, however often they come."
    )
    RATE_LIMIT_LOGIN: Rate | None = setting(
        Rate(10, 60), parse_rate, "How often one address may try to sign in; or none."
    )
    RATE_LIMIT_WRITES: Rate | None = setting(
        Rate(1_200, 60), parse_rate, "How often one user, or one address, may change something."
    )
    RATE_LIMIT_READS: Rate | None = setting(
        Rate(12_000, 60), parse_rate, "How often one user, or one address, may look."
    )
    REDIS_URL: str = setting(
        "", _redis, "Where all processes count together; each counts for itself without it."
    )
    CORS_ORIGINS: tuple[str, ...] = setting(
        (), _origins, "Front ends on other origins that may read the JSON; comma-separated."
    )
    LOG_FORMAT: str = setting(
        "auto",
        _one_of(*LOG_FORMATS),
        "How log lines are written; `auto` is JSON where a server has no terminal, else text.",
    )
    LOG_LEVEL: str = setting(
        "info", _one_of(*LOG_LEVELS), "From which level on Gallery's own lines are written."
    )
    METRICS_TOKEN: str = setting(
        "",
        _token,
        "What Prometheus has to send as a bearer token; empty, the own network may look.",
    )
    HOST: str = setting("127.0.0.1", _text, "The address that `gallery serve` listens on.")
    PORT: int = setting(8000, _integer(1, 65_535), "The port that `gallery serve` listens on.")
    WEB_CONCURRENCY: int = setting(
        lambda: min(os.cpu_count() or 1, 4),
        _integer(1, 64),
        "Worker processes of `gallery serve`; one per core, at most 4.",
    )


def describe_settings() -> list[tuple[str, str, str]]:
    """Return (name, default, reason) of each setting, in order, for the docs."""
    return [(f.name, _default_text(f), f.metadata["reason"]) for f in fields(Settings)]


def _default_text(entry: Field[Any]) -> str:
    value = entry.default
    if value is MISSING or value in ((), "", Path(), None):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield what must never be said: keys, tokens, and the passwords in addresses."""
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if _SECRETIVE.search(entry.name):
            yield from value if isinstance(value, tuple) else (value,)
        elif entry.name.endswith("_URL"):
            password = urlsplit(value).password or ""
            yield from (password, unquote(password))


def load_settings(
    instance: Path, *, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Read the settings of the gallery whose folder is *instance*.

    *overrides* (tests, embedders) are stronger than everything and are
    taken as text or as finished values. A missing ``SECRET_KEY`` is made
    once and kept in the instance folder, readable by its owner alone.

    Raises:
        InvalidSetting: a value makes no sense; the message names the variable.
    """
    found: dict[str, Any] = {
        **_from_file(instance / "config.py"),
        **dotenv_values(".env"),
        **environ,
        **(overrides or {}),
    }
    values = {f.name: _parse(f, found[f.name]) for f in fields(Settings) if f.name in found}
    if not values.get("SECRET_KEY"):
        values["SECRET_KEY"] = (_kept_secret(instance / "secret_key"),)
    if not values.get("DATABASE_URL"):
        values["DATABASE_URL"] = f"sqlite:///{instance / 'gallery.db'}"
    base_dir = values.get("IMAGE_STORAGE_BASE_DIR") or Path()
    if base_dir == Path():
        base_dir = instance / "storage"
    return Settings(**values | {"IMAGE_STORAGE_BASE_DIR": base_dir.absolute()})


def _from_file(path: Path) -> dict[str, Any]:
    return runpy.run_path(str(path)) if path.exists() else {}


def _parse(entry: Field[Any], value: Any) -> Any:
    if value is None:
        value = ""
    if not isinstance(value, str):
        value = ",".join(value) if isinstance(value, list | tuple) else str(value)
    empty_means_default = value.strip() == "" and entry.name != "SECRET_KEY"
    if empty_means_default:
        return entry.default if entry.default_factory is MISSING else entry.default_factory()
    try:
        return entry.metadata["parse"](value)
    except ValueError as error:
        raise InvalidSetting(f"{entry.name} {error}") from None


def _kept_secret(path: Path) -> str:
    """Return the secret in *path*, made on first use; safe with several workers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with NamedTemporaryFile("w", dir=path.parent, prefix=".secret-") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            # A link appears whole or not at all, so no other worker reads half a secret.
            with suppress(FileExistsError):
                os.link(file.name, path)
    secret = path.read_text().strip()
    if len(secret) < SHORTEST_SECRET:
        raise InvalidSetting(f"{path} holds no usable secret: remove it, or set SECRET_KEY")
    return secret
