// SPDX-License-Identifier: Apache-2.0
"use strict";
// Runs a handler over frames and answers with Results (proto/pelton/v1/worker.proto).

const fs = require("node:fs");
const { types: is } = require("node:util");

const { OUTCOME } = require("./errors.js");
const { BATCH, Context, IncomingEvent } = require("./event.js");
const { ORDER_NONE, ORDER_PARTITION } = require("./frame.js");
const { Many, Outputs } = require("./outputs.js");
const { Message } = require("./wire.js");

const DONE = 0, RETRY = 1, FAIL = 2, SKIPPED = 3, UNBLAMED = 4;
// Finished events are answered at least so often (milliseconds), so that they do not wait for slow ones behind them,
const FLUSH_AFTER = 10;
// and at least after so many bytes of outputs and stacks, so that no message of many events is too large to send.
const FLUSH_BYTES = 1 << 20;
const MAX_MESSAGE = 4096;
const MAX_STACK = 16384;
const MAX_DELAY_MS = 24 * 3600 * 1000; // the engine takes no more

/** The shared page (worker.proto, "Progress page"): which event is at hand, and which are not to begin. */
class Progress {
  constructor(fd) {
    this.fd = fd;
    this.page = Buffer.alloc(32);
    this.limits = Buffer.alloc(32);
    this.begun = performance.now();
  }

  /** False: the event is not to begin. `events`: of the call. */
  begin(frame, index, events = 1) {
    const before = this.begun;
    if (this.fd !== undefined) this._write(frame, index, events);
    // The engine waits for longer before it wants anything back, and then also of the frame behind: so the limits are
    // read after a slow event and at the beginning of a frame. The clock is read after the page is written: what is
    // wanted while this process gets no time is found.
    frame.begun = this.begun = performance.now();
    const wanted = index === 0 || this.begun - before >= FLUSH_AFTER;
    return !wanted || this.fd === undefined || !this._limited(frame, index);
  }

  _write(frame, index, events) {
    frame.id.copy(this.page, 0);
    this.page.writeBigUInt64LE(BigInt(index + 1), 8);
    this.page.writeBigUInt64LE(process.hrtime.bigint(), 16);
    this.page.writeBigUInt64LE(BigInt(events), 24);
    fs.writeSync(this.fd, this.page, 0, 32, 0);
  }

  /** An event that is passed back untried takes no time: the page is written only if the one before it did. */
  skips(frame, index) {
    return performance.now() - this.begun < FLUSH_AFTER || this.begin(frame, index);
  }

  _limited(frame, index) {
    fs.readSync(this.fd, this.limits, 0, 32, 2048);
    for (const at of [0, 16])
      if (frame.id.equals(this.limits.subarray(at, at + 8)) && BigInt(index) >= this.limits.readBigUInt64LE(at + 8))
        return true;
    return false;
  }

  end() {
    if (this.fd === undefined) return;
    this.page.fill(0, 8);
    fs.writeSync(this.fd, this.page, 8, 8, 8);
  }
}

/** What `read` gives as text, whatever a getter of somebody else's error does. */
function safely(read, otherwise) {
  try {
    const text = read();
    return typeof text === "string" ? text : String(text);
  } catch {
    return otherwise;
  }
}

function typeOf(error) {
  if (error === null || typeof error !== "object") return error === null ? "null" : typeof error;
  return safely(() => error.name ?? error.constructor.name, "Error") || "Error";
}

function messageOf(error) {
  return safely(() => (is.isNativeError(error) || error?.message !== undefined ? error.message : error),
    "(no message: reading it raised an error)");
}

function stackOf(error) {
  return safely(() => {
    const stack = error?.stack ?? "";
    return error?.cause === undefined ? stack : `${stack}\ncaused by: ${error.cause?.stack ?? error.cause}`;
  }, "");
}

/** The first `limit` bytes of a text, not ending within a character. */
function cut(text, limit) {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return bytes;
  let end = limit;
  while ((bytes[end] & 0xc0) === 0x80) --end;
  return bytes.subarray(0, end);
}

/** What a Retry asks for, in whole milliseconds; 0: nothing. */
function delayMs(error) {
  if (error?.[OUTCOME] !== "retry" || typeof error.after !== "number") return 0;
  return Math.max(1, Math.floor(Math.min(error.after * 1000, MAX_DELAY_MS)));
}

/** The outcomes of a frame that have not been sent yet. */
class Answer {
  constructor(frame, send) {
    this.frame = frame;
    this.send = send;
    this.first = 0;
    this.outputs = new Outputs(frame);
    this.error = undefined;
    this._begin();
  }

  _begin() {
    this.codes = [];
    this.failures = [];
    this.failureBytes = 0;
    this.outputs.clear();
    this.since = performance.now();
  }

  add(code) {
    this.codes.push(code);
  }

  addFailure(index, error) {
    const failure = new Message().varint(1, index).text(2, typeOf(error));
    failure.bytes(3, cut(messageOf(error), MAX_MESSAGE));
    // One stack of an error that a batch handler has for many events.
    if (error !== this.error) failure.bytes(4, cut(stackOf(error), MAX_STACK));
    this.error = error;
    const delay = delayMs(error);
    if (delay) failure.varint(5, delay);
    this.failures.push(failure.encode());
    this.failureBytes += failure.size;
    this.add(error?.[OUTCOME] === "fail" ? FAIL : RETRY);
  }

