// The client and dslc itself: run where DSLC_COMMAND says how dslc is called, as JSON.
"use strict";

const assert = require("node:assert/strict");
const path = require("node:path");
const test = require("node:test");
const { fakeDocument, fakeVscode, loadWith } = require("./fakeVscode");

const command = JSON.parse(process.env.DSLC_COMMAND ?? "null");
const SPEC = "model Net {\n  input x: 8\n  x -> Dense(3)\n}\n";

test("dslc answers the client", { skip: command ? false : "DSLC_COMMAND is not set", timeout: 60_000 }, async (t) => {
  const hints = { shapes: true, parameters: true };
  const settings = { server: { command }, python: "", hints, lint: true, lenses: true, backend: "torch", trace: { server: "off" } };
  const { vscode, seen, documents } = fakeVscode({ settings, folder: "/" });
  documents.push(fakeDocument(vscode.Uri.file("/specs/net.dl"), SPEC));
  const extension = loadWith(vscode, path.join(__dirname, "..", "src", "extension.js"));
  t.after(() => extension.deactivate());
  await extension.activate({ subscriptions: [] });
  assert.deepEqual(seen.messages, []);
  await vscode.commands.executeCommand("dslc.openScript", "file:///specs/net.dl", "Net");
  assert.deepEqual(seen.messages, []);
  const [script] = seen.shown;
  assert.equal(script.uri.path, "/net_torch.py");
  assert.match(script.getText(), /nn\.Linear\(8, 3\)/);
});
