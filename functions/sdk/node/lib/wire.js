// SPDX-License-Identifier: Apache-2.0
"use strict";
// Protobuf's wire format, as much as frames need. Own code, since the SDK has no dependency.

const VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5;

/** Yields [number, value] of each field: numbers for varints, slices of `data` for everything else. */
function* fields(data) {
  let at = 0;
  const varint = () => {
    let value = 0, scale = 1;
    for (;;) {
      const byte = data[at++];
      if (byte === undefined) throw new RangeError("a message ends within a number");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  };
  const slice = (length) => {
    if (at + length > data.length) throw new RangeError("a message ends within a field");
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag & 7) {
      case VARINT: yield [number, varint()]; break;
      case FIXED64: yield [number, slice(8)]; break;
      case DELIMITED: yield [number, slice(varint())]; break;
      case FIXED32: yield [number, slice(4)]; break;
      default: throw new RangeError(`wire type ${tag & 7}`);
    }
  }
}

/** Collects the fields of a message. */
class Message {
  constructor() {
    this.parts = [];
    this.size = 0;
  }

  _push(part) {
    this.parts.push(part);
    this.size += part.length;
  }

  _varints(...values) {
    const bytes = [];
    for (let value of values) {
      for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
      bytes.push(value);
    }
    this._push(Buffer.from(bytes));
  }

  varint(number, value) {
    this._varints(number * 8 + VARINT, value);
    return this;
  }

  /** `bytes`: the eight of a fixed64. */
  fixed64(number, bytes) {
    this._varints(number * 8 + FIXED64);
    this._push(bytes);
    return this;
  }

  bytes(number, value) {
    this._varints(number * 8 + DELIMITED, value.length);
    this._push(value);
    return this;
  }

  text(number, value) {
    return this.bytes(number, Buffer.from(value));
  }

  encode() {
    return Buffer.concat(this.parts, this.size);
  }
}

module.exports = { Message, fields };
