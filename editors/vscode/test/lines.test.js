"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { taskArguments } = require("../src/arguments");
const { fileName, matching, shownText } = require("../src/lines");

test("a line leads to those that belong to it", () => {
  assert.deepEqual(matching([null, [4, 6]], 1, 10), [4, 6]);
  assert.equal(matching([null, [4, 6]], 0, 10), null);
  assert.equal(matching([null], 7, 10), null);
});

test("lines of a text that has become shorter are cut off", () => {
  assert.deepEqual(matching([[4, 60]], 0, 10), [4, 9]);
  assert.equal(matching([[40, 60]], 0, 10), null);
});

test("a map that is none leads nowhere", () => {
  for (const map of [undefined, null, "x", [[1]], [[2, 1]], [[-1, 2]], [["a", "b"]]]) assert.equal(matching(map, 0, 10), null);
});

test("without a script the reasons stand there as comments, each line of them", () => {
  const text = shownText({ text: null, problems: ["bad\nimport os", "worse\u2028x"] });
  for (const line of text.split(/[\n\u2028]/)) assert.match(line, /^(#.*)?$/);
  assert.match(shownText(undefined), /^# There is no script yet/);
});

test("a script is shown as it is, under its own name", () => {
  assert.equal(shownText({ text: "import torch\n" }), "import torch\n");
  assert.equal(fileName({ name: "../../evil.py" }), ".._.._evil.py");
  assert.equal(fileName({}), "script.py");
});

test("paths and names stay arguments", () => {
  assert.deepEqual(taskArguments("run", "-x.dl", "Net", "torch"), ["run", "--backend", "torch", "--model", "Net", "--", "-x.dl"]);
  assert.deepEqual(taskArguments("verify", "a.dl", undefined, "torch"), ["verify", "--", "a.dl"]);
});
