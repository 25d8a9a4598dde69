# SPDX-License-Identifier: Apache-2.0
"""/metrics of a running engine."""

import gzip
import http.client
import re
import socket
import time

from engine import Engine, function_folder, pipeline_config

TWICE = "def handle(event, context):\n    return [event, event]\n"


def fetch(engine, **headers):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(engine.folder / "data/admin.sock"))
    connection.request("GET", "/metrics", headers=headers)
    response = connection.getresponse()
    assert response.status == 200
    return response.headers, response.read()


def value(page, metric, **labels):
    """Of the one series with these labels."""
    wanted = set(labels.items())
    found = [float(number) for name, inside, number in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", page, re.MULTILINE)
             if name == metric and wanted <= set(re.findall(r'(\w+)="([^"]*)"', inside))]
    assert len(found) == 1, (metric, labels, found)
    return found[0]


def test_1024_partitions_are_a_small_page(tmp_path):
    config = pipeline_config(function_folder(tmp_path, TWICE)).replace("partitions: 4", "partitions: 1024")
    with Engine(tmp_path, config) as engine:
        headers, plain = fetch(engine)
        assert "Content-Encoding" not in headers and len(plain) < 32 << 10
        page = plain.decode()
        assert page.count('stream="input"') < 10 and page.count('binding="job"') < 60
        engine.produce("input", [{"key": str(i), "data": i} for i in range(5000)])
        engine.wait_settled("job")
        headers, packed = fetch(engine, **{"Accept-Encoding": "gzip, deflate"})
        page = gzip.decompress(packed).decode()
        assert headers["Content-Encoding"] == "gzip" and len(packed) < 6 << 10
        assert value(page, "pelton_stream_end_offset", stream="input", partition="all") == 5000
        assert value(page, "pelton_binding_cursor_offset", binding="job", partition="all") == 5000
        assert len(next(s for s in engine.status()["streams"] if s["name"] == "input")["partitions"]) == 1024


def test_a_binding_says_how_old_its_events_were_and_when_it_last_succeeded(tmp_path):
    with Engine(tmp_path, pipeline_config(function_folder(tmp_path, TWICE))) as engine:
        assert "pelton_binding_last_success_timestamp_seconds{" not in engine.metrics()
        before = time.time()
        engine.produce("input", [{"key": "k", "data": 1}, {"key": "k", "data": 2, "time": "2020-01-01T00:00:00Z"}])
        engine.wait_settled("job")
        page = engine.metrics()
        assert before - 1 < value(page, "pelton_binding_last_success_timestamp_seconds", binding="job") < time.time() + 1
        ages = "pelton_binding_completion_age_seconds"
        assert value(page, ages + "_count", binding="job") == 2
        assert value(page, ages + "_bucket", binding="job", le="3600") == 1, "the one of 2020 is older than an hour"
        assert value(page, ages + "_sum", binding="job") > 5 * 365 * 86400
        assert value(page, "pelton_binding_output_events_total", binding="job") == 4
        assert value(page, "pelton_binding_discarded_output_events_total", binding="job") == 0


def test_outputs_without_a_target_are_counted_apart_and_warned_about_once(tmp_path):
    config = pipeline_config(function_folder(tmp_path, TWICE)).replace("    to: output\n", "")
    with Engine(tmp_path, config) as engine:
        for _ in range(3):
            engine.produce("input", [{"key": str(i), "data": i} for i in range(10)])
            engine.wait_settled("job")
        page = engine.metrics()
        assert value(page, "pelton_binding_discarded_output_events_total", binding="job") == 60
        assert value(page, "pelton_binding_output_events_total", binding="job") == 0
        assert engine.log.read_text().count("they are discarded") == 1
        binding = engine.binding("job")
        assert (binding["discarded_outputs"], binding["outputs"]) == (60, 0)
