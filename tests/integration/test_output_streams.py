# SPDX-License-Identifier: Apache-2.0
"""Functions that choose the stream of each output, among those of the binding's `to`."""

import json
import shutil
import subprocess

import pytest

from engine import FUNCTIONS, PYTHON, Engine, function_folder, wait_until
from history import numbered

PYTHON_CODE = """
import pelton
def handle(event, context):
    n = event.json()["n"]
    made = [pelton.Event({"n": n}, key=event.key)]
    if n % 3 == 0:
        made.append(pelton.Event({"alert": n}, stream="alerts"))
    if n == 7:
        made.append(pelton.Event({}, stream="alrets"))
    return made
"""
NODE_CODE = """
const { Event } = require("pelton");
exports.handle = (event) => {
  const { n } = event.json();
  const made = [new Event({ n }, { key: event.key })];
  if (n % 3 === 0) made.push(new Event({ alert: n }, { stream: "alerts" }));
  if (n === 7) made.push(new Event({}, { stream: "alrets" }));
  return made;
};
"""
CPP_CODE = """
#include <pelton/function.h>
#include <charconv>
pelton::Outcome handle(const pelton::Event& event, const pelton::Context&, pelton::Outputs& out) {
  const std::string_view data = event.data();
  int n = 0;
  std::from_chars(data.data() + data.find_first_of("0123456789"), data.data() + data.size(), n);
  out.add(data);
  const std::string alert = "{\\"alert\\":" + std::to_string(n) + "}";
  pelton::Output other;
  other.data = alert;
  other.stream = "alerts";
  if (n % 3 == 0) out.add(other);
  other.stream = "alrets";
  if (n == 7) out.add(other);
  return pelton::done();
}
int main(int argc, char** argv) { return pelton::serve(argc, argv, handle); }
"""


def config(function, streams="readings: {}\n  plain: { partitions: 3 }\n  alerts: {}", to="[plain, alerts]"):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB }}
streams:
  {streams}
functions:
  work: {function}
bindings:
  job:
    from: readings
    function: work
    to: {to}
    retry: {{ attempts: 2, backoff: {{ first: 10ms, max: 50ms }} }}
"""


def python(tmp_path):
    return f"{{ runtime: python, code: {function_folder(tmp_path, PYTHON_CODE)}, interpreter: {PYTHON}, handler: 'function:handle' }}"


def node(tmp_path):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    (tmp_path / "code").mkdir()
    (tmp_path / "code/function.js").write_text(NODE_CODE)
    return f"{{ runtime: node, code: {tmp_path / 'code'}, handler: 'function:handle' }}"


def cpp(tmp_path):
    (tmp_path / "function.cpp").write_text(CPP_CODE)
    installed = tmp_path / "installed"
    subprocess.run(["cmake", "--install", str(FUNCTIONS.parent), "--prefix", str(installed)], check=True, capture_output=True)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "pelton-function"], check=True, capture_output=True, text=True,
                           env={"PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": ":".join(str(p) for p in installed.rglob("pkgconfig"))}).stdout.split()
    subprocess.run(["g++", "-std=c++20", "-O1", str(tmp_path / "function.cpp"), "-o", str(tmp_path / "function"), *flags], check=True)
    return f"{{ runtime: cpp, code: {tmp_path / 'function'} }}"


@pytest.mark.parametrize("language", [python, node, cpp])
def test_each_output_goes_where_it_says(tmp_path, language):
    with Engine(tmp_path / "e", config(language(tmp_path))) as engine:
        assert engine.binding("job")["to"] == ["plain", "alerts"]
        engine.produce("readings", numbered(30, 5))
        engine.wait_settled("job")
        assert sorted(event["data"]["n"] for event in engine.consume("plain")) == [n for n in range(30) if n != 7]
        alerts = engine.consume("alerts")
        assert sorted(event["data"]["alert"] for event in alerts) == list(range(0, 30, 3))
        for key in {event["key"] for event in alerts}:
            numbers = [event["data"]["alert"] for event in alerts if event["key"] == key]
            assert numbers == sorted(numbers), "order per key, in each stream"
        letter, = engine.letters()
        shown = engine.run("dead-letters", "show", letter["id"]).stdout
        assert "UnknownStream" in shown and '"alrets"' in shown and "plain, alerts" in shown


def test_a_config_that_is_wrong(tmp_path):
    function = python(tmp_path)
    for to, code, what in [("[plain, plain]", "E1011", "twice"), ("[plain, alrets]", "E1012", "alrets"),
                           ("[plain, readings]", "E1013", "readings"), ("{ a: b }", "E1007", "to"), ("[]", "E1006", "leave it out")]:
        engine = Engine(tmp_path / "e", config(function, to=to))
        done = subprocess.run([engine.binary, "validate", str(engine.config)], capture_output=True, text=True, check=False)
        assert done.returncode == 3, to
        assert code in done.stdout + done.stderr and what in done.stdout + done.stderr, done.stdout + done.stderr


def test_a_reload_adds_a_stream_that_was_missing(tmp_path):
    function = python(tmp_path)
    with Engine(tmp_path / "e", config(function)) as engine:
        engine.produce("readings", [{"key": "a", "data": {"n": 7}}])
        wait_until(lambda: len(engine.letters()) == 1, "a dead letter")
        engine.config.write_text(config(function, "readings: {}\n  plain: { partitions: 3 }\n  alerts: {}\n  alrets: {}", "[plain, alerts, alrets]"))
        engine.run("reload")
        assert "1 done, 0 failed again" in engine.run("dead-letters", "replay", "--wait").stdout
        assert len(engine.consume("alrets")) == 1 and [event["data"] for event in engine.consume("plain")] == [{"n": 7}]


def test_streams_of_a_dead_letter_that_is_replayed(tmp_path):
    mended = tmp_path / "mended"
    code = function_folder(tmp_path, "import pathlib, pelton\n"
                           "def handle(event, context):\n"
                           f"    if not pathlib.Path({str(mended)!r}).exists():\n"
                           "        raise pelton.Fail('not mended yet')\n"
                           "    return [pelton.Event('p'), pelton.Event('a', stream='alerts')]\n")
    function = f"{{ runtime: python, code: {code}, interpreter: {PYTHON}, handler: 'function:handle' }}"
    with Engine(tmp_path / "e", config(function)) as engine:
        engine.produce("readings", numbered(10, 5))
        wait_until(lambda: len(engine.letters()) == 10, "ten dead letters")
        mended.touch()
        assert "10 done, 0 failed again" in engine.run("dead-letters", "replay", "--wait").stdout
        assert len(engine.consume("plain")) == len(engine.consume("alerts")) == 10
