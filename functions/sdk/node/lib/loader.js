// SPDX-License-Identifier: Apache-2.0
"use strict";
// Finds the handler that a config file names: "module:function", from an ES or a CommonJS module.

const fs = require("node:fs");
const modules = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const { orOurs } = require("./ours.js");

const ENDINGS = ["", ".mjs", ".js", ".cjs", "/index.mjs", "/index.js"];

function fileOf(code, module) {
  const base = path.resolve(code, module);
  const found = ENDINGS.map((ending) => base + ending).find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
  if (found) return found;
  const names = ENDINGS.slice(1).map((ending) => module + ending).join(", ");
  throw new Error(`there is no module ${module} in ${code} (looked for ${names})`);
}

function isModule(file) {
  if (!file.endsWith(".js")) return file.endsWith(".mjs");
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const description = path.join(folder, "package.json");
    if (fs.existsSync(description)) return JSON.parse(fs.readFileSync(description)).type === "module";
    if (folder === path.dirname(folder)) return false;
  }
}

/**
 * `import "pelton"` finds this package where the function has brought none of its own. (What CommonJS modules require
 * is found by NODE_PATH, which ES modules do not read.)
 */
function offerPackage(file) {
  if (modules.registerHooks) {
    modules.registerHooks({ resolve: (specifier, context, next) => orOurs(specifier, () => next(specifier, context)) });
  } else if (isModule(file)) {
    // Before Node.js 22.15 hooks have a thread of their own, whose start costs some 10 ms.
    modules.register("./hooks.mjs", pathToFileURL(__filename));
  }
}

/** The function that `handler` names in the folder `code`. */
async function load(code, handler) {
  const colon = handler.lastIndexOf(":");
  const module = colon < 0 ? handler : handler.slice(0, colon);
  const name = colon < 0 ? "handle" : handler.slice(colon + 1);
  const file = fileOf(code, module);
  offerPackage(file);
  const loaded = await import(pathToFileURL(file).href);
  const pick = (from) => name.split(".").reduce((value, part) => value?.[part], from);
  const target = pick(loaded) ?? pick(loaded.default);
  if (target === undefined) throw new Error(`${file} exports no ${name}`);
  if (typeof target !== "function") throw new TypeError(`${name} of ${file} is a ${typeof target}, not a function`);
  if (target.length > 2)
    throw new TypeError(`${name} of ${file} takes ${target.length} arguments; a handler is called with (event, context)`);
  return target;
}

module.exports = { load };
