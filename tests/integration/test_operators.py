# SPDX-License-Identifier: Apache-2.0
"""What an operator gets wrong, or meets when the machine is in a bad way."""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess

from engine import BINARY, PYTHON, Engine, wait_until

CODE = "def handle(event, context):\n    return '%s'\n"


def config(code, functions=True, sink=""):
    text = "version: 1\nengine: { data: ./data, shutdown_timeout: 2s }\nstreams: { s: {}, out: {} }\n"
    if sink:
        text += f"connectors: {{ {sink}: {{ directory: {{ path: ./files }}, from: out }} }}\n"
    if functions:
        text += (f"functions: {{ work: {{ runtime: python, code: {code}, handler: 'function:handle', interpreter: {PYTHON} }} }}\n"
                 "bindings: { job: { from: s, function: work, to: out } }\n")
    return text


def engine_in(folder, **parts):
    code = pathlib.Path(folder) / "code"
    code.mkdir()
    (code / "function.py").write_text(CODE % "old")
    return Engine(folder, config(code, **parts))


def test_a_named_pipe_blocks_neither_plans_nor_the_end(tmp_path):
    engine = engine_in(tmp_path, functions=False)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with engine:
        refused = subprocess.run([BINARY, "plan", str(fifo), "--data", str(tmp_path / "data")], capture_output=True, text=True, timeout=60,
                                 check=False)
        assert refused.returncode == 2 and "not a regular file" in refused.stderr
        whole = engine.config.read_text()
        engine.config.unlink()
        os.mkfifo(engine.config)  # what the engine itself is asked to read
        data = ["--data", str(tmp_path / "data")]
        for command in (["plan"], ["reload"]):
            done = subprocess.run([BINARY, *command, *data], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 3 and "E1001" in done.stderr + done.stdout and "not a regular file" in done.stderr + done.stdout
        engine.config.unlink()
        engine.config.write_text(whole)
        assert engine.run("plan").stdout == "no changes\n"
        assert engine.stop() == 0


def test_an_engine_that_stands_still_is_reported(tmp_path):
    engine = engine_in(tmp_path, functions=False)
    with engine:
        engine.process.send_signal(signal.SIGSTOP)
        for command in (["wait", "--ready", "--timeout", "500ms"], ["status", "--check"]):
            done = subprocess.run([BINARY, *command, "--config", str(engine.config)], capture_output=True, text=True, timeout=60,
                                  check=False)
            assert done.returncode == 4 and "accepts connections but has not answered" in done.stderr, done
        engine.process.send_signal(signal.SIGCONT)
        assert engine.run("status", "--check").stdout == "ready\n"


def test_a_full_disk_for_messages_keeps_no_engine_from_starting(tmp_path):
    engine = engine_in(tmp_path, functions=False)
    # A warning comes before the log is set up.
    engine.config.write_text(engine.config.read_text().replace("streams: {", "streams: { unused: {},"))
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen([BINARY, "run", str(engine.config)], stderr=full, stdout=full, stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: process.poll() is not None or engine.runs(), "the engine runs")
            assert process.poll() is None
        finally:
            process.terminate()
            assert process.wait(40) == 0
        for command, code in ((["validate", "/no/such.yaml"], 3), (["status", "--data", "/no/such"], 4)):
            assert subprocess.run([BINARY, *command], stderr=full, timeout=60, check=False).returncode == code


def test_only_its_owner_reads_the_data_folder(tmp_path):
    with engine_in(tmp_path, functions=False) as engine:
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        engine.run("produce", "s", data="one\n")
        logs = list((tmp_path / "data/log").glob("*.log"))
        assert logs and all(stat.S_IMODE(log.stat().st_mode) == 0o600 for log in logs)


def test_new_code_that_cannot_start_leaves_the_old_worker_its_work(tmp_path):
    with engine_in(tmp_path) as engine:
        engine.run("produce", "s", data="one\n")
        engine.wait_settled("job")
        (tmp_path / "code/function.py").write_text("def handle(event, context)\n")
        failed = engine.run("functions", "restart", "work", check=False)
        assert failed.returncode == 1 and "E3001" in failed.stderr and "SyntaxError" in failed.stderr
        engine.run("produce", "s", data="two\n")
        engine.wait_settled("job")
        (tmp_path / "code/function.py").write_text(CODE % "new")
        assert "runs the new code; 1 old worker ends" in engine.run("functions", "restart", "work").stdout
        engine.run("produce", "s", data="three\n")
        engine.wait_settled("job")
        assert [event["data"] for event in engine.consume("out")] == ["old", "old", "new"]


def test_what_is_stored_of_a_removed_sink_is_forgotten_by_its_name(tmp_path):
    engine = engine_in(tmp_path, functions=False, sink="files")
    with engine:
        engine.run("produce", "out", data="one\n")
        engine.wait_settled("files")
        assert "is configured and keeps its state" in engine.run("bindings", "forget", "files", "--yes").stdout
        engine.config.write_text(config("", functions=False))
        engine.run("reload")
        assert engine.run("bindings", "forget", "files", "--yes").stdout == "files is forgotten\n"
        again = engine.run("bindings", "forget", "files", "--yes", check=False)
        assert again.returncode == 5 and "E4109" in again.stderr


def test_a_binary_without_its_packages_says_what_is_missing(tmp_path):
    engine = engine_in(tmp_path)
    alone = tmp_path / "bin/pelton"
    alone.parent.mkdir()
    shutil.copy2(BINARY, alone)
    engine.binary = str(alone)
    with engine:
        engine.run("produce", "s", data="one\n")
        wait_until(lambda: "own package for this runtime is missing" in engine.status()["functions"][0]["start_error"], "the reason")
        check = engine.run("status", "--check", check=False)
        assert check.returncode == 1 and "function work cannot start a worker" in check.stderr


def test_code_below_a_path_that_is_not_text_is_refused_before_the_start(tmp_path):
    folder = os.fsencode(tmp_path) + b"/nu\xff\xfe"
    os.makedirs(folder + b"/code")
    pathlib.Path(os.fsdecode(folder), "code/function.py").write_text(CODE % "x")
    pathlib.Path(os.fsdecode(folder), "c.yaml").write_text(config("./code"))
    done = subprocess.run([BINARY, "validate", folder + b"/c.yaml"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 3 and b"E1014" in done.stderr and b"is not UTF-8" in done.stderr


def test_warnings_at_the_start_are_lines_of_the_log(tmp_path):
    engine = engine_in(tmp_path, functions=False)
    engine.config.write_text(engine.config.read_text().replace("shutdown_timeout: 2s", "shutdown_timeout: 2s, log: { format: json }")
                             .replace("streams: {", "streams: { unused: {},"))
    with engine:
        assert engine.stop() == 0
    lines = [json.loads(line) for line in engine.log.read_text().splitlines()]
    assert any("E1101" in line["msg"] for line in lines)
