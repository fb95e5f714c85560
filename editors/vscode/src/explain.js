// `dslc explain E0302` as a document of its own.
"use strict";

const vscode = require("vscode");
const { commandFor } = require("./client");
const { runDslc } = require("./run");

const SCHEME = "dslc-explain";
const CODE = /^[A-Z]\d{3,4}$/;

class Explanations {
  constructor() {
    this.provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      provideTextDocumentContent: (uri) => this.text(uri.path.replace(/^\/|\.txt$/g, "")),
    });
  }

  dispose() {
    this.provider.dispose();
  }

  async text(code) {
    const found = commandFor(vscode.workspace.workspaceFolders?.[0]);
    if (found.problem) return found.problem;
    const done = await runDslc(found, ["explain", "--", code]);
    return done.code === 0 ? done.out : done.err;
  }

  async open(code) {
    if (!CODE.test(code)) return;
    const document = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: SCHEME, path: `/${code}.txt` }));
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
  }
}

module.exports = { Explanations };
