// SPDX-License-Identifier: Apache-2.0
import type { Readable } from "node:stream";

/** What data, keys and header values may be; a string is encoded as UTF-8. */
export type Bytes = string | Uint8Array;

/** An event given to a handler. Its attributes are read from the frame when they are asked for. */
export interface IncomingEvent {
  /** Empty for a tombstone, see `hasData`. */
  readonly data: Buffer;
  /** False for a tombstone: an event without a value, as Kafka has them. */
  readonly hasData: boolean;
  /** Null for an event without a key. */
  readonly key: Buffer | null;
  /** CloudEvents id; an event without one is named by its place. */
  readonly id: string;
  readonly subject: string;
  readonly type: string;
  readonly source: string;
  readonly contentType: string;
  /** When the event happened. */
  readonly time: Date;
  /** In their order; names may repeat. */
  readonly headers: Array<[name: string, value: Buffer]>;
  /** The first header of that name as text. */
  header(name: string): string | undefined;
  /** The path of the event's file; a Buffer where it is not UTF-8. */
  readonly path: string | Buffer | undefined;
  /** The data as UTF-8 text. */
  /** What surrounds this event; a batch handler finds each event's attempt and idempotency key there. */
  readonly context: Context;
  text(): string;
  /** The data as JSON. SyntaxError: it is none. */
  json(): any;
  /**
   * The data; of an event without data, the content of the file at `path`. A connector sends only the path of a file
   * above its `inline_limit`. The path comes from a header: whoever may write to the stream chooses which file is read.
   */
  bytes(): Promise<Buffer>;
  /** As `bytes`, as a stream. */
  open(): Readable;
}

export interface Context {
  /** Number of this delivery, from 1. */
  readonly attempt: number;
  /** The same in every delivery of this event: attempts, restarts and replays. */
  readonly idempotencyKey: string;
  /** When this call's time is over. */
  readonly deadline: Date;
  /** Milliseconds until the deadline, at least 0. */
  remaining(): number;
  readonly stream: string;
  readonly partition: number;
  readonly offset: number;
  readonly binding: string;
  readonly function: string;
}

export interface EventOptions {
  key?: Bytes | null;
  subject?: string;
  type?: string;
  source?: string;
  contentType?: string;
  id?: string;
  headers?: Record<string, Bytes> | Iterable<[string, Bytes]>;
  time?: Date;
  /** One of the streams in the binding's `to`; without it the first of them. Any other fails the event it was made from. */
  stream?: string;
}

/** An event that a handler makes. What is not set is taken from the event that it was made from. */
export class Event {
  /** @param data bytes; anything but a string and bytes is encoded as JSON; null makes a tombstone. */
  constructor(data: unknown, options?: EventOptions);
}

/** Try this event again; counts as an attempt. */
export class Retry extends Error {
  /** @param options.after seconds until then, at most a day; without it the binding's backoff decides. */
  constructor(reason?: string, options?: { after?: number; cause?: unknown });
  readonly after: number | undefined;
}

/** This event can never be done: it becomes a dead letter now. */
export class Fail extends Error {
  constructor(reason?: string, options?: { cause?: unknown });
}

/** Undefined and null make no event; anything else makes one, an array of events or a generator several. */
export type Handler = (event: IncomingEvent, context: Context) => unknown;
/** One entry an event: what a plain handler would return, or an Error (not thrown) for an event that failed. */
export type BatchHandler =
  (events: IncomingEvent[], context: Context) => unknown[] | null | undefined | void | Promise<unknown[] | null | undefined | void>;

/**
 * Marks a handler that takes all events of a frame at once. When it throws for several events, they come again in halves
 * until the one that makes it throw is alone; only that is a failed attempt. A thrown Retry is one of all events.
 */
export function batch(handler: BatchHandler): BatchHandler;
