# SPDX-License-Identifier: Apache-2.0
"""What `validate --online` asks of the surroundings, and what an engine says that has no brokers."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from engine import BINARY, Engine, function_folder, pipeline_config, wait_until

ECHO = "def handle(event, context):\n    return event\n"


def pelton(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False)


def online(path, *more):
    return pelton("validate", "--online", str(path), *more)


def test_online_starts_each_handler(tmp_path):
    code = function_folder(tmp_path, "import no_such_module\n\n" + ECHO)
    config = tmp_path / "c.yaml"
    config.write_text(pipeline_config(code))
    assert pelton("validate", str(config)).returncode == 0
    done = online(config)
    assert done.returncode == 3 and "E3001" in done.stderr and "no_such_module" in done.stderr, done.stderr
    function_folder(tmp_path, ECHO)
    done = online(config)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "data").exists()


def test_online_asks_for_the_address_unless_it_is_our_engine_s(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = tmp_path / "c.yaml"
        config.write_text(f"version: 1\nengine: {{ http: {{ listen: '127.0.0.1:{port}' }} }}\n")
        done = online(config)
        assert done.returncode == 3 and f"E5005 engine.http.listen: cannot listen on 127.0.0.1:{port}" in done.stderr, done.stderr
    assert online(config).returncode == 0
    with Engine(tmp_path, config.read_text(), name="c.yaml"):
        assert online(config).returncode == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_online_asks_whether_folders_may_be_used(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    config = tmp_path / "c.yaml"
    config.write_text("version: 1\nengine: { data: ./closed/data }\n")
    done = online(config)
    assert done.returncode == 3 and "E2001 engine.data" in done.stderr, done.stderr


def test_online_says_that_a_folder_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    config = tmp_path / "c.yaml"
    config.write_text("version: 1\nstreams: { a: { retention: { time: 1d } } }\n"
                      "connectors: { inbox: { directory: { path: ./file }, to: a } }\n")
    done = online(config)
    assert done.returncode == 3 and f"{config}:3:15: E2001 connector inbox: {tmp_path}/file is not a folder" in done.stderr, done.stderr


AWAY = """version: 1
engine: {{ data: ./data, http: {{ listen: "127.0.0.1:0" }} }}
streams: {{ t: {{ kafka: {{ brokers: ["127.0.0.1:{port}"], topic: t }} }} }}
functions: {{ f: {{ runtime: python, code: ./code, handler: "function:handle" }} }}
bindings: {{ b: {{ from: t, function: f }} }}
"""


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_an_engine_whose_brokers_are_away_is_alive_but_not_ready(tmp_path):
    function_folder(tmp_path, ECHO)
    text = AWAY.format(port=unused_port())
    (tmp_path / "c.yaml").write_text(text)
    done = online(tmp_path / "c.yaml")
    assert done.returncode == 3 and "E6101 stream t: " in done.stderr, done.stderr
    with Engine(tmp_path, text, name="c.yaml") as engine:
        wait_until(lambda: not engine.ready(), "it says that it is not ready")
        done = engine.run("status", "--check", check=False)
        assert done.returncode == 1 and "binding b makes no progress: E6101" in done.stderr + done.stdout, done
        line = next(line for line in engine.log.read_text().splitlines() if '"msg":"ready"' in line)
        base = "http://" + json.loads(line)["http"]
        with urllib.request.urlopen(base + "/livez") as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(base + "/readyz")
        assert refused.value.code == 503 and "binding b makes no progress" in refused.value.read().decode()
