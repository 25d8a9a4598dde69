# SPDX-License-Identifier: Apache-2.0
"""Broken surroundings: clear words, nothing lost."""

import json
import os
import subprocess
import threading

import pytest

from engine import BINARY, Engine, function_folder, pipeline_config, wait_until
from history import check_exactly_once, numbered

ECHO = "def handle(event, context):\n    return event\n"


def refused(config, code):
    """Runs an engine that is to refuse; answers what it said."""
    done = subprocess.run([BINARY, "run", str(config)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stderr


def test_a_second_engine_is_refused_by_name(tmp_path):
    with Engine(tmp_path, pipeline_config(function_folder(tmp_path, ECHO))) as engine:
        words = refused(engine.config, 6)
        assert "E4101" in words and f"process {engine.process.pid}" in words
        engine.produce("input", numbered(3, 1))  # the first is not disturbed
        engine.wait_settled("job")


def test_a_broken_config_names_its_places(tmp_path):
    config = tmp_path / "bad.yaml"
    config.write_text("version: 1\nstreems: {}\nstreams: { a: { partitions: 0, retention: { time: 7 } },\n"
                      "  k: { kafka: { brokers: ['localhost:1'], topic: t, properties: { fetch.mn.bytes: 3 } } } }\n"
                      "bindings: { b: { from: aa, function: f } }\n")
    words = refused(config, 3)
    assert f"{config}:2:1: E1005 unknown key \"streems\" (did you mean \"streams\"?)" in words
    assert "E1009 partitions: 0 is less than 1" in words
    assert "has no unit" in words
    assert f"{config}:4:67: E6102 librdkafka has no property fetch.mn.bytes (did you mean \"fetch.min.bytes\"?)" in words
    assert "E1012" in words


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    engine = Engine(tmp_path, pipeline_config(function_folder(tmp_path, ECHO)))
    assert "E4104" in refused(engine.config, 1)


def test_a_missing_module_is_named(tmp_path):
    code = function_folder(tmp_path, "import no_such_module\n" + ECHO)
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", numbered(1, 1))
        words = wait_until(lambda: engine.status()["functions"][0]["start_error"], "the start error")
        assert "no_such_module" in words and "/usr/bin/python3" in words
        assert "no_such_module" in engine.run("status").stdout
        (code / "function.py").write_text(ECHO)  # mended while it runs
        engine.wait_settled("job")
        assert engine.letters() == []


def test_a_missing_handler_is_named(tmp_path):
    with Engine(tmp_path, pipeline_config(function_folder(tmp_path, ECHO), handler="function:handel")) as engine:
        engine.produce("input", numbered(1, 1))
        words = wait_until(lambda: engine.status()["functions"][0]["start_error"], "the start error")
        assert "has no handel" in words


def test_sigterm_drains(tmp_path):
    code = function_folder(tmp_path, "import time\ndef handle(event, context):\n    time.sleep(0.3)\n    return event\n")
    engine = Engine(tmp_path, pipeline_config(code)).start()
    engine.produce("input", numbered(20, 20))
    wait_until(lambda: engine.binding("job")["done"] > 0, "work has begun")
    assert engine.stop() == 0
    engine.start()
    engine.wait_settled("job")
    check_exactly_once(engine.consume("output"), range(20))
    engine.kill()


def test_a_second_signal_ends_at_once(tmp_path):
    code = function_folder(tmp_path, "import time\ndef handle(event, context):\n    time.sleep(60)\n")
    engine = Engine(tmp_path, pipeline_config(code)).start()
    engine.produce("input", numbered(1, 1))
    wait_until(lambda: engine.binding("job")["partitions"][0]["in_flight"] + sum(
        p["in_flight"] for p in engine.binding("job")["partitions"]) > 0, "the event is with a worker")
    engine.process.terminate()
    wait_until(lambda: engine.status()["state"] == "draining", "it drains")
    engine.process.terminate()
    assert engine.process.wait(5) == 130


def test_a_drain_ends_at_its_deadline_and_costs_no_attempt(tmp_path):
    code = function_folder(tmp_path, "import pathlib, time\n"
                           "def handle(event, context):\n"
                           f"    if not pathlib.Path({str(tmp_path / 'mended')!r}).exists():\n"
                           "        time.sleep(60)\n"
                           "    return {'n': event.json()['n'], 'attempt': context.attempt}\n")
    engine = Engine(tmp_path, pipeline_config(code).replace("shutdown_timeout: 20s", "shutdown_timeout: 500ms")).start()
    engine.produce("input", numbered(3, 3))
    wait_until(lambda: sum(p["in_flight"] for p in engine.binding("job")["partitions"]) > 0, "an event is with a worker")
    assert engine.stop(10) == 0
    (tmp_path / "mended").touch()
    with engine:
        engine.wait_settled("job")
        outputs = engine.consume("output")
        check_exactly_once(outputs, range(3))
        assert [event["data"]["attempt"] for event in outputs] == [1, 1, 1]


@pytest.fixture(name="disk")
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], check=False).returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_read_only_folder_is_named(tmp_path, disk):
    config = pipeline_config(function_folder(tmp_path, ECHO)).replace("data: ./data", f"data: {disk}/data")
    engine = Engine(tmp_path, config)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    words = refused(engine.config, 1)
    assert "E4104" in words and f"{disk}/data" in words and "Read-only file system" in words
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    with engine:
        engine.produce("input", numbered(1, 1))
        engine.wait_settled("job")


