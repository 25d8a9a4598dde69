// SPDX-License-Identifier: Apache-2.0
"use strict";

const path = require("node:path");
const { pathToFileURL } = require("node:url");

const OURS = pathToFileURL(path.join(__dirname, "..", "index.mjs")).href;

/** What `resolve` finds; this package where it finds none of that name. */
function orOurs(specifier, resolve) {
  const ours = (error) => {
    if (specifier !== "pelton") throw error;
    return { url: OURS, format: "module", shortCircuit: true };
  };
  try {
    const found = resolve();
    return found instanceof Promise ? found.catch(ours) : found;
  } catch (error) {
    return ours(error);
  }
}

module.exports = { orOurs };
