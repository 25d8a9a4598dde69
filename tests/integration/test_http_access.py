# SPDX-License-Identifier: Apache-2.0
"""Who may use a route: HTTPS, client certificates, API keys and the signatures of webhooks."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest

from engine import BINARY, ROOT, Engine, wait_until
from http_api import FUNCTION, Api, listening

# ---- HTTPS


def openssl(*arguments, folder):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A folder with certificates of localhost (server, other) and of a client, and who issued them (ca)."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "9", "-subj", "/CN=authority", folder=folder)
    for name in ("server", "other", "client"):
        (folder / "names").write_text("subjectAltName = DNS:localhost, IP:127.0.0.1\n")
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", folder=folder)
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "9", "-extfile", "names",
                "-out", f"{name}.pem", folder=folder)
    return folder


def https(folder, authority, listener=""):
    for end in ("pem", "key"):
        shutil.copy(authority / f"server.{end}", folder / f"web.{end}")
    return Api(folder, FUNCTION, listener=f", tls: {{ certificate: web.pem, key: web.key{listener} }}")


def trusting(authority, client=None):
    context = ssl.create_default_context(cafile=authority / "ca.pem")
    if client:
        context.load_cert_chain(authority / f"{client}.pem", authority / f"{client}.key")
    return context


def connect(api, context):
    return context.wrap_socket(socket.create_connection(api.address, timeout=30), server_hostname="127.0.0.1")


def served_name(api, context):
    with connect(api, context) as connection:
        return dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]


def test_https(tmp_path, authority):
    with https(tmp_path, authority) as api:
        connection = http.client.HTTPSConnection(*api.address, context=trusting(authority), timeout=30)
        for body in (b"", b"small", os.urandom(3_000_000), b"after"):
            connection.request("POST", "/x", base64.b64encode(body))
            answer = json.loads(connection.getresponse().read())
            assert base64.b64decode(answer["body"]) == body, "one connection, also beyond what a record holds"
        assert answer["headers"]["x-forwarded-proto"] == "https"
        assert '"try":"curl https://127.0.0.1:' in api.engine.log.read_text()
        curl = subprocess.run(["curl", "-sS", "--cacert", authority / "ca.pem", "-d", "1", f"https://localhost:{api.port}/in"], capture_output=True, timeout=30)
        assert "ids" in json.loads(curl.stdout), curl
        pieces = connect(api, trusting(authority))
        for piece in (b"POST /in HT", b"TP/1.1\r\nHost: x\r\nContent-Len", b"gth: 6\r\n\r\nabc", b"def"):
            pieces.sendall(piece)
        assert pieces.recv(1000).startswith(b"HTTP/1.1 202 ")
        pieces.sendall(b"GET /nothing/../x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while more := pieces.recv(1000):
            answer += more
        assert answer.startswith(b"HTTP/1.1 400 "), "and the connection has an orderly end"


def test_what_is_no_https_gets_no_further(tmp_path, authority):
    with https(tmp_path, authority) as api:
        assert b"This address serves HTTPS, not HTTP." in api.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        for hostile in (b"\x16\x03\x01\xff\xff" + os.urandom(70_000), os.urandom(100), b"\x00" * 5000, b"\x15\x03\x03\x00\x02\x02\x28"):
            try:
                api.raw(hostile)
            except ConnectionResetError:
                pass
        wrong = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(api, wrong)
        assert served_name(api, trusting(authority)) == "server"


def test_a_handshake_that_does_not_come_ends_with_header_time(tmp_path, authority):
    shutil.copy(authority / "server.pem", tmp_path / "web.pem")
    shutil.copy(authority / "server.key", tmp_path / "web.key")
    with Api(tmp_path, FUNCTION, listener=", header_time: 300ms, tls: { certificate: web.pem, key: web.key }") as api:
        silent = [socket.create_connection(api.address, timeout=30) for _ in range(20)]
        silent[1].sendall(b"\x16\x03\x01\x02\x00")
        assert [one.recv(100) for one in silent] == [b""] * 20
        assert served_name(api, trusting(authority)) == "server"


def test_clients_need_certificates_where_the_listener_says_so(tmp_path, authority):
    with https(tmp_path, authority, f", client_ca: {authority}/ca.pem") as api:
        with pytest.raises((ssl.SSLError, ConnectionError)), connect(api, trusting(authority)) as stranger:
            stranger.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            assert stranger.recv(100) == b"", "TLS 1.3: the refusal comes after the handshake"
            raise ConnectionError("ended")
        known = http.client.HTTPSConnection(*api.address, context=trusting(authority, "client"), timeout=30)
        known.request("GET", "/x")
        assert known.getresponse().status == 200


def test_replaced_certificates_are_used_without_a_reload(tmp_path, authority):
    with https(tmp_path, authority) as api:
        context = trusting(authority)
        kept = http.client.HTTPSConnection(*api.address, context=context, timeout=30)
        kept.request("GET", "/x")
        kept.getresponse().read()
        shutil.copy(authority / "other.pem", tmp_path / "next")
        os.replace(tmp_path / "next", tmp_path / "web.pem")  # not yet with its key
        wait_until(lambda: served_name(api, context) and "replaced certificates cannot be used" in api.engine.log.read_text(), "they are refused")
        assert served_name(api, context) == "server"
        shutil.copy(authority / "other.key", tmp_path / "next")
        os.replace(tmp_path / "next", tmp_path / "web.key")
        wait_until(lambda: served_name(api, context) == "other", "they are used")
        kept.request("GET", "/x")
        assert kept.getresponse().status == 200, "connections stay"


def test_a_client_that_leaves_by_tls_is_not_served_any_more(tmp_path, authority):
    with https(tmp_path, authority) as api:
        first, second = connect(api, trusting(authority)), connect(api, trusting(authority))
        first.sendall(b"GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until((api.code / "begun-wait-1").exists, "the first call has begun")
        second.sendall(b"GET /wait/2 HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: api.route("f")["under_way"] == 2, "both are there")
        second.close()
        wait_until(lambda: api.route("f")["under_way"] == 1, "it is dropped")
        (api.code / "go").touch()
        assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
        wait_until(lambda: api.route("f")["under_way"] == 0, "nothing is left")
        assert not (api.code / "begun-wait-2").exists()


def hello():
    """What a client says first."""
    said = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return said.read()


def test_a_flood_of_handshakes_keeps_nobody_else_waiting(tmp_path):
    openssl("req", "-x509", "-newkey", "rsa:4096", "-nodes", "-keyout", "web.key", "-out", "web.pem", "-days", "9", "-subj", "/CN=localhost", folder=tmp_path)
    with Api(tmp_path, FUNCTION, listener=", connections: 400, tls: { certificate: web.pem, key: web.key }") as api:
        served = http.client.HTTPSConnection(*api.address, context=ssl._create_unverified_context(), timeout=60)
        served.request("GET", "/x")
        served.getresponse().read()
        said = hello()
        flood = [socket.create_connection(api.address, timeout=60) for _ in range(150)]
        for one in flood:
            one.sendall(said)
        served.request("GET", "/nothing")
        assert served.getresponse().read()
        for one in flood:
            one.setblocking(False)
        answered = 0
        for one in flood:
            try:
                answered += len(one.recv(1)) > 0
            except BlockingIOError:
                pass
        assert answered < len(flood), "the request did not wait for all of them"
        for one in flood:
            one.setblocking(True)
            assert one.recv(1), "and then each has its answer"
            one.close()


def test_handshakes_take_half_of_the_connections_at_most(tmp_path, authority):
    shutil.copy(authority / "server.pem", tmp_path / "web.pem")
    shutil.copy(authority / "server.key", tmp_path / "web.key")
    with Api(tmp_path, FUNCTION, listener=", connections: 8, header_time: 1h, tls: { certificate: web.pem, key: web.key }") as api:
        kept = [http.client.HTTPSConnection(*api.address, context=trusting(authority), timeout=30) for _ in range(4)]
        for one in kept:
            one.request("GET", "/x")
            one.getresponse().read()
        silent = [socket.create_connection(api.address, timeout=30) for _ in range(30)]
        for one in silent[:-4]:
            assert one.recv(1) == b"", "the slowest give way"
        for one in kept:
            one.sock.setblocking(False)
            with pytest.raises(ssl.SSLWantReadError):
                one.sock.recv(1)
            one.sock.settimeout(30)
            one.request("GET", "/x")
            assert one.getresponse().read(), "who is served already does not"


def test_who_has_no_certificate_hears_so(tmp_path, authority):
    with https(tmp_path, authority, f", client_ca: {authority}/ca.pem") as api:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting(authority)
            context.maximum_version = version
            with pytest.raises(ssl.SSLError, match="(?i)certificate.required|handshake.failure"), connect(api, context) as stranger:
                stranger.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
                stranger.recv(100)


def test_validate_looks_at_certificates(tmp_path, authority):
    for name in ("server.pem", "server.key", "other.key"):
        shutil.copy(authority / name, tmp_path)
    tls = ", tls: {{ certificate: server.pem, key: {}.key }}"
    said = refused(Api(tmp_path, FUNCTION, listener=tls.format("other")).engine)
    assert "pelton.yaml:4:" in said and "E5014" in said and "key values mismatch" in said, said
    openssl("x509", "-req", "-in", authority / "server.csr", "-signkey", "server.key", "-days", "-1", "-out", "server.pem", folder=tmp_path)
    engine = Api(tmp_path, FUNCTION, listener=tls.format("server")).engine
    said = subprocess.run([BINARY, "validate", engine.config], capture_output=True, text=True, check=True)
    assert "warning E5030" in said.stderr and "has expired" in said.stderr, said


@pytest.mark.parametrize("files,code", [("certificate: web.pem, key: missing.key", "E1008"), ("certificate: web.pem", "E1006"),
                                        ("certificate: web.key, key: web.key", "E5014"), ("certificate: web.pem, key: other.key", "E5014"),
                                        ("certificate: web.pem, key: web.key, client_ca: web.key", "E5014")])
def test_certificates_that_cannot_be_used_are_refused_at_the_start(tmp_path, authority, files, code):
    shutil.copy(authority / "server.pem", tmp_path / "web.pem")
    shutil.copy(authority / "server.key", tmp_path / "web.key")
    shutil.copy(authority / "other.key", tmp_path)
    engine = Api(tmp_path, FUNCTION, listener=f", tls: {{ {files} }}").engine
    engine.start(wait=False)
    assert engine.process.wait(60) != 0
    assert code in engine.log.read_text()


# ---- API keys and signatures


def test_api_keys(tmp_path):
    with Api(tmp_path, 'f: { path: "/{rest+}", function: f, api_keys: [one, two], cors: {} }\n'
                       '  all: { method: POST, path: /all, to: in, headers: ["*"], api_keys: three }') as api:
        for headers in ({}, {"X-Api-Key": "three"}, {"X-Api-Key": ""}):
            status, answer, body = api.ask("GET", "/x", headers={"Origin": "https://a.example", **headers})
            assert status == 403 and json.loads(body)["error"]["code"] == "E7073" and answer["access-control-allow-origin"] == "*"
        for key in ("one", "two"):
            assert api.ask("GET", "/x", headers={"x-api-key": key})[0] == 200
        assert api.post("/all", b"1", x_api_key="three", x_other="kept")[0] == 202
        [event] = api.engine.consume("in")
        assert "three" not in json.dumps(event) and ["x-other", "kept"] in event["headers"], "a key is not stored"


def signed(scheme, secret, body, at=None, delivery="d1"):
    at = str(int(at or time.time()))
    digest = lambda text: hmac.new(secret, text, hashlib.sha256)
    if scheme == "github":
        return {"X-Hub-Signature-256": "sha256=" + digest(body).hexdigest(), "X-GitHub-Delivery": delivery}
    if scheme == "gitlab":
        return {"X-Gitlab-Token": secret.decode(), "Idempotency-Key": delivery}
    if scheme == "slack":
        return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": "v0=" + digest(f"v0:{at}:".encode() + body).hexdigest()}
    if scheme == "stripe":
        return {"Stripe-Signature": f"t={at},v1={digest(f'{at}.'.encode() + body).hexdigest()}"}
    text = f"{delivery}.{at}.".encode() + body
    return {"webhook-id": delivery, "webhook-timestamp": at, "webhook-signature": "v1," + base64.b64encode(digest(text).digest()).decode()}


SCHEMES = ("github", "gitlab", "slack", "standard", "stripe")


def test_webhooks(tmp_path, monkeypatch):
    secret = b"a secret of 24 bytes ...."
    encoded = "whsec_" + base64.b64encode(secret).decode()
    monkeypatch.setenv("OLD_SECRET", base64.b64encode(b"old").decode())
    monkeypatch.setenv("STANDARD_SECRET", encoded)
    monkeypatch.setenv("PLAIN_SECRET", secret.decode())
    routes = "\n  ".join(f"{scheme}: {{ method: POST, path: /{scheme}, to: in, type: {scheme}, headers: ['*'], signature: {{ scheme: {scheme}, "
                         f"secrets: ['${{env:OLD_SECRET}}', '${{env:{'STANDARD' if scheme == 'standard' else 'PLAIN'}_SECRET}}'] }} }}" for scheme in SCHEMES)
    with Api(tmp_path, routes) as api:
        body = json.dumps({"id": "evt", "text": "größe"}).encode() + os.urandom(100_000).hex().encode()
        for scheme in SCHEMES:
            good = signed(scheme, secret, body)
            assert api.ask("POST", f"/{scheme}", body, good)[0] == 202, scheme
            bad = [(body, {}), (body, signed(scheme, b"another", body)), (b"", signed(scheme, b"", b""))]
            if scheme != "gitlab":
                bad += [(body + b" ", good), (body, {name: value[:-1] for name, value in good.items()})]
            if scheme in ("slack", "standard", "stripe"):
                bad += [(body, signed(scheme, secret, body, time.time() + shift)) for shift in (-400, 400)]
            for sent, headers in bad:
                status, _, answer = api.ask("POST", f"/{scheme}", sent, headers)
                assert status == 401 and json.loads(answer)["error"]["code"] == "E7072", (scheme, headers, answer)
                assert secret not in answer
        events = {event["type"]: event for event in api.engine.consume("in")}
        assert set(events) == set(SCHEMES)
        assert [events[scheme]["id"] for scheme in ("github", "gitlab", "standard")] == ["d1"] * 3, "the sender's id of the delivery"
        assert secret.decode() not in json.dumps(events["gitlab"]["headers"]), "a token is not stored"
        assert secret.decode() not in api.engine.log.read_text()


def test_what_nobody_has_signed_decides_nothing(tmp_path, monkeypatch):
    secret = b"a secret of 24 bytes ...."
    monkeypatch.setenv("PLAIN_SECRET", secret.decode())
    monkeypatch.setenv("STANDARD_SECRET", base64.b64encode(secret).decode())
    routes = "\n  ".join(f"{scheme}: {{ method: POST, path: /{scheme}, to: in, type: {scheme}, signature: {{ scheme: {scheme}, "
                         f"secrets: '${{env:{'STANDARD' if scheme == 'standard' else 'PLAIN'}_SECRET}}' }} }}" for scheme in SCHEMES)
    forged = {"ce-specversion": "1.0", "ce-id": "forged", "ce-source": "/forged", "ce-type": "forged", "ce-partitionkey": "forged"}
    with Api(tmp_path, routes) as api:
        for scheme in SCHEMES:
            good = signed(scheme, secret, b"{}")
            status, _, answer = api.ask("POST", f"/{scheme}", b"{}", {"Idempotency-Key": "forged", **good, **forged})
            [name] = json.loads(answer)["ids"]
            # Who has the token could have written the rest of the request, too.
            assert status == 202 and (name == "forged") == (scheme == "gitlab"), scheme
            assert (name == "d1") == (scheme in ("github", "standard"))
        events = {event["type"]: event for event in api.engine.consume("in")}
        assert set(events) == {"github", "slack", "standard", "stripe", "forged"}
        assert all(event["source"] == f"/routes/{name}" for name, event in events.items() if name != "forged")
        status, _, answer = api.ask("POST", "/standard", b"{}", signed("standard", secret, b"{}", delivery="x" * 300))
        assert status == 400 and "(webhook-id)" in json.loads(answer)["error"]["message"]


def refused(engine):
    said = subprocess.run([BINARY, "validate", engine.config], capture_output=True, text=True, check=False)
    assert said.returncode == 3
    return said.stdout + said.stderr


def test_a_signature_without_a_secret_is_refused(tmp_path):
    for text, code in (("{ scheme: github, secrets: [] }", "E1006"), ("{ scheme: github }", "E1006"), ("{ scheme: hub, secrets: [a] }", "E1008"),
                       ("{ scheme: standard, secrets: ['whsec_*'] }", "E1008"), ("{ scheme: standard, secrets: [whsec_] }", "E1008")):
        api = Api(tmp_path, f"f: {{ path: /x, function: f, signature: {text} }}")
        assert code in refused(api.engine), text
    for nothing in ("api_keys: []", "api_keys:", "api_keys: null", "schema:"):
        api = Api(tmp_path, f"f: {{ path: /x, function: f, {nothing} }}")
        assert "E1006" in refused(api.engine), "nothing would let in everybody"


def test_the_example(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "example")
    text = (ROOT / "configs/webhooks.yaml").read_text()
    commands = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith(("#   body", "#   signature", "#   curl"))]
    engine = Engine(tmp_path, text.replace("../functions", str(ROOT / "functions")).replace("127.0.0.1:8080", "127.0.0.1:0"))
    with engine:
        address = "{}:{}".format(*listening(engine))
        said = [subprocess.run(["bash", "-c", "\n".join(commands).replace("127.0.0.1:8080", address)], capture_output=True, text=True, timeout=60, check=True)
                for _ in range(2)]
        assert [one.stdout for one in said] == ['{"ids":["1"]}\n'] * 2, said
        engine.wait_settled("notices")
        assert [notice["data"] for notice in engine.consume("notices")] == [{"repository": "ada/engine", "branch": "main", "by": "ada", "commits": 1}]


# ---- schemas of bodies

SCHEMA = {"type": "object", "required": ["id"], "additionalProperties": False,
          "properties": {"id": {"type": "integer"}, "items": {"type": "array", "items": {"$ref": "#/definitions/item"}}},
          "definitions": {"item": {"required": ["price"], "properties": {"price": {"type": "number", "minimum": 0}}}}}


def test_bodies_match_the_schema_of_their_route(tmp_path):
    (tmp_path / "order.json").write_text(json.dumps(SCHEMA))
    with Api(tmp_path, 'orders: { method: POST, path: /orders, to: in, schema: order.json }\n'
                       '  big: { method: POST, path: /big, to: in, schema: order.json, max_body: 20MiB }\n'
                       '  f: { path: "/f/{rest+}", function: f, schema: order.json }') as api:
        good, bad = {"id": 7, "items": [{"price": 1.5}]}, {"id": 7, "items": [{"price": 2}, {"price": -1}]}
        for path in ("/orders", "/f/x"):
            assert api.post(path, json.dumps(good))[0] == (202 if path == "/orders" else 200)
            for body, said in ((json.dumps(bad), "items[1].price"), ('{"id": "7"}', "id"), ("", "JSON"), ("[" * 100_000, "JSON"), ('{"id":1}}', "JSON")):
                status, _, answer = api.post(path, body)
                error = json.loads(answer)["error"]
                assert status == 400 and error["code"] == "E7074" and said in error["message"] and len(answer) < 1000, answer
        status, _, answer = api.post("/big", b'"' + b"x" * (17 << 20) + b'"')
        assert status == 400 and "16 MiB" in json.loads(answer)["error"]["message"], "memory is bounded, whatever the route takes"
        event = {"specversion": "1.0", "source": "/s", "type": "t", "id": "1", "data": good}
        batch = json.dumps([event, {**event, "id": "2", "data": bad}])
        status, _, answer = api.post("/orders", batch, content_type="application/cloudevents-batch+json")
        assert status == 400 and "items[1].price" in json.loads(answer)["error"]["message"], answer
        assert api.post("/orders", json.dumps(event), content_type="application/cloudevents+json")[0] == 202
        headers = {"ce-specversion": "1.0", "ce-source": "/s", "ce-type": "t", "ce-id": "3"}
        assert api.ask("POST", "/orders", json.dumps(bad), headers)[0] == 400
        assert len(api.engine.consume("in")) == 2, "nothing of what was refused"
        (tmp_path / "order.json").write_text("{}")
        api.engine.run("reload")
        assert api.post("/orders", json.dumps(bad))[0] == 202


def test_schemas_that_cannot_be_used_are_refused(tmp_path):
    for text, code in (("", "E7075"), ("{", "E7075"), ('{"$ref": "#/nowhere"}', "E7075"), ('{"pattern": "("}', "E7075"), ("1" * 1_100_000, "E1008"),
                       ('{"type": "strng"}', "E7075"), ('{"required": "id"}', "E7075"), ('{"unevaluatedProperties": false}', "E7075")):
        (tmp_path / "s.json").write_text(text)
        assert code in refused(Api(tmp_path, "f: { path: /x, function: f, schema: s.json }").engine), text[:20]
    assert "E1008" in refused(Api(tmp_path, "f: { path: /x, function: f, schema: missing.json }").engine)
    assert "E1008" in refused(Api(tmp_path, "f: { path: /x, function: f, schema: . }").engine)
