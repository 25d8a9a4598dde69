// SPDX-License-Identifier: Apache-2.0
"use strict";
// Runs a handler through the worker's own code, without an engine; see testing.d.ts.

const { Event, EVENT, IncomingEvent } = require("./lib/event.js");
const { Frame, ORDER_KEY, ORDER_NONE, ORDER_PARTITION } = require("./lib/frame.js");
const { Outputs } = require("./lib/outputs.js");
const { Runner } = require("./lib/runner.js");
const { Message, fields } = require("./lib/wire.js");

const RESULTS = ["done", "retry", "fail", "skipped", "halved"];
const ORDERS = { key: ORDER_KEY, partition: ORDER_PARTITION, none: ORDER_NONE };
const NAMES = ["attempt", "offset", "idempotencyKey", "stream", "partition", "binding", "function", "timeout", "order"];

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function i64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

/** An EventBatch of the events that a test gave. */
function encoded(events, worker) {
  const bare = new Frame(new Message().bytes(15, new Message().varint(1, 1).encode()).encode(), worker);
  const outputs = new Outputs(bare); // which takes from the bare event what the test's events do not say
  for (const event of events) outputs.addValue(event instanceof IncomingEvent || event?.[EVENT] ? event : new Event(event), 0);
  return outputs.encode();
}

function checked(options) {
  for (const name of Object.keys(options))
    if (!NAMES.includes(name)) throw new TypeError(`no such option: ${name}; there are ${NAMES.join(", ")}`);
  const { order = "key" } = options;
  if (!(order in ORDERS)) throw new RangeError(`order must be one of ${Object.keys(ORDERS).join(", ")}, not ${order}`);
  return options;
}

function frameOf(events, options) {
  const { attempt = 1, offset = 0, idempotencyKey, stream = "test", partition = 0, binding = "test",
    function: name = "test", timeout = 30, order = "key" } = checked(options);
  const worker = { function: name, timeoutMs: timeout * 1000 };
  const invoke = new Message().fixed64(1, i64(1)).text(2, stream).varint(3, partition).fixed64(4, i64(offset));
  invoke.text(5, binding).bytes(6, u32(attempt)).varint(9, ORDERS[order]).text(10, `${binding}/${stream}/1/${partition}/`);
  if (idempotencyKey !== undefined)
    invoke.text(7, idempotencyKey).bytes(8, u32(Buffer.byteLength(idempotencyKey)));
  return new Frame(invoke.bytes(15, encoded(events, worker)).encode(), worker);
}

function outcome(code, failure) {
  const text = (number) => (failure?.[number] ?? "").toString();
  const retryAfter = failure?.[5] === undefined ? undefined : failure[5] / 1000;
  return { result: RESULTS[code], done: code === 0, outputs: [], errorType: text(2), message: text(3), stack: text(4), retryAfter };
}

/** Adds to `outcomes` what one Result says. */
function gather(result, outcomes, worker) {
  const failures = new Map();
  const streams = [undefined];
  let count = 0, codes, parents, numbers, batch;
  for (const [number, value] of fields(result)) {
    if (number === 3) count = value;
    else if (number === 4) codes = value;
    else if (number === 6) parents = value;
    else if (number === 8) streams.push(value.toString());
    else if (number === 9) numbers = value;
    else if (number === 15) batch = value;
    else if (number === 5) {
      const failure = Object.fromEntries(fields(value));
      failures.set(failure[1] ?? 0, failure);
    }
  }
  for (const code of codes ?? Buffer.alloc(count)) outcomes.push(outcome(code, failures.get(outcomes.length)));
  if (batch === undefined) return;
  const made = new Frame(new Message().text(2, "outputs").bytes(15, batch).encode(), worker);
  for (let index = 0; index < made.count; ++index) {
    const output = new IncomingEvent(made, index);
    output.stream = streams[numbers?.readUInt32LE(4 * index) ?? 0];
    outcomes[parents.readUInt32LE(4 * index)].outputs.push(output);
  }
}

async function run(handler, events, options) {
  if (typeof handler !== "function") throw new TypeError(`the handler is not a function but a ${typeof handler}`);
  const frame = frameOf(events, options);
  const outcomes = [];
  const send = (_, result) => {
    gather(result.encode(), outcomes, frame.worker);
    return true;
  };
  await new Runner(handler, undefined, send, async () => {}).run(frame);
  return outcomes;
}

async function invoke(handler, event = "", options = {}) {
  if (options.order !== undefined) throw new TypeError("order is an option of invokeAll");
  return (await run(handler, [event], options))[0];
}

async function invokeAll(handler, events, options = {}) {
  for (const name of ["attempt", "idempotencyKey"])
    if (options[name] !== undefined) throw new TypeError(`${name} is an option of invoke`);
  const all = [...events];
  return all.length ? run(handler, all, options) : [];
}

module.exports = { invoke, invokeAll };
