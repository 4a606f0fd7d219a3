"""The OpenAPI document: written by flask-smorest, with our errors in it.

flask-smorest answers errors in a shape of its own, for pages too. Ours
are RFC 9457 and belong to ``views/errors.py``, so its handlers stay out.
"""

from http import HTTPStatus
from typing import Any

from flask_smorest import Api
from flask_smorest.utils import prepare_response

from gallery.schemas.fields import ProblemSchema

API_PREFIX = "/api"
PROBLEM_TYPE = "application/problem+json"


class GalleryAPI(Api):  # type: ignore[misc]
    """flask-smorest's document without its error handlers.

    Both methods are private to it, which is why its minor version is pinned.
    """

    def _register_error_handlers(self) -> None:
        """Leave the errors to Gallery."""

    def _register_responses(self) -> None:
        for name in ("DEFAULT_ERROR", *(status.name for status in HTTPStatus)):
            problem = {"description": "What was wrong.", "schema": ProblemSchema}
            prepare_response(problem, self.spec, PROBLEM_TYPE)
            self.spec.components.response(name, problem, lazy=True)


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
