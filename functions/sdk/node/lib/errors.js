// SPDX-License-Identifier: Apache-2.0
"use strict";
// How a function says that an event is not done.

// Not instanceof: a function may bring a copy of this package of its own.
const OUTCOME = Symbol.for("pelton.outcome");

/** Try this event again; counts as an attempt. `after`: seconds until then; without it the binding's backoff decides. */
class Retry extends Error {
  constructor(reason = "the function asked for a retry", options = {}) {
    super(reason, options);
    const { after } = options;
    if (after !== undefined && (typeof after !== "number" || !Number.isFinite(after) || after < 0))
      throw new TypeError(`Retry: after must be a finite number of seconds, not ${String(after)}`);
    this.after = after;
  }
}
Retry.prototype.name = "Retry";
Retry.prototype[OUTCOME] = "retry";

/** This event can never be done: it becomes a dead letter now, with `reason`. */
class Fail extends Error {
  constructor(reason = "the function gave up", options = {}) {
    super(reason, options);
  }
}
Fail.prototype.name = "Fail";
Fail.prototype[OUTCOME] = "fail";

module.exports = { Fail, OUTCOME, Retry };
