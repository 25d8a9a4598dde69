# SPDX-License-Identifier: Apache-2.0
"""`pelton dev`: what is saved is in service, and what is broken leaves what runs alone."""

import os
import signal
import socket
import subprocess
import threading

import pytest

from engine import BINARY, PYTHON, wait_until

GREETS = """
import json
def handle(event, context):
    print("{word} " + event.json()["name"], flush=True)
"""


class Dev:
    """`pelton dev` of a folder with a config and a function, and what it has written so far."""

    def __init__(self, folder, word="hello"):
        self.folder = folder
        self.config = folder / "pelton.yaml"
        self.code = folder / "code"
        self.code.mkdir()
        self.greet(word)
        self.configure()
        self.said = ""
        self.lock = threading.Lock()

    def greet(self, word):
        (self.code / "function.py").write_text(GREETS.replace("{word}", word))

    def configure(self, more=""):
        self.config.write_text(f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, log: {{ format: json }} }}
streams: {{ names: {{}} }}
functions: {{ greet: {{ runtime: python, code: ./code, interpreter: {PYTHON}, handler: 'function:handle' }} }}
bindings: {{ greeting: {{ from: names, function: greet }} }}
{more}
""")

    def start(self):
        self.process = subprocess.Popen([BINARY, "dev", str(self.config)], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self

    def read(self):
        for line in self.process.stdout:
            with self.lock:
                self.said += line

    def text(self):
        with self.lock:
            return self.said

    def wait_for(self, text, times=1):
        wait_until(lambda: self.text().count(text) >= times, f"{text!r} in:\n{self.text()}")

    def run(self, *words, **more):
        return subprocess.run([BINARY, *words, "--config", str(self.config)], text=True, capture_output=True, **more)

    def say(self, name):
        done = self.run("produce", "names", input='{"name":"%s"}\n' % name)
        assert done.returncode == 0, done.stderr

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        self.reader.join(30)
        return code


@pytest.fixture
def dev(tmp_path):
    made = Dev(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def test_saved_code_is_in_service_and_broken_code_is_not(dev):
    dev.start().wait_for('"ready"')
    dev.say("ann")
    dev.wait_for("hello ann")
    dev.greet("hi")
    dev.wait_for("greet runs the new code")
    dev.say("bob")
    dev.wait_for("hi bob")

    (dev.code / "function.py").write_text("def handle(event, context:\n")
    dev.wait_for("greet continues with the old code")
    assert "SyntaxError" in dev.text()
    dev.say("cid")
    dev.wait_for("hi cid")

    dev.greet("good day")
    dev.wait_for("greet runs the new code", times=2)
    dev.say("dan")
    dev.wait_for("good day dan")
    assert dev.stop() == 0


def test_an_editor_that_replaces_files_and_a_new_folder_are_noticed(dev):
    dev.start().wait_for('"ready"')
    dev.say("ann")
    dev.wait_for("hello ann")
    (dev.code / "words").mkdir()
    dev.wait_for("greet runs the new code")
    (dev.code / "words" / "__init__.py").write_text("WORD = 'ahoy'\n")
    dev.wait_for("greet runs the new code", times=2)
    new = dev.folder / "saved"
    new.write_text("import words\ndef handle(event, context):\n    print(words.WORD, event.json()['name'], flush=True)\n")
    os.replace(new, dev.code / "function.py")
    dev.wait_for("greet runs the new code", times=3)
    dev.say("bob")
    dev.wait_for("ahoy bob")
    assert dev.stop(signal.SIGINT) == 0


def test_a_config_is_reloaded_refused_or_needs_a_restart(dev):
    dev.start().wait_for('"ready"')
    dev.configure("x-comment: nothing\nstreams2: {}")
    dev.wait_for("nothing was reloaded")
    assert "streams2" in dev.text() and "E1" in dev.text()
    dev.configure()
    dev.config.write_text(dev.config.read_text().replace("names: {}", "names: {}, more: {}"))
    dev.wait_for("stream more")
    assert dev.run("produce", "more", input='1\n').returncode == 0
    dev.config.write_text(dev.config.read_text().replace("1MiB", "2MiB"))
    dev.wait_for("restarting the engine")
    dev.wait_for('"ready"', times=2)
    dev.say("ann")
    dev.wait_for("hello ann")
    assert dev.stop() == 0


def test_a_bad_config_at_the_start_is_waited_for(dev):
    dev.config.write_text("version: 1\nengine: [\n")
    dev.start().wait_for("it starts again when a file changes")
    assert "pelton.yaml:" in dev.text()
    dev.configure()
    dev.wait_for('"ready"')
    assert dev.stop() == 0


def test_the_engine_ends_with_its_developer(dev):
    dev.start().wait_for('"ready"')
    status = dev.run("status", "-o", "json")
    assert status.returncode == 0
    dev.process.kill()
    dev.process.wait()
    wait_until(lambda: dev.run("status").returncode == 4, "the engine still answers")


def test_code_that_hangs_is_overtaken_by_what_is_saved_next(dev):
    dev.start().wait_for('"ready"')
    dev.say("ann")
    dev.wait_for("hello ann")
    (dev.code / "function.py").write_text("import time\nprint('it hangs', flush=True)\ntime.sleep(1000)\n")
    dev.wait_for("it hangs")
    dev.greet("hi")
    dev.wait_for("greet runs the new code")
    dev.say("bob")
    dev.wait_for("hi bob")
    assert "continues with the old code" not in dev.text()
    # Nor does it hold up the end.
    (dev.code / "function.py").write_text("import time\nprint('again', flush=True)\ntime.sleep(1000)\n")
    dev.wait_for("again")
    assert dev.stop() == 0


def test_a_function_that_keeps_writing_into_its_folder_makes_it_deaf_to_nothing(dev):
    dev.start().wait_for('"ready"')
    dev.say("ann")
    dev.wait_for("hello ann")
    busy = threading.Event()

    def write():
        while not busy.wait(0.05):
            (dev.code / "log.txt").write_text("a line")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        dev.wait_for("greet runs the new code")
        assert dev.stop() == 0
    finally:
        busy.set()
        writer.join()


def test_files_that_a_config_includes_are_watched(dev):
    (dev.folder / ".colour").write_text("blue")
    (dev.code / "function.py").write_text(
        "import os\ndef handle(event, context):\n    print(os.environ['COLOUR'], event.json()['name'], flush=True)\n")
    dev.config.write_text(dev.config.read_text().replace("runtime: python,", "runtime: python, environment: { COLOUR: '${file:.colour}' },"))
    dev.start().wait_for('"ready"')
    dev.say("ann")
    dev.wait_for("blue ann")
    (dev.folder / ".colour").write_text("red")
    dev.wait_for("function greet")
    dev.say("bob")
    dev.wait_for("red bob")
    assert dev.stop() == 0


def test_files_that_a_serverless_service_includes_are_watched(dev):
    (dev.folder / "environment.yml").write_text("COLOUR: blue\n")
    service = dev.folder / "serverless.yml"
    service.write_text("""service: greeter
