# SPDX-License-Identifier: Apache-2.0
"""The sink `postgres` of the built binary with a real server: every event a row, once, across kill -9 of both."""

import json
import random
import threading

import pytest

import postgres_server
from engine import ROOT, Engine, wait_until
from postgres_server import connector, wait_for_error
from table_sink import (  # noqa: F401 (the tests of both)
    config, engine_for, event, numbers, test_a_changed_table_takes_the_letters_that_it_refused, test_a_database_that_has_gone_back_holds_the_sink,
    test_a_seek_writes_again_and_a_replay_once, test_a_server_that_hangs_does_not_hold_a_stop, test_deadlocks_are_tried_again,
    test_kill_9_of_the_engine_neither_loses_nor_repeats_a_row, test_kill_9_of_the_server_neither_loses_nor_repeats_a_row, write)

server = pytest.fixture(scope="module")(postgres_server.server)
database = pytest.fixture(postgres_server.database)


def test_fields_go_to_the_columns_of_their_names(tmp_path, database):
    database.sql("""CREATE DOMAIN document AS jsonb; CREATE TYPE mood AS ENUM ('good', 'bad');
        CREATE TABLE bills (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n numeric, b bool, i int, t text, j json, jb document,
            raw bytea, at timestamptz, a int[], ta text[], ja jsonb[], m mood, u uuid, f float8, c char(3), v varchar(3), bits bit(3),
            twice int GENERATED ALWAYS AS (i * 2) STORED, d text DEFAULT 'default')""")
    with engine_for(tmp_path, database) as engine:
        write(engine, [event({
            "id": 7, "n": 12345678901234567890.5, "b": True, "i": 1, "t": "Ünï\n\t\"'\\ \U0001F600", "j": {"a": [1, None]}, "jb": "text",
            "raw": "AAH/", "at": "2026-11-28T10:00:00.5+01:00", "a": [1, None, 3], "ta": ["a,b", "\"", "NULL", "", None], "ja": [{"a": 1}, [2]],
            "m": "good", "u": "9b2e8f3c-5f5b-4c9c-8f0a-0c6f2d4d9a11", "f": "NaN", "c": "ab", "v": "abc", "bits": "101"}), event({"id": 8, "i": True, "d": None}), event({})])
        assert engine.letters() == []
    row = json.loads(database.sql("SELECT to_jsonb(bills) FROM bills WHERE id = 7"))
    assert row == {
        "id": 7, "n": 12345678901234567000, "b": True, "i": 1, "t": "Ünï\n\t\"'\\ \U0001F600", "j": {"a": [1, None]}, "jb": "text",
        "raw": "\\x0001ff", "at": "2026-11-28T09:00:00.5+00:00", "a": [1, None, 3], "ta": ["a,b", "\"", "NULL", "", None],
        "ja": [{"a": 1}, [2]], "m": "good", "u": "9b2e8f3c-5f5b-4c9c-8f0a-0c6f2d4d9a11", "f": "NaN", "c": "ab ", "v": "abc", "bits": "101",
        "twice": 2, "d": "default"} | {"n": row["n"]}
    assert database.sql("SELECT i, d IS NULL FROM bills WHERE id = 8") == "1|t"
    assert database.sql("SELECT id, d FROM bills WHERE id < 7") == "1|default"


def test_numbers_keep_all_their_digits(tmp_path, database):
    database.sql("CREATE TABLE bills (n numeric, t text)")
    with engine_for(tmp_path, database) as engine:
        line = '{"data":{"n":123456789012345678901234567890.123456789,"t":1.10}}\n'
        engine.run("produce", "bills", "--ndjson", data=line)
        engine.wait_settled("out")
    assert database.sql("SELECT * FROM bills") == "123456789012345678901234567890.123456789|1.10"


