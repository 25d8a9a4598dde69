# SPDX-License-Identifier: Apache-2.0
"""Services that are described by a serverless.yml or template.yaml, as they are. The one in JavaScript needs AWS's
client; without it that test is skipped."""

import http.client
import json
import os
import shutil
import subprocess

import pytest

import s3_servers
from engine import BINARY, ROOT, Engine, wait_until
from lambda_clients import client_folder
from test_lambda import HERE

EXAMPLE = ROOT / "functions/examples/user_api"
LISTEN = ("--listen", "127.0.0.1:0")
# What it received, the newest last.
ECHO = r"""#!/usr/bin/python3
import os, json, pathlib
from lambda_bootstrap import *

def handle(event, headers):
    with open(pathlib.Path(__file__).parent / "seen.ndjson", "a") as seen:
        seen.write(json.dumps(event) + "\n")
    bad = [r["messageId"] for r in event.get("Records", []) if "bad" in r.get("body", "")] if isinstance(event, dict) else []
    if bad:
        return {"batchItemFailures": [{"itemIdentifier": name} for name in bad]}
    return {"statusCode": 200, "body": json.dumps({"event": event, "environment": dict(os.environ)})}

serve(handle)
"""


def echo_code(folder):
    shutil.copy(HERE / "lambda_bootstrap.py", folder)
    program = folder / "bootstrap"
    program.write_text(ECHO)
    program.chmod(0o755)


def service(folder, functions, provider="", more="", arguments=LISTEN):
    """Functions that report what they receive."""
    echo_code(folder)
    text = f"""service: svc
provider:
  name: aws
  runtime: provided.al2023
  {provider}
functions:
{functions}
{more}
"""
    return Engine(folder, text, name="serverless.yml", arguments=arguments)


def ask(engine, method, path, body=None, headers=None):
    address = engine.status()["listeners"][0]["address"]
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def seen(folder):
    file = folder / "seen.ndjson"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def pelton(*command):
    return subprocess.run([BINARY, *map(str, command)], capture_output=True, text=True, check=False)


# ---- the example

