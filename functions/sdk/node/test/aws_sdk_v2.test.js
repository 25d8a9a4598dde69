// SPDX-License-Identifier: Apache-2.0
// A package that loads as the SDK does, in a process of its own: what is loaded before it changes how modules load.
"use strict";

const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const test = require("node:test");

const SDK = `
const AWS = (module.exports = { config: {}, Service: function (id, config) {
  this.api = { serviceId: id };
  this.serviceIdentifier = id.toLowerCase().replace(/ /g, '');
  this.initialize(config);
} });
AWS.Service.prototype.initialize = function (config) {
  this.config = { ...AWS.config, ...AWS.config[this.serviceIdentifier], ...config };
};
`;

let folder;
test.before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "pelton-sdk-"));
  const sdk = path.join(folder, "node_modules/aws-sdk");
  fs.mkdirSync(path.join(sdk, "lib"), { recursive: true });
  fs.writeFileSync(path.join(sdk, "lib/node_loader.js"), SDK);
  fs.writeFileSync(path.join(sdk, "index.js"), "module.exports = require('./lib/node_loader');");
});
test.after(() => fs.rmSync(folder, { recursive: true }));

// What a program makes of the SDK with this environment, as JSON.
function run(program, environment) {
  const file = path.join(folder, "program.js");
  fs.writeFileSync(file, `const AWS = require('aws-sdk'); console.log(JSON.stringify((() => { ${program} })()))`);
  const preload = path.join(__dirname, "../aws_sdk_v2.js");
  const env = { PATH: process.env.PATH, ...environment };
  return JSON.parse(execFileSync(process.execPath, ["--require", preload, file], { env, encoding: "utf8" }));
}

const config = (id, options = "") => `return new AWS.Service('${id}'${options}).config;`;
const ALL = { AWS_ENDPOINT_URL: "http://all:1" };

test("a client finds its service where the environment says", () => {
  assert.deepStrictEqual(run(config("DynamoDB"), ALL), { endpoint: "http://all:1" });
  const own = { ...ALL, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: "http://logs:2" };
  assert.deepStrictEqual(run(config("CloudWatch Logs"), own), { endpoint: "http://logs:2" });
  assert.deepStrictEqual(run(config("DynamoDB"), {}), {});
  assert.deepStrictEqual(run(config("DynamoDB"), { ...ALL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }), {});
});

test("a bucket is part of the path", () => {
  assert.deepStrictEqual(run(config("S3"), ALL), { endpoint: "http://all:1", s3ForcePathStyle: true });
  assert.deepStrictEqual(run(config("S3"), {}), {});
});

test("what the program says itself counts", () => {
  assert.deepStrictEqual(run(config("S3", ", { endpoint: 'http://own' }"), ALL), { endpoint: "http://own" });
  assert.deepStrictEqual(run(`AWS.config.endpoint = 'http://own'; ${config('SES')}`, ALL), { endpoint: "http://own" });
  const ofService = run(`AWS.config.ses = { endpoint: 'http://own' }; ${config('SES')}`, ALL);
  assert.strictEqual(ofService.endpoint, "http://own");
  assert.deepStrictEqual(run(config("SES", ", { maxRetries: 1 }"), ALL), { maxRetries: 1, endpoint: "http://all:1" });
});

test("a module that only has the name is left alone", () => {
  fs.writeFileSync(path.join(folder, "node_loader.js"), "module.exports = null;");
  assert.strictEqual(run("return require('./node_loader');", ALL), null);
});
