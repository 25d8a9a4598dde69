# SPDX-License-Identifier: Apache-2.0
"""The services of functions/examples that are written for AWS Lambda, as they are deployed, with real servers in place of
AWS's services: moto for DynamoDB and SES, SeaweedFS for S3, PostgreSQL. Skipped where their packages cannot be installed."""

import datetime
import http.client
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import zlib

import pytest

import postgres_server
import s3_servers
from engine import BINARY, PATIENCE, PYTHON, ROOT, Engine, wait_until
from lambda_clients import PIP, client_folder

EXAMPLES = ROOT / "functions/examples"
REGION = "eu-central-1"
LISTEN = ("--listen", "127.0.0.1:0")


@pytest.fixture(scope="module")
def moto():
    server = s3_servers.moto()
    yield server
    server.down()


@pytest.fixture(scope="module")
def seaweedfs():
    server = s3_servers.seaweedfs()
    yield server
    server.down()


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path_factory):
    """Credentials of both servers, and Debian's Python, which has Pillow, as the one that is installed."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "python3").symlink_to(PYTHON)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_servers.ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_servers.SECRET)


def packages(language):
    if language == "node" and shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = ROOT / "build/example_packages"
    done = subprocess.run([ROOT / "tools/example_packages", str(folder), language], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHON": PIP})
    if done.returncode != 0:
        pytest.skip(f"the packages of {language} cannot be installed here: {done.stderr.strip()[-300:]}")
    return folder / language


def link_all(source, folder):
    folder.mkdir(exist_ok=True)
    for one in source.iterdir():
        if not (folder / one.name).exists():
            (folder / one.name).symlink_to(one)


def deployed(folder, example, *parts):
    """The example's files, with packages and AWS's client beside them, as they are uploaded."""
    for file in (EXAMPLES / example).iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    for part in parts:
        link_all(part, folder)
    return (EXAMPLES / example / "serverless.yml").read_text()


def in_node(folder, example):
    text = deployed(folder, example)
    for source in (packages("node"), client_folder("node")):
        link_all(source / "node_modules", folder / "node_modules")
    return text


def in_python(folder, example):
    return deployed(folder, example, packages("python"), client_folder("python"), s3_servers.installed("moto"))


def run(folder, text, *services, more=()):
    arguments = [word for service in services for word in ("--service", service)]
    return Engine(folder, text, name="serverless.yml", arguments=(*LISTEN, *arguments, *more))


def aws(server, service):
    """The AWS SDK for Python."""
    server.s3  # which has put its package where it is found
    import boto3
    return boto3.client(service, endpoint_url=server.url, region_name=REGION, aws_access_key_id=s3_servers.ACCESS,
                        aws_secret_access_key=s3_servers.SECRET)


def create_table(server, name, *keys):
    db = aws(server, "dynamodb")
    db.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                    AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                    KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"))])
    return db


def ask(engine, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(engine.status()["listeners"][0]["address"], timeout=60)
    connection.request(method, path, json.dumps(body) if body is not None else None, headers or {})
    response = connection.getresponse()
    data = response.read()
    return response.status, json.loads(data) if data else None


def test_a_user_api_keeps_its_users_in_dynamodb(tmp_path, moto):
    db = create_table(moto, "user-table-dev", "id")
    with run(tmp_path, in_node(tmp_path, "user_table"), f"dynamodb={moto.url}") as engine:
        status, ada = ask(engine, "POST", "/users", {"name": "Ada"})
        assert status == 201, engine.log.read_text()
        assert db.get_item(TableName="user-table-dev", Key={"id": {"S": ada["id"]}})["Item"]["name"] == {"S": "Ada"}
        assert ask(engine, "GET", f"/users/{ada['id']}") == (200, ada)
        assert ask(engine, "PUT", f"/users/{ada['id']}", {"name": "Grace"}) == (200, {"name": "Grace", "id": ada["id"]})
        assert ask(engine, "PUT", "/users/nobody", {"name": "Grace"})[0] == 404
        assert ask(engine, "GET", "/users") == (200, [{"name": "Grace", "id": ada["id"]}])
        assert ask(engine, "DELETE", f"/users/{ada['id']}") == (204, None)
        assert ask(engine, "GET", f"/users/{ada['id']}")[0] == 404
        assert "not created here: UsersTable user-table-dev" in engine.log.read_text()


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + b"\x20\x80\xff" * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def size_of_jpeg(data, folder):
    (folder / "made.jpg").write_bytes(data)
    show = "import sys; from PIL import Image; i = Image.open(sys.argv[1]); print(i.format, *i.size)"
    return subprocess.run([PYTHON, "-c", show, folder / "made.jpg"], capture_output=True, text=True, check=True).stdout.strip()


def test_an_uploaded_picture_gets_a_thumbnail(tmp_path, seaweedfs):
    bucket = seaweedfs.bucket()
    code = tmp_path / "code"
    code.mkdir()
    text = in_python(code, "s3_thumbnail")
    with run(code, text, f"s3={seaweedfs.url}", more=("--param", f"bucket={bucket.name}")) as engine:
        wait_until(engine.ready, "the bucket has been listed")
        bucket.put("uploads/my holiday.png", png(640, 480))
        bucket.put("elsewhere/other.png", png(20, 20))
        wait_until(lambda: "thumbnails/my holiday.jpg" in bucket.keys(), "the thumbnail")
        made = bucket.get("thumbnails/my holiday.jpg")
        assert made["ContentType"] == "image/jpeg"
        assert size_of_jpeg(made["Body"].read(), tmp_path) == "JPEG 200 200"
        engine.wait_settled("thumbnail-" + bucket.name)
        assert len(bucket.keys()) == 3 and engine.letters() == []


def mails(server):
    """What moto has sent."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.request("GET", "/moto-api/data.json")
    return json.loads(connection.getresponse().read()).get("ses", {}).get("Message", [])