@pytest.fixture
def user_api(tmp_path):
    client = client_folder("node")
    for name in ("users.js", "serverless.yml"):
        shutil.copy(EXAMPLE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(client / "node_modules")
    return tmp_path


def use_users(engine):
    status, headers, body = ask(engine, "POST", "/users", '{"name":"Ada"}')
    assert (status, json.loads(body)) == (201, {"name": "Ada", "id": "1"})
    assert headers["X-Table"] == "user-api-users-dev"
    assert ask(engine, "GET", "/users/1")[2] == b'{"name":"Ada","id":"1"}'
    assert ask(engine, "PUT", "/users/1", '{"name":"Grace"}')[0] == 200
    assert json.loads(ask(engine, "GET", "/users")[2]) == [{"name": "Grace", "id": "1"}]
    assert ask(engine, "DELETE", "/users/1")[0] == 204
    assert ask(engine, "GET", "/users/1")[0] == 404
    status, headers, _ = ask(engine, "OPTIONS", "/users", headers={"Origin": "http://a", "Access-Control-Request-Method": "GET"})
    assert status == 204 and headers["Access-Control-Allow-Origin"] == "*"


def test_the_example_runs_as_it_is_and_as_it_is_converted(user_api):
    with Engine(user_api, (EXAMPLE / "serverless.yml").read_text(), name="serverless.yml", arguments=LISTEN) as engine:
        use_users(engine)
        assert engine.stop() == 0
        log = engine.log.read_text()
        assert "not created here: UsersTable user-api-users-dev" in log
        assert "/users/{id}" in log and "curl http://127.0.0.1:" in log
    converted = pelton("convert", user_api / "serverless.yml", *LISTEN)
    assert converted.returncode == 0, converted.stderr
    with Engine(user_api, converted.stdout, name="pelton.yaml") as engine:
        assert pelton("validate", user_api / "pelton.yaml").returncode == 0
        use_users(engine)


# ---- what functions receive

def test_requests_queues_and_streams(tmp_path):
    with service(tmp_path, """
  echo:
    handler: bootstrap
    events:
      - httpApi: 'GET /v2/{id}'
      - http: GET v1/{id}
      - sqs: { arn: !GetAtt Jobs.Arn, batchSize: 5, functionResponseType: ReportBatchItemFailures }
      - stream: { type: dynamodb, arn: 'arn:aws:dynamodb:eu-west-1:1:table/users/stream/2026' }
""", more="""resources: { Resources: { Jobs: { Type: AWS::SQS::Queue,
  Properties: { QueueName: jobs, RedrivePolicy: { maxReceiveCount: 1 } } } } }
""", provider="environment: { STAGE: '${sls:stage}', OWN: '${env:PATH}', REGION: !Ref 'AWS::Region' }\n  region: eu-west-1",
                 arguments=(*LISTEN, "--stage", "prod", "--service", "dynamodb=http://127.0.0.1:1")) as engine:
        answer = json.loads(ask(engine, "GET", "/v2/a%20b?q=1")[2])
        assert answer["event"]["version"] == "2.0" and answer["event"]["pathParameters"] == {"id": "a b"}
        environment = answer["environment"]
        assert environment["STAGE"] == "prod" and environment["REGION"] == environment["AWS_REGION"] == "eu-west-1"
        assert environment["OWN"] == os.environ["PATH"]
        assert environment["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:1"
        assert environment["AWS_ACCESS_KEY_ID"] == os.environ.get("AWS_ACCESS_KEY_ID", "test")
        assert json.loads(ask(engine, "GET", "/v1/7")[2])["event"]["httpMethod"] == "GET"
        engine.produce("jobs", [{"data": "good"}, {"data": "bad"}])
        engine.produce("users", [{"data": {"id": "u"}}])
        engine.wait_settled("echo-jobs")
        engine.wait_settled("echo-users")
        assert len(engine.letters()) == 1
        sources = {record["eventSource"] for event in seen(tmp_path) for record in event.get("Records", [])}
        assert sources == {"aws:sqs", "aws:dynamodb"}


def test_a_schedule_gives_the_event_of_eventbridge(tmp_path):
    text = pelton_text(tmp_path, "  echo: { handler: bootstrap, events: [{ schedule: rate(1 minute) }] }")
    # The smallest interval of AWS is a minute.
    with Engine(tmp_path, text.replace('aws: "rate(1 minute)"', "every: 1s")) as engine:
        events = wait_until(lambda: seen(tmp_path), "the schedule's event")
        assert events[0]["detail-type"] == "Scheduled Event" and events[0]["source"] == "aws.events"
        assert events[0]["resources"] == ["arn:aws:events:us-east-1:000000000000:rule/echo-schedule"]
        assert engine.binding("echo-schedule")


def pelton_text(folder, functions):
    service(folder, functions)
    done = pelton("convert", folder / "serverless.yml")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_objects_of_a_bucket(tmp_path):
    server = s3_servers.moto()
    bucket = server.bucket()
    with service(tmp_path, f"""
  echo:
    handler: bootstrap
    events: [{{ s3: {{ bucket: {bucket.name}, rules: [{{ prefix: in/ }}, {{ suffix: .png }}], existing: true }} }}]
""", arguments=("--service", f"s3={server.url}")) as engine:
        wait_until(engine.ready, "the bucket has been listed")
        for key in ("in/a b.png", "in/c.txt", "out/d.png"):
            bucket.put(key)
        event = wait_until(lambda: seen(tmp_path), "the object's event")[0]
        assert event["Records"][0]["s3"]["object"]["key"] == "in/a+b.png"
        assert event["Records"][0]["s3"]["bucket"]["name"] == bucket.name
    server.down()


# ---- what is wrong

def test_a_function_that_cannot_load_breaks_itself_alone(tmp_path):
    with service(tmp_path, """
  good: { handler: bootstrap, events: [{ http: GET good }] }
  missing: { handler: src/nothing.handler, runtime: nodejs18.x, events: [{ http: GET missing }] }
  ruby: { handler: a.b, runtime: ruby3.3, events: [{ http: GET ruby }] }
""") as engine:
        assert ask(engine, "GET", "/good")[0] == 200
        assert ask(engine, "GET", "/missing")[0] == 502
        assert ask(engine, "GET", "/ruby")[0] == 404
        log = engine.log.read_text()
        assert "E1014 handler: there is no module src/nothing" in log
        assert "the runtime ruby3.3 is not available" in log and "nodejs18.x is an old runtime" in log


@pytest.mark.parametrize("function, code, words", [
    ("timout: 3", "E1005", 'did you mean "timeout"?'),
    ("environment: { A: '${self:custom.a}' }", "E1041", "refers to itself"),
    ("environment: { A: '${ssm:/a}' }", "E1040", "is not available here"),
    ("environment: { A: '${env:PELTON_TEST_UNSET}' }", "E1016", "is not set"),
    ("timeout: soon", "E1008", "not a whole number"),
    ("events: [{ http: GET a }, { http: GET a }]", "E7062", "both serve GET /a"),
    ("events: [{ http: 'GET {a' }]", "E7060", "braces"),
    ("events: [{ schedule: rate(0 minutes) }]", "E7040", "rate"),
    ("events: http", "E1007", "must be a list"),
])
def test_bad_input_is_an_error_with_its_place(tmp_path, function, code, words):
    service(tmp_path, f"  f:\n    handler: bootstrap\n    {function}\n", more="custom: { a: '${self:custom.b}', b: '${self:custom.a}' }")
    for command in ("validate", "run"):
        done = pelton(command, tmp_path / "serverless.yml")
        assert done.returncode == 3
        error = next(line for line in done.stderr.splitlines() if code in line)
        line = int(error.split("serverless.yml:")[1].split(":")[0])
        assert words in error and 5 < line < 12, error


def test_a_reload_reads_the_file_again(tmp_path):
    with service(tmp_path, "  echo: { handler: bootstrap, events: [{ http: GET one }] }", arguments=(*LISTEN, "--stage", "blue")) as engine:
        assert ask(engine, "GET", "/two")[0] == 404
        engine.config.write_text(engine.config.read_text().replace("GET one", "GET two") + "    environment: {}\n")
        engine.config.write_text(engine.config.read_text().replace("    environment: {}\n", "").replace(
            "runtime: provided.al2023", "runtime: provided.al2023\n  environment: { STAGE: '${sls:stage}' }"))
        assert "~ route echo" in engine.run("plan").stdout
        engine.run("reload")
        answer = json.loads(ask(engine, "GET", "/two")[2])
        assert answer["environment"]["STAGE"] == "blue"


# ---- AWS SAM

def test_a_template_of_sam(tmp_path):
    echo_code(tmp_path)
    text = """Transform: AWS::Serverless-2016-10-31
Globals: { Function: { Runtime: provided.al2023, Environment: { Variables: { TABLE: !Ref Users } } } }
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: bootstrap
      Events:
        Get: { Type: Api, Properties: { Path: '/users/{id}', Method: get } }
        Jobs: { Type: SQS, Properties: { Queue: !GetAtt Jobs.Arn } }
  Jobs: { Type: AWS::SQS::Queue, Properties: { QueueName: jobs } }
  Users: { Type: AWS::DynamoDB::Table, Properties: { TableName: users } }
"""
    with Engine(tmp_path, text, name="template.yaml", arguments=LISTEN) as engine:
        answer = json.loads(ask(engine, "GET", "/users/7")[2])
        assert answer["event"]["pathParameters"] == {"id": "7"} and answer["environment"]["TABLE"] == "users"
        engine.produce("jobs", [{"data": 1}])
        engine.wait_settled("echo-jobs")
        assert seen(tmp_path)[-1]["Records"][0]["eventSourceARN"].endswith(":jobs")
        assert "not created here: Users users (AWS::DynamoDB::Table)" in engine.log.read_text()