def test_a_write_that_fails_ends_the_engine_and_loses_nothing(tmp_path, disk):
    code = function_folder(tmp_path, "import pathlib, time\n"
                           "def handle(event, context):\n"
                           f"    while not pathlib.Path({str(tmp_path / 'go')!r}).exists():\n"
                           "        time.sleep(0.01)\n"
                           "    return {'n': event.json()['n'], 'x': 'x' * 3_000_000}\n")
    config = pipeline_config(code).replace("data: ./data", f"data: {disk}/data")
    engine = Engine(tmp_path, config).start()
    engine.produce("input", numbered(3, 3))
    wait_until(lambda: sum(p["in_flight"] for p in engine.binding("job")["partitions"]) > 0, "an event is with a worker")
    with open(disk / "filler", "wb", buffering=0) as filler:  # faster than anybody looks at the free space
        try:
            while filler.write(bytes(1 << 20)) == 1 << 20:
                pass
        except OSError:
            pass
    (tmp_path / "go").touch()
    assert engine.process.wait(30) == 1
    words = engine.log.read_text()
    assert "E4106" in words and "No space left on device" in words and "nothing is acknowledged any more" in words
    (disk / "filler").unlink()
    with engine:
        engine.wait_settled("job")
        check_exactly_once(engine.consume("output"), range(3))
        assert engine.letters() == []


def test_a_full_disk_holds_intake_back(tmp_path, disk):
    config = pipeline_config(function_folder(tmp_path, ECHO)).replace("data: ./data, free_space: 1MiB",
                                                                     f"data: {disk}/data, free_space: 24MiB")
    with Engine(tmp_path, config) as engine:
        (disk / "filler").write_bytes(bytes(1 << 20))
        sent, words = 0, ""
        while not words and sent < 500:
            done = engine.produce("input", [{"key": "k", "data": {"n": sent, "x": "y" * 200_000}}], check=False)
            if done.returncode == 0:
                sent += 1
            else:
                words = done.stderr
                assert "E4105" in words, words
            if sent == 40:
                (disk / "filler").write_bytes(bytes(36 << 20))  # somebody else fills the disk
                wait_until(lambda: not engine.ready(), "it says that it is not ready", 20)
        assert words, "intake was never held back"
        assert engine.process.poll() is None
        assert any("E4105" in reason for reason in engine.status()["not_ready"])
        (disk / "filler").unlink()
        wait_until(engine.ready, "intake resumes", 20)
        engine.produce("input", [{"key": "k", "data": {"n": sent}}])
        engine.wait_settled("job")
        check_exactly_once(engine.consume("output"), range(sent + 1))


def fill(path):
    with open(path, "wb", buffering=0) as filler:
        try:
            while filler.write(bytes(1 << 16)) > 0:
                pass
        except OSError:
            pass


def test_outputs_never_fill_the_disk_and_a_full_one_can_be_started(tmp_path, disk):
    code = function_folder(tmp_path, "def handle(event, context):\n"
                           "    n = event.json()['n']\n"
                           "    if n < 5:\n"
                           "        raise ValueError('a letter')\n"
                           "    return {'n': n, 'x': 'x' * 400_000}\n")
    config = pipeline_config(code).replace("data: ./data, free_space: 1MiB", f"data: {disk}/data, free_space: 24MiB")
    engine = Engine(tmp_path, config).start()
    engine.produce("input", numbered(300, 300))
    wait_until(lambda: any("E4105" in reason for reason in engine.status()["not_ready"]), "outputs fill the disk", 60)
    wait_until(lambda: engine.binding("job").get("trouble", "").startswith("E4105"), "the binding is paused", 20)
    wait_until(lambda: sum(p["in_flight"] for p in engine.binding("job")["partitions"]) == 0, "what was in flight ends", 20)
    assert engine.process.poll() is None and len(engine.letters()) == 5
    engine.process.kill()
    engine.process.wait()
    fill(disk / "filler")
    assert (disk / "data" / "ballast").exists()
    engine.start(wait=False)
    wait_until(lambda: engine.run("status", check=False).returncode == 0, "it starts on a full disk", 30)
    assert not (disk / "data" / "ballast").exists()
    engine.run("dead-letters", "purge", "--binding", "job", "--yes")
    assert engine.letters() == []
    numbers = [event["data"]["n"] for event in engine.consume("output")]
    assert len(numbers) == len(set(numbers)) > 0
    assert engine.stop() == 0


