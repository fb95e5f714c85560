// The graph of a model in a panel, drawn anew when the spec is saved.
"use strict";

const crypto = require("node:crypto");
const path = require("node:path");
const vscode = require("vscode");
const { commandFor } = require("./client");
const { graphPage, problemPage } = require("./panel");
const { runDslc } = require("./run");

class GraphView {
  constructor() {
    this.panels = new Map(); // by the path of the spec
    this.saved = vscode.workspace.onDidSaveTextDocument(({ uri }) => {
      const panel = this.panels.get(uri.fsPath);
      if (panel) void this.draw(panel, uri);
    });
  }

  dispose() {
    this.saved.dispose();
    for (const panel of this.panels.values()) panel.dispose();
  }

  /** Show the graph of a spec beside it; what is drawn is the file, so it is saved first. */
  async open(uri) {
    const document = await vscode.workspace.openTextDocument(uri);
    if (document.isUntitled) {
      void vscode.window.showInformationMessage("Save the spec first: the graph is drawn from the file.");
      return;
    }
    if (document.isDirty && !(await document.save())) return;
    let panel = this.panels.get(uri.fsPath);
    if (panel) panel.reveal(undefined, true);
    else {
      const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      const title = `Graph of ${path.basename(uri.fsPath)}`;
      panel = vscode.window.createWebviewPanel("dslc.graph", title, place, {
        enableScripts: false,
        enableCommandUris: false,
        localResourceRoots: [],
      });
      this.panels.set(uri.fsPath, panel);
      panel.onDidDispose(() => this.panels.delete(uri.fsPath));
    }
    await this.draw(panel, uri);
  }

  async draw(panel, uri) {
    const nonce = crypto.randomBytes(16).toString("hex");
    const name = path.basename(uri.fsPath);
    const found = commandFor(vscode.workspace.getWorkspaceFolder(uri));
    const done = found.problem
      ? { code: -1, out: "", err: found.problem }
      : await runDslc(found, ["graph", "--format", "svg", "--", uri.fsPath], { cwd: path.dirname(uri.fsPath) });
    if (this.panels.get(uri.fsPath) !== panel) return;
    panel.webview.html = done.code === 0 ? graphPage(name, done.out, nonce) : problemPage(name, done.err || done.out, nonce);
  }
}

module.exports = { GraphView };
