# SPDX-License-Identifier: Apache-2.0
"""Every command with -o json prints the shape that docs/json describes, and the page names every command."""

import json
import re
import subprocess

import jsonschema
import pytest

from engine import BINARY, ROOT, Engine

SHAPES = ROOT / "docs/json"
CONFIG = """version: 1
engine: {{ data: ./data }}
streams:
  in: {{ partitions: 2, retention: {{ time: 1d }} }}
  files: {{ retention: {{ time: 1d }} }}
  out: {{}}
  {old}: {{}}
connectors:
  inbox: {{ directory: {{ path: ./inbox }}, to: files }}
  outbox: {{ directory: {{ path: ./outbox }}, from: out }}
  yearly: {{ schedule: {{ cron: "@yearly" }}, to: files }}
listeners: {{ web: {{ address: "127.0.0.1:0" }} }}
routes:
  hello: {{ path: /hello, function: f }}
  take: {{ method: POST, path: /take, to: in }}
functions: {{ f: {{ runtime: python, code: ./code, handler: "f:handle" }} }}
bindings:
  work: {{ from: in, function: f, to: out, retry: {{ attempts: 2, backoff: {{ first: 1ms }} }} }}
  {old}: {{ from: {old}, function: f }}
"""
CODE = """def handle(event, context):
    if event.data == b"bad":
        raise ValueError("no")
    return event.data
"""


def shape(name):
    schema = json.loads((SHAPES / f"{name}.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())


def pelton(*command):
    return subprocess.run([BINARY, *command], capture_output=True, text=True, check=False)


def fits(name, text):
    """Each line of the text has this shape; answers them."""
    values = [json.loads(line) for line in text.splitlines()]
    assert values, name
    for value in values:
        shape(name).validate(value)
    return values


@pytest.fixture(name="engine", scope="module")
def with_work_done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("json")
    for name in ("code", "inbox"):
        (folder / name).mkdir()
    (folder / "code/f.py").write_text(CODE)
    # What a later config no longer has can be forgotten.
    for old in ("gone", "kept"):
        engine = Engine(folder, CONFIG.format(old=old))
        engine.start()
        Engine.started.remove(engine)  # it serves all tests of the module
        if old == "gone":
            engine.run("produce", "gone", data="a\n")
            engine.wait_settled("gone")
            engine.stop()
    engine.run("produce", "in", "--key", "k", data="good\nbad\n")
    engine.run("wait", "--settled", "work", "--settled", "outbox")
    yield engine
    engine.kill()


@pytest.mark.parametrize("name, command", [
    ("status", "status"),
    ("offsets-list", "offsets list"),
    ("offsets-list", "offsets list work"),
    ("offsets-seek", "offsets seek work --to-latest --dry-run"),
    ("offsets-seek", "offsets seek work --by -1 --dry-run"),
    ("dead-letter", "dead-letters list"),
    ("dead-letter", "dead-letters show work/LETTER"),
    ("dead-letters-replay", "dead-letters replay --dry-run"),
    ("dead-letters-replay", "dead-letters replay --yes --wait"),
    ("dead-letters-purge", "dead-letters purge --dry-run"),
    ("event", "consume out"),
    ("event", "consume in"),
    ("functions-restart", "functions restart f"),
    ("invoke", "invoke f"),
    ("invoke", "invoke f --payload bad"),
    ("usage", "usage"),
    ("usage", "usage --by binding --since 2026-01-01"),
    ("usage", "usage --by day"),
    ("review", "plan"),
    ("review", "reload"),
    ("schedule-next", "schedule next"),
    ("wait", "wait --ready"),
    ("wait", "wait --settled work"),
    ("forget", "bindings forget gone --yes"),
    ("forget", "streams forget gone --yes"),
])
def test_a_command_prints_its_shape(engine, name, command):
    words = command.split()
    if "LETTER" in command:
        letter = json.loads(engine.run("dead-letters", "list", "-o", "json").stdout.splitlines()[0])
        words[-1] = letter["id"]
    done = engine.run(*words, "-o", "json", check=False)
    assert done.returncode in (0, 1), (command, done.stderr)  # 1: a letter that was replayed has failed again
    fits(name, done.stdout)


def test_what_is_produced_and_exported(engine):
    assert fits("produce", engine.run("produce", "in", "-o", "json", data="1\n2\n").stdout) == [{"count": 2}]
    fits("dead-letter", engine.run("dead-letters", "export").stdout)


def test_a_plan_with_changes_and_refusals(engine, tmp_path):
    text = engine.config.read_text()
    other = tmp_path / "new.yaml"
    for name in ("code", "inbox"):
        (tmp_path / name).mkdir()
    (tmp_path / "code/f.py").write_text(CODE)
    other.write_text(text.replace("attempts: 2", "attempts: 3").replace("partitions: 2", "partitions: 1"))
    review = fits("review", engine.run("plan", str(other), "-o", "json", check=False).stdout)[0]
    assert review["outcome"] == "refused" and review["changes"] and review["refusals"]
    other.write_text(text.replace("attempts: 2", "attempts: none"))
    review = fits("review", engine.run("plan", str(other), "-o", "json", check=False).stdout)[0]
    assert review["outcome"] == "invalid" and review["problems"]


def test_commands_without_an_engine(tmp_path):
    fits("version", pelton("version", "-o", "json").stdout)
    for topic in pelton("describe", "-o", "json"), pelton("describe", "binding", "-o", "json"):
        fits("describe", topic.stdout)
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("version: 1\nstreams: { unused: {} }\n")
    bad.write_text("version: 1\nstreems: {}\n")
    assert fits("validate", pelton("validate", str(good), "-o", "json").stdout)[0]["valid"]
    assert not fits("validate", pelton("validate", str(bad), "-o", "json").stdout)[0]["valid"]


def test_errors_are_json_on_standard_error(engine, tmp_path):
    done = pelton("status", "-o", "json", "--data", str(tmp_path / "none"))
    assert done.returncode == 4 and not done.stdout
    fits("error", done.stderr)
    done = engine.run("consume", "nowhere", "-o", "json", check=False)
    assert done.returncode == 5 and not done.stdout
    fits("error", done.stderr)


def commands(words=()):
    """Every command that has -o json, from the help."""
    text = pelton(*words, "--help").stdout
    inner = re.findall(r"^  ([a-z-]+)  ", text[text.find("Subcommands:"):], re.M) if "Subcommands:" in text else []
    found = [" ".join(words)] if "json" in text and not inner else []
    for name in inner:
        found += commands((*words, name))
    return found


def test_the_page_names_every_command_and_every_shape():
    page = (ROOT / "docs/json.md").read_text()
    missing = [name for name in commands() if name != "schema" and f"`{name}`" not in page]
    assert not missing
    assert set(re.findall(r"\(json/([a-z-]+)\.schema\.json\)", page)) == {
        path.name.removesuffix(".schema.json") for path in SHAPES.glob("*.schema.json")}
