# SPDX-License-Identifier: Apache-2.0
"""Isolated functions: what escapes.py tries fails, for every family of runtimes, for root and for other users."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from engine import BINARY, Engine, PYTHON, function_folder, wait_until

HERE = pathlib.Path(__file__).parent
NOBODY = 65534
PARTS = {"files", "mounts", "processes", "ipc", "privileges", "system_calls"}
REFUSED = {"EACCES", "EPERM", "ESRCH", "ENOENT", "EROFS"}


class Home:
    """A folder in which an engine runs as some user."""

    def __init__(self, user, below=None):
        self.user = user
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pelton-isolation-", dir=below))

    def give(self):
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, self.user, self.user, follow_symlinks=False)

    def victim(self):
        """A file of this user beside what workers may open, and not below /tmp."""
        path = pathlib.Path("/var/tmp", self.folder.name + "-victim")
        path.write_text("of the machine")
        os.chown(path, self.user, self.user)
        os.utime(path, (1000, 1000))
        return path

    def close(self):
        Engine.kill_all()
        pathlib.Path("/var/tmp", self.folder.name + "-victim").unlink(missing_ok=True)
        shutil.rmtree(self.folder)


class UserEngine(Engine):
    def __init__(self, home, config, before=()):
        super().__init__(home.folder, config)
        self.home = home
        self.before = list(before)

    def start(self, wait=True):
        if os.geteuid() == 0:
            self.home.give()
        ids = {} if self.home.user == os.geteuid() else {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.before, BINARY, "run", str(self.config)], stderr=log, stdout=log,
                                            stdin=subprocess.DEVNULL, **ids)
        Engine.started.append(self)
        if wait:
            wait_until(lambda: self.process.poll() is not None or self.runs(), "the engine runs")
            assert self.process.poll() is None, self.log.read_text()
        return self

    def isolation(self):
        return self.status()["functions"][0]["isolation"]


def as_json(data):
    return json.loads(data) if isinstance(data, str) else data


def users():
    return ["root", "nobody"] if os.geteuid() == 0 else ["this user"]


@pytest.fixture(params=users())
def home(request):
    home = Home({"root": 0, "nobody": NOBODY}.get(request.param, os.geteuid()))
    yield home
    home.close()


def config(runtime, code, isolation, function="", binding="", connectors=""):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
  input: {{}}
  output: {{}}
{connectors}
functions:
  work:
    runtime: {runtime}
    code: {code}
    isolation: {isolation}
    {function}
bindings:
  job: {{ from: input, function: work, to: output, retry: {{ attempts: 1 }} {binding} }}
"""


def interpreted(handler, more=""):
    return f"handler: \"{handler}\"\n    interpreter: {PYTHON}\n    {more}"


def python_code(folder):
    return function_folder(folder, """
import escapes, json
def handle(event, context):
    return json.dumps(escapes.escape(event.json()))
""")


def node_code(folder):
    (folder / "code").mkdir()
    (folder / "code/function.mjs").write_text("""
import { execFileSync } from "node:child_process";
export function handle(event) {
  return execFileSync("/usr/bin/python3", [new URL("escapes.py", import.meta.url).pathname, event.text()]).toString();
}
""")
    return folder / "code"


def bootstrap_code(folder):
    code = folder / "code"
    code.mkdir()
    shutil.copy(HERE / "lambda_bootstrap.py", code)
    (code / "bootstrap").write_text("""#!/usr/bin/python3
import json
from lambda_bootstrap import *
from escapes import escape
serve(lambda event, headers: escape(event))
""")
    (code / "bootstrap").chmod(0o755)
    return code


def server_code(folder):
    code = folder / "code"
    code.mkdir()
    (code / "server.py").write_text("""
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
from escapes import escape
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.dumps(escape(json.loads(self.rfile.read(int(self.headers["content-length"]))))).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
""")
    return code


