# SPDX-License-Identifier: Apache-2.0
"""The example configs with real pictures and readings, and what a function can do to its events."""

import datetime
import json
import shutil
import subprocess
import threading

import pytest
from PIL import Image

from engine import BINARY, FUNCTIONS, PYTHON, ROOT, Engine, function_folder, pipeline_config, wait_until
from history import check_exactly_once, check_key_order, numbered


def example(tmp_path, name):
    """The config as it stands in configs/, beside a link to the functions, in a folder of its own."""
    text = (ROOT / "configs" / name).read_text()
    text = text.replace("../functions", str(ROOT / "functions")).replace("../build/release/functions", str(FUNCTIONS))
    return Engine(tmp_path, text, name)


def test_thumbnails(tmp_path):
    with example(tmp_path, "thumbnails.yaml") as engine:
        inbox, outbox = tmp_path / "inbox", tmp_path / "outbox"
        subprocess.run([PYTHON, str(ROOT / "tools/sample_pictures"), str(inbox)], check=True, capture_output=True)
        wanted = {"photo.jpg", "logo.png", "large.jpg", "turned.jpg"}
        wait_until(lambda: {p.name for p in outbox.glob("*.*")} >= wanted, "the thumbnails")
        for name in wanted:
            with Image.open(outbox / name) as picture:
                assert max(picture.size) <= 256
        with Image.open(outbox / "turned.jpg") as picture:
            assert picture.height > picture.width  # turned upright
        with Image.open(outbox / "logo.png") as picture:
            assert picture.mode == "RGBA"
        letters = {letter["event"]["subject"]: letter for letter in
                   wait_until(lambda: len(engine.letters()) == 2 and engine.letters(), "two dead letters")}
        assert set(letters) == {"truncated.jpg", "text.jpg"}
        shown = engine.run("dead-letters", "show", letters["text.jpg"]["id"]).stdout
        assert "text.jpg is not a picture" in shown
        assert "replay" in shown


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_lambda_echo_in_shell(tmp_path):
    with example(tmp_path, "lambda_echo.yaml") as engine:
        engine.produce("requests", [{"key": "a", "data": {"n": n}} for n in range(3)])
        engine.wait_settled("echo")
        assert [event["data"] for event in engine.consume("answers")] == [{"echo": {"n": n}} for n in range(3)]


def test_a_mended_cause_and_a_replay(tmp_path):
    code = function_folder(tmp_path, "import pathlib, pelton\n"
                           "def handle(event, context):\n"
                           f"    if not pathlib.Path({str(tmp_path / 'mended')!r}).exists():\n"
                           "        raise pelton.Fail('not mended yet')\n"
                           "    return {'key': context.idempotency_key}\n")
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", numbered(10, 5))
        wait_until(lambda: len(engine.letters()) == 10, "ten dead letters")
        before = {letter["idempotency_key"] for letter in engine.letters()}
        dry = json.loads(engine.run("dead-letters", "replay", "--dry-run", "-o", "json").stdout)
        assert dry["matching"] == 10 and dry["accepted"] == 0
        (tmp_path / "mended").touch()
        assert "10 done, 0 failed again" in engine.run("dead-letters", "replay", "--wait").stdout
        assert engine.letters() == []
        assert {event["data"]["key"] for event in engine.consume("output")} == before