def test_what_a_row_has_wrong_is_a_dead_letter_and_its_neighbours_are_written(tmp_path, database):
    database.sql("""CREATE TABLE bills (id int PRIMARY KEY, total numeric(5, 2) NOT NULL CHECK (total <> 13), name varchar(5), j jsonb);
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.name = 'no' THEN RAISE EXCEPTION 'not this one' USING ERRCODE = 'AB123'; END IF;
          IF NEW.name = 'never' THEN RAISE EXCEPTION 'as if it were of the statement' USING ERRCODE = '42703'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON bills FOR EACH ROW EXECUTE FUNCTION refuse();
        CREATE TABLE parents (id int PRIMARY KEY); ALTER TABLE bills ADD parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED""")
    bad = {
        "23502": {"id": 1001}, "22P02": {"id": "x", "total": 1}, "22003": {"id": 1002, "total": 1e9}, "23514": {"id": 1003, "total": 13},
        "22001": {"id": 1004, "total": 1, "name": "too long"}, "AB123": {"id": 1005, "total": 1, "name": "no"}, "42703": {"id": 1009, "total": 1, "name": "never"}, "23505": {"id": 5, "total": 1},
        "23503": {"id": 1006, "total": 1, "parent": 1}, "22P05": {"id": 1007, "total": 1, "j": {"a": "\0"}}, "22021": {"id": 1008, "total": 1, "name": "\0"},
    }
    with engine_for(tmp_path, database, partitions=1) as engine:
        good = [event({"id": i, "total": i}) for i in range(13)] + [event({"id": i, "total": 1}) for i in range(13, 200)]
        events = good + [event(data) for data in bad.values()]
        head, rest = events[:6], events[6:]
        random.Random(7).shuffle(rest)
        write(engine, head + rest)
        letters = engine.letters()
        texts = [engine.run("dead-letters", "show", letter["id"]).stdout for letter in letters]
        for state in bad:
            assert sum(f"SQLSTATE {state}" in text for text in texts) == 1, (state, texts)
        assert len(letters) == len(bad) and all("E7244" in text for text in texts)
    assert database.sql("SELECT count(*), count(DISTINCT id), max(id) FROM bills") == "200|200|199"


def test_what_is_no_row_is_a_dead_letter(tmp_path, database):
    database.sql("CREATE TABLE bills (id int)")
    with engine_for(tmp_path, database) as engine:
        write(engine, [event({"id": 1, "more": 2}), event("text"), event([1]), {"data_base64": "/w=="}, event(None), {"key": "k"}, event({"id": 2})])
        messages = sorted(engine.run("dead-letters", "show", letter["id"]).stdout for letter in engine.letters())
        assert len(messages) == 6 and all("E7245" in message for message in messages)
        assert sum('the field "more", for which there is no column' in message for message in messages) == 1
    assert database.sql("SELECT id FROM bills") == "2"


def test_what_is_missing_holds_the_sink(tmp_path, database):
    with engine_for(tmp_path, database) as engine:
        assert wait_for_error(engine, "E7241")["state"] == "failed"
        engine.produce("bills", [event({"id": 1})])
        database.sql("CREATE TABLE bills (id int)")
        engine.wait_settled("out")
        database.sql("DROP TABLE bills; CREATE TABLE bills (id int); ALTER TABLE bills RENAME TO gone")
        engine.produce("bills", [event({"id": 2})])
        wait_for_error(engine, "E7241")
        database.sql("ALTER TABLE gone RENAME TO bills")
        engine.wait_settled("out")
        assert engine.letters() == []
    assert database.sql("SELECT id FROM bills") == "2"


def test_a_missing_right_holds_the_sink(tmp_path, database):
    name = "writer_of_" + database.name
    database.sql(f"CREATE TABLE bills (id int); CREATE ROLE {name} LOGIN")
    with engine_for(tmp_path, database, url=database.url.replace("pelton@", name + "@")) as engine:
        assert "CREATE TABLE" in wait_for_error(engine, "E7243")["last_error"]
        database.sql("CREATE TABLE pelton_progress (place text PRIMARY KEY, moved bigint NOT NULL, settled bigint NOT NULL, written text NOT NULL, "
                     f"changed timestamptz NOT NULL DEFAULT now()); GRANT SELECT, INSERT, UPDATE, DELETE ON pelton_progress TO {name}")
        wait_until(lambda: connector(engine)["state"] == "running", "the sink runs", 30)
        engine.produce("bills", [event({"id": 1})])
        wait_for_error(engine, "E7083")
        database.sql(f"GRANT INSERT ON bills TO {name}")
        engine.wait_settled("out")
        assert engine.letters() == []
    assert database.sql("SELECT id FROM bills") == "1"


