// SPDX-License-Identifier: Apache-2.0
"use strict";
// Turns what handlers return into the output batch of a Result.

const { types: is } = require("node:util");

const { EVENT, IncomingEvent } = require("./event.js");
const { HAS_KEY, NO_DATA } = require("./frame.js");
const { Message } = require("./wire.js");

// What the events that one event makes may have together: the engine takes messages of up to 64 MiB.
const MAX_EVENT_BYTES = 60 * 1024 * 1024;
// Names of streams that the outputs of a frame may have, and bytes of each.
const MAX_STREAMS = 1000, MAX_STREAM = 255;
// Of 0001-01-01 and 9999-12-31, as RFC 3339 can write them.
const FIRST_TIME = -62135596800000, LAST_TIME = 253402300799000;
const EMPTY = Buffer.alloc(0);

function kindOf(value) {
  return value === null ? "null" : typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
}

function bytesOf(value, what) {
  if (typeof value === "string") return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value); // a copy: the function may go on using its own
  throw new TypeError(`${what} must be a string, a Buffer or a Uint8Array, not ${kindOf(value)}`);
}

/** A string, or undefined. */
function textOf(value, what) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new TypeError(`${what} must be a string, not ${kindOf(value)}`);
  return value;
}

function streamOf(value) {
  const name = textOf(value, "stream");
  if (name !== undefined && !(name.length > 0 && Buffer.byteLength(name) <= MAX_STREAM))
    throw new RangeError(`stream must be the name of a stream, not ${JSON.stringify(name.slice(0, 100))}`);
  return name;
}

function timeUs(value) {
  if (value === undefined || value === null) return undefined;
  if (!is.isDate(value)) throw new TypeError(`time must be a Date, not ${kindOf(value)}`);
  const ms = value.getTime();
  if (!(ms >= FIRST_TIME && ms <= LAST_TIME))
    throw new RangeError("time must be a valid Date between the years 1 and 9999");
  return BigInt(Math.round(ms * 1000));
}

/** The bytes and the content type (undefined: that of the event it was made from) of what a function gave. */
function contentOf(value) {
  if (typeof value === "string" || value instanceof Uint8Array) return [bytesOf(value), undefined];
  if (is.isAnyArrayBuffer(value)) return [Buffer.from(value), undefined];
  if (is.isDataView(value)) return [Buffer.from(value.buffer, value.byteOffset, value.byteLength), undefined];
  // JSON.stringify() makes null or {} of these, without a word.
  if (is.isMap(value) || is.isSet(value) || ArrayBuffer.isView(value) || Object.is(value, NaN) ||
      value === Infinity || value === -Infinity)
    throw new TypeError(`a value of type ${kindOf(value)} cannot be written as JSON: convert it first`);
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`a value of type ${kindOf(value)} cannot be written as JSON`);
  return [Buffer.from(text), "application/json"];
}

function headersOf(headers) {
  if (headers === undefined || headers === null) return EMPTY;
  const all = new Message();
  for (const [name, value] of Symbol.iterator in Object(headers) ? headers : Object.entries(headers)) {
    const known = textOf(name, "the name of a header") ?? "";
    all.bytes(1, new Message().text(1, known).bytes(2, bytesOf(value, `the header ${known}`)).encode());
  }
  return all.encode();
}

/** One output, encoded. What is undefined is taken from its event. */
class Output {
  constructor(parent, value) {
    this.parent = parent;
    this.flags = 0;
    this.id = this.headers = EMPTY;
    const incoming = value instanceof IncomingEvent;
    if (!incoming && !value?.[EVENT]) {
      [this.data, this.contentType] = contentOf(value);
      return;
    }
    if (incoming ? !value.hasData : value.data === null || value.data === undefined) {
      this.flags |= NO_DATA;
      this.data = EMPTY;
    } else {
      [this.data, this.contentType] = contentOf(value.data);
    }
    this.contentType = textOf(value.contentType, "contentType") ?? this.contentType;
    if (value.key !== undefined && value.key !== null) this.key = bytesOf(value.key, "key");
    const subject = textOf(value.subject, "subject");
    this.subject = subject === undefined ? undefined : Buffer.from(subject);
    this.type = textOf(value.type, "type");
    this.headers = headersOf(value.headers);
    if (incoming) return;
    this.source = textOf(value.source, "source");
    this.id = Buffer.from(textOf(value.id, "id") ?? "");
    this.timeUs = timeUs(value.time);
    this.stream = streamOf(value.stream);
  }

