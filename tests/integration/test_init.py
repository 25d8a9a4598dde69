# SPDX-License-Identifier: Apache-2.0
"""pelton init: what it makes runs by the commands that it prints."""

import json
import os
import pathlib
import subprocess

import pytest
from engine import BINARY, ROOT, Engine, wait_until

INSTALLED = pathlib.Path(BINARY).parents[1]


def init(folder, *words):
    return subprocess.run([BINARY, "init", *words], cwd=folder, capture_output=True, text=True)


def commands(said):
    """Those after "Next:", before and after the one that runs the engine."""
    lines = [line.split("  #")[0].strip() for line in said.split("Next:")[1].splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("cd ")]
    at = lines.index("pelton run pelton.yaml")
    return lines[:at], lines[at + 1:]


def shell(command, folder):
    path = f"{INSTALLED / 'bin'}:{os.environ['PATH']}"
    ran = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert ran.returncode == 0, f"{command}: {ran.stderr}"
    return ran.stdout


class Project:
    """A project as `pelton init` made it, with its engine."""

    def __init__(self, tmp_path, template):
        said = init(tmp_path, "shop", "--template", template)
        assert said.returncode == 0, said.stderr
        self.folder = tmp_path / "shop"
        self.before, self.after = commands(said.stdout)
        assert set(said.stdout.split("Next:")[0].replace("created shop/", "").split()) == {
            str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}

    def run(self, *skipped):
        """The commands before the engine, then the engine."""
        for command in self.before:
            if not command.startswith(skipped):
                shell(command, self.folder)
        return Engine(self.folder, (self.folder / "pelton.yaml").read_text().replace("127.0.0.1:8080", "127.0.0.1:0"))

    def produce(self):
        (command,) = [command for command in self.after if " produce " in command]
        shell(command, self.folder)


def greetings(engine):
    return sorted(event["data"]["greeting"] for event in engine.consume("greetings"))


@pytest.mark.parametrize("template", ["python", "node", "http"])
def test_a_greeting(tmp_path, template):
    project = Project(tmp_path, template)
    with project.run() as engine:
        project.produce()
        wait_until(lambda: len(greetings(engine)) == 2 and len(engine.letters()) == 1, "two greetings, one dead letter")
        assert greetings(engine) == ["Hello, Ada!", "Hello, Grace!"]
        assert "no name" in json.dumps(engine.letters())


def test_the_tests_of_the_templates_pass(tmp_path):
    python = Project(tmp_path, "python").folder / "hello"
    shell("PYTHONPATH=$(pelton version --sdks)/python /usr/bin/python3 -m unittest", python)
    assert init(tmp_path, "web", "-t", "node").returncode == 0
    shell('npm install --no-save "$(pelton version --sdks)/node/pelton" && node --test', tmp_path / "web/hello")


def test_a_function_in_cpp(tmp_path):
    subprocess.run(["cmake", "--install", INSTALLED, "--prefix", tmp_path / "prefix"], check=True, capture_output=True)
    project = Project(tmp_path, "cpp")
    (build,) = project.before
    sanitize = os.environ.get("PELTON_SANITIZE")
    flags = f" -DCMAKE_CXX_FLAGS=-fsanitize={sanitize}" if sanitize else ""
    project.before = [build.replace("-S hello", f"-S hello -DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}{flags}")]
    with project.run() as engine:
        project.produce()
        wait_until(lambda: len(greetings(engine)) == 2 and len(engine.letters()) == 1, "two greetings, one dead letter")
    pc = {**os.environ, "PKG_CONFIG_PATH": ":".join(str(p.parent) for p in (tmp_path / "prefix").glob("lib/**/*.pc"))}
    said = subprocess.run(["pkg-config", "--cflags", "pelton-function"], env=pc, capture_output=True, text=True, check=True).stdout
    assert pathlib.Path(said.split("-I")[1].split()[0]).resolve() == tmp_path / "prefix/include"


def test_readings(tmp_path):
    project = Project(tmp_path, "iot")
    with project.run() as engine:
        project.produce()
        files = wait_until(lambda: list((project.folder / "alerts").glob("*.json")), "the alert")
        (event,) = engine.consume("alerts")
        assert json.loads(files[0].read_text()) == event["data"] == {"device": "boiler-1", "celsius": 91.5, "alert": "too hot"}


def test_thumbnails(tmp_path):
    project = Project(tmp_path, "thumbnail")
    config = project.folder / "pelton.yaml"
    config.write_text(config.read_text().replace("interpreter: python3", "interpreter: /usr/bin/python3"))  # which has Pillow
    with project.run():
        shell(f"{ROOT}/tools/sample_pictures inbox", project.folder)
        wait_until(lambda: list((project.folder / "outbox").glob("*.jpg")), "a thumbnail")


@pytest.mark.parametrize("template", ["lambda", "kafka"])
def test_what_needs_other_software_is_valid(tmp_path, template):
    folder = Project(tmp_path, template).folder
    ran = subprocess.run([BINARY, "validate", "--deny-warnings", "pelton.yaml"], cwd=folder, capture_output=True, text=True,
                         env={**os.environ, "KAFKA_BROKERS": "127.0.0.1:9"})
    assert ran.returncode == 0 or "client" in ran.stderr, ran.stderr


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/hello.py").write_text("mine")
    ran = init(tmp_path)
    assert ran.returncode == 6 and "E5050" in ran.stderr and "hello/hello.py exists" in ran.stderr, ran.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["hello", "hello.py"]


@pytest.mark.parametrize("words, code, said", [
    (["--template", "pyton"], 5, 'there is no template "pyton" (did you mean "python"?)'),
    (["--template", "../python"], 5, "there is no template"),
    (["/proc/none"], 1, "E5020: cannot write /proc/none"),
])
def test_what_cannot_be_made(tmp_path, words, code, said):
    ran = init(tmp_path, *words)
    assert ran.returncode == code and said in ran.stderr, ran.stderr


def test_the_list_names_what_each_does(tmp_path):
    ran = init(tmp_path, "--list")
    assert [line.split()[0] for line in ran.stdout.splitlines()[1:]] == [
        "cpp", "http", "iot", "kafka", "lambda", "node", "python", "thumbnail"]
    assert all(len(line.split()) > 5 for line in ran.stdout.splitlines()[1:])