def test_produce_with_a_bad_line_appends_nothing(tmp_path):
    with Engine(tmp_path, pipeline_config(function_folder(tmp_path, ECHO))) as engine:
        done = engine.run("produce", "input", "--ndjson", data='{"data":1}\n{"data":\n', check=False)
        assert done.returncode == 1 and "line 2" in done.stderr
        assert engine.consume("input") == []
        done = engine.run("produce", "nowhere", "--ndjson", data='{"data":1}\n', check=False)
        assert done.returncode == 5 and "no stream named" in done.stderr


def test_many_producers_at_once(tmp_path):
    with Engine(tmp_path, pipeline_config(function_folder(tmp_path, ECHO))) as engine:
        threads = [threading.Thread(target=engine.produce, args=("input", list(numbered(200, 7, 200 * i)))) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.wait_settled("job")
        check_exactly_once(engine.consume("output"), range(1600))
        offsets = {}
        for event in engine.consume("input"):
            offsets.setdefault(event["partition"], []).append(event["offset"])
        assert all(seen == list(range(len(seen))) for seen in offsets.values())  # gap-free
        assert json.loads(engine.run("offsets", "list", "job", "-o", "json").stdout)["offsets"][0]["lag_events"] == 0


def test_closed_standard_descriptors_are_not_given_to_files(tmp_path):
    engine = Engine(tmp_path, pipeline_config(function_folder(tmp_path, ECHO)))
    process = subprocess.Popen(["bash", "-c", 'exec "$0" run "$1" <&- >&- 2>&-', BINARY, str(engine.config)])
    try:
        wait_until(lambda: engine.run("status", check=False).returncode == 0, "the engine")
        for number in (0, 1, 2):
            assert os.readlink(f"/proc/{process.pid}/fd/{number}") == "/dev/null"
    finally:
        process.terminate()
        assert process.wait(40) == 0


def test_a_failed_connector_is_not_ready_and_comes_back(tmp_path):
    (tmp_path / "inbox").write_text("a file where the folder should be")
    config = ("version: 1\nengine: { data: ./data }\nstreams: { a: {} }\n"
              "connectors: { inbox: { directory: { path: ./inbox }, to: a } }\n")
    engine = Engine(tmp_path, config).start(wait=False)
    wait_until(lambda: engine.run("status", check=False).returncode == 0, "the engine")
    reasons = wait_until(lambda: [r for r in engine.status()["not_ready"] if "inbox" in r], "the reason")
    assert "E2002" in reasons[0]
    (tmp_path / "inbox").unlink()
    wait_until(engine.ready, "a connector that works")
    (tmp_path / "inbox/file").write_text("text")
    wait_until(lambda: engine.consume("a"), "the file")
    assert engine.stop() == 0


def test_a_large_file_is_there_until_its_event_is_settled(tmp_path):
    code = function_folder(tmp_path, "def handle(event, context):\n    with event.open() as file:\n"
                                     "        return {'read': len(file.read())}\n")
    config = ("version: 1\nengine: { data: ./data }\n"
              "streams: { a: {}, b: {}, out: {} }\nconnectors:\n"
              "  x: { directory: { path: ./x, after: delete }, to: a }\n"
              "  y: { directory: { path: ./y, after: move, move_to: ./done }, to: b }\n"
              f"functions: {{ f: {{ runtime: python, code: {code}, handler: 'function:handle', interpreter: /usr/bin/python3 }} }}\n"
              "bindings: { fx: { from: a, function: f, to: out }, fy: { from: b, function: f, to: out } }\n")
    with Engine(tmp_path, config) as engine:
        for box in ("x", "y"):
            (tmp_path / box / "large").write_bytes(bytes(2_000_000))
        wait_until(lambda: (tmp_path / "done/large").exists() and not (tmp_path / "x/large").exists(), "the files to go")
        assert [json.loads(line)["data"] for line in engine.run("consume", "out").stdout.splitlines()] == [{"read": 2_000_000}] * 2
