"""Every setting: its type, its default and the reason why it exists."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gallery.config.secret_keys import SHORTEST_SIGNING_KEY, weakness_of
from gallery.logs import FORMATS as LOG_FORMATS
from gallery.logs import LEVELS as LOG_LEVELS
from gallery.rates import Rate, parse_rate

SHORTEST_SECRET = 16
# Below them the storage keeps what is not the gallery's pictures themselves.
_TAKEN_FOLDERS = ("migrations", "quarantine", "variants")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
_SAFE_IN_NGINX = re.compile(r"[A-Za-z0-9_-]*")
_SIZE = re.compile(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
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
    for key in keys:
        _refuse_weak(key, SHORTEST_SIGNING_KEY)
    return keys


def _token(value: str) -> str:
    token = value.strip()
    if token and (len(token) < SHORTEST_SECRET or not re.fullmatch(r"[!-~]+", token)):
        raise ValueError(f"needs at least {SHORTEST_SECRET} printable ASCII characters")
    _refuse_weak(token, SHORTEST_SECRET)
    return token


def _optional_secret(value: str) -> str:
    secret = value.strip()
    if secret and len(secret) < SHORTEST_SECRET:
        raise ValueError(f"needs at least {SHORTEST_SECRET} characters")
    if not _SAFE_IN_NGINX.fullmatch(secret):
        raise ValueError("must be letters, digits, - and _, which nginx reads as they are")
    _refuse_weak(secret, SHORTEST_SECRET)
    return secret


def _refuse_weak(secret: str, shortest: int) -> None:
    weakness = weakness_of(secret, shortest=shortest) if secret else None
    if weakness:
        raise ValueError(f"{weakness} (`openssl rand -hex 32` makes one that nobody guesses)")


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
    if name in _TAKEN_FOLDERS:
        raise ValueError(f"must not be {name}, where the gallery keeps something else")
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
    DATABASE_TIMEOUT: int = setting(
        30, _integer(1, 600), "How many seconds the database may take to answer."
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
    S3_TIMEOUT: int = setting(
        20, _integer(1, 600), "How many seconds the S3 server may say nothing."
    )
    S3_ATTEMPTS: int = setting(
        3, _integer(1, 10), "How often a busy or failing S3 server is asked."
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
