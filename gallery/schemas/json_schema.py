"""JSON Schema of the shapes, for who validates by it rather than by the OpenAPI document."""

from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

_COMPONENTS = "#/components/schemas/"


@cache
def json_schema(shape: type[Schema]) -> dict[str, Any]:
    """Return *shape* as JSON Schema 2020-12, which OpenAPI 3.1 is written in.

    It needs nothing else: the shapes within it are in its own ``$defs``.
    """
    spec = APISpec("", "", openapi_version="3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.schema(shape.__name__, schema=shape)
    parts = _moved(spec.to_dict()["components"]["schemas"])
    schema: dict[str, Any] = parts.pop(shape.__name__)
    return schema | ({"$defs": parts} if parts else {})


def _moved(value: Any) -> Any:
    """Return *value* with its references pointing into ``$defs``."""
    if isinstance(value, dict):
        return {name: _moved(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_moved(each) for each in value]
    if isinstance(value, str) and value.startswith(_COMPONENTS):
        return value.replace(_COMPONENTS, "#/$defs/", 1)
    return value
