# SPDX-License-Identifier: Apache-2.0
"""The connector s3 with real servers, and botocore as the oracle of its signatures."""

import http.server
import io
import json
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest
from PIL import Image

import s3_servers
from engine import BINARY, ROOT, Engine, wait_until
from test_pipeline import example


@pytest.fixture(scope="module")
def moto():
    server = s3_servers.moto()
    yield server
    server.down()


@pytest.fixture(scope="module", params=["moto", "seaweedfs"])
def server(request):
    if request.param == "moto":
        yield request.getfixturevalue("moto")
        return
    one = s3_servers.seaweedfs()
    yield one
    one.down()


def source(bucket, **options):
    return f"""
version: 1
engine: {{ data: ./data }}
streams: {{ uploads: {{ partitions: 2 }} }}
connectors:
  photos:
    s3: {bucket.options(poll="100ms", **options)}
    to: uploads
"""


def records(engine, stream="uploads"):
    """The records of all notifications: (event name, decoded key), in the order of the stream."""
    out = []
    for event in engine.consume(stream):
        document = event["data"]
        assert list(document) == ["Records"] and len(document["Records"]) == 1
        record = document["Records"][0]
        assert record["eventSource"] == "aws:s3" and record["s3"]["bucket"]["name"]
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        assert event["subject"] == event["key"] == key
        out.append((record["eventName"], key))
    return out


def test_notifications_and_listings_make_one_event_together(tmp_path, moto):
    bucket = moto.bucket()
    bucket.put("in/before")
    text = source(bucket, events=ALL).replace('"poll": "100ms"', '"poll": "1h"') + """
listeners: { local: { address: "127.0.0.1:0" } }
routes: { notified: { method: POST, path: /s3, notify: photos } }
"""
    with Engine(tmp_path, text) as engine:
        wait_for(engine, [(CREATED, "in/before")])
        address = engine.status()["listeners"][0]["address"]

        def notify(body):
            request = urllib.request.Request(f"http://{address}/s3", data=body, method="POST")
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code

        def record(key):
            return {"eventName": CREATED, "s3": {"bucket": {"name": bucket.name}, "object": {"key": urllib.parse.quote_plus(key, safe="/")}}}

        bucket.put("in/a b+c")
        bucket.remove("in/before")
        bucket.put("in/not notified")
        for _ in range(2):
            assert notify(json.dumps({"Records": [record("in/a b+c"), record("in/before")]}).encode()) == 202
        assert notify(b"no JSON") == 400
        wait_for(engine, [(CREATED, "in/before"), (CREATED, "in/a b+c"), (REMOVED, "in/before")])
        engine.kill()
        engine.start()
        wait_for(engine, [(CREATED, "in/before"), (CREATED, "in/a b+c"), (REMOVED, "in/before"), (CREATED, "in/not notified")])


def pelton(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False)


def wait_for(engine, expected):
    wait_until(lambda: len(records(engine)) >= len(expected), f"{len(expected)} events", 30)
    assert sorted(records(engine)) == sorted(expected)


CREATED, REMOVED = "ObjectCreated:Put", "ObjectRemoved:Delete"
ALL = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


def test_each_version_is_one_event_across_kill_and_restart(tmp_path, server):
    bucket = server.bucket()
    names = ["in/a b+c.jpg", "in/ä/日本.jpg", "in/x-y", "in/x/y", "in/100%25.jpg", "in/~*'().jpg"]
    for name in names:
        bucket.put(name)
    bucket.put("other/z")
    expected = [(CREATED, name) for name in names]
    engine = Engine(tmp_path, source(bucket, prefix="in/", events=ALL))
    with engine:
        wait_for(engine, expected)
        bucket.put("in/x-y", b"another version")
        bucket.remove("in/x/y")
        expected += [(CREATED, "in/x-y"), (REMOVED, "in/x/y")]
        wait_for(engine, expected)
        engine.kill()
        bucket.put("in/while away")
        bucket.remove("in/x-y")
        expected += [(CREATED, "in/while away"), (REMOVED, "in/x-y")]
        engine.start()
        wait_for(engine, expected)
        ids = [event["id"] for event in engine.consume("uploads")]
        assert len(set(ids)) == len(ids)


