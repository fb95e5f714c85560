"use strict";

const assert = require("node:assert/strict");
const path = require("node:path");
const test = require("node:test");
const { fakeDocument, fakeVscode, loadWith } = require("./fakeVscode");

const SERVER = path.join(__dirname, "fakeServer.js");
const SETTINGS = {
  server: { command: [process.execPath, SERVER] },
  python: "",
  hints: { shapes: true, parameters: true },
  lint: true,
  lenses: true,
  backend: "torch",
  trace: { server: "off" },
};
const spec = (vscode, name = "/specs/net.dl") => fakeDocument(vscode.Uri.file(name), "model Net {\n}\n");

/** The extension, activated in a VS Code of its own. */
async function activated(t, options = {}) {
  const fake = fakeVscode({ settings: SETTINGS, folder: "/", ...options });
  const extension = loadWith(fake.vscode, path.join(__dirname, "..", "src", "extension.js"));
  const context = { subscriptions: [] };
  t.after(async () => {
    await extension.deactivate();
    for (const part of context.subscriptions) part.dispose?.();
  });
  await extension.activate(context);
  return fake;
}

test("the server is started, and every command is there", { timeout: 30_000 }, async (t) => {
  const { seen } = await activated(t);
  assert.deepEqual(seen.messages, []);
  for (const name of ["showScript", "showGraph", "restartServer", "showLog", "openScript", "explain", "compile", "run", "verify"]) {
    assert.ok(seen.commands.has(`dslc.${name}`), `dslc.${name} of ${[...seen.commands.keys()]}`);
  }
});

test("a restart registers no command twice", { timeout: 30_000 }, async (t) => {
  const { vscode, seen } = await activated(t);
  await vscode.commands.executeCommand("dslc.restartServer");
  assert.deepEqual(seen.messages, []);
  assert.ok(seen.commands.has("dslc.run"));
});

test("without dslc a warning says what to do", { timeout: 30_000 }, async (t) => {
  const missing = { ...SETTINGS, server: { command: [] }, python: "/gone/python" };
  const { seen } = await activated(t, { settings: missing });
  assert.equal(seen.messages[0].kind, "warning");
  assert.match(seen.messages[0].text, /\/gone\/python/);
});

test("the script of a model opens beside its spec", { timeout: 30_000 }, async (t) => {
  const { vscode, seen, documents } = await activated(t);
  documents.push(spec(vscode));
  await vscode.commands.executeCommand("dslc.openScript", "file:///specs/net.dl", "Net");
  assert.deepEqual(seen.messages, []);
  const [shown] = seen.shown;
  assert.equal(shown.uri.path, "/net_torch.py");
  assert.equal(shown.getText(), '# dslc.openScript ["file:///specs/net.dl","Net","torch"]\n');
});

test("a training is a task without a shell", { timeout: 30_000 }, async (t) => {
  const { vscode, seen, documents } = await activated(t);
  documents.push(spec(vscode, "/specs/a b;$(x).dl"));
  await vscode.commands.executeCommand("dslc.run", vscode.Uri.file("/specs/a b;$(x).dl").toString(), "Net");
  const [{ execution }] = seen.tasks;
  assert.equal(execution.program, process.execPath);
  assert.deepEqual(execution.args, [SERVER, "run", "--backend", "torch", "--model", "Net", "--", "/specs/a b;$(x).dl"]);
});

test("the graph is drawn in a panel without scripts, and again when the spec is saved", { timeout: 30_000 }, async (t) => {
  const { vscode, seen, documents, fire } = await activated(t);
  const document = spec(vscode, path.join(__dirname, "net.dl"));
  documents.push(document);
  vscode.window.activeTextEditor = { document };
  await vscode.commands.executeCommand("dslc.showGraph");
  const [panel] = seen.panels;
  assert.equal(panel.options.enableScripts, false);
  assert.match(panel.webview.html, new RegExp(Buffer.from("<svg>1</svg>").toString("base64")));
  panel.webview.html = "";
  fire("save", document);
  for (let i = 0; i < 200 && !panel.webview.html; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.match(panel.webview.html, /<img/);
  assert.deepEqual(seen.messages, []);
});

test("a drawing that cannot be made says why", { timeout: 30_000 }, async (t) => {
  const { vscode, seen, documents } = await activated(t);
  const document = spec(vscode, path.join(__dirname, "broken.dl"));
  documents.push(document);
  vscode.window.activeTextEditor = { document };
  await vscode.commands.executeCommand("dslc.showGraph");
  assert.match(seen.panels[0].webview.html, /<pre>error: &lt;broken&gt;/);
});

test("a command without a spec asks for one", { timeout: 30_000 }, async (t) => {
  const { vscode, seen } = await activated(t);
  await vscode.commands.executeCommand("dslc.showGraph");
  assert.match(seen.messages[0].text, /Open a dslc spec/);
});