def test_a_policy_refuses_a_row_and_not_the_sink(tmp_path, database):
    name = "writer_of_" + database.name
    database.sql(f"CREATE TABLE bills (id int); CREATE ROLE {name} LOGIN; ALTER TABLE bills ENABLE ROW LEVEL SECURITY; GRANT ALL ON bills TO {name};"
                 f"CREATE POLICY small ON bills TO {name} USING (true) WITH CHECK (id < 10); GRANT ALL ON SCHEMA public TO {name}")
    with engine_for(tmp_path, database, url=database.url.replace("pelton@", name + "@")) as engine:
        write(engine, [event({"id": i}) for i in range(5, 15)])
        assert len(engine.letters()) == 5
    assert numbers(database) == (5, 5)


def test_upserts_and_tombstones(tmp_path, database):
    database.sql("CREATE TABLE bills (id int, part text, total int, note text DEFAULT 'none', PRIMARY KEY (id, part))")
    with engine_for(tmp_path, database, "mode: upsert, delete: tombstone") as engine:
        key = json.dumps([1, "a"])
        write(engine, [event({"id": 1, "part": "a", "total": 1}, key), event({"id": 1, "part": "a", "note": "kept total"}, key), event({"id": "01", "part": "b", "total": 1}, "x"),
                       event({"id": 1, "part": "b", "total": 2}, "x"), event({"id": 2, "part": "a", "total": None}, "y")])
        assert database.rows("SELECT * FROM bills ORDER BY id, part") == [["1", "a", "1", "kept total"], ["1", "b", "2", "none"], ["2", "a", "", "none"]]
        write(engine, [event(None, key), event(None, '{"part": "b", "id": 1}'), event(None, "[9, null]"), event({"id": 3}, "z")])
        assert database.rows("SELECT id FROM bills") == [["2"]]
        assert len(engine.letters()) == 2


def test_a_change_of_another_database_is_applied(tmp_path, database):
    database.sql("CREATE TABLE bills (id int PRIMARY KEY, total int)")
    with engine_for(tmp_path, database, "mode: upsert, delete: change") as engine:
        write(engine, [event({"id": 1, "total": 1}, 1, headers={"op": "c"}), event({"id": 2, "total": 1}, 2, headers={"op": "r"}), event({"id": 1, "total": 5}, 1, headers={"op": "u"}),
                       event({"id": 2, "total": 1}, 2, headers={"op": "d"})])
    assert database.rows("SELECT * FROM bills") == [["1", "5"]]


def test_columns_come_from_where_the_options_say(tmp_path, database):
    database.sql('CREATE TABLE bills ("the ""id""" text, key text, at timestamptz, tenant text, total numeric, document jsonb)')
    columns = """columns: { 'the "id"': id, key: key, at: time, tenant: headers.tenant, total: data.order.total, document: data }"""
    with engine_for(tmp_path, database, columns) as engine:
        write(engine, [event({"order": {"total": 5}, "more": 1}, "k", id="e1", time="2026-01-02T03:04:05Z", headers={"tenant": "acme"}), event({"order": None}, id="e2", time="2026-01-02T03:04:05Z")])
    assert database.rows('SELECT * FROM bills ORDER BY 1') == [
        ["e1", "k", "2026-01-02 03:04:05+00", "acme", "5", '{"more": 1, "order": {"total": 5}}'], ["e2", "", "2026-01-02 03:04:05+00", "", "", '{"order": null}']]


