"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { dslcCommand, expanded } = require("../src/server");

const place = (more) => ({ folder: "/home/me/nets", trusted: true, env: {}, platform: "linux", exists: () => false, ...more });
const having = (...files) => ({ exists: (file) => files.includes(file) });

test("the whole command comes first", () => {
  const found = dslcCommand({ command: ["uv", "run", "dslc"], python: "/py" }, place(having("/py")));
  assert.deepEqual([found.command, found.args], ["uv", ["run", "dslc"]]);
});

test("then the interpreter that is set", () => {
  const found = dslcCommand({ python: "${workspaceFolder}/env/python" }, place(having("/home/me/nets/env/python")));
  assert.deepEqual([found.command, found.args], ["/home/me/nets/env/python", ["-m", "dslc"]]);
});

test("an interpreter that is not there is said, not passed over", () => {
  const found = dslcCommand({ python: "/gone/python" }, place(having("/home/me/nets/.venv/bin/python")));
  assert.match(found.problem, /dslc\.python.*\/gone\/python/);
});

test("then the environment of the workspace", () => {
  const both = having("/home/me/nets/.venv/bin/python", "/home/me/nets/venv/bin/python");
  assert.equal(dslcCommand({}, place(both)).command, "/home/me/nets/.venv/bin/python");
  assert.equal(dslcCommand({}, place(having("/home/me/nets/venv/bin/python"))).command, "/home/me/nets/venv/bin/python");
});

test("a workspace that is not trusted runs nothing of its own", () => {
  const files = having("/home/me/nets/.venv/bin/python", "/usr/bin/dslc");
  const found = dslcCommand({}, place({ trusted: false, env: { PATH: "/usr/bin" }, ...files }));
  assert.deepEqual([found.command, found.args], ["/usr/bin/dslc", []]);
});

test("the search path counts without its relative entries", () => {
  const files = having("node_modules/.bin/dslc", "dslc", "/opt/dslc");
  const found = dslcCommand({}, place({ env: { PATH: ".:node_modules/.bin:/opt" }, ...files }));
  assert.equal(found.command, "/opt/dslc");
});

test("nothing found says what to do", () => {
  assert.match(dslcCommand({}, place()).problem, /pip install "dslc\[lsp\]"/);
});

test("settings may name folders and variables", () => {
  const env = { HOME: "/home/me", PY: "3.12" };
  assert.equal(expanded("~/py/${env:PY}/python", "/w", env), "/home/me/py/3.12/python");
  assert.equal(expanded("${workspaceFolder}/x", undefined, env), "/x");
  assert.equal(expanded("a~/b", "/w", env), "a~/b");
});
