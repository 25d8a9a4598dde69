// SPDX-License-Identifier: Apache-2.0
"use strict";
// What a handler sees: events and their context.

const fs = require("node:fs");
const { Readable } = require("node:stream");

// Not instanceof: a function may bring a copy of this package of its own.
const EVENT = Symbol.for("pelton.event");
const BATCH = Symbol.for("pelton.batch");

/** An event that a handler makes. What is not set is taken from the event that it was made from. */
class Event {
  constructor(data, options = {}) {
    const { key, subject, type, source, contentType, id, headers, time, stream } = options;
    Object.assign(this, { data, key, subject, type, source, contentType, id, headers, time, stream });
  }
}
Event.prototype[EVENT] = true;

/** An event given to a handler; what its attributes mean is said in index.d.ts. */
class IncomingEvent {
  #frame;
  #index;

  constructor(frame, index) {
    this.#frame = frame;
    this.#index = index;
  }

  get data() { return this.#frame.data.at(this.#index); }
  get hasData() { return this.#frame.hasData(this.#index); }
  get key() { return this.#frame.hasKey(this.#index) ? this.#frame.key.at(this.#index) : null; }
  get id() { return this.#frame.ids.at(this.#index).toString() || this.#frame.place(this.#index); }
  get subject() { return this.#frame.subject.at(this.#index).toString(); }
  get type() { return this.#frame.word(this.#frame.types, this.#index); }
  get source() { return this.#frame.word(this.#frame.sources, this.#index); }
  get contentType() { return this.#frame.word(this.#frame.contentTypes, this.#index); }
  get time() { return new Date(this.#frame.timeUs(this.#index) / 1000); }
  get headers() { return this.#frame.headerList(this.#index); }

  header(name) {
    return this.headers.find(([known]) => known === name)?.[1].toString();
  }

  get path() {
    const value = this.headers.find(([name]) => name === "path")?.[1];
    return value && (Buffer.from(value.toString()).equals(value) ? value.toString() : value);
  }

  get context() { return new Context(this.#frame, this.#index); }

  text() { return this.data.toString(); }
  json() { return JSON.parse(this.text()); }

  async bytes() {
    return this._isFile() ? fs.promises.readFile(this.path) : this.data;
  }

  open() {
    return this._isFile() ? fs.createReadStream(this.path) : Readable.from([this.data], { objectMode: false });
  }

  _isFile() { return !this.hasData && this.path !== undefined; }
}

/** What surrounds an event; see index.d.ts. */
class Context {
  #frame;
  #index;
  #begun;

  constructor(frame, index) {
    this.#frame = frame;
    this.#index = index;
    this.#begun = frame.begun;
  }

  get attempt() { return this.#frame.attempt(this.#index); }
  get idempotencyKey() { return this.#frame.idempotencyKey(this.#index); }
  get deadline() { return new Date(Date.now() + this.#left()); }
  remaining() { return Math.max(0, this.#left()); }
  #left() { return this.#begun + this.#frame.worker.timeoutMs - performance.now(); }
  get stream() { return this.#frame.stream; }
  get partition() { return this.#frame.partition; }
  get offset() { return this.#frame.offset(this.#index); }
  get binding() { return this.#frame.binding; }
  get function() { return this.#frame.worker.function; }
}

/** Marks a handler that takes all events of a frame at once. */
function batch(handler) {
  handler[BATCH] = true;
  return handler;
}

module.exports = { BATCH, Context, EVENT, Event, IncomingEvent, batch };
