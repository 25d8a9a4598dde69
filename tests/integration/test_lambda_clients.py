# SPDX-License-Identifier: Apache-2.0
"""AWS's own clients, unmodified; the tests are skipped where they cannot be installed."""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import lambda_clients
from engine import PYTHON, Engine, wait_until
from test_lambda import lambda_config, last_attempt, results, show


def build_go(code):
    """The same of the function in Go."""
    if shutil.which("go") is None:
        return "Go is not installed"
    (code / "main.go").write_text(GO_HANDLER)
    for command in (["go", "mod", "init", "example.com/function"], ["go", "get", "github.com/aws/aws-lambda-go@v1"],
                    ["go", "build", "-tags", "lambda.norpc", "-o", "bootstrap", "."]):
        done = subprocess.run(command, cwd=code, capture_output=True, text=True, check=False, env={**os.environ, "CGO_ENABLED": "0"})
        if done.returncode != 0:
            return f"{' '.join(command)}: {done.stderr.strip()[-300:]}"
    return None


JAVA_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>function</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>aws-lambda-java-runtime-interface-client</artifactId><version>2.6.0</version>
  </dependency></dependencies>
</project>
"""
JAVA_HANDLER = """
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;

public class Hello implements RequestHandler<Map<String, Object>, Map<String, Object>> {
  public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
    context.getLogger().log("working on " + event.get("n") + "\\n");
    if (event.get("n").equals(3)) throw new IllegalStateException("unlucky");
    return Map.of("n", event.get("n"), "id", context.getAwsRequestId(), "left", context.getRemainingTimeInMillis(),
                  "temporary", System.getProperty("java.io.tmpdir"), "environment", System.getenv("TMPDIR"));
  }
}
"""

def build_java(code):
    """The same of one in Java."""
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        return "Java or Maven is not installed"
    for name, text in (("pom.xml", JAVA_POM), ("Hello.java", JAVA_HANDLER)):
        (code / name).write_text(text)
    for command in (["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"],
                    ["javac", "-cp", "lib/*", "-d", ".", "Hello.java"]):
        done = subprocess.run(command, cwd=code, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"{' '.join(command)}: {(done.stdout + done.stderr).strip()[-300:]}"
    return None


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """What takes its time to install is installed at once, beside the tests that need less: name -> its folder."""
    folders = {"python": lambda_clients.FOLDER / "python", "node": lambda_clients.FOLDER / "node", "go": tmp_path_factory.mktemp("go"), "java": tmp_path_factory.mktemp("java")}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        made = {client: pool.submit(lambda_clients.install, client) for client in ("python", "node") if client == "python" or shutil.which("node")}
        made["go"] = pool.submit(build_go, folders["go"])
        made["java"] = pool.submit(build_java, folders["java"])

        def get(name):
            why = made[name].result()
            if why is not None:
                pytest.skip(f"{name} cannot be made ready here: {why}")
            return folders[name]

        yield get


def module(folder, name, source):
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / name).write_text(source)
    return code


def python_config(folder, source, client, handler="app.lambda_handler", function="", **more):
    function = f"interpreter: {PYTHON}\n    client: {client}\n    handler: {handler}\n    {function}"
    return lambda_config(module(folder, "app.py", source), function=function, runtime="lambda/python", **more)


def node_config(folder, name, source, client, handler="index.handler", function="", **more):
    return lambda_config(module(folder, name, source), function=f"client: {client}\n    handler: {handler}\n    {function}",
                         runtime="lambda/node", **more)


def test_python(tmp_path, installed):
    source = """
import json, logging, os
logging.getLogger().setLevel(logging.INFO)
cold = True

def lambda_handler(event, context):
    global cold
    was, cold = cold, False
    logging.getLogger().info("working on %s", event["n"])
    if event["n"] == 13:
        raise KeyError("unlucky")
    return {"n": event["n"], "cold": was, "name": context.function_name, "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn,
            "id": context.aws_request_id, "offset": context.client_context.custom["offset"],
            "trace": os.environ["_X_AMZN_TRACE_ID"]}