  /** True: the connection took it; false: it is full for now. */
  flush(givesBack = false) {
    if (this.codes.length === 0 && !givesBack) return true;
    const result = new Message().fixed64(1, this.frame.id).varint(2, this.first).varint(3, this.codes.length);
    if (this.codes.some((code) => code !== DONE)) result.bytes(4, Buffer.from(this.codes));
    for (const failure of this.failures) result.bytes(5, failure);
    if (this.outputs.streams.size) {
      for (const name of this.outputs.streams.keys()) result.text(8, name);
      result.bytes(9, this.outputs.streamNumbers());
    }
    if (this.outputs.all.length) result.bytes(6, this.outputs.parents()).bytes(15, this.outputs.encode());
    if (givesBack) result.varint(7, 1);
    this.first += this.codes.length;
    this._begin();
    return this.send(3, result);
  }

  large() {
    return this.outputs.size + this.failureBytes >= FLUSH_BYTES;
  }

  due() {
    return this.large() || performance.now() - this.since >= FLUSH_AFTER;
  }
}

/** The keys of a frame whose later events are passed back untried. */
class HeldBack {
  constructor(frame) {
    this.frame = frame;
    this.keys = new Set();
    this.all = false;
  }

  failed(index) {
    if (this.frame.order === ORDER_NONE) return;
    if (this.frame.order === ORDER_PARTITION) this.all = true;
    else if (this.frame.hasKey(index)) this.keys.add(this.frame.key.at(index).toString("latin1"));
  }

  holds(index) {
    if (this.all || this.keys.size === 0) return this.all;
    return this.frame.hasKey(index) && this.keys.has(this.frame.key.at(index).toString("latin1"));
  }
}

/** A value of what a handler returned: awaited, and gathered from a generator. */
async function settled(returned) {
  const value = await returned;
  if (value?.[Symbol.asyncIterator] && typeof value.next === "function") {
    const many = new Many();
    for await (const one of value) many.push(one);
    return many;
  }
  return is.isGeneratorObject(value) ? Many.from(value) : value;
}

function isValue(returned) {
  return returned === null || typeof returned !== "object" ||
    (typeof returned.then !== "function" && !is.isGeneratorObject(returned) && !returned[Symbol.asyncIterator]);
}

/** What a batch handler threw, which may be anything. */
class Raised {
  constructor(error) {
    this.error = error;
  }
}

/** Gives each event of a frame to the handler, in order, and keeps the order of keys after a failure. */
class Runner {
  /** `send(number, message)` says whether the connection takes more; `writable()` waits until it does. */
  constructor(handler, progressFd, send, writable) {
    this.handler = handler;
    this.batch = handler[BATCH] === true;
    this.progress = new Progress(progressFd);
    this.send = send;
    this.writable = writable;
  }

  async run(frame) {
    const answer = new Answer(frame, this.send);
    const held = new HeldBack(frame);
    const whole = await (this.batch ? this._runBatch(frame, answer, held) : this._runEvents(frame, answer, held));
    // Node.js finds a rejected promise that nobody waits for once the event loop turns: before the answer, so that the
    // event that left it is not done. In a frame of several, nobody could say which of them it was.
    if (frame.count === 1) await new Promise(setImmediate);
    if (!answer.flush(!whole)) await this.writable();
    // Only now: should the answer not get through, the last event is the one to look at.
    this.progress.end();
  }

  /** False: the engine wants the rest back. */
  async _runEvents(frame, answer, held) {
    for (let index = 0; index < frame.count; ++index) {
      if (held.holds(index)) {
        if (!this.progress.skips(frame, index)) return false;
        answer.add(SKIPPED);
        continue;
      }
      if (!this.progress.begin(frame, index)) return false;
      try {
        let value = this.handler(new IncomingEvent(frame, index), new Context(frame, index));
        // Awaiting costs a turn of the event loop: not for a plain value.
        if (!isValue(value)) value = await this._whileFlushing(answer, settled(value));
        answer.outputs.addValue(value, index);
        answer.add(DONE);
      } catch (error) {
        answer.addFailure(index, error);
        held.failed(index);
      }
      if (answer.due() && !answer.flush()) await this.writable();
    }
    return true;
  }

  /** Waits for `promise`; what was finished before it does not. */
  async _whileFlushing(answer, promise) {
    const timer = setTimeout(() => answer.flush(), FLUSH_AFTER);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async _runBatch(frame, answer, held) {
    if (!this.progress.begin(frame, 0, frame.count)) return false;
    let values;
    try {
      values = await this._callBatch(frame);
    } catch (error) {
      if (frame.count > 1 && error?.[OUTCOME] !== "retry") {
        for (let index = 0; index < frame.count; ++index) answer.add(UNBLAMED);
        return true;
      }
      values = new Array(frame.count).fill(new Raised(error));
    }
    for (let index = 0; index < frame.count; ++index) {
      if (held.holds(index)) {
        answer.add(SKIPPED);
        continue;
      }
      try {
        const value = values[index];
        if (value instanceof Raised) throw value.error;
        if (value instanceof Error) throw value;
        answer.outputs.addValue(value, index);
        answer.add(DONE);
      } catch (error) {
        answer.addFailure(index, error);
        held.failed(index);
      }
      if (answer.large() && !answer.flush()) await this.writable();
    }
    return true;
  }

  async _callBatch(frame) {
    const events = Array.from({ length: frame.count }, (_, index) => new IncomingEvent(frame, index));
    const values = await this.handler(events, new Context(frame, 0));
    if (values === undefined || values === null) return new Array(frame.count);
    if (!Array.isArray(values) || values.length !== frame.count)
      throw new RangeError(`the batch handler returned ${values.length ?? "no"} outcomes for ${frame.count} events`);
    return values;
  }
}

module.exports = { Runner, messageOf, stackOf, typeOf };
