// SPDX-License-Identifier: Apache-2.0
"use strict";

const { Fail, Retry } = require("./lib/errors.js");
const { Event, batch } = require("./lib/event.js");

module.exports = { Event, Fail, Retry, batch };
