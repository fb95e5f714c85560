// The script of a spec beside it, kept in step while the spec changes, with the lines that belong together marked in both.
"use strict";

const vscode = require("vscode");
const { LANGUAGE, settings } = require("./client");
const { fileName, matching, shownText } = require("./lines");

const SCHEME = "dslc-script";
const COMMAND = "dslc.openScript";
const PAUSE = 200; // ms without typing before the script is asked for anew

class ScriptView {
  constructor(server) {
    this.server = server;
    this.views = new Map(); // by the URI of the script: { spec, model, uri, answer, timer }
    this.changed = new vscode.EventEmitter();
    this.mark = vscode.window.createTextEditorDecorationType({
      isWholeLine: true,
      backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
    });
    this.parts = [
      this.changed,
      this.mark,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
        onDidChange: this.changed.event,
        provideTextDocumentContent: (uri) => shownText(this.views.get(uri.toString())?.answer),
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.edited(document)),
      vscode.workspace.onDidCloseTextDocument((document) => this.views.delete(document.uri.toString())),
      vscode.window.onDidChangeTextEditorSelection((event) => this.follow(event)),
    ];
  }

  dispose() {
    for (const view of this.views.values()) clearTimeout(view.timer);
    for (const part of this.parts) part.dispose();
  }

  /** Open the script of a model beside the editor. */
  async open(spec, model) {
    const answer = await this.ask(spec, model);
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: `/${fileName(answer)}`,
      query: JSON.stringify([spec.toString(), model ?? null]),
    });
    this.views.set(uri.toString(), { spec, model, uri, answer, timer: undefined });
    this.changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true };
    await vscode.window.showTextDocument(document, place);
  }

  ask(spec, model) {
    return this.server.execute(COMMAND, [spec.toString(), model ?? null, settings().get("backend")]);
  }

  edited(document) {
    if (document.languageId !== LANGUAGE) return;
    for (const view of this.views.values()) {
      if (view.spec.toString() !== document.uri.toString()) continue;
      clearTimeout(view.timer);
      view.timer = setTimeout(() => this.renew(view), PAUSE);
    }
  }

  /** The script of the present text; while the spec has mistakes, the last one stays. */
  async renew(view) {
    const answer = await this.ask(view.spec, view.model).catch(() => undefined);
    if (typeof answer?.text !== "string" && typeof view.answer?.text === "string") return;
    view.answer = answer;
    this.changed.fire(view.uri);
  }

  /** The cursor moved in a spec or in a script: show and mark what belongs to its line. */
  follow({ textEditor, kind, selections }) {
    if (kind === undefined) return; // a jump that a command made, such as our own
    const here = textEditor.document.uri.toString();
    for (const view of this.views.values()) {
      const inScript = view.uri.toString() === here;
      if (!inScript && view.spec.toString() !== here) continue;
      const other = vscode.window.visibleTextEditors.find(
        (editor) => editor.document.uri.toString() === (inScript ? view.spec : view.uri).toString(),
      );
      if (!other) continue;
      const map = inScript ? view.answer?.toSpec : view.answer?.toScript;
      const lines = matching(map, selections[0].active.line, other.document.lineCount);
      textEditor.setDecorations(this.mark, []);
      if (!lines) {
        other.setDecorations(this.mark, []);
        continue;
      }
      const range = new vscode.Range(lines[0], 0, lines[1], 0);
      other.setDecorations(this.mark, [range]);
      other.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    }
  }
}

module.exports = { COMMAND, ScriptView };
