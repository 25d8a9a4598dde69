// SPDX-License-Identifier: Apache-2.0
// The same classes for ES modules: an error that one half of a function throws is an error to the other.
import pelton from "./index.js";

export const { Event, Fail, Retry, batch } = pelton;
export default pelton;
