"""What the settings say, and what they say together."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.util import find_spec
from ipaddress import ip_address
from urllib.parse import urlsplit

from dotenv import dotenv_values

from gallery.config import (
    Settings,
    describe_settings,
    exposed_folders,
    is_loopback,
    is_monotonous,
    weak_debugging,
)
from gallery.services.doctor.findings import (
    HOW_TO_MAKE_A_SECRET,
    Finding,
    Setup,
    error,
    fine,
    hint,
    warning,
)

# What a secret has that nobody guesses within the age of the universe, as SECRET_KEY must have.
_LONG_SECRET = 32
# Names that differ by a slip: one letter in ten or so.
_ALIKE = 0.85


def look_at_settings(setup: Setup) -> Iterator[Finding]:
    """Tell settings that make no sense, and names that nobody reads."""
    for each in setup.errors:
        yield error(
            str(each),
            "Change it where it is set: in the environment, in .env, or in config.py of the"
            " instance folder. README.md lists all settings.",
        )
    known = [name for name, _, _ in describe_settings()]
    unread = sorted({*setup.environ, *dotenv_values(setup.folder / ".env")} - set(known))
    slips = {name: get_close_matches(name, known, n=1, cutoff=_ALIKE) for name in unread}
    for name, meant in ((name, close[0]) for name, close in slips.items() if close):
        yield hint(f"{name} is set, which nobody reads", f"If {meant} is meant, write that.")
    if not setup.errors:
        yield fine("All settings make sense")


def look_at_folders(setup: Setup) -> Iterator[Finding]:
    """Tell what lies where strangers can fetch it."""
    exposed = list(exposed_folders(setup.settings, instance=setup.instance, home=setup.home))
    for each in exposed:
        yield error(str(each), "Gallery does not start until this is changed.")
    if not exposed:
        yield fine("Nothing that is kept lies where anybody could fetch it past the gallery")


def look_at_debugging(setup: Setup) -> Iterator[Finding]:
    """Tell whether a debugger waits for visitors."""
    weak = list(weak_debugging(setup.settings, is_debug=setup.is_debug))
    for each in weak:
        yield error(str(each), "Remove FLASK_DEBUG from the environment.")
    if setup.is_debug and not weak:
        yield warning("FLASK_DEBUG is on", "Remove it where others are to come.")
    elif not weak:
        yield fine("Debug mode is off")


def look_at_secrets(setup: Setup) -> Iterator[Finding]:
    """Tell about what signs links, and what machines know of each other."""
    kept, settings = setup.instance / "secret_key", setup.settings
    if not settings.SECRET_KEY and not any("SECRET_KEY" in str(each) for each in setup.errors):
        yield hint("SECRET_KEY is not set, and none was made yet", "The first start makes one.")
    elif settings.SECRET_KEY and kept.exists() and _is_shared(settings):
        # Which of the two is used, only who set SECRET_KEY knows: it is not compared here.
        if (kept.read_text().strip(),) == settings.SECRET_KEY:
            yield warning(
                f"This machine has a SECRET_KEY of its own, in {kept}",
                "Set the same SECRET_KEY on all machines over this database: else none reads"
                " the links and sign-ins of another.",
            )
    elif settings.SECRET_KEY and not any(map(is_monotonous, settings.SECRET_KEY)):
        count = len(settings.SECRET_KEY)
        yield fine(f"SECRET_KEY is strong{f', in all {count} keys' if count > 1 else ''}")
    for name in ("SECRET_KEY", "NGINX_SECRET", "METRICS_TOKEN"):
        value = getattr(settings, name)
        if any(map(is_monotonous, [value] if isinstance(value, str) and value else value)):
            yield error(
                f"{name} is a few characters again and again, which is soon guessed",
                HOW_TO_MAKE_A_SECRET,
            )
        elif name != "SECRET_KEY" and 0 < len(getattr(settings, name)) < _LONG_SECRET:
            yield hint(
                f"{name} has fewer than {_LONG_SECRET} characters",
                f"Take a longer one at the next occasion. {HOW_TO_MAKE_A_SECRET}",
            )


def _is_shared(settings: Settings) -> bool:
    return not settings.DATABASE_URL.startswith("sqlite")


def look_at_addresses(setup: Setup) -> Iterator[Finding]:
    """Tell whether links lead here, and cookies stay secret on their way."""
    public = urlsplit(setup.settings.PUBLIC_URL)
    if not public.hostname and is_reachable(setup.settings):
        yield warning(
            "PUBLIC_URL is not set, and others reach this gallery",
            "Set it to what browsers open: without it links are paths, and the sign-in's cookie"
            " goes over connections that anybody may read.",
        )
    elif public.scheme == "http" and not is_loopback(public.hostname or ""):
        yield warning(
            f"PUBLIC_URL begins with http://, so {public.hostname} is reached unencrypted",
            "Put a proxy with a certificate in front (docs/nginx.md), and write https://: then"
            " passwords, keys and cookies can't be read on their way.",
        )
    else:
        yield fine("Links and cookies have the address that they need")
    if "*" in setup.settings.CORS_ORIGINS:
        yield hint(
            "CORS_ORIGINS is *, so pages anywhere may read what visitors see",
            "Name the front ends instead, unless everybody is meant.",
        )


def is_reachable(settings: Settings) -> bool:
    """Tell whether others than this machine's own users are to come."""
    host = urlsplit(settings.PUBLIC_URL).hostname
    return (
        not is_loopback(settings.HOST)
        or settings.TRUSTED_PROXIES > 0
        or (host is not None and not is_loopback(host))
    )


