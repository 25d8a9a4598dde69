# SPDX-License-Identifier: Apache-2.0
"""What the sinks `postgres` and `mysql` promise alike, as tests of either: the test file of one imports them, and has the fixtures `server` and `database`."""

import contextlib
import os
import random
import signal
import threading
import time

from database_server import connector, wait_for_error
from engine import Engine, wait_until


def config(database, options="", more="", partitions=2, url=""):
    kind, table = {"postgres": ("postgres", "bills"), "mariadb": ("mysql", f"{database.name}.bills")}[database.server.tool]
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 3s }}
streams: {{ bills: {{ partitions: {partitions} }} }}
connectors:
  out:
    {kind}: {{ url: "{url or database.url}", table: {table}, {options} }}
    from: bills
    retry: {{ attempts: 2, backoff: {{ first: 10ms }} }}
    {more}
"""


def engine_for(folder, database, *arguments, **options):
    return Engine(folder, config(database, *arguments, **options))


def event(data, key=None, **more):
    return {"data": data, **({} if key is None else {"key": str(key)}), **more}


def write(engine, events):
    engine.produce("bills", events)
    engine.wait_settled("out")


def numbers(database):
    """Of the rows, how many and how many different ones."""
    return tuple(int(n) for n in database.rows("SELECT count(*), count(DISTINCT id) FROM bills")[0])


def reasons(engine):
    return [engine.run("dead-letters", "show", letter["id"]).stdout for letter in engine.letters()]


def replay_all(engine):
    for letter in engine.letters():
        engine.run("dead-letters", "replay", letter["id"])
    wait_until(lambda: engine.letters() == [], "the letters are gone")


def stop_seconds(engine):
    began = time.monotonic()
    assert engine.stop() == 0
    return time.monotonic() - began


def wait_for_more(engine, database):
    before = numbers(database)[0]
    wait_until(lambda: numbers(database)[0] > before + 300 or engine.lag("out") == 0, "rows")


# ---- tests of both


def test_kill_9_of_the_engine_neither_loses_nor_repeats_a_row(tmp_path, database):
    database.sql("CREATE TABLE bills (place serial, id int, item text)")
    engine = engine_for(tmp_path, database, "columns: { id: data.id, item: data.item }", "batch: { events: 200 }")
    engine.start()
    count = 20_000
    engine.produce("bills", [event({"id": i, "item": "x" * 100}, i % 50) for i in range(count)])
    for _ in range(5):
        wait_for_more(engine, database)
        engine.kill()
        engine.start()
    engine.wait_settled("out")
    engine.kill()
    assert numbers(database) == (count, count)
    assert database.sql("SELECT count(*) FROM (SELECT id, lag(id) OVER (PARTITION BY id % 50 ORDER BY place) AS was FROM bills) o WHERE id < was") == "0", "order"


def test_kill_9_of_the_server_neither_loses_nor_repeats_a_row(tmp_path, database, server):
    database.sql("CREATE TABLE bills (id int, item text)")
    engine = engine_for(tmp_path, database, more="batch: { events: 200 }")
    engine.start()
    count = 10_000
    engine.produce("bills", [event({"id": i, "item": "x" * 100}, i % 50) for i in range(count)])
    for _ in range(2):
        wait_for_more(engine, database)
        server.kill()
        wait_until(lambda: connector(engine)["state"] == "backing_off" or engine.lag("out") == 0, "the sink notices")
        server.up()
    engine.wait_settled("out")
    assert engine.letters() == [] and engine.binding("out")["failed_attempts"] == 0
    engine.kill()
    assert numbers(database) == (count, count)


def test_deadlocks_are_tried_again(tmp_path, database):
    database.sql("CREATE TABLE bills (id int PRIMARY KEY, v int); INSERT INTO bills VALUES " + ", ".join(f"({i}, 0)" for i in range(1, 201)))
    with engine_for(tmp_path, database, "mode: upsert", "batch: { events: 50 }", partitions=1) as engine:
        stop = threading.Event()

        def others():
            while not stop.is_set():
                updates = "; ".join(f"UPDATE bills SET v = v WHERE id = {i}" for i in random.sample(range(1, 201), 20))
                try:
                    database.sql(f"START TRANSACTION; {updates}; COMMIT")
                except AssertionError:  # the deadlock was its own
                    pass

        thread = threading.Thread(target=others)
        thread.start()
        for _ in range(5):
            write(engine, [event({"id": i, "v": 1}, i) for i in random.sample(range(1, 201), 200)])
        stop.set()
        thread.join()
        assert engine.letters() == [] and engine.binding("out")["failed_attempts"] == 0
    assert database.sql("SELECT count(*) FROM bills WHERE v = 1") == "200"


def test_a_seek_writes_again_and_a_replay_once(tmp_path, database):
    database.sql("CREATE TABLE bills (id int, CONSTRAINT small CHECK (id <> 3))")
    with engine_for(tmp_path, database, partitions=1) as engine:
        write(engine, [event({"id": i}) for i in range(5)])
        assert len(engine.letters()) == 1 and numbers(database) == (4, 4)
        engine.run("offsets", "seek", "out", "--to-earliest", "--yes")
        engine.wait_settled("out")
        assert numbers(database) == (8, 4), "somebody wanted them again"
        database.sql("ALTER TABLE bills DROP CONSTRAINT small")
        replay_all(engine)
        assert numbers(database) == (9, 5)
        engine.kill()
        engine.start()
        write(engine, [event({"id": 9})])
    assert numbers(database) == (10, 6)


def test_a_changed_table_takes_the_letters_that_it_refused(tmp_path, database):
    database.sql("CREATE TABLE bills (id smallint)")
    with engine_for(tmp_path, database, partitions=1) as engine:
        write(engine, [event({"id": 1}), event({"id": 100_000}), event({"id": 2, "more": 3})])
        assert len(engine.letters()) == 2
        database.sql("ALTER TABLE bills " + {"postgres": "ALTER id TYPE int, ADD more int", "mariadb": "MODIFY id int, ADD more int"}[database.server.tool])
        replay_all(engine)
    assert sorted(row[0] for row in database.rows("SELECT id FROM bills")) == ["1", "100000", "2"]
    assert database.sql("SELECT more FROM bills WHERE id = 2") == "3"


def test_a_database_that_has_gone_back_holds_the_sink(tmp_path, database):
    database.sql("CREATE TABLE bills (id int)")
    with engine_for(tmp_path, database, partitions=1) as engine:
        write(engine, [event({"id": i}) for i in range(10)])
        database.sql("CREATE TABLE backup AS SELECT * FROM pelton_progress")
        write(engine, [event({"id": i}) for i in range(10, 20)])
        database.sql("DELETE FROM bills WHERE id >= 10; DELETE FROM pelton_progress; INSERT INTO pelton_progress SELECT * FROM backup")
        engine.produce("bills", [event({"id": i}) for i in range(20, 30)])
        message = wait_for_error(engine, "E7248")["last_error"]
        assert "before 10" in message and "before 20" in message
        engine.run("offsets", "seek", "out", "--to-offset", "10", "--yes")
        engine.wait_settled("out")
        assert engine.letters() == []
    assert numbers(database) == (30, 30)


def go_on(processes):
    """One that was about to end when it was stopped is gone as soon as its parent runs again."""
    for one in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGCONT)


def test_a_server_that_hangs_does_not_hold_a_stop(tmp_path, database, server):
    database.sql("CREATE TABLE bills (id int, item text)")
    engine = engine_for(tmp_path, database)
    stopped = server.processes()
    for one in stopped:
        os.kill(one, signal.SIGSTOP)
    try:
        engine.start()
        wait_until(lambda: connector(engine)["state"] == "connecting", "it hangs while it connects")
        assert stop_seconds(engine) < 3
    finally:
        go_on(stopped)
    engine.start()
    write(engine, [event({"id": 1})])
    stopped = server.processes()
    for one in stopped:
        os.kill(one, signal.SIGSTOP)
    try:
        engine.produce("bills", [event({"id": i, "item": "x" * 10_000}) for i in range(2, 500)])
        wait_until(lambda: sum(p["in_flight"] for p in engine.binding("out")["partitions"]) > 0, "a frame is on its way")
        assert stop_seconds(engine) < 9, "it is waited for, as long as `shutdown_timeout` says"
    finally:
        go_on(stopped)
    engine.start()
    engine.wait_settled("out")
    engine.kill()
    assert numbers(database) == (499, 499)
