# SPDX-License-Identifier: Apache-2.0
"""Workers that are forked: whatever happens to the process that they are copies of, events end as without it."""

import os
import pathlib
import signal
import subprocess

import pytest

from engine import Engine, function_folder, pipeline_config, wait_until

COLD = "recycle: { events: 1 }\n    scale: { min: 0, max: 2 }\n    memory: 1GiB"
SOURCE = """
import decimal, os, sys
def handle(event, context):
    return f"{event.text()} {os.getppid()} {os.environ['COLOUR']}"
"""


def children(pid):
    found = set()
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found


def workers(engine):
    return {worker["pid"] for worker in engine.status()["functions"][0]["workers"]}


def zygote_of(engine):
    """Once no worker is left."""
    wait_until(lambda: not workers(engine) and len(children(engine.process.pid)) <= 1, "the workers have ended")
    return next(iter(children(engine.process.pid)), None)


def results(engine):
    return sorted(event["data"] for event in engine.consume("output"))


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # Ended, and not waited for by whoever adopts.
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.fixture(name="config")
def config_of_cold_workers(tmp_path):
    code = function_folder(tmp_path, SOURCE)
    return pipeline_config(code, function=COLD + '\n    environment: { COLOUR: blue }')


def test_each_event_has_a_worker_of_its_own_that_is_the_engines_child(tmp_path, config):
    with Engine(tmp_path, config) as engine:
        assert not children(engine.process.pid), "no process without events"
        engine.produce("input", [{"key": str(i), "data": str(i)} for i in range(40)])
        engine.wait_settled("job")
        assert results(engine) == sorted(f"{i} {engine.process.pid} blue" for i in range(40))
        assert zygote_of(engine)
        learnt = tmp_path / "data/functions/work/imports"
        wait_until(lambda: learnt.exists() and "decimal" in learnt.read_text().split("\n"), "what was imported is known")
        assert not (tmp_path / "code/__pycache__").exists()
        assert engine.stop() == 0
        assert not engine.log.read_text().count("E7300")


def test_a_zygote_that_is_killed_again_and_again_loses_nothing(tmp_path, config):
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": str(i), "data": str(i)} for i in range(60)], check=False)
        killed = set()

        def kill_it():
            for pid in children(engine.process.pid) - workers(engine):
                command = pathlib.Path(f"/proc/{pid}/cmdline")
                if pid not in killed and command.exists() and b"pelton.zygote" in command.read_bytes() and os.getsid(pid) == pid:
                    # It may be a worker by now: that is an event's attempt, which comes again.
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
            return len(killed) >= 3 or engine.lag("job") == 0

        wait_until(kill_it, "it has been killed")
        engine.wait_settled("job")
        assert [line.split()[0] for line in results(engine)] == sorted(str(i) for i in range(60))
        assert not engine.letters()


def test_nothing_outlives_an_engine_that_is_killed(tmp_path):
    code = function_folder(tmp_path, "import time\ndef handle(event, context): time.sleep(1000)\n")
    with Engine(tmp_path, pipeline_config(code, function="scale: { max: 2 }")) as engine:
        engine.produce("input", [{"key": str(i), "data": str(i)} for i in range(20)], check=False)
        wait_until(lambda: len(workers(engine) - {0}) == 2, "two workers run")
        left = children(engine.process.pid)
        assert len(left) == 3
        engine.kill()
        wait_until(lambda: all(is_gone(pid) for pid in left), "they have ended")


def test_it_can_be_switched_off_and_is_told_apart(tmp_path, config):
    with Engine(tmp_path, config.replace("recycle:", "zygote: 0s\n    recycle:")) as engine:
        engine.produce("input", [{"key": "a", "data": "1"}])
        engine.wait_settled("job")
        assert results(engine) == [f"1 {engine.process.pid} blue"]
        assert zygote_of(engine) is None
    refused = Engine(tmp_path / "other", config.replace("recycle:", "zygote: soon\n    recycle:"))
    done = subprocess.run([refused.binary, "validate", refused.config], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "zygote" in done.stderr


def test_new_code_and_a_broken_zygote(tmp_path, config):
    code = tmp_path / "code"
    (code / "sitecustomize.py").write_text("import os, sys\nif 'pelton.zygote' in ' '.join(sys.orig_argv): os._exit(7)\n")
    broken = config.replace("COLOUR: blue", f"COLOUR: blue, PYTHONPATH: {code}")
    with Engine(tmp_path, broken) as engine:
        engine.produce("input", [{"key": str(i), "data": str(i)} for i in range(5)])
        engine.wait_settled("job")
        assert len(results(engine)) == 5
        log = engine.log.read_text()
        assert log.count("E7300") == 1 and "exit 7" in log
        (code / "sitecustomize.py").unlink()
        (code / "function.py").write_text(SOURCE.replace("event.text()", "'new'"))
        engine.run("functions", "restart", "work")
        engine.produce("input", [{"key": "a", "data": "6"}])
        engine.wait_settled("job")
        assert f"new {engine.process.pid} blue" in results(engine)
        assert zygote_of(engine)