def test_objects_that_come_while_the_engine_is_killed_again_and_again_are_one_event_each(tmp_path, moto):
    bucket = moto.bucket()
    engine = Engine(tmp_path, source(bucket)).start()
    expected = []
    for turn in range(4):
        for n in range(30):
            bucket.put(f"{turn}/{n}")
            expected.append((CREATED, f"{turn}/{n}"))
        engine.kill()
        engine.start()
    wait_for(engine, expected)
    engine.stop()


def test_more_objects_than_a_page(tmp_path, moto):
    bucket = moto.bucket()
    count = 5 * s3_servers.MOTO_PAGE + 1
    for n in range(count):
        bucket.put(f"{n:05}", b"")
    with Engine(tmp_path, source(bucket)) as engine:
        wait_for(engine, [(CREATED, f"{n:05}") for n in range(count)])


def state_of(engine):
    source = engine.status()["connectors"][0]
    return source["state"], source["last_error"]


def test_a_server_that_is_away_comes_back_by_itself(tmp_path, moto):
    bucket = moto.bucket()
    bucket.put("before")
    with Engine(tmp_path, source(bucket)) as engine:
        wait_for(engine, [(CREATED, "before")])
        assert engine.ready()
        moto.kill()
        wait_until(lambda: state_of(engine)[0] == "backing_off" and "E7201" in state_of(engine)[1], "the source is backing off", 30)
        moto.up()
        # It remembers nothing: the bucket is missing first.
        wait_until(lambda: state_of(engine)[0] == "failed" and "E7203" in state_of(engine)[1], "the bucket is missing", 30)
        assert not engine.ready()
        bucket.s3.create_bucket(Bucket=bucket.name)
        bucket.put("after")
        wait_until(lambda: (CREATED, "after") in records(engine), "it goes on", 30)
        assert state_of(engine)[0] == "running" and engine.ready()


def test_validate_online_says_what_is_wrong(tmp_path, server):
    bucket = server.bucket()

    def check(text):
        engine = Engine(tmp_path, text)
        done = pelton("validate", "--online", str(engine.config))
        return done.returncode, done.stdout + done.stderr

    assert check(source(bucket))[0] == 0
    missing = source(bucket).replace(bucket.name, "no-such-bucket")
    code, text = check(missing)
    assert code != 0 and "E7203" in text and "no-such-bucket" in text
    code, text = check(source(bucket).replace(server.url, "http://127.0.0.1:1"))
    assert code != 0 and "E7201" in text
    if server.command[0].endswith("weed"):  # moto takes any
        code, text = check(source(bucket, secret_key="wrong"))
        assert code != 0 and "E7202" in text and "SignatureDoesNotMatch" in text


def sink(bucket, **options):
    return f"""
version: 1
engine: {{ data: ./data }}
streams: {{ results: {{}} }}
connectors:
  out:
    s3: {bucket.options(**options)}
    from: results
"""


def test_events_become_objects(tmp_path, server):
    bucket = server.bucket()
    large = "x" * (6 << 20)
    with Engine(tmp_path, sink(bucket, key="out/{subject}", part_size="5MiB", metadata={"made-by": "pelton"})) as engine:
        engine.produce("results", [{"subject": "a b+ü.json", "data": {"n": 1}}, {"subject": "large", "data": large},
                                   {"subject": "../no", "data": "x"}, {"subject": "gone", "data": "x"}])
        engine.produce("results", [{"subject": "gone", "data": None}])
        wait_until(lambda: sorted(bucket.keys()) == ["out/a b+ü.json", "out/large"] and len(engine.letters()) == 1, "two objects", 30)
        assert "E7210" in engine.letters()[0]["error"]
    one = bucket.get("out/a b+ü.json")
    assert json.loads(one["Body"].read()) == {"n": 1}
    assert one["ContentType"] == "application/json" and one["Metadata"] == {"made-by": "pelton"}
    two = bucket.get("out/large")
    assert two["Body"].read().decode() == large and two["ETag"].endswith('-2"')


