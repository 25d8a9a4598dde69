# SPDX-License-Identifier: Apache-2.0
"""Whatever a function does, every event ends, and the others do not suffer."""

import json
import pathlib
import shutil
import signal

import pytest

from engine import Engine, function_folder, pipeline_config, wait_until

SLOW = {
    "python": ("function.py", """
import os, pathlib, time
release = pathlib.Path(__file__).parent.parent / "release"
def handle(event, context):
    while event.key == b"slow" and not release.exists(): time.sleep(0.005)
    return event.text()
"""),
    "node": ("function.mjs", """
import fs from "node:fs";
const release = new URL("../release", import.meta.url);
export async function handle(event) {
  while (String(event.key) === "slow" && !fs.existsSync(release)) await new Promise((resolve) => setTimeout(resolve, 5));
  return event.text();
}
"""),
}


def with_retry(config, retry):
    return config.replace("retry: { attempts: 3, backoff: { first: 10ms, max: 50ms } }", f"retry: {{ {retry} }}")


def config_for(runtime, folder, name, source, **more):
    code = folder / "code"
    code.mkdir()
    (code / name).write_text(source)
    text = pipeline_config(code, **more)
    if runtime == "node":
        text = text.replace("runtime: python", "runtime: node").replace("    interpreter: /usr/bin/python3\n", "")
    return text


@pytest.mark.parametrize("runtime", SLOW)
def test_a_slow_event_holds_nobody(tmp_path, runtime):
    if runtime == "node" and shutil.which("node") is None:
        pytest.skip("Node.js is not installed: run tools/setup")
    config = config_for(runtime, tmp_path, *SLOW[runtime], function="scale: { min: 4, max: 4 }\n    timeout: 60s")
    config = config.replace("input: { partitions: 4 }", "input: { partitions: 1 }")
    with Engine(tmp_path, config) as engine:
        # So that the frames of the function have grown when the slow event comes.
        engine.produce("input", [{"key": f"warm{i}", "data": "warm"} for i in range(20000)])
        engine.wait_settled("job")
        events = [{"key": "slow" if i == 700 else f"k{i}", "data": str(i)} for i in range(2000)]
        events.append({"key": "slow", "data": "behind"})
        engine.produce("input", events)
        wait_until(lambda: engine.binding("job")["done"] >= 20000 + 1999, "all but the slow key are done", 20)
        assert len(engine.consume("output")) == 20000 + 1999
        (tmp_path / "release").touch()
        engine.wait_settled("job")
        made = [event["data"] for event in engine.consume("output") if event["data"] != "warm"]
        assert sorted(made) == sorted([str(i) for i in range(2000)] + ["behind"]), "each once"
        assert made.index("behind") > made.index("700")
        assert engine.letters() == []


def test_an_outage_uses_up_few_attempts_and_is_over_when_an_event_succeeds(tmp_path):
    code = function_folder(tmp_path, """
import pathlib
database = pathlib.Path(__file__).parent.parent / "database"
def handle(event, context):
    if not database.exists(): raise ConnectionError("the database is away")
""")
    breaker = "breaker: { failures: 10, pause: { first: 100ms, max: 200ms } }"
    with Engine(tmp_path, pipeline_config(code, binding=breaker)) as engine:
        engine.produce("input", [{"key": f"k{i}", "data": "x"} for i in range(500)])
        paused = wait_until(lambda: engine.binding("job")["paused"], "the binding pauses")
        assert paused.startswith("E2050: ") and "ConnectionError: the database is away" in paused
        assert "job is paused: E2050" in engine.run("status").stdout
        assert 'pelton_binding_paused{binding="job"} 1' in engine.metrics()
        assert engine.status()["ready"], "an outage is not the engine's"
        failed = engine.binding("job")["failed_attempts"]
        wait_until(lambda: engine.binding("job")["failed_attempts"] >= failed + 3, "it tries again and again")
        (tmp_path / "database").touch()
        engine.wait_settled("job")
        job = engine.binding("job")
        assert (job["done"], job["paused"], job["pauses"]) == (500, "", 1)
        assert engine.letters() == []
        log = engine.log.read_text()
        assert "the binding pauses: E2050" in log and "the binding resumes" in log


