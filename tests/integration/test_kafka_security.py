# SPDX-License-Identifier: Apache-2.0
"""Brokers with TLS and SASL: what is right goes, what is wrong is named and healed, a token is read again when it ends."""

import base64
import contextlib
import http.server
import json
import threading
import time
import urllib.parse

import pytest

import kafka_broker
from engine import Engine, function_folder, library_version, wait_until
from history import check_exactly_once
from kafka_broker import numbers, secured, settled, topic_config

safe_broker = pytest.fixture(scope="module")(kafka_broker.safe_broker)

ECHO = "def handle(event, context):\n    return event.json()\n"


def test_a_wrong_password_and_a_stranger_are_named_and_healed(safe_broker, tmp_path):
    topic = safe_broker.topic(1)
    safe_broker.produce(topic, numbers(20))
    code = function_folder(tmp_path, ECHO)
    cases = {
        "password": ("sasl", secured(safe_broker, "plain", password="wrong"), secured(safe_broker, "plain"), "uthentication failed"),
        "stranger": ("stranger", secured(safe_broker), secured(safe_broker, verify_host=False), "certificate"),
        "authority": ("tls", "tls: {}", secured(safe_broker), "certificate"),
    }
    for name, (listener, wrong, right, words) in cases.items():
        def config(security):
            return topic_config(safe_broker, topic, code, listener=listener, security=security, group=f"{topic}-{name}")

        engine = Engine(tmp_path / name, config(wrong)).start(wait=False)
        wait_until(lambda: words in engine.log.read_text(), f"{name}: the log says why", 20)
        said = [line for line in engine.log.read_text().splitlines() if words in line]
        assert "E61" in said[0] and "wrong" not in said[0], said[0]
        wait_until(lambda: words in engine.run("status", check=False).stdout, f"{name}: the status says why", 20)
        engine.kill()
        engine.config.write_text(config(right))
        engine.start()
        settled(engine, 20)
        engine.kill()


@pytest.mark.parametrize("mechanism", ["tls", "mtls", "plain", "oauthbearer", "scram-sha-256", "scram-sha-512"])
def test_secured_brokers(safe_broker, tmp_path, mechanism):
    if "scram" in mechanism and library_version("librdkafka") < (2, 6, 1):
        pytest.skip("brokers of Kafka 4 refuse the SCRAM of this client library")
    topic = safe_broker.topic(2)
    safe_broker.produce(topic, numbers(100))
    if mechanism == "oauthbearer":
        safe_broker.write_token(tmp_path / "token", seconds=3600)
    listener = "tls" if "tls" in mechanism else "sasl"
    config = topic_config(safe_broker, topic, function_folder(tmp_path, ECHO), listener=listener,
                          security=secured(safe_broker, mechanism, token=tmp_path / "token"))
    with Engine(tmp_path, config) as engine:
        settled(engine, 100)
        check_exactly_once(engine.consume("seen"), range(100))


def test_a_token_that_ends_is_read_again(safe_broker, tmp_path):
    topic = safe_broker.topic(2)
    token = tmp_path / "token"
    safe_broker.write_token(token, seconds=8)
    config = topic_config(safe_broker, topic, function_folder(tmp_path, ECHO), listener="sasl",
                          security=secured(safe_broker, "oauthbearer", token=token))
    with Engine(tmp_path, config) as engine:
        safe_broker.produce(topic, numbers(100))
        settled(engine, 100)
        # Renewed in time: the engine goes on with the new one beyond the end of the first.
        safe_broker.write_token(token, seconds=16)
        first_ends = time.monotonic() + 9
        done = 100
        while time.monotonic() < first_ends:
            safe_broker.produce(topic, numbers(20, first=done))
            done += 20
            settled(engine, done)
        assert "E6103" not in engine.log.read_text()
        # Not renewed: it says so, and goes on once it is.
        wait_until(lambda: "expired at" in engine.run("status").stdout, "the status says that the token has expired")
        safe_broker.produce(topic, numbers(20, first=done))
        safe_broker.write_token(token, seconds=3600)
        healed = time.monotonic()
        wait_until(lambda: engine.binding("job")["done"] == done + 20, "it goes on")
        assert time.monotonic() - healed < 20
        wait_until(lambda: engine.binding("job")["trouble"] == "", "the trouble is forgotten")
        check_exactly_once(engine.consume("seen"), range(done + 20))


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "scram-sha-512"])
def test_scram_that_the_client_library_cannot_do_is_explained(safe_broker, tmp_path, mechanism):
    """The password is right, and Kafka's own client is let in."""
    if library_version("librdkafka") >= (2, 6, 1):
        pytest.skip("this client library can do SCRAM")
    topic = safe_broker.topic(1)
    config = topic_config(safe_broker, topic, function_folder(tmp_path, ECHO), listener="sasl", security=secured(safe_broker, mechanism))
    engine = Engine(tmp_path, config).start(wait=False)
    wait_until(lambda: "refuse the SCRAM of this librdkafka" in engine.run("status", check=False).stdout, "the status says why")
    assert "refuse the SCRAM of this librdkafka" in engine.log.read_text()


@contextlib.contextmanager
def identity_provider(token):
    """A token endpoint (RFC 6749, 4.4): `token()` for the right client, and what it was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            who = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
            asked.append((who, form))
            good = who == "pelton:pelton-secret"
            answer = {"access_token": token(), "token_type": "Bearer"} if good else {"error": "invalid_client"}
            body = json.dumps(answer).encode()
            self.send_response(200 if good else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/token", asked
        server.shutdown()


def test_tokens_come_from_an_identity_provider(safe_broker, tmp_path):
    if library_version("librdkafka") < (2, 10):
        pytest.skip("this client library fetches no tokens")
    topic, target = safe_broker.topic(2), safe_broker.topic(2)
    file = tmp_path / "token"

    def token():
        safe_broker.write_token(file, seconds=6)
        return file.read_text()

    with identity_provider(token) as (url, asked):
        def config(secret):
            who = f"client_id: pelton, client_secret: {secret}, scope: kafka, extensions: 'logicalCluster=lkc-1'"
            security = f"tls: {{ ca: {safe_broker.folder}/tls/ca.pem }}, sasl: {{ mechanism: oauthbearer, oidc: {{ token_url: '{url}', {who} }} }}"
            out = f"  out: {{ kafka: {{ brokers: ['{safe_broker.listener('sasl')}'], topic: {target}, {security} }} }}\n"
            text = topic_config(safe_broker, topic, function_folder(tmp_path, ECHO), listener="sasl", security=security)
            return text.replace("  seen: {}\n", out).replace("to: seen", "to: out")

        engine = Engine(tmp_path, config("wrong")).start(wait=False)
        wait_until(lambda: "invalid_client" in engine.run("status", check=False).stdout, "the status says why", 20)
        assert "wrong" not in engine.log.read_text()
        engine.kill()
        asked.clear()
        engine.config.write_text(config("pelton-secret"))
        with engine:
            # The tokens end three times meanwhile.
            done, until = 0, time.monotonic() + 18
            while time.monotonic() < until:
                safe_broker.produce(topic, numbers(20, first=done))
                done += 20
                settled(engine, done)
            assert sorted(json.loads(record.value())["n"] for record in kafka_broker.read(safe_broker, target, 2)) == list(range(done))
        assert len(asked) > 3
        assert {who for who, _ in asked} == {"pelton:pelton-secret"}
        assert asked[0][1] == {"grant_type": ["client_credentials"], "scope": ["kafka"]}
