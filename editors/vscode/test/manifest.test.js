"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { HERE } = require("./tokens");

const read = (name) => JSON.parse(fs.readFileSync(path.join(HERE, name), "utf8"));
const manifest = read("package.json");
const language = read("language-configuration.json");
const sources = fs.readdirSync(path.join(HERE, "src")).map((name) => fs.readFileSync(path.join(HERE, "src", name), "utf8"));

test("what is contributed is there", () => {
  const { languages, grammars, snippets } = manifest.contributes;
  const icons = languages.flatMap(({ icon }) => Object.values(icon));
  const files = [...languages.map((one) => one.configuration), ...icons, ...grammars.map((one) => one.path), ...snippets.map((one) => one.path)];
  for (const file of [...files, manifest.icon, "README.md", "CHANGELOG.md", "LICENSE"]) {
    assert.ok(fs.existsSync(path.join(HERE, file)), file);
  }
});

test("every command is registered", () => {
  for (const { command } of manifest.contributes.commands) {
    assert.ok(sources.some((source) => source.includes(`register("${command}"`)), command);
  }
});

test("packages are pinned, and the lock agrees", () => {
  const locked = read("package-lock.json").packages;
  for (const [name, version] of Object.entries(manifest.devDependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
    assert.equal(locked[`node_modules/${name}`].version, version, name);
  }
});

const pattern = (one) => (typeof one === "string" ? new RegExp(one) : new RegExp(one.pattern, one.flags));
const [flow] = language.onEnterRules;

test("return goes on with a flow behind a whole step", () => {
  for (const line of ["  -> relu", "-> Conv2D(32, 3x3) -> BatchNorm", "  -> Dense(10)  # logits", '  -> Net(weights="a#b")']) {
    assert.match(line, pattern(flow.beforeText), line);
  }
  for (const line of ["  image", "  -> ", "  ->", "  -> concat(", "  -> repeat 3 {", "  -> Conv2D(32,", "# -> relu", "  x = y"]) {
    assert.doesNotMatch(line, pattern(flow.beforeText), line);
  }
  assert.equal(flow.action.appendText, "-> ");
});

test("lines behind an opening bracket are indented", () => {
  const opens = pattern(language.indentationRules.increaseIndentPattern);
  for (const line of ["model A {", "  concat(", "data {  # digits", '  images("a{b", [']) assert.match(line, opens, line);
  for (const line of ["# model A {", "data { batch = 3 }", '  source = csv("{']) assert.doesNotMatch(line, opens, line);
});

test("a word is a name in any script, or a number", () => {
  const word = new RegExp(language.wordPattern.pattern, `${language.wordPattern.flags}g`);
  assert.deepEqual("합성곱(32, 3x3) -> relu6".match(word), ["합성곱", "32", "3x3", "relu6"]);
});
