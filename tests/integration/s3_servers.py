# SPDX-License-Identifier: Apache-2.0
"""Real servers of S3's protocol for tests: moto and SeaweedFS, each on ports of its own, with a bucket for each test."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

import pytest

from engine import PYTHON, ROOT, wait_until

ACCESS, SECRET = "key", "secret"
MOTO_PAGE = 10  # objects in a page of its listings


def installed(name):
    """The folder that has a server; PELTON_S3_SERVERS names one that tools/s3_servers has filled."""
    folder = pathlib.Path(os.environ.get("PELTON_S3_SERVERS", ROOT / "build/s3_servers"))
    done = subprocess.run([ROOT / "tools/s3_servers", str(folder), name], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHON": PYTHON})
    if done.returncode != 0:
        pytest.skip(f"{name} cannot be installed here: {done.stderr.strip()[-300:]}")
    return folder / name


def client(url):
    """boto3's, of the package that came with moto."""
    packages = str(installed("moto"))
    if packages not in sys.path:
        sys.path.append(packages)
    import boto3
    from botocore.config import Config
    return boto3.client("s3", endpoint_url=url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET, region_name="us-east-1",
                        config=Config(retries={"max_attempts": 0}, connect_timeout=2, read_timeout=20))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Server:
    """A process that a test can kill and start again where it was."""

    def __init__(self, command, port, environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pelton-s3-"))
        self.command = command(self.folder)
        self.environment = {**os.environ, **(environment or {})}
        self.url = f"http://127.0.0.1:{port}"
        self.buckets = 0
        self.process = None
        self.up()
        self.s3 = client(self.url)
        wait_until(self.answers, "the server answers")

    def up(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment,
                                            cwd=self.folder)

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            self.s3.create_bucket(Bucket="probe")
            self.s3.put_object(Bucket="probe", Key="probe", Body=b"x")
            return True
        except Exception:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def down(self):
        self.kill()
        shutil.rmtree(self.folder)

    def bucket(self):
        self.buckets += 1
        name = f"bucket-{self.buckets}"
        self.s3.create_bucket(Bucket=name)
        return Bucket(self, name)


def moto():
    port = free_ports(1)[0]
    packages = installed("moto")
    return Server(lambda _: [PYTHON, "-m", "moto.server", "-p", str(port)], port, {"PYTHONPATH": str(packages), "MOTO_S3_DEFAULT_MAX_KEYS": str(MOTO_PAGE)})


def seaweedfs():
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port.grpc",
             "s3.port"]
    ports = dict(zip(names, free_ports(len(names))))
    weed = installed("seaweedfs") / "bin/weed"

    def command(folder):
        identity = {"name": "test", "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}], "actions": ["Admin"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()
        return [str(weed), "server", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.volumeSizeLimitMB=8", "-volume.max=100", "-filer", "-s3",
                "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder}/s3.json", *(f"-{name}={port}" for name, port in ports.items())]

    return Server(command, ports["s3.port"])


class Bucket:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.s3 = server.s3

    def put(self, key, data=b"data"):
        self.s3.put_object(Bucket=self.name, Key=key, Body=data)

    def remove(self, key):
        self.s3.delete_object(Bucket=self.name, Key=key)

    def get(self, key):
        return self.s3.get_object(Bucket=self.name, Key=key)

    def keys(self):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def options(self, **more):
        given = {"bucket": self.name, "endpoint": self.server.url, "access_key": ACCESS, "secret_key": SECRET, **more}
        return json.dumps(given)