provider: { name: aws, runtime: python3.11, environment: '${file(./environment.yml)}' }
functions: { greet: { handler: function.handle } }
""")
    (dev.folder / "function.py").write_text("def handle(event, context): pass\n")
    dev.config = service
    dev.start().wait_for('"ready"')
    (dev.folder / "environment.yml").write_text("COLOUR: red\n")
    dev.wait_for("function greet")
    assert dev.stop() == 0


def test_a_config_with_which_the_engine_does_not_start_is_gone_back_from(dev):
    dev.start().wait_for('"ready"')
    good = dev.config.read_text()
    dev.config.write_text(good.replace("./data,", "/proc/none,"))
    dev.wait_for("the engine continues with the config that it had before")
    dev.wait_for('"ready"', times=2)
    dev.config.write_text(good)
    dev.wait_for('"ready"', times=3)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dev.config.write_text(good.replace("free_space: 1MiB", f"free_space: 2MiB, http: {{ listen: '127.0.0.1:{taken.getsockname()[1]}' }}"))
        dev.wait_for("the engine continues with the config that it had before", times=2)
        dev.wait_for('"ready"', times=4)
    dev.say("ann")
    dev.wait_for("hello ann")
    dev.greet("hi")
    dev.wait_for("greet runs the new code")
    # Neither a broken config nor what waits hinders the next good one.
    dev.config.write_text("version: [\n")
    dev.wait_for("nothing was reloaded")
    dev.config.write_text(good.replace("1MiB", "3MiB"))
    dev.wait_for('"ready"', times=5)
    dev.say("bob")
    dev.wait_for("hi bob")
    assert dev.stop() == 0
    assert sorted(path.name for path in dev.folder.iterdir()) == ["code", "data", "pelton.yaml"]


def test_standard_input_cannot_be_watched(tmp_path):
    done = subprocess.run([BINARY, "dev", "-"], input="", text=True, capture_output=True)
    assert done.returncode == 2 and "E5004" in done.stderr
