// The language server: started, restarted, and asked.
"use strict";

const vscode = require("vscode");
const { LanguageClient, Trace } = require("vscode-languageclient/node");
const { dslcCommand } = require("./server");

const LANGUAGE = "dslc";

function settings() {
  return vscode.workspace.getConfiguration("dslc");
}

/** How dslc is called for a folder: see `dslcCommand`. */
function commandFor(folder) {
  const found = settings();
  const given = { command: found.get("server.command"), python: found.get("python") };
  return dslcCommand(given, { folder: folder?.uri.fsPath, trusted: vscode.workspace.isTrusted });
}

class Server {
  /**
   * @param {Record<string, (...args: unknown[]) => unknown>} named what the commands become that the server names in code
   *   lenses and fixes. Those that it answers itself reach us through the client, the others are registered here.
   */
  constructor(named) {
    this.named = named;
    this.registered = [];
    this.output = vscode.window.createOutputChannel("dslc");
    this.client = undefined;
    this.queue = Promise.resolve();
  }

  /** Start, or start anew; calls that come meanwhile wait. */
  restart() {
    this.queue = this.queue.then(() => this.stopNow()).then(() => this.startNow()).catch((problem) => this.complain(problem));
    return this.queue;
  }

  stop() {
    this.queue = this.queue.then(() => this.stopNow());
    return this.queue;
  }

  get running() {
    return this.client?.isRunning() ?? false;
  }

  /** What the server answers to a command of its own. */
  execute(command, args) {
    if (!this.running) return Promise.reject(new Error("the server of dslc does not run: see its log"));
    return this.client.sendRequest("workspace/executeCommand", { command, arguments: args });
  }

  async startNow() {
    const folder = vscode.workspace.workspaceFolders?.[0];
    const found = commandFor(folder);
    if (found.problem) {
      this.output.appendLine(found.problem);
      const choice = await vscode.window.showWarningMessage(found.problem, "Open Settings");
      if (choice) await vscode.commands.executeCommand("workbench.action.openSettings", "dslc.python");
      return;
    }
    this.output.appendLine(`${[found.command, ...found.args, "lsp"].join(" ")}   (from ${found.from})`);
    const options = { cwd: folder?.uri.fsPath };
    const program = { command: found.command, args: [...found.args, "lsp"], options };
    const { hints, lint, lenses, backend } = settings();
    this.client = new LanguageClient("dslc", "dslc", program, {
      documentSelector: [
        { language: LANGUAGE, scheme: "file" },
        { language: LANGUAGE, scheme: "untitled" },
      ],
      initializationOptions: { hints, lint, lenses, backend },
      outputChannel: this.output,
      middleware: {
        executeCommand: (command, args, next) => (this.named[command] ? this.named[command](...args) : next(command, args)),
      },
    });
    await this.client.start();
    await this.registerOthers();
    await this.traceAsSet();
  }

  async registerOthers() {
    const taken = new Set(await vscode.commands.getCommands(true));
    for (const [name, act] of Object.entries(this.named)) {
      if (!taken.has(name)) this.registered.push(vscode.commands.registerCommand(name, act));
    }
  }

  async stopNow() {
    const client = this.client;
    for (const command of this.registered.splice(0)) command.dispose();
    this.client = undefined;
    await client?.dispose(2000).catch(() => undefined);
  }

  async traceAsSet() {
    await this.client?.setTrace(Trace.fromString(settings().get("trace.server", "off")));
  }

  /** Follow the settings. */
  async configured(event) {
    if (event.affectsConfiguration("dslc.trace")) await this.traceAsSet();
    else if (event.affectsConfiguration("dslc")) await this.restart();
  }

  complain(problem) {
    this.output.appendLine(String(problem?.stack ?? problem));
    void vscode.window.showErrorMessage(
      `The server of dslc did not start: ${problem?.message ?? problem}. Has the interpreter dslc[lsp]?`,
    );
  }
}

module.exports = { LANGUAGE, Server, commandFor, settings };
