# SPDX-License-Identifier: Apache-2.0
"""Functions in JavaScript: the engine with Node.js workers."""

import os
import shutil

import pytest

from engine import Engine, pipeline_config, wait_until
from history import check_exactly_once, check_key_order, numbered

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None and not os.environ.get("CI"), reason="Node.js is not installed: run tools/setup")


def node_config(folder, source, name="function.mjs", function="", binding=""):
    """A pipeline whose function is this module."""
    code = folder / "code"
    code.mkdir()
    (code / name).write_text(source)
    text = pipeline_config(code, function=function, binding=binding)
    return text.replace("runtime: python", "runtime: node").replace("    interpreter: /usr/bin/python3\n", "")


def test_each_event_once_in_the_order_of_its_key(tmp_path):
    source = """
let calls = 0;
export async function handle(event) {
  if (++calls % 50 === 0) throw new Error("now and then");
  if (calls % 30 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  return event.json();
}
"""
    with Engine(tmp_path, node_config(tmp_path, source)) as engine:
        engine.produce("input", numbered(2000, 40))
        engine.wait_settled("job")
        made = engine.consume("output")
        check_exactly_once(made, range(2000))
        check_key_order(made)
        assert {event["content_type"] for event in made} == {"application/json"}
        assert engine.letters() == []


def test_the_sdk_of_version_2_finds_the_services_of_the_config(tmp_path):
    """A package that loads as the AWS SDK for JavaScript v2 does; test_examples.py has the SDK itself."""
    text = node_config(tmp_path, """
const AWS = require("aws-sdk");
exports.handle = () => ({ endpoint: new AWS.Service().endpoint, region: process.env.AWS_REGION });
""", name="function.js")
    sdk = tmp_path / "code/node_modules/aws-sdk/lib"
    sdk.mkdir(parents=True)
    (sdk.parent / "index.js").write_text('module.exports = require("./lib/node_loader");')
    (sdk / "node_loader.js").write_text("""
exports.config = {};
exports.Service = function () { this.api = { serviceId: "DynamoDB" }; this.initialize(); };
exports.Service.prototype.initialize = function (config) { this.endpoint = (config || {}).endpoint; };
""")
    services = "services: { endpoints: { dynamodb: http://127.0.0.1:8000 }, region: eu-central-1 }\n"
    with Engine(tmp_path, text + services) as engine:
        engine.produce("input", [{"data": 1}])
        engine.wait_settled("job")
        assert [event["data"] for event in engine.consume("output")] == [{"endpoint": "http://127.0.0.1:8000", "region": "eu-central-1"}]


def test_outcomes_and_what_they_leave(tmp_path):
    source = """
const { Event, Fail, Retry } = require("pelton");
exports.handle = (event, context) => {
  switch (event.text()) {
    case "fail": throw new Fail("never");
    case "later": if (context.attempt === 1) throw new Retry("busy", { after: 0.05 }); return "second";
    case "exit": process.exit(3);
    case "loop": for (;;);
    case "memory": for (const kept = []; ;) kept.push(new Array(1e6).fill(0.5));
    case "log": console.log("a line of the function"); return new Event(null);
  }
};
"""
    config = node_config(tmp_path, source, "function.js", "timeout: 500ms\n    memory: 256MiB\n    scale: { max: 2 }")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": word, "data": word} for word in ("fail", "later", "exit", "loop", "memory", "log")])
        letters = wait_until(lambda: len(engine.letters()) == 4 and engine.letters(), "four dead letters", 60)
        engine.wait_settled("job")
        found = {letter["event"]["key"]: letter for letter in letters}
        assert set(found) == {"fail", "exit", "loop", "memory"}
        shown = {key: engine.run("dead-letters", "show", letter["id"]).stdout for key, letter in found.items()}
        assert "never" in shown["fail"] and "function.js" in shown["fail"]
        assert "exit 3" in shown["exit"]
        assert "500 ms" in shown["loop"] or "500ms" in shown["loop"]
        made = engine.consume("output")
        assert [(event["key"], event.get("data")) for event in sorted(made, key=lambda event: event["key"])] == [
            ("later", "second"), ("log", None)]
        wait_until(lambda: "a line of the function" in (tmp_path / "engine.log").read_text(), "the function's line in the log")


def test_a_function_that_cannot_start_says_why(tmp_path):
    config = node_config(tmp_path, "import 'not-installed'; export function handle() {}")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"data": "x"}])
        wait_until(lambda: "not-installed" in engine.run("status").stdout, "the missing package in the status")
