// SPDX-License-Identifier: Apache-2.0
// Has the AWS SDK for JavaScript v2 find services where AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> say, which it does
// not read by itself, unlike all later SDKs. Loaded before a function (`node --require`), whose code stays as it is.
"use strict";

const Module = require("module");

const VARIABLE = "AWS_ENDPOINT_URL";
const taught = Symbol("pelton.taught");

const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  // What each entry into the SDK (`aws-sdk`, `aws-sdk/clients/s3`, `aws-sdk/global`) loads first.
  if (typeof request === "string" && request.endsWith("/node_loader")) teach(loaded);
  return loaded;
};

function teach(AWS) {
  const service = AWS && AWS.Service && AWS.config && AWS.Service.prototype;
  if (!service || typeof service.initialize !== "function" || service[taught]) return;
  Object.defineProperty(service, taught, { value: true });
  const initialize = service.initialize;
  service.initialize = function (config) {
    return initialize.call(this, { ...config, ...additions(AWS, this, config) });
  };
}

// What the client's configuration lacks.
function additions(AWS, client, config) {
  const layers = [config, AWS.config[client.serviceIdentifier], AWS.config].filter(Boolean);
  const chosen = (option) => layers.some((layer) => layer[option] !== undefined);
  const endpoint = endpointOf(client.api && client.api.serviceId);
  if (!endpoint || chosen("endpoint")) return {};
  // A server of one's own has no host name for each bucket.
  const pathStyle = client.serviceIdentifier === "s3" && !layers.some((layer) => layer.s3ForcePathStyle);
  return pathStyle ? { endpoint, s3ForcePathStyle: true } : { endpoint };
}

// As SDKs read it: the service's own, then that of all.
function endpointOf(serviceId) {
  if (process.env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === "true") return undefined;
  const own = serviceId && process.env[`${VARIABLE}_${serviceId.toUpperCase().replace(/[ -]/g, '_')}`];
  return own || process.env[VARIABLE];
}
