"""Every code block says what it is, and Python, JSON, YAML and Java parse."""

from __future__ import annotations

import ast
import json
from functools import lru_cache
from typing import Any

import pytest
import yaml

from tests.content.forms import QUESTIONS, fences, texts

KNOWN = frozenset(
    [
        "http",
        "text",
        "java",
        "python",
        "javascript",
        "json",
        "yaml",
        "nginx",
        "bash",
        "html",
        "css",
        "sql",
        "xml",
        "properties",
        "ini",
        "haproxy",
        "lua",
        "toml",
    ]
)
BLOCKS = [
    pytest.param(language, code, id=f"{question.ref} {where} {number}")
    for question in QUESTIONS
    for where, text in texts(question)
    for number, (language, code) in enumerate(fences(text), 1)
]


def blocks(language: str) -> list[Any]:
    return [block for block in BLOCKS if block.values[0] == language]


@pytest.mark.parametrize(("language", "code"), BLOCKS)
def test_a_block_has_a_language_and_fits_on_a_screen(language: str, code: str):
    assert language in KNOWN
    assert len(code.rstrip("\n").split("\n")) <= (15 if language not in {"text", "http"} else 24)
    assert "\t" not in code


@pytest.mark.parametrize(("language", "code"), blocks("python"))
def test_python_parses(language: str, code: str):
    ast.parse(code)


@pytest.mark.parametrize(("language", "code"), blocks("json"))
def test_json_parses(language: str, code: str):
    json.loads(code)


@pytest.mark.parametrize(("language", "code"), blocks("yaml"))
def test_yaml_parses(language: str, code: str):
    assert list(yaml.safe_load_all(code))


@pytest.mark.parametrize(("language", "code"), blocks("java"))
def test_java_parses(language: str, code: str):
    java = _java()
    assert any(not java.parse(_within(code, depth).encode()).root_node.has_error for depth in range(3))


@pytest.mark.parametrize("broken", ["int x = ;", "class A { void m( { } }", "return new Foo(;"])
def test_the_java_parser_refuses_what_is_broken(broken: str):
    java = _java()
    assert all(java.parse(_within(broken, depth).encode()).root_node.has_error for depth in range(3))


def _within(code: str, depth: int) -> str:
    """The code as a file, as members of a class, or as statements of a method; imports stay in front."""
    lines = code.split("\n")
    imports = "\n".join(line for line in lines if line.startswith(("import ", "package ")))
    rest = "\n".join(line for line in lines if not line.startswith(("import ", "package ")))
    if depth == 0:
        return code
    return f"{imports}\nclass A {{ {rest} }}" if depth == 1 else f"{imports}\nclass A {{ void m() {{ {rest} }} }}"


@lru_cache(maxsize=1)
def _java() -> Any:
    tree_sitter = pytest.importorskip("tree_sitter")
    java = pytest.importorskip("tree_sitter_java")
    return tree_sitter.Parser(tree_sitter.Language(java.language()))