def test_kept_objects(tmp_path, server):
    bucket = server.bucket()
    bucket.put("a", b"old")
    with Engine(tmp_path, sink(bucket, if_exists="keep")) as engine:
        engine.produce("results", [{"subject": "a", "data": "new"}, {"subject": "b", "data": "new"}])
        engine.wait_settled("out", 30)
    assert bucket.get("a")["Body"].read() == b"old" and bucket.get("b")["Body"].read() == b"new"


def test_thumbnails_of_a_bucket(tmp_path, moto, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_servers.ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_servers.SECRET)
    moto.s3.create_bucket(Bucket="photos")
    bucket = s3_servers.Bucket(moto, "photos")
    picture = io.BytesIO()
    Image.new("RGB", (800, 600), "teal").save(picture, "JPEG")
    with example(tmp_path, "s3_thumbnails.yaml") as engine:
        bucket.put("uploads/a photo.jpg", picture.getvalue())
        bucket.put("uploads/text.jpg", b"no picture")
        wait_until(lambda: "thumbnails/uploads/a photo.jpg" in bucket.keys() and len(engine.letters()) == 1, "a thumbnail and a dead letter", 30)
        made = bucket.get("thumbnails/uploads/a photo.jpg")
        assert made["ContentType"] == "image/jpeg"
        with Image.open(io.BytesIO(made["Body"].read())) as small:
            assert small.size == (256, 192)


def test_a_lambda_function_gets_the_notification_unchanged(tmp_path, moto):
    bucket = moto.bucket()
    text = source(bucket) + f"""
functions:
  echo: {{ runtime: lambda/provided, code: {ROOT}/functions/examples/lambda_echo }}
bindings: {{ all: {{ from: uploads, function: echo, event: s3, to: answers }} }}
""".replace("streams:", "")
    text = text.replace("uploads: { partitions: 2 }", "uploads: { partitions: 2 }, answers: {}")
    with Engine(tmp_path, text) as engine:
        bucket.put("in/a b.jpg")
        answer = wait_until(lambda: engine.consume("answers"), "an answer", 30)[0]["data"]
        assert answer == {"echo": engine.consume("uploads")[0]["data"]}


class Recorder(http.server.BaseHTTPRequestHandler):
    """Takes down the requests, and answers with an empty listing."""

    taken = []

    def do_GET(self):
        self.taken.append((self.command, self.path, dict(self.headers)))
        body = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def botocore_signs(url, method, path, headers, body=b""):
    """The Authorization header that botocore makes for the same request at the same time."""
    import datetime

    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    low = {name.lower(): value for name, value in headers.items()}
    names = low["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    own = {"host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}
    request = AWSRequest(method=method, url=url + path, data=body, headers={name: low[name] for name in names if name not in own})
    region = low["authorization"].split("/")[2]
    signer = botocore.auth.S3SigV4Auth(Credentials(s3_servers.ACCESS, s3_servers.SECRET, low.get("x-amz-security-token")), "s3", region)
    time = datetime.datetime.strptime(low["x-amz-date"], "%Y%m%dT%H%M%SZ")
    before, botocore.auth.get_current_datetime = botocore.auth.get_current_datetime, lambda *_, **__: time
    try:
        signer.add_auth(request)
    finally:
        botocore.auth.get_current_datetime = before
    return request.headers["Authorization"]


@pytest.mark.parametrize("prefix", ["plain/", "a b+ü/~*'()!@&=%41?#", "日本/"])
def test_botocore_signs_the_same_requests_the_same_way(tmp_path, moto, prefix):
    del moto  # brings botocore
    Recorder.taken = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as recorder:
        threading.Thread(target=recorder.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{recorder.server_port}"
        options = json.dumps({"bucket": "photos", "endpoint": url, "access_key": s3_servers.ACCESS, "secret_key": s3_servers.SECRET,
                              "session_token": "TOKEN+/==", "region": "eu-central-1", "prefix": prefix})
        config = f"version: 1\nengine: {{ data: ./data }}\nstreams: {{ s: {{}} }}\nconnectors: {{ c: {{ s3: {options}, to: s }} }}\n"
        engine = Engine(tmp_path, config)
        assert pelton("validate", "--online", str(engine.config)).returncode == 0
        recorder.shutdown()
    assert Recorder.taken
    for method, path, headers in Recorder.taken:
        assert headers["authorization"] == botocore_signs(url, method, path, headers)