FAMILIES = {
    "python": ("python", python_code, interpreted("function:handle", "zygote: 0s"), "none"),
    "python, forked": ("python", python_code, interpreted("function:handle"), "none"),
    "node": ("node", node_code, 'handler: "function:handle"', "loopback"),
    "lambda/provided": ("lambda/provided", bootstrap_code, "", "all"),
    "http": ("http", server_code, f"command: [{PYTHON}, server.py]\n    event: raw", "all"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_no_escape_succeeds(home, family):
    runtime, write_code, function, network = FAMILIES[family]
    if runtime == "node" and shutil.which("node") is None:
        pytest.skip("Node.js is not installed: run tools/setup")
    code = write_code(home.folder)
    shutil.copy(HERE / "escapes.py", code)
    (home.folder / "other").mkdir()
    (home.folder / "other/function.py").write_text("secret of another function")
    (home.folder / "marker").write_text("of the machine")
    victim = home.victim()
    isolation = f"{{ level: required, network: {network}, temporary: 1MiB }}"
    with UserEngine(home, config(runtime, code, isolation, function)) as engine, socket.create_server(("127.0.0.1", 0)) as port:
        target = {"data": str(home.folder / "data"), "config": str(engine.config), "other": str(home.folder / "other/function.py"), "victim": str(victim),
                  "marker": str(home.folder / "marker"), "code": str(code), "outside": str(home.folder / "outside"),
                  "size": 3 << 20, "name": home.folder.name + "-escape", "port": port.getsockname()[1], "engine": engine.process.pid}
        engine.produce("input", [{"key": "k", "data": target}])
        engine.wait_settled("job")
        assert engine.letters() == [], engine.log.read_text()
        [made] = engine.consume("output")
        got = as_json(made["data"])
        # What is written below /tmp is written into its own.
        allowed = {"/tmp": "written", "outside": "written", "fill": "ENOSPC", "many files": "ENOSPC", "port": "connected" if network == "all" else got["port"]}
        for name, outcome in got.items():
            if name in allowed:
                assert outcome == allowed[name], (name, got)
            elif name == "data":
                assert outcome in REFUSED | {"empty", "functions"}, got
            else:
                assert outcome in REFUSED, (name, got)
        if network != "all":
            assert got["port"] in {"ENETUNREACH", "ECONNREFUSED"}, got
        assert victim.stat().st_mode & 0o777 == 0o644 and victim.stat().st_mtime == 1000 and os.listxattr(victim) == []
        assert not (home.folder / "outside").exists() and not pathlib.Path("/tmp", target["name"]).exists()
        wanted = PARTS | ({"network"} if network != "all" else set())
        said = engine.isolation()
        assert said["level"] == "required" and set(said["active"]) == wanted and said["missing"] == []


def test_without_isolation_the_same_succeeds(home):
    """So that the test above shows what it says."""
    code = python_code(home.folder)
    shutil.copy(HERE / "escapes.py", code)
    (home.folder / "marker").write_text("of the machine")
    victim = home.victim()
    with UserEngine(home, config("python", code, "none", interpreted("function:handle"))) as engine, socket.create_server(("127.0.0.1", 0)) as port:
        target = {"data": str(home.folder / "data"), "config": str(engine.config), "other": str(home.folder / "marker"), "victim": str(victim),
                  "marker": str(home.folder / "marker"), "code": str(code), "outside": str(home.folder / "outside"),
                  "size": 1 << 16, "name": home.folder.name + "-escape", "port": port.getsockname()[1], "engine": engine.process.pid}
        engine.produce("input", [{"key": "k", "data": target}])
        engine.wait_settled("job")
        for folder in ["/tmp", "/var/tmp"]:
            pathlib.Path(folder, target["name"]).unlink(missing_ok=True)
        got = as_json(engine.consume("output")[0]["data"])
        for name in ["config", "other code", "marker in /tmp", "own code", "outside", "/tmp", "admin socket", "port", "signal", "environ", "mode",
                     "times", "attribute", "set-user-ID", "many files", "limits", "priority", "processors"]:
            assert got[name] not in REFUSED, (name, got)
        assert engine.isolation() is None


def test_a_file_that_an_event_names_can_be_read(home):
    code = function_folder(home.folder, """
def handle(event, context):
    with event.open() as file:
        return str(len(file.read()))
""")
    (home.folder / "inbox").mkdir()
    (home.folder / "inbox/large.bin").write_bytes(bytes(3 << 20))
    connectors = """connectors:
  inbox: { directory: { path: ./inbox, inline_limit: 1KiB }, to: input }"""
    with UserEngine(home, config("python", code, "required", interpreted("function:handle"), connectors=connectors)) as engine:
        made = wait_until(lambda: engine.consume("output") or engine.letters(), "the file is read")
        assert [event.get("data") for event in made] == [str(3 << 20)], made


def test_more_processes_than_allowed(home):
    code = function_folder(home.folder, """
import os, time
def handle(event, context):
    made = 0
    try:
        while made < 200:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            made += 1
    except BlockingIOError:
        return f"refused after {made}"
    time.sleep(30)
""")
    function = interpreted("function:handle", "zygote: 0s\n    processes: 8")
    with UserEngine(home, config("python", code, "required", function)) as engine:
        engine.produce("input", [{"key": "k", "data": "x"}])
        engine.wait_settled("job")
        if home.user == 0:
            [letter] = engine.letters()
            text = json.dumps(json.loads(engine.run("dead-letters", "show", letter["id"], "-o", "json").stdout))
            assert "it had more than its limit of 8 processes" in text
        else:
            assert [event["data"] for event in engine.consume("output")] == ["refused after 7"]


@pytest.mark.parametrize("level", ["required", "standard"])
def test_what_the_kernel_refuses(level):
    """In a user namespace that allows no further one, without capabilities."""
    home = Home(os.geteuid())
    script = "echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs \"$@\""
    before = ["unshare", "-Ur", "sh", "-c", script, "sh"]
    if subprocess.run([*before, "true"], check=False, capture_output=True).returncode != 0:
        home.close()
        pytest.skip("user namespaces cannot be made here")
    try:
        code = function_folder(home.folder, "def handle(event, context): return event.text()\n")
        engine = UserEngine(home, config("python", code, f"{{ level: {level}, network: none }}", interpreted("function:handle")), before)
        if level == "required":
            engine.start(wait=False)
            assert engine.process.wait(30) != 0
            log = engine.log.read_text()
            assert "E7310" in log and "pelton.yaml:" in log and "network (user namespace: No space left on device)" in log, log
            return
        with engine:
            engine.produce("input", [{"key": "k", "data": "x"}])
            engine.wait_settled("job")
            assert [event["data"] for event in engine.consume("output")] == ["x"]
            said = engine.isolation()
            assert set(said["active"]) >= {"files", "privileges", "system_calls"}
            assert {part["part"] for part in said["missing"]} >= {"mounts", "ipc", "network"}
            assert engine.log.read_text().count("E7311") == 1
            assert "is not isolated in every way" in engine.run("status").stdout
    finally:
        home.close()


@pytest.mark.parametrize("runtime, isolation, function, error", [
    ("http", "{ level: standard, network: none }", f"command: [{PYTHON}, server.py]", "E7312"),
    ("python", "{ network: none }", interpreted("function:handle"), "E7313"),
    ("python", "{ level: required, read: [./missing] }", interpreted("function:handle"), "E1014"),
    ("python", "strict", interpreted("function:handle"), "none of none, standard, required"),
    ("python", "{ level: standard, temporary: 1KiB }", interpreted("function:handle"), "64KiB"),
    ("python", "none\n    nice: 20", interpreted("function:handle"), "nice"),
    ("python", "none\n    open_files: 3", interpreted("function:handle"), "open_files"),
    ("python", "none\n    processes: 0", interpreted("function:handle"), "processes"),
])
def test_wrong_options(tmp_path, runtime, isolation, function, error):
    code = function_folder(tmp_path, "def handle(event, context): pass\n")
    engine = Engine(tmp_path, config(runtime, code, isolation, function))
    done = subprocess.run([BINARY, "validate", str(engine.config)], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and error in done.stdout + done.stderr, done


def test_limits_of_each_process(tmp_path):
    code = function_folder(tmp_path, """
import os, resource
def handle(event, context):
    adjusted = open("/proc/self/oom_score_adj").read().strip()
    return f"{resource.getrlimit(resource.RLIMIT_NOFILE)[1]} {os.nice(0)} {resource.getrlimit(resource.RLIMIT_CORE)[1]} {adjusted}"
""")
    function = interpreted("function:handle", "open_files: 300\n    nice: 5")
    with Engine(tmp_path, config("python", code, "none", function)) as engine:
        engine.produce("input", [{"key": "k", "data": "x"}])
        engine.wait_settled("job")
        own = int(pathlib.Path("/proc/self/oom_score_adj").read_text())
        assert engine.consume("output")[0]["data"] == f"300 {os.nice(0) + 5} 0 {min(max(own, 0) + 500, 1000)}"
