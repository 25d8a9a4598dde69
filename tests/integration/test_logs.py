# SPDX-License-Identifier: Apache-2.0
"""pelton logs: what functions wrote, kept over restarts; REPORT lines of functions for AWS Lambda."""

import json
import re
import signal
import subprocess

import pytest

from engine import BINARY, Engine, function_folder, pipeline_config, wait_until
from test_json import fits
from test_lambda import bootstrap, lambda_config

CODE = """import logging
def handle(event, context):
    print("out", event.text())
    logging.getLogger("x").warning("careful")
"""


def logs(engine, *words, function="work"):
    return fits("log-line", engine.run("logs", function, "-o", "json", *words).stdout)


def test_lines_have_their_event_and_survive(tmp_path):
    code = function_folder(tmp_path, CODE)
    engine = Engine(tmp_path, pipeline_config(code, function="scale: 1"))
    with engine:
        assert engine.run("logs", "work", check=False).returncode == 5
        engine.produce("input", [{"key": "k", "data": str(i)} for i in range(3)])
        wait_until(lambda: engine.run("logs", "work", check=False).stdout.count("careful") == 3, "its lines")
        lines = logs(engine)
        assert [line["text"] for line in lines if line["level"] == "warn"] == ["careful"] * 3
        engine.kill()
    assert [line["text"] for line in logs(engine)] == [line["text"] for line in lines]  # no engine needed
    with engine:
        follower = subprocess.Popen([BINARY, "logs", "work", "--follow", "--since", "1s", "--config", str(engine.config)],
                                    stdout=subprocess.PIPE, text=True)
        engine.produce("input", [{"key": "k", "data": "after"}])
        for line in follower.stdout:
            if "after" in line:
                break
        follower.send_signal(signal.SIGTERM)
        follower.wait()
        assert len(logs(engine)) > len(lines)


def test_lambda_functions_have_reports(tmp_path):
    code = bootstrap(tmp_path, """
def handler(event, headers):
    print("of", event["n"], flush=True)
    if event["n"] == 2:
        raise ValueError("no")
    return headers["Lambda-Runtime-Aws-Request-Id"]
serve(handler)
""")
    with Engine(tmp_path, lambda_config(code, function="memory: 256MiB")) as engine:
        engine.produce("input", [{"data": {"n": n}} for n in range(3)])
        wait_until(engine.letters, "the dead letter")
        requests = [json.loads(event["data"]) for event in engine.consume("output")]
        wait_until(lambda: sum(line["level"] == "report" for line in logs(engine)) == 4, "4 reports: one has 2 attempts")
        lines = logs(engine)
        for n, request in enumerate(requests):
            mine = logs(engine, "--invocation", request)
            assert [line["text"] for line in mine][:1] == [f"of {n}"] and len(mine) == 2, mine
            assert {line["event"] for line in mine} == {f"input/0/{n}"}
            assert mine[1]["text"].startswith(f"REPORT RequestId: {request}\tDuration: ")
        assert sum("Init Duration" in line["text"] for line in lines) == 1
        failed = logs(engine, "--invocation", "input/0/2")
        assert re.search(r"Memory Size: 256 MB\t.*Status: error\tError Type: ValueError$", failed[-1]["text"])


def test_logs_are_bounded(tmp_path):
    code = function_folder(tmp_path, "def handle(event, context):\n    print('x' * 4000)\n")
    with Engine(tmp_path, pipeline_config(code, function="logs: 100KiB")) as engine:
        engine.produce("input", [{"data": "a"} for _ in range(200)])
        engine.wait_settled("job")
        files = list((tmp_path / "data/function_logs").iterdir())
        assert 40_000 < sum(file.stat().st_size for file in files) <= 100 << 10
    with Engine(tmp_path / "none", pipeline_config(code, function="logs: 0")) as engine:
        engine.produce("input", [{"data": "a"}])
        engine.wait_settled("job")
        assert engine.run("logs", "work", check=False).returncode == 5


@pytest.mark.parametrize("words", [["--since", "never"], ["--since", "-5m"]])
def test_what_cannot_be_asked(tmp_path, words):
    ran = subprocess.run([BINARY, "logs", "f", "--data", str(tmp_path), *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "E5004" in ran.stderr
