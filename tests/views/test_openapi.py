"""The OpenAPI document: sound in itself, and complete."""

import re

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.conftest import Person
from tests.views.contract import OUTSIDE, Contract

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_document_is_openapi_3_1(contract: Contract) -> None:
    """The document says 3.1 and keeps to it."""
    errors = list(OpenAPIV31SpecValidator(contract.document).iter_errors())

    assert contract.document["openapi"] == "3.1.0"
    assert errors == []


def test_document_and_url_map_name_the_same_calls(app: Flask, contract: Contract) -> None:
    """Every call below /api is documented, and every documented call is there."""
    mapped = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in METHODS & rule.methods
        if rule.rule.startswith("/api/") and rule.rule not in OUTSIDE
    }

    documented = {
        (method.upper(), path)
        for path, item in contract.document["paths"].items()
        for method in item
        if method.upper() in METHODS
    }
    assert documented == mapped
    assert len(documented) >= 25


def test_every_call_says_what_it_does(contract: Contract) -> None:
    """Each operation has a summary, a tag, an answer, and the common shape of errors."""
    operations = [
        operation
        for item in contract.document["paths"].values()
        for method, operation in item.items()
        if method.upper() in METHODS
    ]

    silent = [
        operation
        for operation in operations
        if not (operation.get("summary") and operation.get("tags"))
        or "default" not in operation["responses"]
    ]
    assert silent == []


def test_errors_are_documented_as_problems(contract: Contract) -> None:
    """All documented errors are problem+json."""
    answers = contract.document["components"]["responses"]

    assert {media for each in answers.values() for media in each["content"]} == {
        "application/problem+json"
    }


def test_uploads_are_documented_in_both_ways(contract: Contract) -> None:
    """A picture goes up as a form's field, or as the body."""
    operation = contract.document["paths"]["/api/images"]["post"]

    assert set(operation["requestBody"]["content"]) == {
        "multipart/form-data",
        "image/png",
        "image/jpeg",
        "image/webp",
    }


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/docs"])
def test_document_is_open_to_everybody(visitor: Person, path: str) -> None:
    """Nobody needs an account to read how to use the gallery."""
    assert visitor.get(path).status_code == 200
