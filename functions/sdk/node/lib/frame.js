// SPDX-License-Identifier: Apache-2.0
"use strict";
// One frame of events, read in place (proto/pelton/v1/worker.proto and batch.proto).

const { fields } = require("./wire.js");

const ORDER_KEY = 0, ORDER_PARTITION = 1, ORDER_NONE = 2;
const HAS_KEY = 1, NO_DATA = 2;
const EMPTY = Buffer.alloc(0);

/** Values of variable length: all bytes in one piece, and where each ends. */
class Blob {
  constructor() {
    this.bytes = EMPTY;
    this.ends = EMPTY;
  }

  at(index) {
    if (this.ends.length === 0) return EMPTY;
    return this.bytes.subarray(index ? this.ends.readUInt32LE(4 * index - 4) : 0, this.ends.readUInt32LE(4 * index));
  }
}

/** Entry `index` of a packed column: one an event, one for all, or none (`absent`). */
function entry(column, index, absent) {
  if (column.length === 0) return absent;
  return column.readUInt32LE(column.length === 4 ? 0 : 4 * index);
}

/** The events of one Invoke. */
class Frame {
  constructor(message, worker) {
    this.worker = worker;
    this.received = Date.now();
    this.begun = performance.now(); // the event at hand
    this.id = Buffer.alloc(8);
    this.stream = this.binding = this.keyPrefix = "";
    this.partition = this.base = this.order = 0;
    this.attempts = EMPTY;
    this.idempotencyKeys = new Blob();
    let batch = EMPTY;
    for (const [number, value] of fields(message)) {
      switch (number) {
        case 1: this.id = value; break;
        case 2: this.stream = value.toString(); break;
        case 3: this.partition = value; break;
        case 4: this.base = Number(value.readBigInt64LE(0)); break;
        case 5: this.binding = value.toString(); break;
        case 6: this.attempts = value; break;
        case 7: this.idempotencyKeys.bytes = value; break;
        case 8: this.idempotencyKeys.ends = value; break;
        case 9: this.order = value; break;
        case 10: this.keyPrefix = value.toString(); break;
        case 15: batch = value; break;
      }
    }
    this._readBatch(batch);
  }

  _readBatch(batch) {
    this.count = 0;
    this.data = new Blob();
    this.key = new Blob();
    this.subject = new Blob();
    this.ids = new Blob();
    this.headers = new Blob();
    this.dictionary = [];
    this.flags = this.times = this.types = this.sources = this.contentTypes = this.deltas = EMPTY;
    const blobs = { 2: this.data, 4: this.key, 12: this.subject, 14: this.ids, 16: this.headers };
    const columns = { 6: "flags", 7: "times", 9: "types", 10: "sources", 11: "contentTypes", 18: "deltas" };
    for (const [number, value] of fields(batch)) {
      if (number === 1) this.count = value;
      else if (number === 8) this.dictionary.push(value.toString());
      else if (number in blobs) blobs[number].bytes = value;
      else if (number - 1 in blobs) blobs[number - 1].ends = value;
      else if (number in columns) this[columns[number]] = value;
    }
  }

  hasKey(index) {
    return (this._flag(index) & HAS_KEY) !== 0;
  }

  hasData(index) {
    return (this._flag(index) & NO_DATA) === 0;
  }

  _flag(index) {
    return this.flags.length === 0 ? 0 : this.flags[this.flags.length === 1 ? 0 : index];
  }

  /** Microseconds since the Unix epoch. */
  timeUs(index) {
    if (this.times.length === 0) return 0;
    return Number(this.times.readBigInt64LE(this.times.length === 8 ? 0 : 8 * index));
  }

  word(column, index) {
    return this.dictionary.length ? this.dictionary[entry(column, index, 0)] : "";
  }

  attempt(index) {
    return entry(this.attempts, index, 1);
  }

  offset(index) {
    return this.base + (this.deltas.length ? this.deltas.readUInt32LE(4 * index) : index);
  }

  place(index) {
    return `${this.stream}/${this.partition}/${this.offset(index)}`;
  }

  idempotencyKey(index) {
    if (this.idempotencyKeys.ends.length === 0) return `${this.keyPrefix}${this.offset(index)}`;
    return this.idempotencyKeys.at(index).toString();
  }

  /** [name, value] pairs of one event, in their order. */
  headerList(index) {
    const pairs = [];
    for (const [number, header] of fields(this.headers.at(index))) {
      if (number !== 1) continue;
      let name = "", value = EMPTY;
      for (const [part, content] of fields(header)) {
        if (part === 1) name = content.toString();
        else if (part === 2) value = content;
      }
      pairs.push([name, value]);
    }
    return pairs;
  }
}

module.exports = { Frame, HAS_KEY, NO_DATA, ORDER_KEY, ORDER_NONE, ORDER_PARTITION };
