"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { loadGrammar, specs, tokens } = require("./tokens");

const grammar = loadGrammar();
const DECLARATION = /^(model|block|import|defaults|data|augment|train|finetune|evaluate)\b/;

const scopeOf = (found, text) => found.find((token) => token.text === text)?.scopes.at(-1);

for (const file of specs()) {
  const name = path.basename(file);
  const text = fs.readFileSync(file, "utf8");

  test(`${name}: nothing is illegal, every arrow and number is coloured`, async () => {
    for (const token of tokens(await grammar, text)) {
      const inside = token.scopes.join(" ");
      assert.doesNotMatch(inside, /invalid/, `line ${token.line + 1}: ${token.text}`);
      if (/comment|string/.test(inside)) continue;
      if (token.text === "->") assert.match(inside, /keyword\.operator\.flow/);
      if (/^\d+(x\d+)*$/.test(token.text)) assert.match(inside, /constant\.numeric/, token.text);
    }
  });

  test(`${name}: a forgotten closing bracket spoils no other declaration`, async () => {
    const lines = text.split("\n");
    const starts = lines.flatMap((line, i) => (DECLARATION.test(line) ? [i] : []));
    const cut = lines.filter((line) => line !== "}").join("\n");
    const whole = tokens(await grammar, text).filter((token) => starts.includes(token.line));
    const broken = tokens(await grammar, cut);
    const heads = whole.filter(({ scopes }) => /storage\.type|keyword\.control\.import/.test(scopes.join(" ")));
    const kept = broken.filter(({ text: word, scopes }) => DECLARATION.test(word) && /storage\.type|keyword\.control\.import/.test(scopes.join(" ")));
    assert.ok(kept.length >= heads.filter((token) => DECLARATION.test(token.text)).length);
  });

  test(`${name}: every prefix is cut into tokens without a hang`, { timeout: 20_000 }, async () => {
    const lines = text.split("\n");
    for (let i = 0; i < lines.length; i += Math.max(1, Math.floor(lines.length / 8))) {
      const prefix = [...lines.slice(0, i), lines[i].slice(0, lines[i].length / 2)].join("\n");
      tokens(await grammar, prefix);
    }
  });
}

test("a word has the colour of the place where it stands", async () => {
  const inModel = tokens(await grammar, "model A {\n  input text: 8\n  text -> constant\n}");
  assert.equal(inModel.filter((token) => token.text === "text")[1].scopes.at(-1), "variable.other.dslc");
  const inData = tokens(await grammar, 'data { source = text("a.csv") }');
  assert.equal(scopeOf(inData, "text"), "support.function.source.dslc");
});

test("names may be of any script", async () => {
  const found = tokens(await grammar, "block 합성곱(필터) {\n  input 그림\n  그림 -> 합성곱(필터) as 特徴\n}");
  assert.equal(scopeOf(found, "합성곱"), "entity.name.type.dslc");
  assert.equal(scopeOf(found, "特徴"), "entity.name.label.dslc");
});

test("a string ends with its line, and says so", async () => {
  const found = tokens(await grammar, 'data { source = csv("a.csv\n  batch = 32 }');
  assert.equal(scopeOf(found, "batch"), "support.type.property-name.dslc");
});

test("long and strange lines take no time", { timeout: 5_000 }, async () => {
  for (const line of ["(".repeat(5_000), "a ".repeat(5_000), "-> ".repeat(3_000), "1x".repeat(5_000), '"\\'.repeat(3_000)]) {
    tokens(await grammar, `model A {\n${line}\n}`);
  }
});
