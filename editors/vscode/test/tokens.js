// Texts cut into tokens by the grammar, as VS Code does it.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const HERE = path.join(__dirname, "..");

async function loadGrammar() {
  const wasm = fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) => {
      if (scope !== "source.dslc") return null;
      const file = path.join(HERE, "syntaxes", "dslc.tmLanguage.json");
      return textmate.parseRawGrammar(fs.readFileSync(file, "utf8"), file);
    },
  });
  return registry.loadGrammar("source.dslc");
}

/** All tokens of a text: `{ line, text, scopes }`, scopes without the root. */
function tokens(grammar, text) {
  const found = [];
  let state = textmate.INITIAL;
  text.split(/\r?\n/).forEach((content, line) => {
    const result = grammar.tokenizeLine(content, state);
    for (const { startIndex, endIndex, scopes } of result.tokens) {
      found.push({ line, text: content.slice(startIndex, endIndex), scopes: scopes.slice(1) });
    }
    state = result.ruleStack;
  });
  return found;
}

/** Every spec of the project. */
function specs(folder = path.join(HERE, "..", "..", "specs")) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return specs(file);
      return entry.name.endsWith(".dl") ? [file] : [];
    })
    .sort();
}

module.exports = { HERE, loadGrammar, specs, tokens };
