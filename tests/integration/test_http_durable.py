# SPDX-License-Identifier: Apache-2.0
"""Durable routes: a request is stored before its function is called, its response before the client has it."""

import concurrent.futures
import json
import signal
import socket

from engine import ROOT, Engine, wait_until
from http_api import Served, listening
import http_api

CONFIG = """version: 1
engine: {{ data: ./data }}
streams: {{ paid: {{ retention: {{ time: 1d }} }} }}
listeners: {{ web: {{ address: "127.0.0.1:0" }} }}
functions:
  pay: {{ runtime: python, code: ./code, handler: "pay:handle", scale: {{ max: 4 }} }}
  api: {{ runtime: python, code: ./code, handler: "pay:gateway", scale: {{ max: 4 }} }}
routes:
  pay: {{ method: POST, path: "/pay/{{rest+}}", function: pay, timeout: 20s, durable: {{ to: paid, retry: {retry}, {durable} }} }}
  api: {{ method: POST, path: /api, function: api, event: apigateway/v2, durable: true }}
"""
CODE = """
import json
import os
import pathlib
import time

import pelton

HERE = pathlib.Path(__file__).parent


def note(what):
    with open(HERE / "calls", "a") as calls:
        print(what, file=calls, flush=True)


def handle(event, context):
    path = event.header(":path")
    note(path)
    if path == "/pay/fail" and not (HERE / "works").exists():
        raise ValueError("the bank is closed")
    if path == "/pay/wait":
        while not (HERE / "go").exists():
            time.sleep(0.01)
    if path == "/pay/refuse":
        return pelton.Event({"why": "no money"}, headers={":status": "402", "X-Bank": "a"})
    if path == "/pay/odd":
        return pelton.Event("x", headers={":status": "many"})
    if path == "/pay/none":
        return None
    answer = {"paid": event.json(), "call": len((HERE / "calls").read_text().splitlines())}
    return [pelton.Event(event.json(), stream="paid"), pelton.Event(answer, headers={":status": "201"})]


def gateway(event, context):
    note("/api")
    return {"statusCode": 201, "headers": {"X-Id": event.json()["requestContext"]["requestId"]}, "body": event.json()["body"]}
"""


class Durable(Served):
    def __init__(self, folder, durable="keep: 1h", retry="{ attempts: 2, backoff: { first: 10ms } }"):
        self.code = folder / "code"
        self.code.mkdir(exist_ok=True)
        (self.code / "pay.py").write_text(CODE)
        self.engine = Engine(folder, CONFIG.format(durable=durable, retry=retry))

    def find(self):
        self.address = listening(self.engine)
        wait_until(lambda: self.pay("/probe", key="probe")[0] != 503, "earlier calls have been read")

    def pay(self, path, body=b'{"n":1}', key=None, method="POST"):
        headers = {} if key is None else {"Idempotency-Key": key}
        status, fields, body = http_api.ask(self.address, method, path if path == "/api" else "/pay" + path, body, headers)
        return status, fields, body

    def calls(self, path):
        log = self.code / "calls"
        return log.read_text().splitlines().count(path) if log.exists() else 0


