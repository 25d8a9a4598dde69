// SPDX-License-Identifier: Apache-2.0
import testing from "./testing.js";

export const { invoke, invokeAll } = testing;
export default testing;
