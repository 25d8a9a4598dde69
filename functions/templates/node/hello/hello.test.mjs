// Run by: npm install --no-save "$(pelton version --sdks)/node/pelton" && node --test (in this folder).
import assert from "node:assert";
import test from "node:test";

import { Event } from "pelton";
import { invoke } from "pelton/testing";

import { handle } from "./hello.mjs";

test("greets a person", async () => {
  const { done, outputs, message } = await invoke(handle, new Event({ name: "Ada" }, { key: "ada" }));
  assert.ok(done, message);
  assert.deepStrictEqual(outputs[0].json(), { greeting: "Hello, Ada!" });
});

test("rejects a person without a name", async () => {
  assert.equal((await invoke(handle, new Event({}))).result, "fail");
});
