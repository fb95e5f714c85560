// As much of VS Code as the extension talks to: what is asked of it is kept, so that a test can look at it.
"use strict";

const EventEmitter = require("node:events");
const Module = require("node:module");
const path = require("node:path");

class Disposable {
  constructor(act) {
    this.dispose = act ?? (() => undefined);
  }
  static from = (...parts) => new Disposable(() => parts.forEach((part) => part.dispose()));
}

class Uri {
  constructor(parts) {
    Object.assign(this, { scheme: "file", authority: "", path: "", query: "", fragment: "", ...parts });
  }
  static file = (name) => new Uri({ path: name });
  static from = (parts) => new Uri(parts);
  static parse = (text) => {
    const { protocol, host, pathname, search } = new URL(text);
    return new Uri({ scheme: protocol.slice(0, -1), authority: host, path: decodeURIComponent(pathname), query: search.slice(1) });
  };
  get fsPath() {
    return this.path;
  }
  toString() {
    return `${this.scheme}://${this.authority}${encodeURI(this.path)}${this.query ? `?${encodeURIComponent(this.query)}` : ""}`;
  }
  with(parts) {
    return new Uri({ ...this, ...parts });
  }
}

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Range {
  constructor(a, b, c, d) {
    this.start = a instanceof Position ? a : new Position(a, b);
    this.end = a instanceof Position ? b : new Position(c, d);
  }
}

class CodeActionKind {
  constructor(value) {
    this.value = value;
  }
  append(part) {
    return new CodeActionKind(this.value ? `${this.value}.${part}` : part);
  }
  static Empty = new CodeActionKind("");
}

/** Anything that is not written out here: it may be called, constructed, extended and read, and does nothing. */
function anything() {
  const kind = class {
    constructor() {
      return new Proxy(this, { get: (target, name) => (name in target || typeof name === "symbol" || name === "then" ? target[name] : () => undefined) });
    }
  };
  return new Proxy(kind, {
    get: (target, name) => {
      if (name in target || typeof name === "symbol") return Reflect.get(target, name);
      if (name === "then") return undefined;
      return (target[name] = anything());
    },
    apply: () => new Disposable(),
  });
}

/** With the parts of `known`, and with anything for the rest. */
function partly(known) {
  return new Proxy(known, {
    get: (target, name) => (name in target || typeof name === "symbol" ? target[name] : (target[name] = anything())),
  });
}

