// SPDX-License-Identifier: Apache-2.0
"use strict";
// The process that Pelton starts: `node worker.js`.

const net = require("node:net");
const { once } = require("node:events");
const util = require("node:util");

const { version } = require("./package.json");
const { Frame } = require("./lib/frame.js");
const { load } = require("./lib/loader.js");
const { Runner, messageOf, stackOf, typeOf } = require("./lib/runner.js");
const { Message, fields } = require("./lib/wire.js");

const PROTOCOL = 1;

/** Cuts the stream of bytes into messages: a length of four bytes, then as many. */
class Messages {
  constructor() {
    this.head = Buffer.alloc(4);
    this._expect(this.head);
  }

  _expect(buffer) {
    this.buffer = buffer;
    this.filled = 0;
  }

  /** The messages that `chunk` completes. */
  *read(chunk) {
    for (let at = 0; at < chunk.length;) {
      const taken = chunk.copy(this.buffer, this.filled, at);
      at += taken;
      this.filled += taken;
      if (this.filled < this.buffer.length) return;
      if (this.buffer === this.head) {
        this._expect(Buffer.allocUnsafe(this.head.readUInt32LE(0)));
      } else {
        yield this.buffer;
        this._expect(this.head);
      }
    }
  }
}

/** The connection to the engine and the loaded handler. */
class Worker {
  constructor(socket, progressFd) {
    this.socket = socket;
    this.progressFd = progressFd;
    this.function = "";
    this.timeoutMs = 0;
    this.runner = null;
    this.send = this.send.bind(this);
  }

  /** False: the socket's buffer is full. */
  send(number, message) {
    const framed = new Message().bytes(number, message.encode());
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(framed.size);
    return this.socket.write(Buffer.concat([length, ...framed.parts], 4 + framed.size));
  }

  writable() {
    return this.socket.writableNeedDrain ? once(this.socket, "drain") : undefined;
  }

  async serve() {
    const messages = new Messages();
    for await (const chunk of this.socket)
      for (const message of messages.read(chunk)) await this._handle(message);
  }

  async _handle(message) {
    for (const [number, body] of fields(message)) {
      if (number === 1) await this._start(body);
      if (number === 2) await this.runner.run(new Frame(body, this));
    }
  }

  async _start(body) {
    let code = "", handler = "";
    for (const [number, value] of fields(body)) {
      if (number === 2) this.function = value.toString();
      if (number === 3) handler = value.toString();
      if (number === 4) code = value.toString();
      if (number === 6) this.timeoutMs = value;
    }
    try {
      this.runner = new Runner(await load(code, handler), this.progressFd, this.send, () => this.writable());
    } catch (error) {
      this._startFailed(error);
      return;
    }
    const sdk = `node ${version} (Node.js ${process.versions.node})`;
    this.send(1, new Message().varint(1, PROTOCOL).varint(2, Number(this.runner.batch)).text(3, sdk).varint(4, 1));
  }

  _startFailed(error) {
    this.send(2, new Message().text(1, typeOf(error)).text(2, messageOf(error)).text(3, stackOf(error).slice(0, 16384)));
    this.socket.end(() => process.exit(1));
  }
}

/** A descriptor that a variable names, where the function's children do not come across it. */
function takeDescriptor(variable) {
  const given = process.env[variable];
  delete process.env[variable];
  return given === undefined ? undefined : Number(given);
}

/** The first folder of NODE_PATH is that of this package: the function's children have the others only. */
function hideOwnFolder() {
  const [, ...others] = (process.env.NODE_PATH ?? "").split(":");
  if (others.length) process.env.NODE_PATH = others.join(":");
  else delete process.env.NODE_PATH;
}

/** Lines of these methods begin with the priority that tells the engine their level. */
function tellLevels() {
  for (const [method, priority] of [["error", 3], ["warn", 4], ["debug", 7]]) {
    const write = console[method];
    console[method] = (...values) => write("%s", util.format(...values).replace(/^/gm, `<${priority}>`));
  }
}

async function main() {
  const fd = takeDescriptor("PELTON_FD");
  const progressFd = takeDescriptor("PELTON_PROGRESS_FD");
  hideOwnFolder();
  tellLevels();
  if (fd === undefined) {
    console.error("worker.js is started by the engine: write a config file with a function of runtime node and start it"
      + " with `pelton run`");
    process.exit(1);
  }
  const socket = new net.Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  await new Worker(socket, progressFd).serve();
  // What a function has left running (timers, servers) does not keep a worker that is not needed any more.
  socket.end(() => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
