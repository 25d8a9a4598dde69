# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the engine, and of workers, while events run: nothing lost, nothing twice, order per key kept.

tools/crash_test runs the same with more rounds.
"""

import json
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from engine import BINARY, Engine, function_folder, pipeline_config, wait_until
from history import check_exactly_once, check_key_order, numbered

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "4"))
EVENTS = int(os.environ.get("CRASH_EVENTS", "8000"))
SEED = int(os.environ.get("CRASH_SEED", str(random.randrange(1 << 30))))

ECHO = """
import time
def handle(event, context):
    time.sleep(0.0001)
    return event.json()
"""


class Producer(threading.Thread):
    """Produces chunk after chunk through the command line; a chunk whose answer is lost is not sent again, since it may
    be stored: its numbers are then allowed, not required."""

    def __init__(self, engine, count, chunk=200):
        super().__init__(daemon=True)
        self.engine, self.count, self.chunk = engine, count, chunk
        self.acknowledged, self.unknown = [], []

    def run(self):
        for first in range(0, self.count, self.chunk):
            events = list(numbered(self.chunk, 37, first))
            data = "".join(json.dumps(e) + "\n" for e in events)
            while True:
                done = subprocess.run([BINARY, "produce", "input", "--ndjson", "--config", str(self.engine.config)],
                                      input=data, capture_output=True, text=True, check=False)
                if done.returncode == 0:
                    self.acknowledged += [e["data"]["n"] for e in events]
                    break
                if "no engine answers" in done.stderr and "end of stream" not in done.stderr and "reset" not in done.stderr \
                        and "Broken pipe" not in done.stderr:
                    time.sleep(0.05)  # it was not running: nothing was sent
                    continue
                self.unknown += [e["data"]["n"] for e in events]
                break


def workers(engine):
    done = engine.run("status", "-o", "json", check=False)
    if done.returncode != 0:
        return []
    return [w["pid"] for f in json.loads(done.stdout)["functions"] for w in f["workers"]]


def run_rounds(tmp_path, strike):
    print(f"replay: CRASH_SEED={SEED} CRASH_ROUNDS={ROUNDS} CRASH_EVENTS={EVENTS} python3 -m pytest {__file__}")
    dice = random.Random(SEED)
    code = function_folder(tmp_path, ECHO)
    engine = Engine(tmp_path, pipeline_config(code, function="scale: { max: 2 }").replace("attempts: 3", "attempts: 1000"))
    engine.start()
    producer = Producer(engine, EVENTS)
    producer.start()
    struck = 0
    try:
        for _ in range(ROUNDS):
            time.sleep(dice.uniform(0.2, 1.2))  # when it strikes is what is tested
            struck += strike(engine, dice)
        wait_until(lambda: not producer.is_alive(), "the producer has finished", 120)
        engine.wait_settled("job")
        outputs = engine.consume("output")
        letters = engine.letters()
    finally:
        engine.kill()
    assert struck >= ROUNDS // 2 and len(producer.acknowledged) >= EVENTS // 2, (struck, len(producer.acknowledged))
    check_exactly_once(outputs, producer.acknowledged)
    assert {e["data"]["n"] for e in outputs} <= set(producer.acknowledged) | set(producer.unknown)
    check_key_order(outputs)
    return letters


def test_kill_9_of_the_engine(tmp_path):
    def strike(engine, _):
        engine.kill()
        engine.start()
        return 1

    assert run_rounds(tmp_path, strike) == []


def test_kill_9_of_workers(tmp_path):
    def strike(engine, dice):
        pids = workers(engine)
        try:
            os.kill(dice.choice(pids), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            return 0  # none runs at the moment
        return 1

    letters = run_rounds(tmp_path, strike)
    # The same event can be at hand twice only when killed twice: then it is a worker killer by the rules.
    assert all(letter["reason"] == "worker_killer" for letter in letters)
    assert letters == [] or ROUNDS > 10, letters


def test_workers_die_with_the_engine(tmp_path):
    code = function_folder(tmp_path, "import time\ndef handle(event, context):\n    time.sleep(60)\n")
    with Engine(tmp_path, pipeline_config(code)) as engine:
        engine.produce("input", numbered(1, 1))
        pids = wait_until(lambda: workers(engine), "a worker runs")
        engine.kill()
        for pid in pids:
            wait_until(lambda p=pid: not os.path.exists(f"/proc/{p}") or
                       open(f"/proc/{p}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0] == "Z", "the worker is gone", 10)


if __name__ == "__main__":
    pytest.main([__file__])
