// SPDX-License-Identifier: Apache-2.0
// Runs a handler as a worker would, without an engine. Time-outs and memory limits are the engine's and do not apply.
import type { BatchHandler, Event, Handler, IncomingEvent } from "./index.js";

/** An event that the function made. */
export interface Output extends IncomingEvent {
  /** The stream that it names; undefined for the first of the binding's `to`. */
  readonly stream: string | undefined;
}

/** What became of one event. */
export interface Outcome {
  /** `retry`: a failed attempt. `fail`: a dead letter at once. `skipped`: not tried, as an earlier event of its key failed.
   * `halved`: a batch handler threw, and its events come again in halves. */
  readonly result: "done" | "retry" | "fail" | "skipped" | "halved";
  /** `result` is `done`. */
  readonly done: boolean;
  /** The events that the function made, with the attributes that the engine stores. */
  readonly outputs: Output[];
  /** Name of the error, such as `RangeError`; empty for `done` and `skipped`, as are `message` and `stack`. */
  readonly errorType: string;
  readonly message: string;
  readonly stack: string;
  /** Seconds that a `Retry` asked for; undefined leaves the delay to the binding. */
  readonly retryAfter: number | undefined;
}

/** What the context says; by default every name is `test`. */
export interface Place {
  stream?: string;
  partition?: number;
  /** Of the first event. */
  offset?: number;
  binding?: string;
  function?: string;
  /** Seconds. */
  timeout?: number;
}

export interface InvokeOptions extends Place {
  /** Number of this delivery, from 1. */
  attempt?: number;
  /** By default one that names the event's place. */
  idempotencyKey?: string;
}

/** @param event an `Event`, or the data of one. TypeError: it cannot be one, or the handler is not a function. */
export function invoke(handler: Handler | BatchHandler, event?: Event | unknown, options?: InvokeOptions): Promise<Outcome>;

/** The outcomes of several events of one partition, given to the handler as one frame.
 * @param options.order what a failed event holds back, as the binding's `order`; by default `key`. */
export function invokeAll(handler: Handler | BatchHandler, events: Iterable<Event | unknown>,
  options?: Place & { order?: "key" | "partition" | "none" }): Promise<Outcome[]>;
