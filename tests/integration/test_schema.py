# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema, judged by a validator that is not ours, agrees with `pelton validate`."""

import json
import re
import subprocess

import jsonschema
import pytest
import yaml

from engine import BINARY, ROOT

# What a schema can see. E1008 and E1009 it sees of some options, E1006 only where nothing is written.
STRUCTURE = {"E1005", "E1007"}


class Loader(yaml.SafeLoader):
    """Scalars as YAML 1.2 has them: `on` and `yes` are texts, times too."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false|True|False|TRUE|FALSE)$"), list("tTfF"))


@pytest.fixture(name="validator", scope="module")
def of_the_binary():
    schema = json.loads(subprocess.run([BINARY, "schema"], capture_output=True, check=True).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def problems(path):
    done = subprocess.run([BINARY, "validate", "-o", "json", str(path)], capture_output=True, check=False)
    return [p for p in json.loads(done.stdout)["problems"] if p["severity"] == "error"]


def readable(path):
    """Its tree; None where it is no YAML, or more than a mapping of one document."""
    try:
        tree = yaml.load(path.read_bytes(), Loader)
    except (yaml.YAMLError, RecursionError, ValueError, UnicodeDecodeError):
        return None
    return tree if isinstance(tree, dict) else None


GOLDEN = sorted((ROOT / "tests/golden/config").glob("*.yaml"))


@pytest.mark.parametrize("path", GOLDEN + sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_schema_and_validate_agree(validator, path):
    codes = {problem["code"] for problem in problems(path)}
    if codes & {"E1001", "E1002", "E1003", "E1004"}:
        return  # not about the shape of a tree
    tree = readable(path)
    errors = [f"{'.'.join(map(str, e.absolute_path))}: {e.message}"[:300] for e in validator.iter_errors(tree)]
    if codes & STRUCTURE:
        assert errors, codes
    if not codes:
        assert not errors


def test_the_schema_refuses_what_editors_should_mark(validator):
    def errors(text):
        return list(validator.iter_errors(yaml.load(text, Loader)))

    assert not errors("version: 1\nx-anchors: { any: thing }\nstreams: { a: { partitions: 3, x-note: mine }, b: }\n")
    assert not errors("version: 1\nengine: { http: '127.0.0.1:0', log: debug }\nstreams: { a: { retention: 7d } }\n"
                      "connectors: { c: { to: a, directory: ./in } }\n"
                      "bindings: { b: { from: a, function: f, retry: 5, idempotency: [id, key] } }\n")
    for wrong in ("version: 1\nstreams: { a: { retention: soon } }",
                  "version: 1\nstreams: { a: { retention: [7d] } }",
                  "version: 1\nengine: { log: loud }",
                  "streams: {}",
                  "version: 1\nstreems: {}",
                  "version: 1\nstreams: { a: { partitions: many } }",
                  "version: 1\nstreams: { A: {} }",
                  "version: 1\nconnectors: { c: { to: a, from: b, directory: { path: p } } }",
                  "version: 1\nconnectors: { c: { to: a, directory: { path: p, if_exists: replace } } }",
                  "version: 1\nconnectors: { c: { from: a, directory: { path: p, if_exists: perhaps } } }",
                  "version: 1\nbindings: { b: { from: a, function: f, retry: { attemps: 3 } } }"):
        assert errors(wrong), wrong
