# SPDX-License-Identifier: Apache-2.0
"""The config changes while the engine runs: what is new starts, what is gone drains, the rest does not notice."""

import collections
import json
import signal
import threading
import time

import pytest

from engine import PYTHON, Engine, function_folder, wait_until
from history import check_exactly_once, check_key_order, numbered

# Each invocation leaves a line, so that repeated work is seen although its output is not there twice.
WORK = """
import os
def handle(event, context):
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(event.json()["n"].__str__() + "\\n")
    return event
def other(event, context):
    return None
def sleeps(event, context):
    import time
    open(os.environ["CALLS"] + ".began", "w").close()
    time.sleep(3600)
"""


class Config:
    """The text of a config whose parts a test changes."""

    def __init__(self, folder):
        self.code = function_folder(folder, WORK)
        self.calls = folder / "calls"
        self.streams = {"input": "{ partitions: 4 }", "output": "{ partitions: 2 }"}
        self.functions = {"work": self.function(), "idle": self.function("other")}
        self.bindings = {"job": "{ from: input, function: work, to: output }", "rest": "{ from: output, function: idle }"}
        self.connectors = {}
        self.engine = "data: ./data, free_space: 1MiB"

    def function(self, name="handle", more=""):
        return (f"{{ runtime: python, code: {self.code}, interpreter: {PYTHON}, handler: 'function:{name}', "
                f"environment: {{ CALLS: {self.calls} }}, {more} }}")

    def text(self):
        text = f"version: 1\nengine: {{ {self.engine} }}\n"
        for section in ("streams", "connectors", "functions", "bindings"):
            text += f"{section}:\n" + "".join(f"  {name}: {value}\n" for name, value in getattr(self, section).items())
        return text


class Reloading(Engine):
    def __init__(self, folder):
        self.parts = Config(folder)
        super().__init__(folder, self.parts.text())

    def write(self):
        self.config.write_text(self.parts.text())

    def reload(self, check=True):
        self.write()
        return self.run("reload", check=check)

    def pids(self, function="work"):
        return {w["pid"] for f in self.status()["functions"] if f["name"] == function for w in f["workers"]}

    def config_status(self):
        return self.status()["config_status"]


@pytest.fixture(name="engine")
def running_engine(tmp_path):
    with Reloading(tmp_path) as engine:
        yield engine


def change(parts, turn):
    """Something of every kind, another in each turn."""
    parts.bindings["job"] = f"{{ from: input, function: work, to: output, retry: {{ attempts: {3 + turn % 4} }} }}"
    parts.functions["work"] = parts.function(more=f"timeout: {20 + turn // 4}s")
    parts.streams["input"] = f"{{ partitions: 4, retention: {{ time: {1 + turn}d }} }}"
    for here, there, name, value in ((turn % 2, parts.streams, "extra", "{ partitions: 2 }"),
                                     (turn % 2, parts.bindings, "more", "{ from: input, function: idle, to: extra }"),
                                     (turn % 3 == 1, parts.connectors, "files", "{ directory: { path: ./files, name: '{key}/{offset}' }, from: output }")):
        if here:
            there[name] = value
        else:
            there.pop(name, None)


def test_twenty_reloads_under_load(engine):
    acknowledged, stop, failures = [], threading.Event(), []

    def produce():
        first = 0
        try:
            while not stop.is_set():
                events = list(numbered(200, 50, first))
                engine.produce("input", events)
                acknowledged.extend(e["data"]["n"] for e in events)
                first += 200
        except AssertionError as error:
            failures.append(error)

    producer = threading.Thread(target=produce)
    producer.start()
    for turn in range(20):
        before = len(acknowledged)
        wait_until(lambda: failures or len(acknowledged) > before, "events arrive between the reloads")
        change(engine.parts, turn)
        engine.reload()
    stop.set()
    producer.join()
    assert not failures, failures
    engine.wait_settled("job")
    outputs = engine.consume("output")
    check_exactly_once(outputs, acknowledged)
    check_key_order(outputs)
    calls = collections.Counter(engine.parts.calls.read_text().split())
    assert len(calls) == len(acknowledged) and set(calls.values()) == {1}
    assert engine.config_status()["reloads_ok"] == 20 and engine.config_status()["generation"] == 21
    assert engine.stop() == 0