def test_repeated_request_gets_the_stored_response(tmp_path):
    with Durable(tmp_path) as served:
        status, fields, body = served.pay("/now", key="k1")
        assert status == 201 and json.loads(body)["paid"] == {"n": 1} and "Idempotent-Replayed" not in fields
        for _ in range(3):
            again = served.pay("/now", key="k1")
            assert again[0] == 201 and again[2] == body and again[1]["Idempotent-Replayed"] == "true"
            assert again[1]["Content-Type"] == fields["Content-Type"]
        assert served.calls("/pay/now") == 1
        other = served.pay("/now", key="k2")
        assert other[0] == 201 and other[2] != body
        assert [event["data"] for event in served.engine.consume("paid")] == [{"n": 1}] * 3, "the probe's as well"
        for changed in (served.pay("/now", b'{"n":2}', key="k1"), served.pay("/then", key="k1"), served.pay("/now?x=1", key="k1")):
            assert changed[0] == 422 and json.loads(changed[2])["error"]["code"] == "E7102"
        assert served.calls("/pay/now") == 2 and served.calls("/pay/then") == 0
        status, fields, body = served.pay("/refuse", key="k3")
        assert (status, fields["X-Bank"]) == (402, "a")
        status, fields, again = served.pay("/refuse", key="k3")
        assert (status, fields["X-Bank"], again) == (402, "a", body) and served.calls("/pay/refuse") == 1
        assert served.pay("/odd", key="odd")[0] == 502 == served.pay("/odd", key="odd")[0]
        assert "E7067" in served.engine.log.read_text()
        assert served.pay("/none", key="k4")[0] == 204 == served.pay("/none", key="k4")[0]
        api = served.pay("/api", b"text", key="k1")
        assert api[0] == 201 and api[2] == b"text", "keys are a route's own"
        again = served.pay("/api", b"text", key="k1")
        assert again[1]["X-Id"] == api[1]["X-Id"] and again[2] == b"text" and served.calls("/api") == 1
        first, second = served.pay("/now"), served.pay("/now")
        assert first[0] == second[0] == 201 and first[2] != second[2], "without a key each one is a call"
        for bad in ("", "x" * 256):
            refused = served.pay("/now", key=bad)
            assert refused[0] == 400 and json.loads(refused[2])["error"]["code"] == "E7064"
        metrics = served.engine.metrics()
        assert 'pelton_http_durable_results{route="pay"} 6' in metrics and 'pelton_http_durable_calls{route="pay"} 0' in metrics


def test_requests_at_the_same_time_are_one_call(tmp_path):
    with Durable(tmp_path) as served, concurrent.futures.ThreadPoolExecutor(8) as pool:
        first = pool.submit(served.pay, "/wait", key="k")
        wait_until(lambda: served.calls("/pay/wait") == 1, "it has begun")
        for answer in pool.map(lambda _: served.pay("/wait", key="k"), range(8)):
            assert answer[0] == 409 and answer[1]["Retry-After"] == "1" and json.loads(answer[2])["error"]["code"] == "E7101"
        (served.code / "go").touch()
        assert first.result()[0] == 201
        assert served.pay("/wait", key="k")[2] == first.result()[2] and served.calls("/pay/wait") == 1
        answers = [answer[0] for answer in pool.map(lambda n: served.pay("/now", key=f"c{n % 10}"), range(100))]
        assert set(answers) <= {201, 409} and served.calls("/pay/now") == 10


def test_accepted_call_survives_a_kill(tmp_path):
    with Durable(tmp_path) as served, concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = served.pay("/now", key="done")
        lost = pool.submit(served.pay, "/wait", key="k")
        wait_until(lambda: served.calls("/pay/wait") == 1, "it has begun")
        served.engine.kill()
        assert lost.exception() is not None
        served.engine.start()
        served.find()
        assert served.pay("/now", key="done")[2] == done[2] and served.calls("/pay/now") == 1
        assert served.pay("/wait", key="k")[0] == 409, "the engine works on it"
        (served.code / "go").touch()
        answer = wait_until(lambda: (got := served.pay("/wait", key="k"))[0] != 409 and got, "it has a result")
        assert answer[0] == 201 and answer[1]["Idempotent-Replayed"] == "true"
        assert [event["data"] for event in served.engine.consume("paid")] == [{"n": 1}] * 3, "one of each call"


def test_killed_again_and_again_no_call_has_two_results(tmp_path):
    with Durable(tmp_path) as served:
        (served.code / "go").touch()
        results = {}

        def ask(key):
            try:
                return served.pay("/now", json.dumps({"key": key}), key=key)
            except OSError:
                return None  # it was killed
            except http_api.http.client.HTTPException:
                return None

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for turn in range(3):
                asked = [(key, pool.submit(ask, key)) for key in (f"{turn}-{n % 60}" for n in range(120))]
                wait_until(lambda: sum(answer.done() for _, answer in asked) > 40, "some are answered")
                served.engine.kill()
                for key, answer in asked:
                    if answer.result() and answer.result()[0] == 201:
                        assert results.setdefault(key, answer.result()[2]) == answer.result()[2]
                served.engine.start()
                served.find()
        assert len(results) > 20
        for turn in range(3):
            for n in range(60):
                key = f"{turn}-{n}"
                answer = wait_until(lambda: (got := ask(key)) and got[0] == 201 and got, "it has a result")
                assert results.setdefault(key, answer[2]) == answer[2]
        paid = [event["data"]["key"] for event in served.engine.consume("paid") if "key" in event["data"]]
        assert sorted(paid) == sorted(results), "one event of each call, stored with its response"