  get size() {
    return this.data.length + (this.key?.length ?? 0) + (this.subject?.length ?? 0) + this.id.length + this.headers.length;
  }
}

/** The values that a generator made: an output each, whatever they are. */
class Many extends Array {}

function isEvent(value) {
  return value instanceof IncomingEvent || value?.[EVENT] === true;
}

function u32(values) {
  const column = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, index) => column.writeUInt32LE(value, 4 * index));
  return column;
}

/** Values of variable length and their ends; nothing where all are empty. */
function putBlob(message, number, values) {
  const joined = Buffer.concat(values);
  if (joined.length === 0) return;
  let end = 0;
  message.bytes(number, joined).bytes(number + 1, u32(values.map((value) => (end += value.length))));
}

/** Indices into a dictionary: one an event, one where all agree, none where that is the first word. */
function putColumn(message, number, values) {
  if (values.some((value) => value !== values[0])) message.bytes(number, u32(values));
  else if (values[0] !== 0) message.bytes(number, u32(values.slice(0, 1)));
}

/** Collects the outputs of a frame, with the event that each belongs to. */
class Outputs {
  constructor(frame) {
    this.frame = frame;
    this.clear();
  }

  clear() {
    this.all = [];
    this.streams = new Map(); // streams that are named, and their numbers, from 1
    this.size = 0; // bytes, about
  }

  /** Adds what the handler returned for event `index`: all of it, or nothing and an exception. */
  addValue(value, index) {
    if (value === undefined || value === null) return;
    let values = [value];
    if (value instanceof Many) values = value.filter((one) => one !== undefined && one !== null);
    else if (Array.isArray(value) && value.every(isEvent)) values = value;
    const made = Array.from(values, (one) => new Output(index, one));
    const size = made.reduce((sum, output) => sum + output.size, 0);
    if (size > MAX_EVENT_BYTES)
      throw new RangeError(`the outputs of one event are ${size} bytes; the most is ${MAX_EVENT_BYTES}`);
    const names = new Set(made.map((output) => output.stream).filter((name) => name !== undefined && !this.streams.has(name)));
    if (this.streams.size + names.size > MAX_STREAMS)
      throw new RangeError(`the outputs of a frame name more than ${MAX_STREAMS} streams`);
    for (const name of names) this.streams.set(name, this.streams.size + 1);
    this.size += size;
    for (const output of made) this.all.push(output); // not as arguments: a generator may have made a million
  }

  /** The index of the event that each output belongs to. */
  parents() {
    return u32(this.all.map((output) => output.parent));
  }

  /** Of each output, the number of the stream that it names; 0: none. */
  streamNumbers() {
    return u32(this.all.map((output) => this.streams.get(output.stream) ?? 0));
  }

  /** The EventBatch of all that was added (something was). */
  encode() {
    const { all, frame } = this;
    const message = new Message().varint(1, all.length);
    putBlob(message, 2, all.map((output) => output.data));
    putBlob(message, 4, all.map((output) => output.key ?? frame.key.at(output.parent)));
    const flags = all.map(({ key, flags, parent }) =>
      flags | (key !== undefined || frame.hasKey(parent) ? HAS_KEY : 0));
    if (flags.some((flag) => flag !== 0)) message.bytes(6, Buffer.from(flags));
    const times = Buffer.allocUnsafe(8 * all.length);
    const now = BigInt(frame.received) * 1000n;
    all.forEach((output, index) => times.writeBigInt64LE(output.timeUs ?? now, 8 * index));
    message.bytes(7, times);
    this._putWords(message);
    putBlob(message, 12, all.map((output) => output.subject ?? frame.subject.at(output.parent)));
    putBlob(message, 14, all.map((output) => output.id));
    putBlob(message, 16, all.map((output) => output.headers));
    return message.encode();
  }

  _putWords(message) {
    const { all, frame } = this;
    const words = new Map([["", 0]]);
    const column = (values) => values.map((value) => {
      if (!words.has(value)) words.set(value, words.size);
      return words.get(value);
    });
    const own = `function/${frame.worker.function}`;
    const types = column(all.map((output) => output.type ?? frame.word(frame.types, output.parent)));
    const sources = column(all.map((output) => output.source ?? own));
    const contentTypes =
      column(all.map((output) => output.contentType ?? frame.word(frame.contentTypes, output.parent)));
    for (const word of words.keys()) message.text(8, word);
    putColumn(message, 9, types);
    putColumn(message, 10, sources);
    putColumn(message, 11, contentTypes);
  }
}

module.exports = { Many, Outputs };
