// The extension: wires the server, the script beside a spec, the graph and the commands together.
"use strict";

const vscode = require("vscode");
const { LANGUAGE, Server } = require("./client");
const { Explanations } = require("./explain");
const { GraphView } = require("./graphView");
const { COMMAND, ScriptView } = require("./scriptView");
const { runTask } = require("./terminal");

let server;

async function activate(context) {
  const named = {
    [COMMAND]: reporting((uri, model) => script.open(vscode.Uri.parse(uri), model)),
    "dslc.explain": reporting((code) => explanations.open(String(code))),
  };
  for (const verb of ["compile", "run", "verify"]) {
    named[`dslc.${verb}`] = reporting((uri, model) => runTask(verb, vscode.Uri.parse(uri), model));
  }
  server = new Server(named);
  const script = new ScriptView(server);
  const graph = new GraphView();
  const explanations = new Explanations();
  context.subscriptions.push(server.output, script, graph, explanations);

  const onSpec = (act) =>
    reporting(() => {
      const document = vscode.window.activeTextEditor?.document;
      if (document?.languageId === LANGUAGE) return act(document.uri);
      return vscode.window.showInformationMessage("Open a dslc spec (.dl) first.");
    });
  const register = (name, act) => context.subscriptions.push(vscode.commands.registerCommand(name, act));
  register("dslc.showScript", onSpec((uri) => script.open(uri)));
  register("dslc.showGraph", onSpec((uri) => graph.open(uri)));
  register("dslc.restartServer", () => server.restart());
  register("dslc.showLog", () => server.output.show());
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => server.configured(event)),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.restart()),
  );
  await server.restart();
}

/** The same, but what goes wrong is said in the window. */
function reporting(act) {
  return async (...args) => {
    try {
      return await act(...args);
    } catch (problem) {
      void vscode.window.showErrorMessage(`dslc: ${problem?.message ?? problem}`);
    }
  };
}

function deactivate() {
  return server?.stop();
}

module.exports = { activate, deactivate };
