# SPDX-License-Identifier: Apache-2.0
"""HTTP routes: what requests to streams and to functions become, and what is answered."""

import base64
import json
import threading
import urllib.error
import urllib.request

import pytest

from engine import ROOT, Engine, wait_until
from http_api import CODE, CONFIG, FUNCTION, Api
from test_lambda import bootstrap


# ---- streams


def test_a_plain_body_is_an_event(tmp_path):
    with Api(tmp_path) as api:
        status, headers, body = api.post("/in/a%2Fb?x=1", b'{"n":1}', content_type="application/json")
        assert status == 202 and headers["content-type"] == "application/json"
        [name] = json.loads(body)["ids"]
        assert api.post("/in", b"\xff", x_tenant="t", x_other="o", idempotency_key="k-1")[0] == 202
        first, second = sorted(api.engine.consume("in"), key=lambda event: event["time"])
        assert first["id"] == name and first["key"] == "a/b" and first["data"] == {"n": 1}
        assert first["type"] == "http.request" and first["source"] == "/routes/keyed"
        assert second["id"] == "k-1" and second["data_base64"] == "/w==" and second["headers"] == [["x-tenant", "t"]]
        assert api.route("keyed")["responses"] == {"202": 1}
        assert 'pelton_http_requests_total{route="keyed",code="202"} 1' in api.engine.metrics()


def test_cloudevents(tmp_path):
    with Api(tmp_path) as api:
        event = {"specversion": "1.0", "id": "2", "source": "/s", "type": "t", "partitionkey": "k"}
        assert api.post("/in", b"data", ce_specversion="1.0", ce_id="1", ce_source="/s", ce_type="t", ce_subject="%C3%A4",
                        content_type="text/plain")[0] == 202
        assert api.post("/in", json.dumps({**event, "data": {"a": [1]}}), content_type="application/cloudevents+json")[0] == 202
        batch = [{**event, "id": str(n), "data_base64": base64.b64encode(bytes([n])).decode()} for n in range(3, 103)]
        status, _, body = api.post("/in", json.dumps(batch), content_type="application/cloudevents-batch+json")
        assert status == 202 and json.loads(body)["ids"] == [str(n) for n in range(3, 103)]
        events = {event["id"]: event for event in api.engine.consume("in")}
        assert len(events) == 102
        assert events["1"]["subject"] == "ä" and events["1"]["data"] == "data"
        assert events["2"]["data"] == {"a": [1]} and events["2"]["key"] == "k"


