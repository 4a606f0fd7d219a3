"""The OpenAPI document: written by flask-smorest, with our errors in it.

flask-smorest answers errors in a shape of its own, for pages too. Ours
are RFC 9457 and belong to ``views/errors.py``, so its handlers stay out.
"""

from http import HTTPStatus
from threading import Lock
from typing import Any

from flask_smorest import Api
from flask_smorest.utils import prepare_response

from gallery.schemas.fields import ProblemSchema

API_PREFIX = "/api"
PROBLEM_TYPE = "application/problem+json"


class GalleryAPI(Api):  # type: ignore[misc]
    """flask-smorest's document without its error handlers, written when it is first asked for.

    Writing it takes as long as all else that an application needs to start,
    and most processes are never asked. What is overridden is partly private
    to flask-smorest, which is why its minor version is pinned.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self._undescribed: list[Any] = []
        self._knows_problems = False
        self._describing = Lock()
        super().__init__(*args, **options)

    @property
    def spec(self) -> Any:
        """The document, with all blueprints in it."""
        with self._describing:
            if self._undescribed and not self._knows_problems:
                self._describe_problems()
            while self._undescribed:
                bp = self._undescribed.pop(0)
                bp.register_views_in_doc(self, self._app, self._spec, name=bp.name, parameters=None)
                self._spec.tag({"name": bp.name, "description": bp.description})
        return self._spec

    @spec.setter
    def spec(self, spec: Any) -> None:
        self._spec = spec

    def register_blueprint(self, bp: Any) -> None:
        """Register the routes of a blueprint."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][bp.name] = self
        self._app.register_blueprint(bp)
        self._undescribed.append(bp)

    def _register_error_handlers(self) -> None:
        """Leave the errors to Gallery."""

    def _register_responses(self) -> None:
        """Leave the answers to errors until the document is asked for."""

    def _describe_problems(self) -> None:
        self._knows_problems = True
        for name in ("DEFAULT_ERROR", *(status.name for status in HTTPStatus)):
            problem = {"description": "What was wrong.", "schema": ProblemSchema}
            prepare_response(problem, self._spec, PROBLEM_TYPE)
            self._spec.components.response(name, problem, lazy=True)


def openapi_settings(version: str) -> dict[str, Any]:
    """Return the configuration that flask-smorest reads."""
    return {
        "API_TITLE": "Gallery",
        "API_VERSION": version,
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": API_PREFIX,
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "info": {"description": "Stores, shows, signs and forgets generated images."},
            "components": {
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{"bearer": []}, {}],
        },
    }