"""
    config = python_config(tmp_path, source, installed("python"), function="timeout: 20s\n    memory: 512MiB")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": str(n), "data": {"n": n}} for n in range(20)])
        engine.wait_settled("job")
        made = results(engine)
        assert [answer["n"] for answer in made] == [n for n in range(20) if n != 13]
        assert [answer["cold"] for answer in made].count(True) == 1
        first = made[0]
        assert (first["name"], first["memory"], first["offset"]) == ("work", "512", "0")
        assert 10000 < first["left"] <= 20000 and first["arn"].endswith(":function:work") and first["trace"].startswith("Root=1-")
        assert len({answer["id"] for answer in made}) == 19
        [letter] = engine.letters()
        attempt = last_attempt(engine, letter)
        assert attempt["type"] == "KeyError" and "unlucky" in attempt["message"] and "lambda_handler" in attempt["stack"]
        wait_until(lambda: re.search(r"working on 7", engine.log.read_text()), "the function's line in the log")
        line = next(line for line in engine.log.read_text().splitlines() if "working on 7" in line)
        assert "input/0/7" in line


def test_python_that_does_not_load(tmp_path, installed):
    config = python_config(tmp_path, "import not_installed\n", installed("python"))
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"data": {}}])
        wait_until(lambda: "Runtime.ImportModuleError" in engine.run("status").stdout, "the module in the status")
        assert "not_installed" in engine.run("status").stdout and engine.letters() == []


def test_python_that_dies_or_hangs(tmp_path, installed):
    source = """
import os, time
def lambda_handler(event, context):
    if event == "exit": os._exit(4)
    if event == "hang": time.sleep(100)
    if event == "large": return "x" * 7_000_000
    return event
"""
    with Engine(tmp_path, python_config(tmp_path, source, installed("python"), function="timeout: 1s")) as engine:
        engine.produce("input", [{"key": str(n), "data": word} for n, word in enumerate(["a", "exit", "b", "hang", "c", "large", "d"])])
        engine.wait_settled("job")
        assert sorted(results(engine)) == ["a", "b", "c", "d"]
        shown = {show(engine, letter)["event"]["data"]: last_attempt(engine, letter) for letter in engine.letters()}
        assert {word: attempt["type"] for word, attempt in shown.items()} == {
            "exit": "exit 4", "hang": shown["hang"]["type"], "large": "Function.ResponseSizeTooLarge"}
        assert shown["hang"]["cause"] == "timeout"


def test_python_batches(tmp_path, installed):
    source = """
import base64, json
def lambda_handler(event, context):
    failed = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        if body == 5: failed.append({"itemIdentifier": record["messageId"]})
        if body == 9: raise ValueError("nine")
    return {"batchItemFailures": failed}
"""
    config = python_config(tmp_path, source, installed("python"), to="", binding="event: sqs\n    batch: { events: 20, wait: 1s }")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": str(n), "data": n} for n in range(20)])
        engine.wait_settled("job")
        shown = {show(engine, letter)["event"]["data"]: last_attempt(engine, letter)["type"] for letter in engine.letters()}
        assert shown == {5: "BatchItemFailure", 9: "ValueError"}


NODE_HANDLER = """
  console.log("working on", event.n);
  if (event.n === 3) throw new TypeError("unlucky");
  await new Promise((resolve) => setTimeout(resolve, 1));
  return { n: event.n, name: context.functionName, left: context.getRemainingTimeInMillis(), custom: context.clientContext.custom.offset };
"""


@pytest.mark.parametrize("name, source", [
    ("index.js", "exports.handler = async (event, context) => {" + NODE_HANDLER + "};"),
    ("index.mjs", "export const handler = async (event, context) => {" + NODE_HANDLER + "};"),
], ids=["CommonJS", "ES module"])
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_node(tmp_path, installed, name, source):
    with Engine(tmp_path, node_config(tmp_path, name, source, installed("node"), function="timeout: 20s")) as engine:
        engine.produce("input", [{"key": str(n), "data": {"n": n}} for n in range(6)])
        engine.wait_settled("job")
        made = results(engine)
        assert [answer["n"] for answer in made] == [0, 1, 2, 4, 5]
        assert made[0]["name"] == "work" and made[0]["custom"] == "0" and 10000 < made[0]["left"] <= 20000
        [letter] = engine.letters()
        attempt = last_attempt(engine, letter)
        assert (attempt["type"], attempt["message"]) == ("TypeError", "unlucky") and name in attempt["stack"]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_node_with_callbacks(tmp_path, installed):
    version = json.loads((installed("node") / "node_modules/aws-lambda-ric/package.json").read_text())["version"]
    source = """