def test_what_cannot_be_an_event_is_refused_with_the_reason(tmp_path):
    with Api(tmp_path) as api:
        half = json.dumps([{"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}, {"id": "2"}])
        for body, headers, status, code in [
                (half, {"content_type": "application/cloudevents-batch+json"}, 400, "E7065"),
                (b"{", {"content_type": "application/cloudevents+json"}, 400, "E7065"),
                (b"[" * 100_000, {"content_type": "application/cloudevents+json"}, 400, "E7065"),
                (b"x", {"content_type": "application/cloudevents+avro"}, 415, "E7066"),
                (b"x", {"ce_specversion": "1.0"}, 400, "E7065"),
                (b"x", {"idempotency_key": "k" * 300}, 400, "E7064"),
                (b"x" * (1 << 20) + b"x", {}, 413, "E5011")]:
            got, _, answer = api.post("/in", body, **headers)
            assert (got, json.loads(answer)["error"]["code"]) == (status, code), (headers, answer)
        assert api.engine.consume("in") == []


def test_an_acknowledged_event_survives_the_engines_end(tmp_path):
    with Api(tmp_path) as api:
        ids = [json.loads(api.post("/in", b"x")[2])["ids"][0] for _ in range(20)]
        api.engine.kill()
        api.engine.start()
        assert {event["id"] for event in api.engine.consume("in")} == set(ids)


def test_an_idempotency_key_is_worked_on_once(tmp_path):
    config = CONFIG.replace("  {routes}", "  {routes}\nbindings: {{ b: {{ from: in, function: f, idempotency: {{ key: id }} }} }}")
    with Api(tmp_path, config=config) as api:
        for _ in range(3):
            assert api.post("/in", b"x", idempotency_key="same")[0] == 202
        api.engine.wait_settled("b")
        binding = api.engine.binding("b")
        assert binding["done"] + binding["deduplicated"] == 3 and binding["deduplicated"] == 2


def test_the_cloudevents_package(tmp_path):
    events = pytest.importorskip("cloudevents.http")
    with Api(tmp_path) as api:
        event = events.CloudEvent({"type": "t", "source": "/s", "subject": "ä b"}, {"a": 1})
        for make in (events.to_binary, events.to_structured):
            headers, body = make(event)
            assert api.ask("POST", "/in", body, headers)[0] == 202
        assert [(e["subject"], e["data"]) for e in api.engine.consume("in")] == [("ä b", {"a": 1})] * 2


# ---- functions


def test_a_function_answers(tmp_path):
    with Api(tmp_path, FUNCTION) as api:
        status, headers, body = api.ask("POST", "/a/b%20c?q=1&q=2", b"hi", {"X-Two": "1", "X-Forwarded-For": "6.6.6.6"})
        answer = json.loads(body)
        assert status == 200 and headers["content-type"] == "application/json" and answer["body"] == "hi"
        seen = answer["headers"]
        assert seen[":method"] == "POST" and seen[":path"] == "/a/b%20c" and seen[":query"] == "q=1&q=2"
        assert seen[":param.rest"] == "a/b c" and seen["x-two"] == "1" and seen["x-forwarded-for"] == "127.0.0.1"
        assert api.ask("GET", "/none")[0] == 204
        status, headers, body = api.ask("GET", "/status")
        assert (status, headers["x-pot"], headers["content-type"], body) == (418, "1", "text/plain", b"short")
        status, headers, body = api.ask("HEAD", "/status")
        assert (status, headers["content-length"], body) == (418, "5", b"")
        assert api.engine.status()["functions"][0]["started"] == 1, "the first request has started a worker"


def test_failures_of_the_function_say_nothing_of_it(tmp_path):
    with Api(tmp_path, FUNCTION) as api:
        for path in ("/fail", "/crash"):
            status, _, body = api.ask("GET", path)
            assert status == 502 and b"secret" not in body and json.loads(body)["error"]["code"] == "E7068"
        assert "secret" in api.engine.log.read_text()
        assert api.ask("GET", "/ok")[0] == 200
        assert api.engine.letters() == []


def test_a_function_that_cannot_start(tmp_path):
    with Api(tmp_path, FUNCTION) as api:
        (api.code / "f.py").write_text("import no_such_module\n")
        assert api.ask("GET", "/a")[0] == 502
        (api.code / "f.py").write_text(CODE)
        wait_until(lambda: api.ask("GET", "/a")[0] == 200, "it has recovered")


def test_time_outs(tmp_path):
    with Api(tmp_path, 'f: { path: "/{rest+}", function: f, timeout: 200ms }', "timeout: 20s") as api:
        wait_until(lambda: api.ask("GET", "/a")[0] == 200, "a worker runs")
        status, _, body = api.ask("GET", "/wait")
        assert status == 504 and json.loads(body)["error"]["code"] == "E7069"
        (api.code / "go").touch()
        wait_until(lambda: api.ask("GET", "/a")[0] == 200, "the worker is free again")
    with Api(tmp_path / "own", FUNCTION, "timeout: 300ms") if (tmp_path / "own").mkdir() is None else None as api:
        assert api.ask("GET", "/wait")[0] == 504
        assert api.ask("GET", "/a")[0] == 200


def test_requests_beyond_the_routes_concurrency_are_refused(tmp_path):
    with Api(tmp_path, 'f: { path: "/{rest+}", function: f, concurrency: 1, cors: {} }') as api:
        first = threading.Thread(target=lambda: api.ask("GET", "/wait"))
        first.start()
        wait_until((api.code / "begun-wait").exists, "it is being served")
        status, headers, body = api.ask("GET", "/a", headers={"Origin": "https://a.example"})
        assert status == 429 and headers["retry-after"] and json.loads(body)["error"]["code"] == "E7071"
        assert headers["access-control-allow-origin"] == "*", "pages may read it, too"
        (api.code / "go").touch()
        first.join()
        assert api.ask("GET", "/a")[0] == 200


def test_a_client_that_leaves_is_not_served_any_more(tmp_path):
    with Api(tmp_path, FUNCTION) as api:
        first = threading.Thread(target=lambda: api.ask("GET", "/wait"))
        first.start()
        wait_until((api.code / "begun-wait").exists, "the worker is busy")
        api.raw(b"GET /wait/second HTTP/1.1\r\nHost: x\r\n\r\n", read=False)
        wait_until(lambda: api.route("f")["under_way"] == 1, "the second one was dropped")
        (api.code / "go").touch()
        first.join()
        assert api.ask("GET", "/a")[0] == 200
        assert not (api.code / "begun-wait-second").exists()


def test_calls_come_before_events(tmp_path):
    config = CONFIG.replace("  {routes}", "  {routes}\nbindings: {{ b: {{ from: in, function: f }} }}")
    with Api(tmp_path, FUNCTION, config=config) as api:
        api.engine.produce("in", [{"data": str(n)} for n in range(50_000)])
        for _ in range(20):
            assert api.ask("GET", "/a", timeout=10)[0] == 200
        api.engine.wait_settled("b")


def test_requests_under_way_end_before_the_engine(tmp_path):
    with Api(tmp_path, FUNCTION) as api:
        answers = []
        first = threading.Thread(target=lambda: answers.append(api.ask("GET", "/wait")[0]))
        first.start()
        wait_until((api.code / "begun-wait").exists, "it is being served")
        api.engine.process.terminate()
        wait_until(lambda: api.ask("GET", "/a")[0] == 503, "no new ones are served")
        (api.code / "go").touch()
        first.join()
        assert answers == [200]
        assert api.engine.process.wait(60) == 0


# ---- API Gateway


GATEWAY_ROUTES = """g2: {{ method: [GET, POST], path: "/v2/{{name}}", function: g, event: apigateway/v2, cors: {{ }} }}
  g1: {{ method: [GET, POST], path: "/v1/{{name}}", function: g, event: apigateway/v1 }}
"""
GATEWAY_CONFIG = CONFIG.replace("routes:", '  g: {{ runtime: python, code: ./code, handler: "g:handle" }}\nroutes:').replace(
    "  {routes}", "  " + GATEWAY_ROUTES)


def test_api_gateway(tmp_path):
    with Api(tmp_path, config=GATEWAY_CONFIG) as api:
        status, headers, body = api.ask("POST", "/v2/J%20D?a=1&a=2", b"f=1", {
            "Content-Type": "application/x-www-form-urlencoded", "Cookie": "x=1; y=2"})
        event = json.loads(body)
        assert status == 200 and event["version"] == "2.0" and event["pathParameters"] == {"name": "J D"}
        assert event["rawPath"] == "/v2/J%20D" and event["queryStringParameters"] == {"a": "1,2"}
        assert event["cookies"] == ["x=1", "y=2"] and event["isBase64Encoded"] and base64.b64decode(event["body"]) == b"f=1"
        event = json.loads(api.ask("POST", "/v1/x?a=1&a=2", "ä".encode())[2])
        assert event["body"] == "ä" and not event["isBase64Encoded"]
        assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]} and event["resource"] == "/v1/{name}"
        assert json.loads(api.ask("GET", "/v1/x")[2])["body"] is None

        def answered(version, answer):
            return api.ask("GET", f"/{version}/x?answer=" + urllib.request.quote(json.dumps(answer)))

        status, headers, body = answered("v2", {"statusCode": 201, "cookies": ["a=1", "b=2"], "body": "aGk=", "isBase64Encoded": True})
        assert (status, headers.get_all("set-cookie"), body) == (201, ["a=1", "b=2"], b"hi")
        status, headers, body = answered("v1", {"statusCode": 302, "multiValueHeaders": {"X": ["1", "2"]}, "headers": {"Location": "/y"}})
        assert (status, headers.get_all("x"), headers["location"]) == (302, ["1", "2"], "/y")
        assert json.loads(answered("v2", {"a": 1})[2]) == {"a": 1}
        status, _, body = answered("v1", {"a": 1})
        assert status == 502 and json.loads(body) == {"message": "Internal server error"}
        status, _, body = answered("v2", {"statusCode": "abc"})
        assert status == 500 and json.loads(body) == {"message": "Internal Server Error"}


def test_a_function_for_lambda_is_an_api(tmp_path):
    code = bootstrap(tmp_path, 'serve(lambda event, headers: {"statusCode": 200, "body": event["rawPath"] + " " + str(event["body"])})')
    config = CONFIG.replace("routes:", f"  l: {{{{ runtime: lambda/provided, code: {code} }}}}\nroutes:")
    with Api(tmp_path, 'l: { path: "/l/{rest+}", function: l }', config=config) as api:
        status, headers, body = api.ask("POST", "/l/a/b", b"x", {"Content-Type": "text/plain"})
        assert (status, headers["content-type"], body) == (200, "text/plain; charset=utf-8", b"/l/a/b x")


def test_cors(tmp_path):
    with Api(tmp_path, config=GATEWAY_CONFIG) as api:
        status, headers, _ = api.ask("OPTIONS", "/v2/x", headers={
            "Origin": "https://a", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-b"})
        assert status == 204 and headers["access-control-allow-origin"] == "*" and headers["access-control-allow-headers"] == "x-b"
        assert headers["access-control-allow-methods"] == "GET,POST"
        assert api.ask("GET", "/v2/x", headers={"Origin": "https://a"})[1]["access-control-allow-origin"] == "*"
        own = urllib.request.quote(json.dumps({"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://own"}}))
        _, headers, _ = api.ask("GET", "/v2/x?answer=" + own, headers={"Origin": "https://a"})
        assert headers.get_all("access-control-allow-origin") == ["https://own"]
        assert "access-control-allow-origin" not in api.ask("GET", "/v1/x", headers={"Origin": "https://a"})[1]


def test_the_example(tmp_path):
    config = (ROOT / "configs/http_api.yaml").read_text().replace("../functions", str(ROOT / "functions")).replace("127.0.0.1:8080", "127.0.0.1:0")
    with Engine(tmp_path, config) as engine:
        wait_until(engine.ready, "it is ready")
        base = "http://" + engine.status()["listeners"][0]["address"]
        made = urllib.request.urlopen(urllib.request.Request(f"{base}/users/7", b'{"name":"Ada"}', method="PUT"))
        assert made.status == 201
        assert json.load(urllib.request.urlopen(f"{base}/users/7")) == {"id": "7", "name": "Ada"}
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{base}/users/8")
        assert urllib.request.urlopen(f"{base}/orders/7", b'{"item":"book"}').status == 202
        assert [event["key"] for event in engine.consume("orders")] == ["7"]