def test_a_daily_report_with_the_sdk_of_version_2(tmp_path, moto):
    db = create_table(moto, "orders", "day", "id")
    yesterday = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).date()
    for day, amount in ((yesterday, "19.5"), (yesterday, "0.5"), (yesterday - datetime.timedelta(days=1), "7")):
        db.put_item(TableName="orders", Item={"day": {"S": str(day)}, "id": {"S": "o" + amount}, "amount": {"N": amount}})
    aws(moto, "ses").verify_email_identity(EmailAddress="shop@example.com")
    in_node(tmp_path, "daily_report")
    converted = subprocess.run([BINARY, "convert", tmp_path / "serverless.yml", "--service", moto.url], capture_output=True, text=True,
                               check=True).stdout
    assert "services:" in converted
    # Nobody waits until six.
    with Engine(tmp_path, converted.replace('aws: "cron(0 6 * * ? *)"', "every: 1s")) as engine:
        engine.wait_settled("report-schedule")
        sent = wait_until(lambda: mails(moto), f"a mail {engine.log.read_text()}")
        assert f"2 orders on {yesterday}: 20.00 EUR" in json.dumps(sent[0]), sent
        assert "report of" in engine.run("logs", "report").stdout


@pytest.fixture(scope="module")
def postgres():
    yield from postgres_server.server()


def test_a_function_keeps_its_database_connection(tmp_path, postgres, monkeypatch):
    database = postgres_server.database(postgres)
    monkeypatch.setenv("DATABASE_URL", database.url)
    others = f"FROM pg_stat_activity WHERE datname = '{database.name}' AND pid <> pg_backend_pid()"
    with run(tmp_path, in_node(tmp_path, "guestbook")) as engine:
        for number, name in enumerate(("Ada", "Grace", "Barbara"), 1):
            assert ask(engine, "POST", "/guests", {"name": name}) == (201, {"id": number, "name": name})
        [[first]] = database.rows(f"SELECT pid {others}")
        assert [guest["name"] for guest in ask(engine, "GET", "/guests")[1]] == ["Ada", "Grace", "Barbara"]
        assert database.rows(f"SELECT pid {others}") == [[first]]
        # The server ends it: the function connects again.
        database.sql(f"SELECT pg_terminate_backend(pid) {others}")
        wait_until(lambda: ask(engine, "GET", "/guests")[0] == 200, "the guests")
        [[second]] = database.rows(f"SELECT pid {others}")
        assert second != first


def segments(daemon):
    """Until the time-out: documents of X-Ray, each behind a line with the format."""
    while True:
        try:
            header, document = daemon.recv(65536).split(b"\n", 1)
        except TimeoutError:
            return
        assert json.loads(header) == {"format": "json", "version": 1}
        yield json.loads(document)


def test_a_traced_function_takes_part_in_the_trace_of_its_caller(tmp_path, moto, monkeypatch):
    create_table(moto, "traced-orders", "id")
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.bind(("127.0.0.1", 0))
    daemon.settimeout(30 * PATIENCE)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{daemon.getsockname()[1]}")
    order = {"id": "o1", "customer": "Ada", "items": [{"price": 2.5, "count": 2}]}
    root, parent = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
    with run(tmp_path, in_python(tmp_path, "traced_orders"), moto.url) as engine:
        trace = {"X-Amzn-Trace-Id": f"Root={root};Parent={parent};Sampled=1"}
        assert ask(engine, "POST", "/orders", order, trace) == (201, {"id": "o1", "total": "5.0"}), engine.log.read_text()
        seen = {}
        for one in segments(daemon):
            seen[one["name"]] = one
            if {"price", "dynamodb"} <= seen.keys():
                break
        for one in seen.values():
            assert (one["trace_id"], one["parent_id"], one["type"]) == (root, parent, "subsegment"), one
        assert seen["price"]["annotations"] == {"customer": "Ada"}
        assert seen["dynamodb"]["aws"]["operation"] == "PutItem"
        # Without a caller's trace it begins one of its own; what the caller does not want recorded is not.
        assert ask(engine, "POST", "/orders", order)[0] == 201
        own = next(segments(daemon))["trace_id"]
        assert own != root
        assert ask(engine, "POST", "/orders", order, {"traceparent": f"00-{'0af7651916cd43dd8448eb211c80319c'}-{parent}-00"})[0] == 201
        assert ask(engine, "POST", "/orders", order, {"traceparent": f"00-{'1af7651916cd43dd8448eb211c80319c'}-{parent}-01"})[0] == 201
        later = next(one["trace_id"] for one in segments(daemon) if one["trace_id"] != own)
        assert later == "1-1af76519-16cd43dd8448eb211c80319c"
