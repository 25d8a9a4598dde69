# SPDX-License-Identifier: Apache-2.0
"""An identity is never used twice, and what is not configured is kept until it is forgotten."""

from engine import PYTHON, Engine, function_folder, wait_until
from history import numbered


def config(code, source, streams=("a", "b"), extra=""):
    names = "\n".join(f"  {name}: {{ retention: {{ time: 1s }} }}" for name in streams)
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
{names}
functions:
  work: {{ runtime: python, code: {code}, interpreter: {PYTHON}, handler: "function:handle" }}
bindings:
  job: {{ from: {source}, function: work, retry: {{ attempts: 1 }} }}
{extra}"""


def earliest(engine):
    return next(s for s in engine.status()["streams"] if s["name"] == "a")["partitions"][0]["earliest"]


FAIL = "import pelton\ndef handle(event, context):\n    raise pelton.Fail(context.idempotency_key)\n"


def test_a_binding_that_reads_another_stream_keeps_the_letters_of_the_first(tmp_path):
    code = function_folder(tmp_path, FAIL)
    with Engine(tmp_path, config(code, "a")) as engine:
        engine.produce("a", numbered(2, 2))
        wait_until(lambda: len(engine.letters()) == 2, "the letters of a")
        first = engine.letters()
        assert engine.stop() == 0
    (tmp_path / "pelton.yaml").write_text(config(code, "b"))
    with engine:
        engine.produce("b", numbered(2, 2))
        letters = wait_until(lambda: len(engine.letters()) == 4 and engine.letters(), "those of b beside them")
        assert {letter["id"] for letter in first} < {letter["id"] for letter in letters}
        assert len({letter["idempotency_key"] for letter in letters}) == 4
        old = next(letter for letter in first if letter["offset"] == 0)
        assert "stream" in old and old["stream"] == "a"
        # The short form means the stream that the binding reads; the whole one is exact.
        assert '"stream":"b"' in engine.run("dead-letters", "show", "job/0/0", "-o", "json").stdout
        assert '"stream":"a"' in engine.run("dead-letters", "show", old["id"], "-o", "json").stdout
        engine.run("dead-letters", "purge", old["id"], "--yes")
        assert len(engine.letters()) == 3
        assert "job/0/0" in engine.run("dead-letters", "show", "job/0/0").stdout


def test_what_is_not_configured_waits_until_it_is_forgotten(tmp_path):
    code = function_folder(tmp_path, "def handle(event, context):\n    return None\n")
    both = config(code, "a", extra="  other: { from: a, function: work }\n")
    engine = Engine(tmp_path, both).start()
    engine.produce("a", numbered(10, 3))
    engine.wait_settled("other")
    assert engine.stop() == 0
    engine.config.write_text(config(code, "a"))
    engine.start()
    engine.produce("a", numbered(10, 3, 10))
    engine.wait_settled("job")
    assert "E4109" in engine.run("bindings", "forget", "nobody", "--yes", check=False).stderr
    assert engine.stop() == 0
    with engine:
        wait_until(lambda: "keeps 10 events for binding other" in engine.log.read_text(), "the log says what is kept")
        assert earliest(engine) < 20
        assert "E5004" in engine.run("bindings", "forget", "other", check=False).stderr
        engine.run("bindings", "forget", "other", "--yes")
        wait_until(lambda: earliest(engine) == 20, "retention drops what was kept", 30)
        assert "E4110" in engine.run("streams", "forget", "a", "--yes", check=False).stderr
        assert engine.stop() == 0
    engine.config.write_text(config(code, "b", streams=("b",)))
    with engine:
        engine.run("streams", "forget", "a", "--yes")
        assert "E4109" in engine.run("streams", "forget", "a", "--yes", check=False).stderr