def test_what_does_not_change_keeps_running(engine):
    engine.produce("input", numbered(20, 5))
    engine.wait_settled("job")
    engine.wait_settled("rest")
    work, idle = engine.pids(), engine.pids("idle")
    assert work and idle
    done = engine.binding("job")["done"]
    engine.parts.bindings["rest"] = "{ from: output, function: idle, order: none }"
    engine.parts.streams["input"] = "{ partitions: 4, retention: { time: 1d } }"
    assert "~ binding rest" in engine.reload().stdout
    # Neither the function of the binding that has changed nor the other binding.
    assert engine.pids() == work and engine.pids("idle") == idle and engine.binding("job")["done"] == done
    engine.parts.functions["idle"] = engine.parts.function("other", "timeout: 7s")
    assert "! binding rest: function idle changes" in engine.reload().stdout
    assert engine.pids() == work and engine.pids("idle").isdisjoint(idle)
    assert engine.reload().stdout == "no changes\n"


def test_a_bad_file_changes_nothing(engine):
    workers = engine.pids()
    engine.config.write_text(engine.parts.text() + "  bad: { form: input, function: wrk }\n")
    done = engine.run("reload", check=False)
    assert done.returncode == 3
    assert f"{engine.config}:" in done.stderr and "E1005" in done.stderr and "E1012" in done.stderr
    assert "continues with the old config" in done.stderr
    status = engine.config_status()
    assert "E1006" in status["last_error"] and status["generation"] == 1 and status["reloads_failed"] == 1
    assert "the last reload was not applied" in engine.run("status").stdout
    metrics = engine.metrics()
    assert 'pelton_config_reloads_total{result="failed"} 1' in metrics and "pelton_config_last_reload_successful 0" in metrics
    engine.produce("input", numbered(10, 5))
    engine.wait_settled("job")
    assert engine.pids() >= workers
    engine.reload()
    assert engine.config_status()["last_error"] == "" and "pelton_config_last_reload_successful 1" in engine.metrics()


def test_a_function_that_cannot_start_changes_nothing(engine):
    engine.produce("input", numbered(10, 5))
    engine.wait_settled("job")
    workers = engine.pids()
    engine.parts.functions["work"] = engine.parts.function("missing")
    engine.parts.bindings["job"] = "{ from: input, function: work }"
    done = engine.reload(check=False)
    assert done.returncode == 1 and "E3001" in done.stderr and "missing" in done.stderr
    assert engine.pids() == workers and engine.binding("job")["to"] == ["output"]
    engine.produce("input", numbered(10, 5, 10))
    engine.wait_settled("job")
    check_exactly_once(engine.consume("output"), range(20))


def test_a_worker_that_hangs_is_ended_and_its_event_comes_again(engine):
    engine.parts.engine += ", shutdown_timeout: 500ms"
    engine.parts.functions["work"] = engine.parts.function("sleeps", "scale: { max: 1 }")
    engine.reload()
    engine.produce("input", [{"key": "k", "data": {"n": 0}}])
    wait_until(lambda: (engine.folder / "calls.began").exists(), "the function hangs")
    engine.parts.functions["work"] = engine.parts.function()
    engine.reload()
    engine.wait_settled("job")
    check_exactly_once(engine.consume("output"), [0])
    assert not engine.letters()


def test_a_change_that_needs_a_restart(engine):
    engine.parts.engine += ", memory: 200MiB"
    engine.parts.bindings["job"] = "{ from: input, function: work }"
    plan = (engine.write(), engine.run("plan", check=False))[1]
    assert plan.returncode == 6 and "E5012" in plan.stderr and "engine.memory" in plan.stderr
    done = engine.reload(check=False)
    assert done.returncode == 6 and "E5012" in done.stderr
    assert engine.binding("job")["to"] == ["output"]
    engine.parts.engine = engine.parts.engine.replace(", memory: 200MiB", "") + ", log: { level: debug }"
    engine.reload()
    assert engine.binding("job")["to"] == []