def look_at_proxies(setup: Setup) -> Iterator[Finding]:
    """Tell whether the proxies that are believed are those that are there."""
    settings = setup.settings
    believes = settings.TRUSTED_PROXIES > 0
    if believes and not is_loopback(settings.HOST):
        yield hint(
            f"TRUSTED_PROXIES is {settings.TRUSTED_PROXIES}, and HOST is {settings.HOST}",
            "See to it that only the proxy reaches this port: who comes past it may claim any"
            " address, and so escapes limits.",
        )
    seems_proxied = bool(settings.NGINX_SECRET) or settings.PUBLIC_URL.startswith("https://")
    if seems_proxied and not believes:
        said = "NGINX_SECRET is set" if settings.NGINX_SECRET else "PUBLIC_URL begins with https://"
        yield warning(
            f"{said}, so a proxy is in front, and TRUSTED_PROXIES is 0",
            "Set TRUSTED_PROXIES to the number of proxies. Until then all visitors come from the"
            " proxy's address: they share one limit, and all may read /metrics.",
        )
    elif not believes or is_loopback(settings.HOST):
        yield fine(f"Proxies that are believed: {settings.TRUSTED_PROXIES}")


def look_at_limits(setup: Setup) -> Iterator[Finding]:
    """Tell who may come how often, and fill how much."""
    settings, count = setup.settings, 0
    if settings.RATE_LIMIT_LOGIN is None and is_reachable(settings):
        count += 1
        yield warning(
            "RATE_LIMIT_LOGIN is none", "Set a rate: else passwords may be tried at will."
        )
    if settings.REGISTRATION == "open":
        without = [
            name
            for name in ("RATE_LIMIT_WRITES", "RATE_LIMIT_LOGIN", "MAX_STORAGE_BYTES")
            if getattr(settings, name) is None
        ]
        if without:
            count += 1
            yield warning(
                f"REGISTRATION is open, without {' or '.join(without)}",
                "Set them, or close the registration: whoever has an account may fill the disk.",
            )
    if settings.WEB_CONCURRENCY > 1 and not settings.REDIS_URL and is_reachable(settings):
        count += 1
        yield hint(
            f"{settings.WEB_CONCURRENCY} workers count requests, each for itself",
            "Set REDIS_URL where limits are to be exact: now somebody may come"
            f" {settings.WEB_CONCURRENCY} times as often.",
        )
    if not count:
        yield fine("Limits are set as far as they are needed")


def look_at_extras(setup: Setup) -> Iterator[Finding]:
    """Tell which packages the settings need and miss."""
    settings = setup.settings
    wanted = {
        "redis": bool(settings.REDIS_URL),
        "openai": settings.IMAGE_GENERATOR == "openai",
    }
    for package, is_wanted in wanted.items():
        if is_wanted and find_spec(package) is None:
            yield error(
                f"The package {package} is not installed, which the settings need",
                f"Install it: pip install 'gallery[{package}]'.",
            )
    if settings.IMAGE_GENERATOR == "openai" and not settings.OPENAI_API_KEY:
        yield hint(
            "IMAGE_GENERATOR is openai, and OPENAI_API_KEY is not set",
            "Set it, unless the server at OPENAI_BASE_URL asks for none.",
        )
    for name in ("S3_ENDPOINT_URL", "OPENAI_BASE_URL"):
        url = getattr(settings, name) if _is_used(name, settings) else ""
        if re.match("http:", url) and not _is_near(urlsplit(url).hostname or ""):
            yield warning(
                f"{name} begins with http://, and leads out of the own network",
                "Write https://: pictures and keys can be read on their way.",
            )


def _is_used(name: str, settings: Settings) -> bool:
    if name == "S3_ENDPOINT_URL":
        return bool(settings.S3_BUCKET_NAME)
    return settings.IMAGE_GENERATOR == "openai"


def _is_near(host: str) -> bool:
    """Tell whether *host* is on this machine or its own network; bare names are looked up there."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return is_loopback(host) or "." not in host or host.endswith((".internal", ".local"))