def test_a_batch_handler_that_raises_is_narrowed_down(tmp_path):
    code = function_folder(tmp_path, """
import pelton
@pelton.batch
def handle(events, context):
    if any(event.text() == "poison" for event in events): raise ValueError("poison is in it")
    if any(event.text() == "killer" for event in events):
        import os
        os._exit(7)
    return ["%s %d" % (event.text(), event.context.attempt) for event in events]
""")
    binding = "batch: { events: 512, wait: 200ms }"
    words = [f"e{i}" for i in range(510)] + ["poison", "killer"]
    with Engine(tmp_path, pipeline_config(code, binding=binding)) as engine:
        engine.produce("input", [{"key": word, "data": word} for word in words])
        engine.wait_settled("job")
        made = sorted(event["data"] for event in engine.consume("output"))
        assert made == sorted(f"e{i} 1" for i in range(510)), "the others lost no attempt, and each was done once"
        letters = {letter["event"]["key"]: letter for letter in engine.letters()}
        assert {key: letter["reason"] for key, letter in letters.items()} == {"poison": "attempts", "killer": "worker_killer"}
        assert letters["poison"]["attempts"] == 3


def test_how_many_workers_an_event_may_crash_is_an_option(tmp_path):
    code = function_folder(tmp_path, "import os\ndef handle(event, context):\n    os._exit(1)\n")
    config = with_retry(pipeline_config(code), "attempts: 9, worker_kills: 4, backoff: { first: 10ms }")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": "k", "data": "x"}])
        engine.wait_settled("job")
        (letter,) = engine.letters()
        assert (letter["reason"], letter["attempts"]) == ("worker_killer", 4)


def test_a_time_out_tells_where_the_function_was(tmp_path):
    code = function_folder(tmp_path, """
import time
def waits_for_a_reply(): time.sleep(60)
def handle(event, context): waits_for_a_reply()
""")
    config = with_retry(pipeline_config(code, function="timeout: 300ms"), "attempts: 2, backoff: { first: 10ms }")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": "k", "data": "x"}])
        engine.wait_settled("job")
        (letter,) = engine.letters()
        assert (letter["reason"], letter["attempts"]) == ("attempts", 2), "a time-out is an attempt"
        shown = engine.run("dead-letters", "show", letter["id"]).stdout
        assert "timeout after 300ms" in shown and "in waits_for_a_reply" in shown, shown


def state_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "gone"


def test_what_a_worker_answered_before_its_end_counts(tmp_path):
    code = function_folder(tmp_path, """
import os, pathlib, threading, time
folder = pathlib.Path(__file__).parent.parent
def handle(event, context):
    if event.text() == "last":
        (folder / "begun").write_text(str(os.getpid()))
        while not (folder / "go").exists(): time.sleep(0.001)
        threading.Timer(0.2, os._exit, [0]).start()
""")
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", [{"key": "k", "data": "last"}])
        begun = tmp_path / "begun"
        wait_until(lambda: begun.exists() and begun.read_text(), "the event is being handled")
        engine.process.send_signal(signal.SIGSTOP)
        (tmp_path / "go").touch()
        wait_until(lambda: state_of(int(begun.read_text())) in ("Z", "gone"), "the worker has ended")
        engine.process.send_signal(signal.SIGCONT)
        engine.wait_settled("job")
        assert (engine.binding("job")["done"], engine.binding("job")["failed_attempts"]) == (1, 0)


def test_lines_have_the_level_that_the_function_gave_them(tmp_path):
    code = function_folder(tmp_path, """
def handle(event, context):
    context.logger.error("first\\nsecond")
    context.logger.warning("careful")
    print("plain")
""")
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", [{"key": "k", "data": "x"}])
        engine.wait_settled("job")
        wait_until(lambda: "plain" in engine.log.read_text(), "the lines are in the log")
        lines = [json.loads(line) for line in engine.log.read_text().splitlines() if line.startswith("{")]
        levels = {line["msg"]: line["level"] for line in lines if line.get("function") == "work"}
        assert levels == {"first": "error", "second": "error", "careful": "warn", "plain": "info"}
