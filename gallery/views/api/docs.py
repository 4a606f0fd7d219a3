"""The reference of the JSON endpoints as a page, rendered from the OpenAPI document."""

from typing import Any

from flask import Blueprint, current_app, render_template

from gallery.extensions import current_house

METHODS = ("get", "post", "put", "patch", "delete")
bp = Blueprint("docs", __name__)


@bp.get("/api/docs")
def docs() -> str:
    """Show the reference."""
    spec = current_app.extensions["gallery_api"].spec.to_dict()
    return render_template("docs.html", spec=spec, groups=_groups(spec))


def _groups(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations by tag, with all references followed."""
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in spec["tags"]}
    for path, item in spec["paths"].items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if method in item:
                operation = _operation(spec, method, path, item[method], shared)
                groups[item[method]["tags"][0]].append(operation)
    return [{"name": name, "operations": found} for name, found in groups.items()]


def _operation(
    spec: dict[str, Any], method: str, path: str, operation: dict[str, Any], shared: list[Any]
) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    return {
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [_parameter(p) for p in (*shared, *operation.get("parameters", []))],
        "body": _body(spec, body),
        "responses": [
            {"status": status, "description": _resolved(spec, answer).get("description", "")}
            for status, answer in sorted(operation["responses"].items())
        ],
        "example": _example(method.upper(), path, body),
    }


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "required": parameter.get("required", False),
        "type": _type(parameter.get("schema", {})),
        "description": parameter.get("description", ""),
    }


def _body(spec: dict[str, Any], content: dict[str, Any]) -> list[dict[str, Any]]:
    for media in ("multipart/form-data", "application/json"):
        if media in content:
            schema = _resolved(spec, content[media]["schema"])
            required = schema.get("required", [])
            return [
                {
                    "name": name,
                    "type": _type(field),
                    "required": name in required,
                    "description": field.get("description", ""),
                }
                for name, field in schema.get("properties", {}).items()
            ]
    return []


def _resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if not reference:
        return schema
    found = spec
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"] if value is not None)
    kind = schema.get("type", "")
    name = "/".join(kind) if isinstance(kind, list) else kind
    return f"{name} ({schema['format']})" if "format" in schema else str(name)


def _example(method: str, path: str, body: dict[str, Any]) -> str:
    settings = current_house().settings
    base = settings.PUBLIC_URL or f"http://{settings.HOST}:{settings.PORT}"
    lines = [f"curl -X {method} {base}{path}"] if method != "GET" else [f"curl {base}{path}"]
    lines.append('  -H "Authorization: Bearer $GALLERY_KEY"')
    if "multipart/form-data" in body:
        lines.append("  -F image=@picture.png")
    elif "application/json" in body:
        lines += ['  -H "Content-Type: application/json"', "  -d '{}'"]
    return " \\\n".join(lines)
