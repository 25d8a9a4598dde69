// SPDX-License-Identifier: Apache-2.0
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const { test } = require("node:test");

const { Peer } = require("./peer.js");

const HANDLER = `
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { Event, Fail, Retry, batch } from "pelton";
const gate = fileURLToPath(new URL("gate", import.meta.url));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export async function handle(event, context) {
  switch (event.text()) {
    case "raise": throw new RangeError("bad " + event.key);
    case "fail": throw new Fail("never");
    case "later": throw new Retry("busy", { after: 1.5 });
    case "text": throw "a text";
    case "nothing": throw undefined;
    case "rejects": return Promise.reject(new Error("rejected", { cause: new Error("deeper") }));
    case "json": return { attempt: context.attempt, key: context.idempotencyKey, offset: context.offset };
    case "echo": return event;
    case "two": return [new Event("a", { key: "k1" }), new Event(Buffer.from("b"), { subject: "s", headers: { h: "v" } })];
    case "tombstone": return new Event(null);
    case "function": return () => 1;
    case "bigint": return { n: 1n };
    case "map": return new Map([["a", 1]]);
    case "set": return new Set([1]);
    case "nan": return NaN;
    case "words": return new Uint16Array([1, 2]);
    case "buffer": return new TextEncoder().encode("bytes").buffer;
    case "view": return new DataView(new TextEncoder().encode("bytes").buffer, 1, 3);
    case "key": return new Event("x", { key: 42 });
    case "time": return new Event("x", { time: 1700000000 });
    case "slow": await sleep(100);
  }
}
export function plain(event) { return event.text() === "none" ? undefined : event.text().toUpperCase(); }
export function* several(event) { for (const part of event.text()) yield part; }
export async function* later(event) { for (const part of event.text()) { await sleep(1); yield { part }; } }
export const whole = batch((events) => events.map((event) => event.text() === "raise" ? new Error("x") : event.text()));
export const short = batch(() => [1]);
export const broken = batch(() => { throw new Error("all of it"); });
export async function file(event) { return Buffer.concat([await event.bytes(), Buffer.from(" of " + event.path)]); }
export const postponed = batch(() => { throw new Retry("busy", { after: 2 }); });
export const contexts = batch((events) =>
  events.map(({ context }) => [context.attempt, context.offset, context.idempotencyKey].join(" ")));
export const oneError = batch((events) => new Array(events.length).fill(new Error("of all")));
export async function left(event, context) {
  await sleep(30);
  return String(context.remaining());
}
export async function gated(event) {
  while (event.text() === "wait" && !fs.existsSync(gate)) await sleep(1);
}
export function deep() { const error = new Error("deep"); error.stack = "x".repeat(20000); throw error; }
export function* very() { for (let n = 0; n < 300000; ++n) yield "x"; }
export function exits() { process.exit(3); }
export function forgets() { Promise.reject(new Error("nobody waits for it")); return sleep(5000); }
export function leaves() { Promise.reject(new Error("nobody waits for it")); return "done"; }
export const three = (event, context, callback) => callback;
export const text = "no function";
`;

async function started(handler = "handle", files = { "function.mjs": HANDLER }) {
  const peer = new Peer(files, `function:${handler}`);
  const [number, message] = await peer.receive();
  return { peer, number, message };
}

async function invoked(texts, options, handler) {
  const { peer } = await started(handler);
  const answer = await peer.invoke(texts.map((data) => (typeof data === "string" ? { data } : data)), options);
  assert.deepStrictEqual(await peer.close(), [0, 0n]);
  return answer;
}

