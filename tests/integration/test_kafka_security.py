# SPDX-License-Identifier: Apache-2.0
"""Brokers with TLS and SASL: what is right goes, what is wrong is named and healed, a token is read again when it ends."""

import time

import confluent_kafka
import pytest

import kafka_broker
from engine import Engine, function_folder, wait_until
from history import check_exactly_once
from kafka_broker import numbers, secured, settled, topic_config

safe_broker = pytest.fixture(scope="module")(kafka_broker.safe_broker)

# The client library's SCRAM was wrong before 2.6.1, which brokers of Kafka 4 do not let pass.
SCRAM = ["scram-sha-256", "scram-sha-512"] if confluent_kafka.libversion()[1] >= 0x020601_00 else []
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


@pytest.mark.parametrize("mechanism", ["tls", "mtls", "plain", "oauthbearer", *SCRAM])
def test_secured_brokers(safe_broker, tmp_path, mechanism):
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
        wait_until(lambda: "has ended" in engine.run("status").stdout, "the status says that the token has ended")
        safe_broker.produce(topic, numbers(20, first=done))
        safe_broker.write_token(token, seconds=3600)
        healed = time.monotonic()
        wait_until(lambda: engine.binding("job")["done"] == done + 20, "it goes on")
        assert time.monotonic() - healed < 20
        wait_until(lambda: engine.binding("job")["trouble"] == "", "the trouble is forgotten")
        check_exactly_once(engine.consume("seen"), range(done + 20))


@pytest.mark.skipif(bool(SCRAM), reason="this client library can do SCRAM")
@pytest.mark.parametrize("mechanism", ["scram-sha-256", "scram-sha-512"])
def test_scram_that_the_client_library_cannot_do_is_explained(safe_broker, tmp_path, mechanism):
    """The password is right, and Kafka's own client is let in."""
    topic = safe_broker.topic(1)
    config = topic_config(safe_broker, topic, function_folder(tmp_path, ECHO), listener="sasl", security=secured(safe_broker, mechanism))
    engine = Engine(tmp_path, config).start(wait=False)
    wait_until(lambda: "refuse the SCRAM of this librdkafka" in engine.run("status", check=False).stdout, "the status says why")
    assert "refuse the SCRAM of this librdkafka" in engine.log.read_text()