function fakeVscode({ settings = {}, folder, trusted = true } = {}) {
  const seen = { commands: new Map(), messages: [], panels: [], tasks: [], shown: [], providers: new Map(), log: [], decorations: [] };
  const documents = [];
  const events = new EventEmitter();
  const on = (name) => (listener, owner) => {
    const bound = listener.bind(owner);
    events.on(name, bound);
    return new Disposable(() => events.off(name, bound));
  };
  const say = (kind) => async (text) => void seen.messages.push({ kind, text });

  const configuration = {
    ...settings,
    get: (name, other) => name.split(".").reduce((value, part) => value?.[part], settings) ?? other,
    has: () => true,
    inspect: () => undefined,
  };
  const vscode = partly({
    CodeActionKind,
    Disposable,
    Uri,
    Position,
    Range,
    version: "1.99.0",
    EventEmitter: class {
      constructor() {
        this.inner = new EventEmitter();
        this.event = (listener) => (this.inner.on("it", listener), new Disposable());
        this.fire = (value) => this.inner.emit("it", value);
        this.dispose = () => undefined;
      }
    },
    CancellationTokenSource: class {
      token = { isCancellationRequested: false, onCancellationRequested: () => new Disposable() };
      cancel() {}
      dispose() {}
    },
    CancellationError: class extends Error {},
    ProcessExecution: class {
      constructor(program, args, options) {
        Object.assign(this, { program, args, options });
      }
    },
    Task: class {
      constructor(definition, scope, name, source, execution) {
        Object.assign(this, { definition, scope, name, source, execution });
      }
    },
    env: partly({ language: "en", appName: "fake" }),
    commands: partly({
      registerCommand: (name, act) => {
        if (seen.commands.has(name)) throw new Error(`command '${name}' already exists`);
        seen.commands.set(name, act);
        return new Disposable(() => seen.commands.delete(name));
      },
      getCommands: async () => [...seen.commands.keys()],
      executeCommand: async (name, ...args) => seen.commands.get(name)?.(...args),
    }),
    tasks: partly({ executeTask: async (task) => void seen.tasks.push(task) }),
    languages: partly({
      match: (selector, document) => (selector.some?.(({ language }) => language === document.languageId) ? 10 : 0),
      createDiagnosticCollection: (name) => {
        const held = new Map();
        return Object.assign(held, { name, dispose: () => held.clear() });
      },
    }),
    window: partly({
      activeTextEditor: undefined,
      visibleTextEditors: [],
      tabGroups: partly({ all: [], onDidChangeTabs: on("tabs") }),
      createOutputChannel: () => ({
        append: (text) => seen.log.push(text),
        appendLine: (text) => seen.log.push(text),
        show: () => undefined,
        clear: () => undefined,
        replace: () => undefined,
        dispose: () => undefined,
      }),
      createTextEditorDecorationType: () => new Disposable(),
      createWebviewPanel: (kind, title, place, options) => {
        const panel = { kind, title, options, webview: { html: "" }, reveal: () => undefined, onDidDispose: () => new Disposable(), dispose: () => undefined };
        seen.panels.push(panel);
        return panel;
      },
      showTextDocument: async (document) => void seen.shown.push(document),
      showInformationMessage: say("information"),
      showWarningMessage: say("warning"),
      showErrorMessage: say("error"),
      onDidChangeTextEditorSelection: on("selection"),
      onDidChangeActiveTextEditor: on("active"),
      onDidChangeVisibleTextEditors: on("visible"),
    }),
    workspace: partly({
      isTrusted: trusted,
      workspaceFolders: folder ? [{ uri: Uri.file(folder), name: path.basename(folder), index: 0 }] : undefined,
      textDocuments: documents,
      notebookDocuments: [],
      getWorkspaceFolder: () => vscode.workspace.workspaceFolders?.[0],
      getConfiguration: (section) => (section === "dslc" ? configuration : { get: (_, other) => other, has: () => false, inspect: () => undefined }),
      registerTextDocumentContentProvider: (scheme, provider) => {
        seen.providers.set(scheme, provider);
        return new Disposable();
      },
      openTextDocument: async (uri) => {
        const known = documents.find((one) => one.uri.toString() === uri.toString());
        if (known) return known;
        const text = (await seen.providers.get(uri.scheme)?.provideTextDocumentContent(uri)) ?? "";
        const document = fakeDocument(uri, text, "plaintext");
        documents.push(document);
        return document;
      },
      createFileSystemWatcher: () => partly({ dispose: () => undefined }),
      onDidChangeConfiguration: on("configuration"),
      onDidChangeTextDocument: on("change"),
      onDidSaveTextDocument: on("save"),
      onDidOpenTextDocument: on("open"),
      onDidCloseTextDocument: on("close"),
      onDidChangeWorkspaceFolders: on("folders"),
      onDidGrantWorkspaceTrust: on("trust"),
    }),
  });
  return { vscode, seen, documents, fire: (name, value) => events.emit(name, value) };
}

function fakeDocument(uri, text, languageId = "dslc") {
  return {
    uri, languageId, version: 1, isDirty: false, isUntitled: uri.scheme === "untitled", isClosed: false, fileName: uri.fsPath,
    getText: () => text,
    lineCount: text.split("\n").length,
    save: async () => true,
  };
}

/** The extension, with `require("vscode")` answered by `vscode`. */
function loadWith(vscode, file) {
  const load = Module._load;
  Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));
  try {
    for (const name of Object.keys(require.cache)) {
      if (/[\\/]vscode[\\/](src|dist|node_modules[\\/]vscode-languageclient)[\\/]/.test(name)) delete require.cache[name];
    }
    return require(file);
  } finally {
    Module._load = load;
  }
}

module.exports = { fakeDocument, fakeVscode, loadWith };