def test_failed_call(tmp_path):
    with Durable(tmp_path) as served:
        failed = served.pay("/fail", key="k")
        assert failed[0] == 502 and b"bank" not in failed[2]
        assert served.calls("/pay/fail") == 2, "it was tried again"
        again = served.pay("/fail", key="k")
        assert again[0] == 502 and again[2] == failed[2] and served.calls("/pay/fail") == 2
        [letter] = served.engine.letters()
        assert letter["binding"] == "pay.calls" and "the bank is closed" in json.dumps(letter)
        (served.code / "works").touch()
        served.engine.run("dead-letters", "replay", letter["id"], "--yes")
        wait_until(lambda: not served.engine.letters(), "it was replayed")
        answer = served.pay("/fail", key="k")
        assert answer[0] == 201 and json.loads(answer[2])["paid"] == {"n": 1}


def test_call_that_is_passed_over_frees_its_key_and_repeats_no_other(tmp_path):
    with Durable(tmp_path, retry="{ attempts: 1000, backoff: { first: 1h, max: 1h } }") as served, concurrent.futures.ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(served.pay, "/fail", key="stuck")
        wait_until(lambda: served.calls("/pay/fail") == 1, "it has failed once")
        done = {f"k{n}": served.pay("/now", key=f"k{n}")[2] for n in range(5)}
        first = served.engine.binding("pay.calls")["partitions"][0]["cursor"]
        served.engine.run("offsets", "seek", "pay.calls", "--to-offset", str(first + 1), "--yes")
        status, _, body = stuck.result()
        assert status == 503 and json.loads(body)["error"]["code"] == "E7106"
        (served.code / "works").touch()
        again = served.pay("/fail", key="stuck")
        assert again[0] == 201 and "Idempotent-Replayed" not in again[1], "its key is free"
        assert {key: served.pay("/now", key=key)[2] for key in done} == done
        assert served.calls("/pay/now") == 5, "what was done beyond it was not made again"


def test_calls_are_not_made_again_when_their_binding_was_forgotten(tmp_path):
    with Durable(tmp_path) as served:
        assert served.pay("/now", key="k")[0] == 201
        text = served.engine.config.read_text()

        def forget(*what):
            served.engine.config.write_text(text.split("routes:")[0])
            served.engine.run("reload")
            for kind, name in what:
                served.engine.run(kind, "forget", name, "--yes")
            served.engine.config.write_text(text)
            served.engine.run("reload")
            served.find()

        forget(("bindings", "pay.calls"))
        assert served.pay("/now", key="k")[1]["Idempotent-Replayed"] == "true"
        assert served.calls("/pay/now") == 1
        forget(("bindings", "pay.calls"), ("streams", "pay.results"))
        assert served.calls("/pay/now") == 1
        again = served.pay("/now", key="k")
        assert again[0] == 201 and "Idempotent-Replayed" not in again[1] and served.calls("/pay/now") == 2


def test_keys_belong_to_whom_per_names(tmp_path):
    with Durable(tmp_path, "keep: 1h, per: header.x-tenant") as served:
        def ask(tenant, body=b'{"n":1}'):
            headers = {"Idempotency-Key": "1", **({"X-Tenant": tenant} if tenant else {})}
            return http_api.ask(served.address, "POST", "/pay/now", body, headers)

        wait_until(lambda: ask("probe")[0] != 503, "keys have been read")
        mine, yours = ask("mine"), ask("yours", b'{"n":2}')
        assert mine[0] == yours[0] == 201 and mine[2] != yours[2]
        assert ask("mine")[2] == mine[2] and ask("mine", b'{"n":2}')[0] == 422
        nobody = ask(None)
        assert nobody[0] == 400 and "header.x-tenant" in json.loads(nobody[2])["error"]["message"]
        served.engine.kill()
        served.engine.start()
        served.address = listening(served.engine)
        wait_until(lambda: ask("mine")[0] != 503, "keys have been read")
        assert ask("mine")[2] == mine[2] and ask("yours", b'{"n":2}')[2] == yours[2] and served.calls("/pay/now") == 3
        assert "mine" not in json.dumps([event["headers"] for event in served.engine.consume("pay.results")])