test("says that it is ready, and what it is", async () => {
  const { peer, number, message } = await started();
  assert.strictEqual(number, 1);
  assert.match(String(message[3][0]), /^node 0\.1\.0 \(Node\.js \d+/);
  assert.deepStrictEqual(await peer.close(), [0, 0n]);
});

test("what is thrown is a failed attempt, with type, message, stack and delay", async () => {
  const { codes, failures } = await invoked([{ data: "raise", key: "k" }, "fail", "later", "text", "nothing", "rejects", "ok"]);
  assert.deepStrictEqual(codes, [1, 2, 1, 1, 1, 1, 0]);
  assert.deepStrictEqual([failures[0].type, failures[0].message], ["RangeError", "bad k"]);
  assert.match(failures[0].stack, /function\.mjs/);
  assert.deepStrictEqual([failures[1].type, failures[1].message], ["Fail", "never"]);
  assert.deepStrictEqual([failures[2].message, failures[2].after], ["busy", 1500]);
  assert.deepStrictEqual([failures[3].type, failures[3].message], ["string", "a text"]);
  assert.deepStrictEqual([failures[4].type, failures[4].message], ["undefined", "undefined"]);
  assert.match(failures[5].stack, /caused by: Error: deeper/);
});

test("outputs take from their event what they do not say", async () => {
  const events = [{ data: "json", key: "k", subject: "its subject" }, { data: "echo", headers: [["a", "1"]] }, "two"];
  const { codes, outputs } = await invoked(events, { contentType: "text/plain" });
  assert.deepStrictEqual(codes, [0, 0, 0]);
  assert.deepStrictEqual(JSON.parse(outputs[0].data), { attempt: 1, key: "b/s/7/2/100", offset: 100 });
  assert.deepStrictEqual([outputs[0].contentType, outputs[0].key, outputs[0].subject, outputs[0].source],
    ["application/json", "k", "its subject", "function/f"]);
  assert.deepStrictEqual([outputs[1].data, outputs[1].contentType, outputs[1].flags], ["echo", "text/plain", 0]);
  assert.match(String(outputs[1].headers), /a.*1/s);
  assert.deepStrictEqual(outputs.map((output) => output.parent), [0, 1, 2, 2]);
  assert.deepStrictEqual([outputs[2].data, outputs[2].key, outputs[2].flags], ["a", "k1", 1]);
  assert.deepStrictEqual([outputs[3].data, outputs[3].subject], ["b", "s"]);
});

test("a tombstone is an event without data", async () => {
  const { outputs } = await invoked(["tombstone", { data: null, key: "k" }], {}, "handle");
  assert.deepStrictEqual([outputs[0].data, outputs[0].flags], ["", 2]);
});

test("a value that cannot be an event fails its own event only", async () => {
  const { codes, failures, outputs } = await invoked(["function", "bigint", "key", "time", "echo"]);
  assert.deepStrictEqual(codes, [1, 1, 1, 1, 0]);
  assert.match(failures[0].message, /a value of type function cannot be written as JSON/);
  assert.match(failures[1].message, /BigInt/);
  assert.match(failures[2].message, /key must be a string, a Buffer or a Uint8Array, not number/);
  assert.match(failures[3].message, /time must be a Date/);
  assert.strictEqual(outputs.length, 1);
});

test("what JSON would silently change is refused, and bytes are bytes", async () => {
  const { codes, failures, outputs } = await invoked(["map", "set", "nan", "words", "buffer", "view"]);
  assert.deepStrictEqual(codes, [1, 1, 1, 1, 0, 0]);
  assert.match(failures[0].message, /a value of type Map cannot be written as JSON/);
  assert.match(failures[3].message, /Uint16Array/);
  assert.deepStrictEqual(outputs.map((output) => output.data), ["bytes", "yte"]);
});

test("after a failure, later events of its key are passed back untried", async () => {
  const events = [{ data: "raise", key: "a" }, { data: "ok", key: "b" }, { data: "ok", key: "a" }, { data: "ok" }];
  assert.deepStrictEqual((await invoked(events)).codes, [1, 0, 3, 0]);
  assert.deepStrictEqual((await invoked(events, { order: 1 })).codes, [1, 3, 3, 3]);
  assert.deepStrictEqual((await invoked(events, { order: 2 })).codes, [1, 0, 0, 0]);
});

test("what is finished does not wait for a slow event behind it", async () => {
  const { codes, parts } = await invoked(["ok", "ok", "slow"]);
  assert.deepStrictEqual(codes, [0, 0, 0]);
  assert.strictEqual(parts, 2);
});

test("handlers that return plain values, generators and asynchronous generators", async () => {
  assert.deepStrictEqual((await invoked(["a", "none"], {}, "plain")).outputs.map((output) => output.data), ["A"]);
  assert.deepStrictEqual((await invoked(["xyz"], {}, "several")).outputs.map((output) => output.data), ["x", "y", "z"]);
  assert.deepStrictEqual((await invoked(["xy"], {}, "later")).outputs.map((output) => output.data),
    ['{"part":"x"}', '{"part":"y"}']);
});

test("a batch handler answers for each event", async () => {
  const whole = await invoked(["a", "raise", "c"], {}, "whole");
  assert.deepStrictEqual(whole.codes, [0, 1, 0]);
  assert.deepStrictEqual(whole.outputs.map((output) => output.data), ["a", "c"]);
  assert.deepStrictEqual((await invoked(["a", "b"], {}, "short")).codes, [4, 4]);
});

test("what a batch handler throws for several events is nobody's failure", async () => {
  assert.deepStrictEqual((await invoked(["a", "b"], {}, "broken")).codes, [4, 4]);
  const alone = await invoked(["a"], {}, "broken");
  assert.deepStrictEqual(alone.codes, [1]);
  assert.strictEqual(alone.failures[0].message, "all of it");
  const later = await invoked(["a", "b"], {}, "postponed");
  assert.deepStrictEqual([later.codes, later.failures[1].after], [[1, 1], 2000]);
});

test("each event of a batch has its context, and one error for all of them one stack", async () => {
  assert.deepStrictEqual((await invoked(["a", "b"], {}, "contexts")).outputs.map((output) => output.data),
    ["1 100 b/s/7/2/100", "1 101 b/s/7/2/101"]);
  const { failures } = await invoked(["a", "b"], {}, "oneError");
  assert.strictEqual(failures[0].stack.length > 0, true);
  assert.strictEqual(failures[1].stack, "");
});

test("nothing begins beyond a limit", async () => {
  const { peer } = await started("gated");
  peer.startInvoke(["x", "wait", "x"].map((data) => ({ data })));
  while (peer.progress() !== 2n) await new Promise((resolve) => setTimeout(resolve, 1));
  const [, first] = await peer.receive();
  assert.strictEqual(first[3][0], 1, "what is done is sent while the next event takes long");
  peer.limit(2);
  fs.writeFileSync(`${peer.folder}/gate`, "");
  let answered = 1;
  for (let over = false; !over;) {
    const [, result] = await peer.receive();
    assert.strictEqual(result[2][0], answered);
    answered += result[3][0];
    over = result[7]?.[0] === 1;
  }
  assert.strictEqual(answered, 2);
  await peer.close();
});

test("a frame that is wanted back ends at once, however short the time since the one before", async () => {
  const { peer } = await started("plain");
  await peer.invoke([{ data: "x" }]);
  peer.limit(0);
  peer.startInvoke([{ data: "x" }, { data: "x" }]);
  const [, result] = await peer.receive();
  assert.deepStrictEqual([result[3][0], result[7]?.[0]], [0, 1]);
  await peer.close();
});

test("the time that is left is that of the event", async () => {
  const left = (await invoked(["x", "x"], {}, "left")).outputs.map((output) => Number(output.data));
  for (const one of left) assert.ok(one > 29000 && one < 29980, String(one));
});

test("an event without data is read from its file", async () => {
  const { peer } = await started("file", { "function.mjs": HANDLER, "upload": "content" });
  const { outputs } = await peer.invoke([{ data: null, headers: [["path", `${peer.folder}/upload`]] }]);
  assert.strictEqual(outputs[0].data, `content of ${peer.folder}/upload`);
  await peer.close();
});

test("CommonJS modules work alike", async () => {
  const source = 'const { Event } = require("pelton"); exports.handle = (event) => new Event(event.text() + "!");';
  const { peer } = await started("handle", { "function.js": source });
  assert.strictEqual((await peer.invoke([{ data: "hey" }])).outputs[0].data, "hey!");
  await peer.close();
});

test("a module deeper inside finds the package too", async () => {
  const { peer } = await started("handle", {
    "function.mjs": 'export { handle } from "./lib/inner.js";',
    "lib/package.json": '{"type": "module"}',
    "lib/inner.js": 'import pelton, { Fail } from "pelton"; export function handle() { throw new Fail(typeof pelton.batch); }',
  });
  assert.strictEqual((await peer.invoke([{ data: "x" }])).failures[0].message, "function");
  await peer.close();
});

test("a function's own copy of the package serves as well", async () => {
  const { peer } = await started("handle", {
    "function.mjs": 'import { Fail } from "pelton"; export const handle = () => { throw new Fail("own"); };',
    "node_modules/pelton/package.json": '{"name": "pelton", "exports": "./own.js"}',
    "node_modules/pelton/own.js":
      'exports.Fail = class extends Error {}; exports.Fail.prototype[Symbol.for("pelton.outcome")] = "fail";',
  });
  assert.deepStrictEqual((await peer.invoke([{ data: "x" }])).codes, [2]);
  await peer.close();
});

test("what a function starts gets neither descriptors nor variables of the worker", async () => {
  const source = `const { execFileSync } = require("node:child_process");
    exports.handle = () => execFileSync("sh", ["-c", "for fd in 3 4; do test -e /proc/$$/fd/$fd && echo $fd; done; env | grep -e PELTON_ -e NODE_PATH || true"],
      { stdio: ["ignore", "pipe", "ignore"] });`;
  const { peer } = await started("handle", { "function.cjs": source });
  assert.deepStrictEqual((await peer.invoke([{ data: "x" }])).outputs[0].data, "");
  await peer.close();
});

test("what cannot serve says so at the start", async () => {
  const failed = async (handler, files) => {
    const { peer, number, message } = await started(handler, files);
    assert.strictEqual(number, 2);
    assert.strictEqual(await peer.ended, 1);
    return String(message[2][0]);
  };
  assert.match(await failed("three"), /takes 3 arguments; a handler is called with \(event, context\)/);
  assert.match(await failed("text"), /is a string, not a function/);
  assert.match(await failed("missing"), /exports no missing/);
  assert.match(await failed("handle", {}), /there is no module function/);
  assert.match(await failed("handle", { "function.mjs": "import 'not-installed';" }), /not-installed/);
  assert.match(await failed("handle", { "function.mjs": "export const = 1" }), /Unexpected token/);
});

test("a function that ends its process, or lets a rejection go, ends the worker with the event at hand", async () => {
  for (const [handler, code] of [["exits", 3], ["forgets", 1], ["leaves", 1]]) {
    const { peer } = await started(handler);
    await assert.rejects(peer.invoke([{ data: "x" }]));
    assert.strictEqual(await peer.ended, code);
    assert.strictEqual(peer.progress(), 1n);
  }
});

test("a frame larger than one read, and outputs larger than one write", async () => {
  const large = "x".repeat(3 << 20);
  const { peer } = await started("plain");
  const { outputs, parts } = await peer.invoke([{ data: large }, { data: large }]);
  assert.deepStrictEqual(outputs.map((output) => output.data.length), [3 << 20, 3 << 20]);
  assert.strictEqual(parts, 2);
  await peer.close();
});

test("stacks of many failures come in several results, and one event may make very many", async () => {
  const { codes, parts, failures } = await invoked(new Array(200).fill("x"), {}, "deep");
  assert.ok(codes.every((code) => code === 1));
  assert.strictEqual(failures[199].stack.length, 16384);
  assert.ok(parts >= 3, `${parts} results`);
  assert.strictEqual((await invoked(["x"], {}, "very")).outputs.length, 300000);
});
