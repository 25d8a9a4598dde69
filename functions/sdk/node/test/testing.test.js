// SPDX-License-Identifier: Apache-2.0
"use strict";
// pelton/testing, and the package as npm installs it.

const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");

const { Event, Fail, Retry, batch } = require("../index.js");
const { invoke, invokeAll } = require("../testing.js");

const results = (outcomes) => outcomes.map(({ result }) => result);

test("outputs have what the engine stores", async () => {
  const handle = (event) => [new Event({ n: event.data.length }), new Event(null, { key: "gone", headers: { a: "b" } })];
  const { done, outputs: [first, second] } = await invoke(handle,
    new Event("four", { key: "k", subject: "s", type: "t" }), { function: "count" });
  assert.ok(done);
  assert.deepStrictEqual([first.json(), String(first.key), first.subject, first.type, first.contentType, first.source],
    [{ n: 4 }, "k", "s", "t", "application/json", "function/count"]);
  assert.deepStrictEqual([second.hasData, String(second.key), second.header("a")], [false, "gone", "b"]);
});

test("outputs may name their streams", async () => {
  const handle = (event) =>
    [new Event("a", { stream: "alerts" }), new Event("b"), new Event("c", { stream: "bills" }), event];
  for (const { outputs } of await invokeAll(handle, ["one", "two"]))
    assert.deepStrictEqual(outputs.map(({ stream }) => stream), ["alerts", undefined, "bills", undefined]);
});

test("a stream that cannot be fails its event", async () => {
  for (const stream of ["", "x".repeat(256), 5, Buffer.from("s")]) {
    const { result, outputs, message } = await invoke(() => new Event("a", { stream }));
    assert.deepStrictEqual([result, outputs], ["retry", []]);
    assert.match(message, /stream must be/);
  }
  const many = await invoke(() => Array.from({ length: 1001 }, (_, n) => new Event("a", { stream: `s${n}` })));
  assert.match(many.message, /more than 1000 streams/);
});

test("the context is what the test says", async () => {
  const handle = (_, { attempt, offset, partition, stream, binding, function: name, idempotencyKey }) =>
    [attempt, offset, partition, stream, binding, name, idempotencyKey];
  const place = { offset: 7, partition: 2, stream: "s", binding: "b", function: "f" };
  assert.deepStrictEqual((await invoke(handle, "", { attempt: 3, ...place })).outputs[0].json(),
    [3, 7, 2, "s", "b", "f", "b/s/1/2/7"]);
  const key = await invoke((_, context) => context.idempotencyKey, "", { idempotencyKey: "schlüssel" });
  assert.strictEqual(key.outputs[0].text(), "schlüssel");
});

test("failures say what they are", async () => {
  const handle = (event) => {
    throw { retry: new Retry("busy", { after: 1.5 }), fail: new Fail("never"), bug: new RangeError("x") }[event.text()];
  };
  const [retry, fail, bug] = await Promise.all(["retry", "fail", "bug"].map((text) => invoke(handle, text)));
  assert.deepStrictEqual([retry.result, retry.message, retry.retryAfter], ["retry", "busy", 1.5]);
  assert.deepStrictEqual([fail.result, fail.message, fail.retryAfter], ["fail", "never", undefined]);
  assert.deepStrictEqual([bug.result, bug.errorType, bug.message, bug.done], ["retry", "RangeError", "x", false]);
  assert.match(bug.stack, /^RangeError: x\n.*testing\.test\.js/);
});

test("a value that cannot be stored fails as it does in production", async () => {
  const { result, errorType, outputs } = await invoke(async () => ({ n: 1n }));
  assert.deepStrictEqual([result, errorType, outputs], ["retry", "TypeError", []]);
});

test("a failure holds back what the order says, and outputs belong to their events", async () => {
  const handle = async (event) => {
    if (event.text() === "x") throw new Error("x");
    return event.text();
  };
  const events = [["1", "a"], ["x", "a"], ["2", "a"], ["3", "b"], ["4"]].map(([data, key]) => new Event(data, { key }));
  assert.deepStrictEqual(results(await invokeAll(handle, events)), ["done", "retry", "skipped", "done", "done"]);
  assert.deepStrictEqual(results(await invokeAll(handle, events, { order: "partition" })),
    ["done", "retry", "skipped", "skipped", "skipped"]);
  const outcomes = await invokeAll(handle, events, { order: "none" });
  assert.deepStrictEqual(outcomes.map(({ outputs }) => outputs.map((one) => one.text())), [["1"], [], ["2"], ["3"], ["4"]]);
  assert.deepStrictEqual(await invokeAll(handle, []), []);
});

test("batch handlers get the frame", async () => {
  const whole = batch((events) => events.map((event) => (event.text() === "x" ? new Error("x") : event.text())));
  assert.deepStrictEqual(results(await invokeAll(whole, ["1", "x"])), ["done", "retry"]);
  assert.ok((await invoke(whole, "1")).done);
});

test("what cannot be is refused", async () => {
  await assert.rejects(invoke("handle"), /the handler is not a function but a string/);
  await assert.rejects(invoke(() => {}, new Event("x", { key: 5 })), /key must be a string, a Buffer/);
  await assert.rejects(invoke(() => {}, "", { strem: "s" }), /no such option: strem/);
  await assert.rejects(invoke(() => {}, "", { order: "key" }), /order is an option of invokeAll/);
  await assert.rejects(invokeAll(() => {}, [""], { order: "keys" }), /order must be one of key, partition, none, not keys/);
  await assert.rejects(invokeAll(() => {}, [""], { attempt: 2 }), /attempt is an option of invoke/);
});

test("the packed package serves ES modules and CommonJS", (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pelton-package-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  // What `npm pack` packs is what "files" of package.json lists; npm itself is not always there.
  const packed = path.join(folder, "node_modules", "pelton");
  const { files } = JSON.parse(fs.readFileSync(path.join(__dirname, "..", "package.json")));
  for (const file of [...files, "package.json"])
    fs.cpSync(path.join(__dirname, "..", file), path.join(packed, file), { recursive: true });
  const body = `invoke(() => new Event("x")).then(({ outputs }) => console.log(outputs[0].text()));`;
  fs.writeFileSync(path.join(folder, "m.mjs"), `import { Event } from "pelton"; import { invoke } from "pelton/testing"; ${body}`);
  fs.writeFileSync(path.join(folder, "c.cjs"),
    `const { Event } = require("pelton"); const { invoke } = require("pelton/testing"); ${body}`);
  for (const file of ["m.mjs", "c.cjs"])
    assert.strictEqual(execFileSync(process.execPath, [file], { cwd: folder, encoding: "utf8" }), "x\n");
  for (const name of ["index.d.ts", "testing.d.ts"]) assert.ok(fs.existsSync(path.join(packed, name)), name);
});
