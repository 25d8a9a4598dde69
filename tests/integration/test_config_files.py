# SPDX-License-Identifier: Apache-2.0
"""A config in several files and on standard input, as commands and a running engine see it."""

import json
import os
import subprocess

import pytest

from engine import BINARY, Engine, wait_until

ECHO = "def handle(event, context):\n    return event\n"
STREAMS = "version: 1\nengine: { data: ./data, free_space: 1MiB }\nstreams: { in: {}, out: {} }\n"
WORK = """functions: { f: { runtime: python, code: ., handler: "f:handle", interpreter: /usr/bin/python3 } }
bindings: { b: { from: in, function: f, to: out } }
"""


def pelton(*arguments, data=None, cwd=None):
    return subprocess.run([BINARY, *arguments], input=data, cwd=cwd, capture_output=True, text=True, check=False)


class FilesEngine(Engine):
    """One whose config is in the files named, or on standard input."""

    def __init__(self, folder, *files, data=None):
        super().__init__(folder, "")
        self.files, self.data = files, data

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, "run", *self.files], cwd=self.folder, stdin=subprocess.PIPE,
                                            stdout=log, stderr=log)
        Engine.started.append(self)
        self.process.stdin.write((self.data or "").encode())
        self.process.stdin.close()
        wait_until(lambda: self.process.poll() is not None or self.runs(), "the engine runs")
        assert self.process.poll() is None, self.log.read_text()
        return self

    def run(self, *command, data=None, check=True):
        done = pelton(*command, "--data", str(self.folder / "data"), data=data, cwd=self.folder)
        assert done.returncode == 0 or not check, done
        return done


@pytest.fixture(name="files")
def config_in_two_files(tmp_path):
    """streams.yaml and work/functions.yaml, whose code is beside it."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work/f.py").write_text(ECHO)
    (tmp_path / "streams.yaml").write_text(STREAMS)
    (tmp_path / "work/functions.yaml").write_text(WORK)
    return [str(tmp_path / "streams.yaml"), str(tmp_path / "work/functions.yaml")]


def test_several_files_are_one_config(files):
    done = pelton("validate", *files)
    assert (done.returncode, done.stdout) == (0, f"{files[0]}, {files[1]} are valid\n"), done
    assert pelton("validate", files[1]).returncode == 3


def test_what_two_files_have_is_an_error_with_both_places(files):
    with open(files[1], "a", encoding="utf-8") as more:
        more.write("streams:\n  in: {}\n")
    done = pelton("validate", *files)
    assert done.returncode == 3
    assert done.stderr == f'{files[1]}:4:3: E1004 duplicate key "in": it is also at {files[0]}:3:12\n'
    problem = json.loads(pelton("validate", *files, "-o", "json").stdout)["problems"][0]
    assert (problem["file"], problem["line"], problem["column"], problem["code"]) == (files[1], 4, 3, "E1004")


def test_an_engine_runs_and_reloads_several_files(files, tmp_path):
    engine = FilesEngine(tmp_path, *files).start()
    engine.run("produce", "in", data="x\n")
    engine.run("wait", "--settled", "b")
    assert engine.run("consume", "out", "-o", "raw").stdout == "x\n"
    assert engine.status()["config"] == ", ".join(files)
    with open(files[1], "a", encoding="utf-8") as more:
        more.write("streams: { later: { retention: { time: 1d } } }\n")
    assert "+ stream later" in engine.run("plan").stdout
    assert f"reloaded {files[0]}, {files[1]}" in engine.run("reload").stdout
    assert {s["name"] for s in engine.status()["streams"]} == {"in", "out", "later"}
    with open(files[1], "a", encoding="utf-8") as more:
        more.write("steams: {}\n")
    done = engine.run("reload", check=False)
    assert done.returncode == 3 and f"{files[1]}:4:1: E1005 " in done.stderr, done
    assert engine.stop() == 0


def test_plan_takes_several_files_on_each_side(files, tmp_path):
    engine = FilesEngine(tmp_path, *files).start()
    new = tmp_path / "new.yaml"
    new.write_text(STREAMS + "  # the same\n")
    assert engine.run("plan", str(new), files[1]).stdout == "no changes\n"
    assert "- binding b" in engine.run("plan", str(new)).stdout
    without_engine = pelton("plan", "--from", files[0], "--from", files[1], str(new))
    assert without_engine.returncode == 0 and "- binding b" in without_engine.stdout
    from_input = pelton("plan", "--from", files[0], "-", data=STREAMS, cwd=tmp_path)
    assert (from_input.returncode, from_input.stdout) == (0, "no changes\n"), from_input
    done = engine.run("plan", "-", data=STREAMS, check=False)
    assert done.returncode == 2 and "cannot read the standard input of this command" in done.stderr
    assert pelton("plan", "--from", files[0]).returncode == 2
    assert engine.stop() == 0


def test_standard_input_is_a_file_whose_paths_begin_in_the_working_folder(tmp_path):
    (tmp_path / "f.py").write_text(ECHO)
    assert pelton("validate", "-", data=STREAMS + WORK, cwd=tmp_path).stdout == "<stdin> is valid\n"
    done = pelton("validate", "-", data=STREAMS + WORK.replace("from: in", "from: inn"), cwd=tmp_path)
    assert done.returncode == 3 and done.stderr.startswith("<stdin>:5:24: E1012 "), done.stderr
    assert pelton("validate", "-", data="", cwd=tmp_path).stderr.startswith("<stdin>:1:1: E1002 ")
    folder = os.open("/", os.O_RDONLY)
    done = subprocess.run([BINARY, "validate", "-"], stdin=folder, capture_output=True, text=True, check=False)
    os.close(folder)
    assert done.returncode == 3 and "standard input cannot be read: it is a folder" in done.stderr, done


def test_an_engine_from_standard_input_does_not_reload(tmp_path):
    (tmp_path / "f.py").write_text(ECHO)
    engine = FilesEngine(tmp_path, "-", data=STREAMS + WORK).start()
    assert engine.status()["config"] == "<stdin>"
    for command in ("reload", "plan"):
        done = engine.run(command, check=False)
        assert done.returncode == 6 and "E5012" in done.stderr and "standard input" in done.stderr, done
    status = engine.status()["config_status"]
    assert status["generation"] == 1 and "E5012" in status["last_error"]
    engine.run("produce", "in", data="x\n")
    engine.run("wait", "--settled", "b")
    assert engine.stop() == 0


def test_client_commands_do_not_take_their_config_from_standard_input(tmp_path):
    done = pelton("produce", "in", "--config", "-", data=STREAMS, cwd=tmp_path)
    assert done.returncode == 2 and "--data" in done.stderr, done
