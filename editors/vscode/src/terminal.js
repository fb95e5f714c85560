// What takes long, such as a training, runs as a task: in a terminal, and without a shell.
"use strict";

const path = require("node:path");
const vscode = require("vscode");
const { commandFor, settings } = require("./client");
const { taskArguments } = require("./arguments");

/** Run `dslc compile`, `run` or `verify` on a model of a spec. */
async function runTask(verb, uri, model) {
  const document = await vscode.workspace.openTextDocument(uri);
  if (document.isDirty && !(await document.save())) return;
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const found = commandFor(folder);
  if (found.problem) {
    void vscode.window.showErrorMessage(found.problem);
    return;
  }
  const args = taskArguments(verb, uri.fsPath, model, settings().get("backend"));
  const cwd = folder?.uri.fsPath ?? path.dirname(uri.fsPath);
  const execution = new vscode.ProcessExecution(found.command, [...found.args, ...args], { cwd });
  const title = `${verb} ${model ?? path.basename(uri.fsPath)}`;
  const scope = folder ?? vscode.TaskScope.Workspace;
  await vscode.tasks.executeTask(new vscode.Task({ type: "dslc", verb }, scope, title, "dslc", execution));
}

module.exports = { runTask };
