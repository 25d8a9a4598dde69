// SPDX-License-Identifier: Apache-2.0
"use strict";
// The engine's side of a worker's socket, played by hand.

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { Message, fields } = require("../lib/wire.js");

const SDK = path.dirname(__dirname);

function u32(...values) {
  const column = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => column.writeUInt32LE(value, 4 * index));
  return column;
}

function putBlob(message, number, values) {
  let end = 0;
  message.bytes(number, Buffer.concat(values.map((value) => Buffer.from(value))));
  message.bytes(number + 1, u32(...values.map((value) => (end += Buffer.byteLength(value)))));
}

/** An EventBatch of events {data, key, subject, headers}; data null: a tombstone. */
function batchOf(events, contentType) {
  const message = new Message().varint(1, events.length);
  putBlob(message, 2, events.map((event) => event.data ?? ""));
  putBlob(message, 4, events.map((event) => event.key ?? ""));
  message.bytes(6, Buffer.from(events.map((event) => (event.key === undefined ? 0 : 1) | (event.data === null ? 2 : 0))));
  if (contentType) message.text(8, "").text(8, contentType).bytes(11, u32(1));
  putBlob(message, 12, events.map((event) => event.subject ?? ""));
  putBlob(message, 16, events.map(({ headers = [] }) => {
    const all = new Message();
    for (const [name, value] of headers) all.bytes(1, new Message().text(1, name).bytes(2, Buffer.from(value)).encode());
    return all.encode();
  }));
  return message.encode();
}

function blob(values, ends) {
  if (!ends) return [];
  return Array.from({ length: ends.length / 4 }, (_, index) =>
    values.subarray(index ? ends.readUInt32LE(4 * index - 4) : 0, ends.readUInt32LE(4 * index)));
}

function messageOf(body) {
  const all = {};
  for (const [number, value] of fields(body)) (all[number] ??= []).push(value);
  return all;
}

class Peer {
  constructor(files, handler = "function:handle") {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "pelton-node-"));
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(this.folder, name)), { recursive: true });
      fs.writeFileSync(path.join(this.folder, name), text);
    }
    this.page = path.join(this.folder, "progress");
    fs.writeFileSync(this.page, Buffer.alloc(4096));
    const page = fs.openSync(this.page, "r+");
    this.process = spawn(process.execPath, [path.join(SDK, "worker.js")], {
      stdio: ["ignore", "pipe", "pipe", "pipe", page],
      env: { ...process.env, PELTON_FD: "3", PELTON_PROGRESS_FD: "4", NODE_PATH: path.join(this.folder, "sdk") },
    });
    this.pageFd = page;
    fs.mkdirSync(path.join(this.folder, "sdk"), { recursive: true });
    fs.symlinkSync(SDK, path.join(this.folder, "sdk", "pelton"));
    this.socket = this.process.stdio[3];
    this.text = "";
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on("data", (text) => (this.text += text));
    this.ended = new Promise((resolve) => this.process.on("exit", (code, signal) => resolve(signal ?? code)));
    this.received = this._messages();
    this.send(1, new Message().text(2, "f").text(3, handler).text(4, this.folder).varint(6, 30000));
  }

  send(number, message) {
    const body = new Message().bytes(number, message.encode()).encode();
    this.socket.write(Buffer.concat([u32(body.length), body]));
  }

  async *_messages() {
    let pending = Buffer.alloc(0);
    for await (const chunk of this.socket) {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32LE(0)) {
        const length = pending.readUInt32LE(0);
        const [[number, body]] = fields(pending.subarray(4, 4 + length));
        pending = pending.subarray(4 + length);
        yield [number, messageOf(body)];
      }
    }
  }

  /** The next message as [number, fields]; undefined when the worker has ended. */
  async receive() {
    return (await this.received.next()).value;
  }

  /** Begins a frame; its results are to be received. */
  startInvoke(events, { order = 0, contentType } = {}) {
    const base = Buffer.alloc(8);
    base.writeBigInt64LE(100n);
    this.send(2, new Message().fixed64(1, Buffer.from("frame id")).text(2, "s").varint(3, 2).fixed64(4, base)
      .text(5, "b").varint(9, order).text(10, "b/s/7/2/").bytes(15, batchOf(events, contentType)));
  }

  /** Codes, failures by index and outputs of one frame; `parts` is the number of Results. */
  async invoke(events, options) {
    this.startInvoke(events, options);
    const answer = { codes: [], failures: {}, outputs: [], parts: 0 };
    while (answer.codes.length < events.length) {
      const [number, result] = (await this.receive()) ?? [];
      if (number !== 3 || !result[1][0].equals(Buffer.from("frame id"))) throw new Error(`message ${number}`);
      this._gather(result, answer);
    }
    return answer;
  }

  _gather(result, answer) {
    ++answer.parts;
    answer.codes.push(...(result[4]?.[0] ?? new Array(result[3][0]).fill(0)));
    for (const failure of (result[5] ?? []).map(messageOf)) {
      answer.failures[failure[1][0]] =
        { type: String(failure[2][0]), message: String(failure[3][0]), stack: String(failure[4]?.[0] ?? ""), after: failure[5]?.[0] };
    }
    if (!result[15]) return;
    const batch = messageOf(result[15][0]);
    const words = (batch[8] ?? []).map(String);
    const count = batch[1][0];
    const at = (column, index) => (column ? column[0].readUInt32LE(column[0].length === 4 ? 0 : 4 * index) : 0);
    const [data, key, subject, headers] =
      [2, 4, 12, 16].map((number) => (batch[number] ? blob(batch[number][0], batch[number + 1][0]) : []));
    for (let index = 0; index < count; ++index) {
      answer.outputs.push({
        parent: result[6][0].readUInt32LE(4 * index),
        data: String(data[index] ?? ""),
        key: String(key[index] ?? ""),
        flags: batch[6] ? batch[6][0][batch[6][0].length === 1 ? 0 : index] : 0,
        type: words[at(batch[9], index)],
        source: words[at(batch[10], index)],
        contentType: words[at(batch[11], index)],
        subject: String(subject[index] ?? ""),
        headers: headers[index] ?? Buffer.alloc(0),
      });
    }
  }

  /** No event of the frame is to begin from `index` on. */
  limit(index) {
    const words = Buffer.alloc(16);
    words.write("frame id");
    words.writeBigUInt64LE(BigInt(index), 8);
    fs.writeSync(this.pageFd, words, 0, 16, 2048 + 16);
  }

  /** One more than the index of the event at hand; 0: none is. */
  progress() {
    return fs.readFileSync(this.page).readBigUInt64LE(8);
  }

  /** Ends the connection; the worker's exit code and its progress. */
  async close() {
    this.socket.end();
    const code = await this.ended;
    const progress = this.progress();
    fs.closeSync(this.pageFd);
    fs.rmSync(this.folder, { recursive: true });
    return [code, progress];
  }
}

module.exports = { Peer };