def test_a_replay_of_many_waits_for_the_function(tmp_path):
    """Letters are held in memory while they are replayed: no more than a window of them, and one request's."""
    mended, go = tmp_path / "mended", tmp_path / "go"
    code = function_folder(tmp_path, "import pathlib, time, pelton\n"
                           "def handle(event, context):\n"
                           f"    if not pathlib.Path({str(mended)!r}).exists():\n"
                           "        raise pelton.Fail('not mended yet')\n"
                           f"    while not pathlib.Path({str(go)!r}).exists():\n"
                           "        time.sleep(0.01)\n"
                           "    return event\n")
    with Engine(tmp_path, pipeline_config(code, binding="max_unsettled: 10")) as engine:
        engine.produce("input", numbered(250, 5))
        wait_until(lambda: len(engine.letters("--limit", "1000")) == 250, "the dead letters")
        mended.touch()
        ids = [letter["id"] for letter in engine.letters("--limit", "1000")]
        status, _, answer = engine.post("/v1/dead-letters/replay", {"ids": ids[:100] + ids[:1] + ["job/0/99999"]})
        assert status == 200 and answer == {"accepted": 100, "missing": 1, "running": 0}, answer
        status, headers, answer = engine.post("/v1/dead-letters/replay", {"ids": ids[100:]})
        assert status == 503 and headers["Retry-After"] == "1" and answer["error"]["code"] == "E5010", answer
        replay = threading.Thread(target=lambda: words.append(engine.run("dead-letters", "replay", "--wait").stdout))
        words = []
        replay.start()
        go.touch()
        replay.join()
        assert "0 failed again" in words[0]
        assert engine.letters() == []
        check_exactly_once(engine.consume("output"), range(250))


def test_mended_code_and_a_replay(tmp_path):
    code = function_folder(tmp_path, "import pelton\ndef handle(event, context):\n    raise pelton.Fail('not mended yet')\n")
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", numbered(10, 5))
        wait_until(lambda: len(engine.letters()) == 10, "ten dead letters")
        shown = engine.run("dead-letters", "show", engine.letters()[0]["id"]).stdout
        assert "(new code: pelton functions restart work)" in shown
        function_folder(tmp_path, "def handle(event, context):\n    return event\n")
        assert "worker" in engine.run("functions", "restart", "work").stdout
        assert engine.run("functions", "restart", "wrok", check=False).returncode == 5
        assert "10 done, 0 failed again" in engine.run("dead-letters", "replay", "--wait").stdout
        assert len(engine.consume("output")) == 10