exports.handler = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setTimeout(() => event.n === 1 ? callback(new Error("one")) : callback(null, event), 1);
};
"""
    with Engine(tmp_path, node_config(tmp_path, "index.js", source, installed("node"))) as engine:
        engine.produce("input", [{"key": str(n), "data": {"n": n}} for n in range(3)])
        if int(version.split(".")[0]) >= 4:
            wait_until(lambda: "CallbackHandlerDeprecated" in engine.run("status").stdout, "the client refuses callbacks")
            return
        engine.wait_settled("job")
        assert results(engine) == [{"n": 0}, {"n": 2}]
        assert last_attempt(engine, engine.letters()[0])["message"] == "one"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_node_without_its_client_says_what_to_install(tmp_path):
    config = node_config(tmp_path, "index.js", "exports.handler = async () => 1;", tmp_path / "code")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"data": {}}])
        wait_until(lambda: "E3142" in engine.run("status").stdout, "the missing client in the status")


GO_HANDLER = """
package main

import (
	"context"
	"errors"
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

func handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	known, _ := lambdacontext.FromContext(ctx)
	for _, record := range event.Records {
		switch record.Body {
		case "3":
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		case "5":
			return response, errors.New("five " + known.InvokedFunctionArn)
		case "7":
			panic("seven")
		}
	}
	return response, nil
}

func main() { lambda.Start(handle) }
"""


def test_go(tmp_path, installed):
    config = lambda_config(installed("go"), "event: sqs\n    batch: { events: 10, wait: 1s }", to="")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": str(n), "data": n} for n in range(10)])
        engine.wait_settled("job")
        shown = {show(engine, letter)["event"]["data"]: last_attempt(engine, letter) for letter in engine.letters()}
        assert set(shown) == {3, 5, 7}
        assert shown[3]["type"] == "BatchItemFailure" and "five arn:aws:lambda" in shown[5]["message"]
        assert "seven" in shown[7]["message"]


def test_java(tmp_path, installed):
    config = lambda_config(installed("java"), function='handler: "Hello::handleRequest"\n    timeout: 20s\n    memory: 256MiB', runtime="lambda/java")
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": str(n), "data": {"n": n}} for n in range(5)])
        engine.wait_settled("job")
        made = results(engine)
        assert [answer["n"] for answer in made] == [0, 1, 2, 4] and 10000 < made[0]["left"] <= 20000
        [letter] = engine.letters()
        attempt = last_attempt(engine, letter)
        assert (attempt["type"], attempt["message"]) == ("java.lang.IllegalStateException", "unlucky")
        assert "Hello.java" in attempt["stack"]
        said = engine.run("logs", "work", "--invocation", made[1]["id"]).stdout
        assert "working on 1" in said and "REPORT RequestId: " + made[1]["id"] in said


def test_java_workers_that_start_together_share_nothing_in_tmp(tmp_path, installed):
    library = pathlib.Path("/tmp/.libaws-lambda-jni.so")
    before = library.stat() if library.exists() else None
    config = lambda_config(installed("java"), runtime="lambda/java",
                           function='handler: "Hello::handleRequest"\n    timeout: 30s\n    memory: 256MiB\n    scale: { min: 4, max: 4 }')
    with Engine(tmp_path, config) as engine:
        wait_until(lambda: [w["state"] for w in engine.status()["functions"][0]["workers"]] == ["idle"] * 4, "four are ready", 120)
        engine.produce("input", [{"key": str(n), "data": {"n": n}} for n in range(10, 50)])
        engine.wait_settled("job")
        made = results(engine)
        assert len(made) == 40 and all(answer["temporary"] == answer["environment"] for answer in made)
        assert engine.status()["functions"][0]["start_failures"] == 0
    after = library.stat() if library.exists() else None
    assert (before and (before.st_ino, before.st_mtime_ns)) == (after and (after.st_ino, after.st_mtime_ns)), "it was unpacked there"
