# SPDX-License-Identifier: Apache-2.0
"""`offsets seek` while workers have events: nothing is with two workers at once, and nothing is lost."""

import json
import pathlib
import subprocess

from engine import BINARY, Engine, function_folder, pipeline_config, wait_until
from history import numbered

# Says when it begins and ends an event, and waits until the test lets it go.
GATED = """
import os, pathlib, time

FOLDER = pathlib.Path({folder!r})

def say(what, context):
    with open(FOLDER / "calls", "a") as calls:
        calls.write(f"{{what}} {{context.partition}}/{{context.offset}}\\n")

def handle(event, context):
    say("begin", context)
    while not (FOLDER / "open").exists():
        time.sleep(0.005)
    say("end", context)
"""


def calls(folder):
    path = folder / "calls"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def most_at_once(folder):
    """The most workers that any one event was with."""
    running, most = {}, 0
    for what, event in calls(folder):
        running[event] = running.get(event, 0) + (1 if what == "begin" else -1)
        most = max(most, running[event])
    return most


def begun(folder):
    return sum(what == "begin" for what, _ in calls(folder))


def gated(tmp_path, function=""):
    code = function_folder(tmp_path, GATED.format(folder=str(tmp_path)))
    return Engine(tmp_path, pipeline_config(code, function=f"scale: {{ min: 4, max: 4 }}\n    {function}", binding="batch: { events: 1 }"))


def seek(engine, *options):
    return subprocess.Popen([BINARY, "offsets", "seek", "job", *options, "--config", str(engine.config)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_seek_waits_for_the_events_that_workers_have(tmp_path):
    with gated(tmp_path) as engine:
        engine.produce("input", numbered(8, 8))
        wait_until(lambda: begun(tmp_path) >= 4, "each worker has an event")
        seeking = seek(engine, "--to-earliest")
        wait_until(lambda: '"job"' in engine.run("status", "-o", "json").stdout, "the engine answers meanwhile")
        assert seeking.poll() is None, "it waits"
        (tmp_path / "open").touch()
        out, err = seeking.communicate(timeout=30)
        assert seeking.returncode == 0, (out, err)
        engine.wait_settled("job")
        assert most_at_once(tmp_path) == 1
        # All that was done before is done again, and nothing more than that.
        events = {event for _, event in calls(tmp_path)}
        assert len(events) == 8 and begun(tmp_path) <= 16


def test_seeks_one_after_the_other_under_load(tmp_path):
    (tmp_path / "open").touch()
    with gated(tmp_path) as engine:
        engine.produce("input", numbered(400, 40))
        for _ in range(10):
            engine.run("offsets", "seek", "job", "--to-earliest")
        engine.wait_settled("job")
        assert most_at_once(tmp_path) == 1
        assert len({event for _, event in calls(tmp_path)}) == 400


def test_a_hanging_event_ends_by_its_timeout(tmp_path):
    with gated(tmp_path, function="timeout: 1s") as engine:
        engine.produce("input", numbered(1, 1))
        wait_until(lambda: begun(tmp_path) == 1, "it hangs")
        done = engine.run("offsets", "seek", "job", "--to-latest", "--yes")
        assert "input" in done.stdout or done.returncode == 0
        engine.wait_settled("job")
        assert json.loads(engine.run("status", "-o", "json").stdout)["functions"][0]["timed_out"] >= 1
        assert pathlib.Path(tmp_path / "calls").read_text().count("end") == 0
