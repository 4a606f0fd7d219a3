"""Gallery keeps every picture that image generators make.

``create_app`` is the only place where everything meets: it reads the
settings, builds the parts they name, and hands them to each other.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

from gallery import logs, mcp_tools, scheduler, views
from gallery.config import Settings, load_settings, secrets_of
from gallery.extensions import Clock, House, csrf, db, engine_options, migrate, prepare_engine
from gallery.generators.base import Generator
from gallery.generators.demo import DemoGenerator
from gallery.generators.openai import OpenAIGenerator
from gallery.imaging.verify import MOST_BYTES
from gallery.services.accounts import LOGIN_RATES, AccessTokens, Entrance, KnownDevices
from gallery.services.census import census_probe
from gallery.services.generation import Studio
from gallery.services.health import Watchman
from gallery.services.ingest import Intake
from gallery.services.limits import Limits, open_counters
from gallery.services.links import LinkSigner, SecureLinks, Tally
from gallery.services.prompt_cache import PromptRules
from gallery.services.thumbnails import KeptThumbnails
from gallery.services.wholeness import SeenObjects
from gallery.storage import open_storages
from gallery.views.spooling import FORM_BYTES, MOST_REQUEST_BYTES

PACKAGE = Path(__file__).parent
# In a checkout these lie beside the package; a wheel carries them inside it.
HOME = PACKAGE if (PACKAGE / "templates").is_dir() else PACKAGE.parent


def create_app(
    overrides: Mapping[str, Any] | None = None,
    *,
    instance_path: str | None = None,
    clock: Clock = lambda: datetime.now(UTC),
    run_jobs: bool = False,
) -> Flask:
    """Build a gallery.

    *overrides* are settings that are stronger than the environment. With
    *run_jobs*, scheduled jobs run in this process: for servers, not for
    commands.

    Raises:
        InvalidSetting: a setting holds nonsense.
    """
    instance = Path(instance_path or os.environ.get("INSTANCE_PATH") or "instance").absolute()
    # Passwords' hashes and private pictures are nobody else's on this machine.
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = load_settings(instance, environ=os.environ, overrides=overrides)
    _set_up_logging(settings, serves=run_jobs)
    app = Flask(
        "gallery",
        instance_path=str(instance),
        template_folder=str(HOME / "templates"),
        static_folder=str(HOME / "static"),
    )
    app.config.from_mapping(_flask_settings(settings))
    app.session_interface = views.CookieSessions()
    # Members stay in the order in which the documentation lists them.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    _set_up_database(app)
    views.watching.init_app(app, trusts_ids=settings.TRUSTED_PROXIES > 0)
    # Before the check of forms, which reads their bodies.
    views.limiting.init_app(app)
    csrf.init_app(app)
    app.extensions["gallery"] = _build_house(app, settings, clock)
    views.init_app(app)
    mcp_tools.init_app(app)
    _set_up_edge(app, settings)
    if run_jobs:
        scheduler.start(app)
    return app


def _flask_settings(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.SECRET_KEY[0],
        "SECRET_KEY_FALLBACKS": list(settings.SECRET_KEY[1:]),
        "SQLALCHEMY_DATABASE_URI": settings.DATABASE_URL,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(
            settings.DATABASE_URL, settings.DATABASE_CONNECTIONS
        ),
        # A form carries a picture and its fields.
        "MAX_CONTENT_LENGTH": MOST_BYTES + FORM_BYTES,
        # The largest that any route takes; the server need not wait for more.
        "MOST_REQUEST_BYTES": MOST_REQUEST_BYTES,
        "MAX_FORM_PARTS": 200,
        "SESSION_COOKIE_NAME": "gallery",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.PUBLIC_URL.startswith("https://"),
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _build_house(app: Flask, settings: Settings, clock: Clock) -> House:
    storages = open_storages(settings)
    intake = Intake(
        storages=storages,
        retention=timedelta(days=settings.IMAGE_RETENTION_DAYS),
        story_prefix=settings.GENERATED_IMAGE_DIR,
        story_format=settings.GENERATED_IMAGE_FORMAT,
        saves_stories=settings.SAVE_GENERATED_IMAGES,
        makes_thumbnails_ahead=settings.THUMBNAILS_AHEAD,
    )
    rules = PromptRules(
        lease_lasts=timedelta(seconds=settings.PROMPT_LEASE_SECONDS),
        cost_micros=round(settings.COST_PER_IMAGE * 1_000_000),
    )
    studio = Studio(
        generators=_build_generators(settings),
        default=settings.IMAGE_GENERATOR,
        intake=intake,
        rules=rules,
        clock=clock,
        scope=app.app_context,
        workers=settings.GENERATOR_WORKERS,
        most_waiting=settings.GENERATOR_QUEUE,
    )
    limits = _build_limits(settings)
    return House(
        settings=settings,
        storages=storages,
        intake=intake,
        signer=LinkSigner(settings.SECRET_KEY),
        secure_links=SecureLinks(settings.NGINX_SECRET) if settings.NGINX_SECRET else None,
        kept_thumbnails=KeptThumbnails(),
        seen_objects=SeenObjects(),
        tally=Tally(app.app_context),
        prompts=rules,
        studio=studio,
        limits=limits,
        entrance=_build_entrance(settings, limits),
        watchman=Watchman(storages, scope=app.app_context, clock=clock),
        census=census_probe(scope=app.app_context, clock=clock),
        clock=clock,
    )


def _build_generators(settings: Settings) -> dict[str, Generator]:
    """Build the generators that may be asked for: the built-in one, and the one that is set."""
    generators: dict[str, Generator] = {DemoGenerator.name: DemoGenerator()}
    if OpenAIGenerator.name == settings.IMAGE_GENERATOR:
        generators[OpenAIGenerator.name] = OpenAIGenerator(
            base_url=settings.OPENAI_BASE_URL,
            api_key=settings.OPENAI_API_KEY,
            model=settings.OPENAI_IMAGE_MODEL,
            size=settings.OPENAI_IMAGE_SIZE,
            timeout_seconds=settings.GENERATOR_TIMEOUT,
            most_attempts=settings.GENERATOR_ATTEMPTS,
        )
    return generators


def _build_limits(settings: Settings) -> Limits:
    return Limits(
        open_counters(settings.REDIS_URL),
        {
            "reads": settings.RATE_LIMIT_READS,
            "writes": settings.RATE_LIMIT_WRITES,
            "login-address": settings.RATE_LIMIT_LOGIN,
            **LOGIN_RATES,
        },
    )


def _build_entrance(settings: Settings, limits: Limits) -> Entrance:
    return Entrance(
        tokens=AccessTokens(settings.SECRET_KEY, issuer=settings.PUBLIC_URL or "urn:gallery"),
        devices=KnownDevices(settings.SECRET_KEY),
        limits=limits,
        lasts=timedelta(days=settings.SIGN_IN_DAYS),
        is_registration_open=settings.REGISTRATION == "open",
    )


def _set_up_logging(settings: Settings, *, serves: bool) -> None:
    chosen = logs.choose_format(settings.LOG_FORMAT, serves=serves)
    logs.set_up(format=chosen, level=settings.LOG_LEVEL, secrets=secrets_of(settings))
    if serves:
        logs.catch_the_rest()


def _set_up_database(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(HOME / "migrations"), render_as_batch=True)
    with app.app_context():
        prepare_engine(db.engine)


def _set_up_edge(app: Flask, settings: Settings) -> None:
    """Believe as many proxies as the settings name, and let named front ends read the JSON."""
    proxies = settings.TRUSTED_PROXIES
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    if settings.CORS_ORIGINS:
        CORS(
            app,
            resources={r"/api/*": {"origins": list(settings.CORS_ORIGINS)}},
            expose_headers=[
                "ETag",
                "Link",
                "Location",
                "RateLimit",
                "RateLimit-Policy",
                "Retry-After",
                "X-Request-ID",
            ],
        )
