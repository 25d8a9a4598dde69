# SPDX-License-Identifier: Apache-2.0
"""Schedules of the built binary: one event a slot across kill -9, steps of the clock (libfaketime), reloads and downtime."""

import datetime
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

from engine import BINARY, ROOT, Engine, function_folder, wait_until

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
needs_faketime = pytest.mark.skipif(FAKETIME is None or bool(os.environ.get("PELTON_SANITIZE")),
                                    reason="needs libfaketime, and a binary without a sanitizer")
ECHO = "def handle(event, context):\n    return event\n"


def config(code, schedule, more=""):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB }}
streams: {{ slots: {{ partitions: 2, retention: {{ time: 1d }} }}, done: {{ retention: {{ time: 1d }} }} }}
connectors:
  tick: {{ schedule: {schedule}, to: slots }}
functions: {{ f: {{ runtime: python, code: {code}, handler: "function:handle" }} }}
bindings: {{ work: {{ from: slots, function: f, to: done {more} }} }}
"""


def engine_with(folder, schedule, code=ECHO, more=""):
    return Engine(folder, config(function_folder(folder, code), schedule, more))


def slots(engine):
    """Of all events in the stream, as times, in the order of their slots."""
    return sorted(datetime.datetime.fromisoformat(event["id"].split("/")[1]) for event in engine.consume("slots"))


def wait_for_slots(engine, count, seconds=60):
    wait_until(lambda: len(engine.consume("slots")) >= count, f"{count} slots", seconds)
    return slots(engine)


def is_every_second(times):
    return all(b - a == datetime.timedelta(seconds=1) for a, b in zip(times, times[1:]))


def connector(engine, name="tick"):
    return next(c for c in engine.status()["connectors"] if c["name"] == name)


class FakeClock:
    """The clock of processes that are started while it is in force: the machine's, moved by so many seconds."""

    def __init__(self, folder, monkeypatch):
        self.file = folder / "faketime"
        self.move(0)
        for name, value in {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}.items():
            monkeypatch.setenv(name, value)

    def move(self, seconds):
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self.file)

    def move_to(self, time):
        self.move(round((datetime.datetime.fromisoformat(time) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()))


def test_an_event_a_slot_across_kill_9(tmp_path):
    engine = engine_with(tmp_path, "{ every: 1s }")
    for count in (3, 6, 9):
        engine.start()
        wait_for_slots(engine, count)
        engine.kill()
    with engine:
        times = wait_for_slots(engine, 12)
        assert is_every_second(times), times
        engine.wait_settled("work")
        event = engine.consume("slots")[0]
        assert event["id"] == "tick/" + event["time"] and event["subject"] == "tick" and event["type"] == "pelton.schedule"
        assert event["data"]["schedule"] == "tick" and event["data"]["time"] == event["time"]
        handled = sorted(event["data"]["time"] for event in engine.consume("done"))
        assert is_every_second([datetime.datetime.fromisoformat(time) for time in handled])


@needs_faketime
def test_steps_of_the_clock_repeat_and_lose_nothing(tmp_path, monkeypatch):
    clock = FakeClock(tmp_path, monkeypatch)
    with engine_with(tmp_path, "{ every: 1s }") as engine:
        first = wait_for_slots(engine, 3)
        clock.move(7200)
        ahead = wait_until(lambda: [t for t in slots(engine) if t > first[0] + datetime.timedelta(hours=1)][65:],
                           "the minute before, and on")
        clock.move(0)
        before = len(slots(engine))
        wait_for_slots(engine, before + 5)
        engine.kill()
        engine.start()
        times = wait_for_slots(engine, before + 10)
        assert len(times) == len(set(times)), "an event twice"
        now = [t for t in times if t < ahead[0] - datetime.timedelta(hours=1)]
        assert len(now) >= 13
        assert sum(b - a > datetime.timedelta(seconds=1) for a, b in zip(now, now[1:])) <= 1, "only while the clock was ahead"
        log = engine.log.read_text()
        assert "E7046" in log and log.count("E7048") == 1
        clock.move(-3600)
        wait_until(lambda: engine.log.read_text().count("E7048") == 2, "set back before the first start")
        wait_for_slots(engine, len(times) + 3)
        times = slots(engine)
        assert len(times) == len(set(times))


@needs_faketime
@pytest.mark.parametrize("missed, expected", [("skip", 0), ("one", 1), ("all", 9)])
def test_what_was_missed(tmp_path, monkeypatch, missed, expected):
    clock = FakeClock(tmp_path, monkeypatch)
    clock.move_to("2026-06-01T00:00:30+00:00")
    engine = engine_with(tmp_path, f'{{ cron: "0 * * * *", missed: {missed} }}')
    with engine:
        wait_until(lambda: connector(engine)["state"] == "running", "the first start")
    clock.move_to("2026-06-01T09:30:00+00:00")
    with engine:
        wait_until(lambda: connector(engine)["events"] == expected, "what is made up for")
        wait_until(lambda: connector(engine)["skipped_slots"].get("missed", 0) == 9 - expected, "the others are counted")
        assert [t.hour for t in slots(engine)] == list(range(10 - expected, 10))
        assert f'pelton_schedule_slots_skipped_total{{connector="tick",reason="missed"}} {9 - expected}' in engine.metrics() \
            or expected == 9
        assert connector(engine)["next_slot"] == "2026-06-01T10:00:00Z"


@needs_faketime
def test_clocks_change(tmp_path, monkeypatch):
    clock = FakeClock(tmp_path, monkeypatch)
    clock.move_to("2026-03-29T00:59:57+00:00")
    with engine_with(tmp_path, '{ cron: "30 2 * * *", timezone: Europe/Berlin }') as engine:
        assert wait_for_slots(engine, 1)[0].isoformat() == "2026-03-29T01:00:00+00:00", "when the gap is over"
        assert engine.consume("slots")[0]["data"]["local_time"] == "2026-03-29T03:00:00+02:00"


def test_another_expression_begins_when_it_is_seen(tmp_path):
    with engine_with(tmp_path, '{ cron: "0 0 1 1 *", missed: all }') as engine:
        wait_until(lambda: connector(engine)["state"] == "running", "the schedule runs")
        changed = datetime.datetime.now(datetime.timezone.utc)
        engine.config.write_text(engine.config.read_text().replace('cron: "0 0 1 1 *"', "every: 1s"))
        assert "schedule.every" in engine.run("plan").stdout
        engine.run("reload")
        times = wait_for_slots(engine, 3)
        assert times[0] > changed - datetime.timedelta(seconds=1) and is_every_second(times)


def test_overlapping_slots_are_skipped(tmp_path):
    slow = "import time\ndef handle(event, context):\n    time.sleep(2)\n    return event\n"
    with engine_with(tmp_path, "{ every: 1s, overlap: skip }", slow) as engine:
        wait_until(lambda: connector(engine)["skipped_slots"].get("overlap", 0) >= 2 and len(engine.consume("slots")) >= 2,
                   "slots that were skipped")
        assert all(b - a >= datetime.timedelta(seconds=2) for a, b in zip(slots(engine), slots(engine)[1:]))
        assert "E7047" in engine.log.read_text()


def test_queued_slots_wait_for_one_another_and_survive(tmp_path):
    slow = "import time\ndef handle(event, context):\n    time.sleep(1.5)\n    return event\n"
    engine = engine_with(tmp_path, "{ every: 1s, overlap: queue, missed: skip }", slow)
    with engine:
        wait_until(lambda: (connector(engine)["lag_events"] or 0) >= 2, "slots that wait")
    with engine:
        times = wait_for_slots(engine, 5)
        assert is_every_second(times), times


def pelton(*command):
    return subprocess.run([BINARY, *command], capture_output=True, text=True, check=False)


def test_schedule_next_needs_no_engine(tmp_path):
    file = tmp_path / "pelton.yaml"
    file.write_text("""version: 1
streams: { jobs: { retention: { time: 1d } } }
connectors:
  nightly: { schedule: { cron: "0 3 * * *", timezone: Europe/Berlin }, to: jobs }
  poll: { schedule: { every: 7h, jitter: 10m, start: "2030-01-01T00:00:00Z" }, to: jobs }
""")
    text = pelton("schedule", "next", "nightly", "--count", "2", "--config", str(file))
    assert text.returncode == 0 and len(text.stdout.splitlines()) == 4 and "T03:00:00+0" in text.stdout
    done = pelton("schedule", "next", "--config", str(file), "-o", "json")
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, json.loads((ROOT / "docs/json/schedule-next.schema.json").read_text()))
    poll = next(s for s in shown["schedules"] if s["name"] == "poll")
    assert [s["time"] for s in poll["slots"]] == [f"2030-01-01T{h:02}:00:00Z" for h in (0, 7, 14, 21)] + ["2030-01-02T04:00:00Z"]
    assert any(s["due"] != s["time"] for s in poll["slots"])
    unknown = pelton("schedule", "next", "nihgtly", "--config", str(file))
    assert unknown.returncode == 5 and 'did you mean "nightly"?' in unknown.stderr