def test_a_replay_says_that_the_mended_code_does_not_start(tmp_path):
    code = function_folder(tmp_path, "import pelton\ndef handle(event, context):\n    raise pelton.Fail('not mended yet')\n")
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", numbered(3, 3))
        wait_until(lambda: len(engine.letters()) == 3, "three dead letters")
        function_folder(tmp_path, "def handle(event, context) return event\n")
        assert engine.run("functions", "restart", "work", check=False).returncode == 1, "the old worker stays"
        engine.kill()  # an idle worker that is gone is replaced with what is there now
        engine.start()
        with subprocess.Popen([BINARY, "dead-letters", "replay", "--wait", "--yes", "--config", str(engine.config)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as replay:
            assert "cannot start a worker" in replay.stderr.readline()
            assert "SyntaxError" in replay.stderr.readline()
            function_folder(tmp_path, "def handle(event, context):\n    return event\n")
            assert "3 done, 0 failed again" in replay.communicate()[0]
        assert replay.returncode == 0


def test_iot_alerts_in_cpp(tmp_path):
    with example(tmp_path, "iot_alerts.yaml") as engine:
        engine.produce("readings", [{"key": f"d{i}", "data": {"device": f"d{i}", "celsius": 50 + 10 * i}} for i in range(6)])
        engine.produce("readings", [{"key": "d9", "data": {"celsius": 99}}])
        engine.wait_settled("watch")
        alerts = tmp_path / "alerts"
        wait_until(lambda: {p.name for p in alerts.glob("*.json")} == {"alert-d4.json", "alert-d5.json"}, "two alerts")
        assert json.loads((alerts / "alert-d5.json").read_text())["celsius"] == 100
        assert engine.binding("watch")["filtered"] == 2  # at most 60 degrees
        assert [letter["reason"] for letter in engine.letters()] == ["failed"]


def test_one_percent_of_events_raise(tmp_path):
    code = function_folder(tmp_path, "def handle(event, context):\n"
                           "    n = event.json()['n']\n"
                           "    if n % 100 == 7:\n"
                           "        raise ValueError(f'poison {n}')\n"
                           "    return event\n")
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", numbered(3000, 50))
        engine.wait_settled("job")
        outputs = engine.consume("output")
        poison = {n for n in range(3000) if n % 100 == 7}
        check_exactly_once(outputs, set(range(3000)) - poison)
        check_key_order(outputs)
        letters = engine.letters("--limit", "1000")
        assert {letter["event"]["data"]["n"] for letter in letters} == poison
        assert all(letter["attempts"] == 3 and letter["reason"] == "attempts" for letter in letters)
        assert all(len(letter["history"]) == 3 for letter in letters)
        assert len(outputs) == 2970


def test_idempotency_key(tmp_path):
    code = function_folder(tmp_path, "def handle(event, context):\n    return {'key': context.idempotency_key}\n")
    engine = Engine(tmp_path, pipeline_config(code, binding="idempotency: { key: data.order, ttl: 1h }"))
    with engine:
        engine.produce("input", [{"key": f"k{i}", "data": {"order": f"o{i % 20}"}} for i in range(100)])
        engine.wait_settled("job")
        assert sorted(e["data"]["key"] for e in engine.consume("output")) == sorted(f"o{i}" for i in range(20))
        engine.kill()
        engine.start()  # what is completed is known after a crash
        engine.produce("input", [{"key": "again", "data": {"order": "o3"}}])
        engine.wait_settled("job")
        assert len(engine.consume("output")) == 20
        assert engine.binding("job")["deduplicated"] == 1


def test_a_killer_event_is_isolated(tmp_path):
    code = function_folder(tmp_path, "import os\n"
                           "def handle(event, context):\n"
                           "    if event.json()['n'] == 13:\n"
                           "        print('about to die', flush=True)\n"
                           "        os._exit(9)\n"
                           "    return event\n")
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", numbered(200, 10))
        engine.wait_settled("job")
        (letter,) = engine.letters()
        assert letter["event"]["data"]["n"] == 13
        assert letter["reason"] == "worker_killer" and letter["history"][0]["cause"] == "crash"
        assert "about to die" in letter["history"][0]["message"]
        check_exactly_once(engine.consume("output"), set(range(200)) - {13})


def test_a_slow_event_times_out(tmp_path):
    code = function_folder(tmp_path, "import time, pelton\n"
                           "def handle(event, context):\n"
                           "    if event.json()['n'] == 3 and context.attempt == 1:\n"
                           "        time.sleep(60)\n"
                           "    return event\n")
    with Engine(tmp_path, pipeline_config(code, function="timeout: 300ms")) as engine:
        engine.produce("input", numbered(20, 4))
        engine.wait_settled("job")
        outputs = engine.consume("output")
        check_exactly_once(outputs, range(20))
        check_key_order(outputs)
        assert engine.letters() == []


def test_a_rate_limit(tmp_path):
    """A slower machine takes longer, never less."""
    code = function_folder(tmp_path, "import time\ndef handle(event, context):\n    return {'at': time.monotonic()}\n")
    with Engine(tmp_path, pipeline_config(code, binding="rate_limit: 20/s")) as engine:
        assert engine.binding("job")["rate_limit"] == "20/s"
        engine.produce("input", numbered(42, 10))
        engine.wait_settled("job")
        times = sorted(event["data"]["at"] for event in engine.consume("output"))
        assert len(times) == 42
        for first, last in zip(times, times[22:]):
            assert last - first > 0.9, "at most twenty in a second, and those of a tenth of one"


def test_a_binding_that_begins_an_hour_ago(tmp_path):
    code = function_folder(tmp_path, "def handle(event, context):\n    return [event.json()['n'], context.binding]\n")
    now = datetime.datetime.now(datetime.timezone.utc)
    with Engine(tmp_path, pipeline_config(code, binding="start: latest")) as engine:
        engine.produce("input", [{"key": "k", "data": {"n": n}, "time": (now - datetime.timedelta(minutes=180 - 10 * n)).isoformat()} for n in range(18)])
        engine.config.write_text(pipeline_config(code, binding="start: latest").replace("  job:", """  late:
    from: input
    function: work
    to: output
    start: 1h
  job:"""))
        engine.run("reload")
        engine.wait_settled("late")
        given = [event["data"] for event in engine.consume("output")]
        assert sorted(n for n, binding in given if binding == "late") == list(range(13, 18))