def test_the_table_is_created_if_the_options_say_so(tmp_path, database):
    with engine_for(tmp_path, database, "create: { id: bigint, total: 'numeric(10, 2)' }, key: id, mode: upsert, progress: '\"p r\"'") as engine:
        write(engine, [event({"id": 1, "total": 2.5}), event({"id": 1, "total": 3})])
    assert database.rows("SELECT * FROM bills") == [["1", "3.00"]]
    assert database.sql('SELECT count(*) FROM "p r"') == "1"


def test_views_and_partitioned_tables_take_rows(tmp_path, database):
    database.sql("CREATE TABLE parts (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE one PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
                 "CREATE VIEW bills AS SELECT * FROM parts")
    with engine_for(tmp_path, database) as engine:
        write(engine, [event({"id": 1, "at": "2026-05-05"}), event({"id": 2, "at": "2030-05-05"})])
        letter, = engine.letters()
        assert "23514" in engine.run("dead-letters", "show", letter["id"]).stdout, "no partition"
    assert database.rows("SELECT id FROM one") == [["1"]]


def test_others_in_the_way_are_waited_for(tmp_path, database):
    database.sql("CREATE TABLE bills (id int)")
    with engine_for(tmp_path, database, "timeout: 1s") as engine:
        wait_until(lambda: connector(engine)["state"] == "running", "the sink runs")
        release = threading.Event()
        holder = threading.Thread(target=lambda: database.sql("BEGIN; LOCK TABLE bills; SELECT pg_sleep(4); COMMIT"))
        holder.start()
        wait_until(lambda: database.sql("SELECT count(*) FROM pg_locks WHERE relation = 'bills'::regclass AND granted") != "0", "the lock")
        engine.produce("bills", [event({"id": 1})])
        assert "statement timeout" in wait_for_error(engine, "E7081")["last_error"]
        holder.join()
        release.set()
        engine.wait_settled("out")
        assert engine.letters() == []
    assert numbers(database) == (1, 1)


def test_a_database_that_is_read_only_holds_the_sink(tmp_path, database, server):
    database.sql("CREATE TABLE bills (id int)")
    server.psql(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    with engine_for(tmp_path, database) as engine:
        assert "read-only" in wait_for_error(engine, "E7249")["last_error"]
        engine.produce("bills", [event({"id": 1})])
        server.psql(f"ALTER DATABASE {database.name} RESET default_transaction_read_only")
        engine.wait_settled("out")
        assert engine.letters() == []
    assert numbers(database) == (1, 1)


def test_two_sinks_share_a_progress_table(tmp_path, database):
    database.sql("CREATE TABLE bills (id int); CREATE TABLE copies (id int)")
    text = config(database) + f"""  copy:
    postgres: {{ url: "{database.url}", table: copies }}
    from: bills
"""
    with Engine(tmp_path, text) as engine:
        engine.produce("bills", [event({"id": i}, i) for i in range(100)])
        engine.wait_settled("out")
        engine.wait_settled("copy")
    assert numbers(database) == (100, 100) and database.sql("SELECT count(*) FROM copies") == "100"
    assert database.sql("SELECT count(*) FROM pelton_progress") == "4"


def test_the_example_config(tmp_path, database):
    rates = tmp_path / "rates.json"
    rates.write_text('{"EUR": 1, "USD": 0.5}')
    text = (ROOT / "configs/billing_db.yaml").read_text().replace("../functions", str(ROOT / "functions"))
    text = text.replace("${env:BILLING_DATABASE_URL}", database.url).replace("${env:RATES}", str(rates)).replace("./data/billing_db", "./data")
    with Engine(tmp_path, text) as engine:
        engine.produce("orders", [event({"order": "o-1", "amount": 12.5, "currency": "USD"}, "o-1"), event({"order": "o-2", "amount": 3, "currency": "EUR"}, "o-2"),
                                  event({"order": "o-1", "amount": 10, "currency": "USD"}, "o-1")])
        engine.wait_settled("bill")
        engine.wait_settled("billing_db")
    assert database.rows("SELECT * FROM bills ORDER BY 1") == [["o-1", "5.00"], ["o-2", "3.00"]]