@pytest.mark.parametrize("schedule, problem", [
    ('{ cron: "0 25 * * *" }', '3:41: E7040 cron: "0 25 * * *" has hour "25": 0 to 23 is allowed'),
    ('{ cron: "30 2 31 2 *" }', '3:41: E7043 connector tick: cron "30 2 31 2 *" never gives an event'),
    ("{ every: 5m, timezone: Europe/Berln }", 'E7042 timezone: "Europe/Berln" is not a time zone'),
    ("{ timezone: UTC }", "3:33: E7041 connector tick: the schedule has no expression"),
    ('{ aws: "cron(0 12 * * * *)" }', "one of both must be ?"),
])
def test_mistakes_have_a_place(tmp_path, schedule, problem):
    file = tmp_path / "pelton.yaml"
    file.write_text(f"version: 1\nstreams: {{ s: {{ retention: {{ time: 1d }} }} }}\nconnectors: {{ tick: {{ schedule: {schedule}, to: s }} }}\n")
    done = pelton("validate", str(file))
    assert done.returncode == 3 and problem in done.stderr, done.stderr


def test_the_example(tmp_path):
    with Engine(tmp_path, (ROOT / "configs/schedules.yaml").read_text()) as engine:
        wait_until(lambda: list((tmp_path / "outbox/slots/heartbeat").glob("*.json")), "a heartbeat")
        assert connector(engine, "nightly")["next_slot"]