def test_plan_shows_what_a_reload_would_do(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("PLAN_SECRET", "hunter2")
    new = tmp_path / "new.yaml"
    engine.parts.functions["work"] = engine.parts.function(more="timeout: 7s").replace("CALLS:", "PASSWORD: hunter3, CALLS:")
    engine.parts.bindings["more"] = "{ from: input, function: work }"
    new.write_text(engine.parts.text())
    shown = engine.run("plan", str(new))
    assert "~ timeout: 30s -> 7s" in shown.stdout and "+ binding more" in shown.stdout and "! binding job" in shown.stdout
    assert "+ environment.PASSWORD: (secret)" in shown.stdout and "hunter" not in shown.stdout + shown.stderr
    assert engine.run("plan", str(new), "--exit-code", check=False).returncode == 7
    assert engine.run("plan", "--exit-code").stdout == "no changes\n"
    assert engine.run("plan", "--from", str(engine.config), str(new)).stdout == shown.stdout
    review = json.loads(engine.run("plan", str(new), "-o", "json").stdout)
    assert review["outcome"] == "changes" and {c["action"] for c in review["changes"]} == {"change", "restart", "add"}
    assert engine.run("plan", str(tmp_path / "none.yaml"), check=False).returncode == 3


def test_sighup_reloads(engine):
    engine.parts.bindings["more"] = "{ from: input, function: idle }"
    engine.write()
    engine.process.send_signal(signal.SIGHUP)
    wait_until(lambda: any(b["name"] == "more" for b in engine.status()["bindings"]), "the new binding is there")
    engine.config.write_text("version: 2\n")
    engine.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "E1010" in engine.config_status()["last_error"], "the bad file is refused")
    assert "E1010" in engine.log.read_text() and engine.process.poll() is None


def test_connectors_start_and_stop_alone(engine):
    engine.parts.streams["files"] = "{ retention: { time: 1d } }"
    engine.parts.connectors["inbox"] = "{ directory: { path: ./inbox }, to: files }"
    engine.parts.connectors["outbox"] = "{ directory: { path: ./outbox }, from: files }"
    (engine.folder / "inbox").mkdir()
    engine.reload()
    (engine.folder / "inbox/a").write_text("a")
    wait_until(lambda: (engine.folder / "outbox/a").exists(), "the file has gone through")
    engine.parts.connectors["outbox"] = "{ directory: { path: ./outbox, name: 'new-{subject}' }, from: files }"
    engine.reload()
    (engine.folder / "inbox/b").write_text("b")
    wait_until(lambda: (engine.folder / "outbox/new-b").exists(), "the sink has its new name")
    assert not (engine.folder / "outbox/new-a").exists()
    del engine.parts.connectors["inbox"]
    engine.reload()
    assert [c["name"] for c in engine.status()["connectors"]] == ["outbox"]
    (engine.folder / "inbox/c").write_text("c")
    engine.parts.connectors["inbox"] = "{ directory: { path: ./inbox, settle: 0s }, to: files }"
    engine.reload()
    wait_until(lambda: (engine.folder / "outbox/new-c").exists(), "what came meanwhile has gone through")
    assert [e["subject"] for e in engine.consume("files")] == ["a", "b", "c"]


def test_more_partitions(engine):
    engine.produce("input", numbered(40, 10))
    engine.wait_settled("job")
    engine.parts.streams["input"] = "{ partitions: 8 }"
    engine.parts.streams["output"] = "{ partitions: 3 }"
    engine.reload()
    engine.produce("input", numbered(40, 10, 40))
    engine.wait_settled("job")
    check_exactly_once(engine.consume("output"), range(80))
    assert len(engine.binding("job")["partitions"]) == 8
    engine.parts.streams["input"] = "{ partitions: 4 }"
    done = engine.reload(check=False)
    assert done.returncode == 6 and "E4103" in done.stderr


def test_a_binding_that_comes_back_continues(engine):
    engine.produce("input", numbered(10, 5))
    engine.wait_settled("job")
    job = engine.parts.bindings.pop("job")
    engine.reload()
    engine.produce("input", numbered(10, 5, 10))
    engine.parts.bindings["job"] = job
    engine.reload()
    engine.wait_settled("job")
    check_exactly_once(engine.consume("output"), range(20))


def test_reloads_at_once_are_all_answered(engine):
    engine.parts.bindings["more"] = "{ from: input, function: idle }"
    engine.write()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(engine.run("reload", check=False))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.returncode for a in answers] == [0] * 6
    assert engine.config_status()["generation"] == 2


def test_the_end_during_a_reload(engine):
    engine.parts.engine += ", shutdown_timeout: 3s"
    engine.parts.functions["work"] = engine.parts.function("sleeps")
    engine.reload()
    engine.produce("input", [{"key": "k", "data": {"n": 0}}])
    wait_until(lambda: (engine.folder / "calls.began").exists(), "the function hangs")
    engine.parts.functions["work"] = engine.parts.function()
    engine.write()
    engine.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "SIGHUP" in engine.log.read_text(), "the reload has begun")
    began = time.monotonic()
    assert engine.stop() == 0
    assert time.monotonic() - began < 15 * 4
    engine.start()
    engine.wait_settled("job")
    check_exactly_once(engine.consume("output"), [0])
