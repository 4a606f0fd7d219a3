"""Hold every JSON answer against the OpenAPI document."""

import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

# What an answer may leave out; everything else in the document is always there.
OPTIONAL = {"detail", "errors", "localUrl", "request_id"}
# Answers that leave out more: an illustration that isn't kept; a prompt's hit, lease, or neither.
BRIEF = (
    {"url", "description", "pageNumber", "model", "characterReferenced"},
    {"status", "prompt_hash", "image"},
    {"status", "prompt_hash", "lease_id", "expires_at"},
    {"status", "prompt_hash"},
)
OUTSIDE = ("/api/docs", "/api/openapi.json")


class Contract:
    """The document, as a judge of answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._registry = Registry().with_resource(
            "urn:openapi", Resource(contents=document, specification=DRAFT202012)
        )
        self._paths = [
            (re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))), path)
            for path in sorted(document["paths"], key=lambda each: each.count("{"))
        ]

    def check(self, answer: httpx.Response) -> None:
        """Fail unless the answer is one that the document announces."""
        if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            # It has no end worth waiting for, and no JSON.
            return
        answer.read()
        path = answer.request.url.path
        if not path.startswith("/api/") or path in OUTSIDE:
            return
        if answer.request.method == "HEAD" or answer.status_code in (204, 304):
            assert answer.content == b""
            return
        expected = self._expected(answer.request.method, path, answer.status_code)
        media_type = "application/problem+json" if answer.is_error else "application/json"
        assert answer.headers["Content-Type"] == media_type
        schema = self._resolved(expected)["content"][media_type]["schema"]
        self._validate(schema, answer.json())

    def _expected(self, method: str, path: str, status: int) -> dict[str, Any]:
        for pattern, template in self._paths:
            if pattern.fullmatch(path) and method.lower() in self.document["paths"][template]:
                answers = self.document["paths"][template][method.lower()]["responses"]
                if str(status) in answers:
                    return answers[str(status)]
                assert status >= 400, f"{status} is not documented for {method} {template}"
                return answers["default"]
        assert status in (404, 405), f"{method} {path} is not documented"
        return self.document["components"]["responses"]["DEFAULT_ERROR"]

    def _validate(self, schema: dict[str, Any], content: Any) -> None:
        validator = Draft202012Validator(
            self._absolute(schema),
            registry=self._registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]
        assert errors == []
        self._compare_members(schema, content)

    def _compare_members(self, schema: dict[str, Any], content: Any) -> None:
        """Fail on members that the document doesn't know, and on missing ones."""
        schema = self._resolved(schema)
        if isinstance(content, list):
            for item in content:
                self._compare_members(schema.get("items", {}), item)
        properties = schema.get("properties")
        if not isinstance(content, dict) or not properties:
            return
        assert set(content) <= set(properties), set(content) - set(properties)
        if set(content) not in BRIEF:
            missing = set(properties) - set(content) - OPTIONAL
            assert missing == set()
        for name, value in content.items():
            self._compare_members(properties[name], value)

    def _resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            found: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        return part

    def _absolute(self, schema: Any) -> Any:
        """Let references that mean the whole document say so."""
        if isinstance(schema, list):
            return [self._absolute(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        return {
            name: f"urn:openapi{value}" if name == "$ref" else self._absolute(value)
            for name, value in schema.items()
        }