def test_several_keys_in_one_request_are_refused(tmp_path):
    with Durable(tmp_path) as served, socket.create_connection(served.address) as client:
        client.sendall(b"POST /pay/now HTTP/1.1\r\nHost: a\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        assert b"E7064" in client.makefile("rb").read() and served.calls("/pay/now") == 0


def test_options(tmp_path):
    with Durable(tmp_path, "keep: 1s, keys: 3, require_key: true", retry="1") as served:
        assert json.loads(served.pay("/now")[2])["error"]["code"] == "E7104" and served.pay("/now")[0] == 400
        first = served.pay("/now", key="a")
        assert first[0] == 201
        # The probe's key may have expired by now.
        answers = [served.pay("/now", key=key) for key in ("b", "c", "d", "e")]
        full = [answer for answer in answers if answer[0] == 503]
        assert full and json.loads(full[0][2])["error"]["code"] == "E7103" and full[0][1]["Retry-After"] == "1"
        again = wait_until(lambda: (got := served.pay("/now", key="a"))[0] == 201 and got[2] != first[2] and got, "its response has expired")
        assert "Idempotent-Replayed" not in again[1]
        served.engine.config.write_text(CONFIG.format(durable="keep: 1h, keys: 1000", retry="1"))
        served.engine.process.send_signal(signal.SIGHUP)
        wait_until(lambda: served.pay("/now")[0] == 201, "it has reloaded")
        kept = served.pay("/now", key="z")
        assert served.pay("/now", key="z")[2] == kept[2]
        served.engine.config.write_text(CONFIG.format(durable="enabled: false", retry="1"))
        assert served.engine.run("reload").returncode == 0
        assert served.pay("/now", key="z")[2] != kept[2], "it is not durable any more"


def test_stopping_engine_answers_and_loses_nothing(tmp_path):
    with Durable(tmp_path) as served, concurrent.futures.ThreadPoolExecutor(8) as pool:
        served.engine.run("bindings", "pause", "pay.calls")
        waiting = [pool.submit(served.pay, "/now", key=f"k{n}") for n in range(5)]
        wait_until(lambda: served.engine.binding("pay.calls")["partitions"][0]["lag_events"] == 5, "they are stored")
        assert served.engine.stop() == 0
        assert {answer.result()[0] for answer in waiting} == {503}
        served.engine.start()
        served.address = listening(served.engine)
        served.engine.run("bindings", "resume", "pay.calls")
        for n in range(5):
            wait_until(lambda: served.pay("/now", key=f"k{n}")[0] == 201, "it was not lost")
        assert served.calls("/pay/now") == 5


def test_order_flow(tmp_path):
    text = (ROOT / "configs/order_flow.yaml").read_text().replace("../functions", str(ROOT / "functions")).replace("127.0.0.1:8080", "127.0.0.1:0")
    with Engine(tmp_path, text) as engine:
        address = listening(engine)
        status, _, body = http_api.ask(address, "GET", "/products/mug")
        assert status == 200 and json.loads(body)["price"] == 1200
        assert set(json.loads(http_api.ask(address, "GET", "/products")[2])) == {"book", "mug"}
        assert http_api.ask(address, "GET", "/products/x")[0] == 404

        def order(key, **wanted):
            headers = {} if key is None else {"Idempotency-Key": key}
            return http_api.ask(address, "POST", "/orders", json.dumps({"customer": "ada@example.org", **wanted}), headers)

        assert order(None, product="book")[0] == 400
        first = wait_until(lambda: (got := order("1", product="book"))[0] == 201 and got, "it is paid")
        assert order("1", product="book")[2] == first[2] and order("1", product="mug")[0] == 422
        assert order("2", product="book", count=9)[0] == 402
        engine.wait_settled("inventory")
        [paid] = engine.consume("paid_orders")
        assert paid["data"] == json.loads(first[2]) and paid["key"] == "book"
        made = paid["data"]["order"]
        mail = tmp_path / f"data/order_flow_outbox/{made}.txt"
        wait_until(mail.exists, "the mail was written")
        assert mail.read_text().startswith("To: ada@example.org")
        assert engine.consume("reservations")[0]["data"]["product"] == "book"
