"""Find every regular expression of the gallery, and feed it what makes bad ones crawl.

``python -m tests.hostile.expressions`` prints a line of JSON for each, as
far as it gets: whoever runs it sets a limit of processor time.
"""

import ast
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from re import Pattern
from typing import Any

import gallery
from gallery import create_app
from tests.databases import SECRET
from tests.reliability import SEED, trials

LENGTH = trials(20_000, full=200_000)
PACKAGE = Path(gallery.__file__).parent
_FUNCTIONS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall"}
_FUNCTIONS |= {"finditer"}
# One character of each kind that an expression may ask for, and what stands between them.
_PIECES = [*"aA0 _-@.,:;=/\\\"'\t\n\r[](){}<>#%\xe9\u0301中\ud800", "\xff", "\0"]
_PAIRS = ["a ", "a.", "a,", "a-", "a@", "a:", 'a"', '\\"', '"a', "[a", "a]", " ,", ", ", "0x", "x0"]
_PAIRS += ["\r\n", "wait=", ", wait=1", "a=b&", "sk-a", "://", "Bearer ", "content-length:", "\n:"]


def written() -> Iterator[tuple[str, str, int]]:
    """Yield where each expression of the code stands, the expression and its flags."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if _is_call_of_re(node) or _is_validator(node):
                place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                yield place, *_expression_of(node)


def _is_call_of_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in _FUNCTIONS
    )


def _is_validator(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "Regexp"
    )


def _expression_of(call: Any) -> tuple[Any, int]:
    """Return the expression and its flags; one that is put together while running is None."""
    try:
        expression = ast.literal_eval(call.args[0])
    except ValueError:
        return None, 0
    names = [node.attr for each in _flags(call) for node in ast.walk(each) if _is_flag(node)]
    flags = re.NOFLAG
    for name in names:
        flags |= re.RegexFlag[name]
    return expression, int(flags)


def _flags(call: ast.Call) -> list[ast.expr]:
    return [*call.args[1:], *(keyword.value for keyword in call.keywords)]


def _is_flag(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr.isupper()


def all_patterns() -> Iterator[tuple[str, Pattern[Any]]]:
    """Yield the expressions in the code and those of the URL map, compiled, each once."""
    for place, expression, flags in written():
        if expression is not None:
            yield place, re.compile(expression, flags)
    for name, converter in create_app({"SECRET_KEY": SECRET}).url_map.converters.items():
        yield f"converter {name}", re.compile(converter.regex)


def hostile_texts(pattern: Pattern[Any]) -> Iterator[str]:
    """Yield long texts: repetitions, with an end that spoils them, and of what it asks for."""
    own = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    words = re.findall(r"[A-Za-z]{2,}", own)
    pieces = [*_PIECES, *_PAIRS]
    for piece in [*Random(SEED).sample(pieces, trials(3, full=len(pieces))), *words[:4], own]:
        text = piece * (LENGTH // len(piece))
        yield text
        yield f"{text}\0!"
        yield f'"{text}'
        yield f"({words[0] if words else ''}: {text}"


def try_out(pattern: Pattern[Any]) -> float:
    """Match everything everywhere; return the longest time that one text took, in seconds."""
    longest = 0.0
    for text in hostile_texts(pattern):
        is_bytes = isinstance(pattern.pattern, bytes)
        fed = text.encode("latin-1", "replace") if is_bytes else text
        began = time.process_time()
        pattern.fullmatch(fed)
        pattern.sub(pattern.pattern[:0], fed)
        longest = max(longest, time.process_time() - began)
    return longest


def main() -> None:
    """Try all, and print."""
    for place, pattern in all_patterns():
        sys.stdout.write(json.dumps({"place": place, "begins": True}) + "\n")
        sys.stdout.flush()
        sys.stdout.write(json.dumps({"place": place, "seconds": try_out(pattern)}) + "\n")


if __name__ == "__main__":
    main()
