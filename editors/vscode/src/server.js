// The command of dslc: what the settings say, else what the workspace has, else what the search path has.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

/** Whether there is such a file that may be run. */
function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The first of the usual virtual environments of a folder that has an interpreter. */
function environmentOf(folder, platform, exists) {
  const [bin, name] = platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
  return [".venv", "venv"].map((venv) => path.join(folder, venv, bin, name)).find(exists);
}

/** Where `name` is on the search path; relative entries are left out, so that a workspace cannot slip in a program. */
function onPath(name, { env, platform, exists }) {
  const folders = (env.PATH ?? env.Path ?? "").split(platform === "win32" ? ";" : ":");
  const names = platform === "win32" ? [`${name}.exe`] : [name];
  return folders
    .filter((folder) => path.isAbsolute(folder))
    .flatMap((folder) => names.map((one) => path.join(folder, one)))
    .find(exists);
}

/** `${workspaceFolder}`, `${env:NAME}` and `~/` in a setting. */
function expanded(text, folder, env) {
  return text
    .replace(/^~(?=[/\\]|$)/, env.HOME ?? env.USERPROFILE ?? "~")
    .replace(/\$\{workspaceFolder\}/g, folder ?? "")
    .replace(/\$\{env:(\w+)\}/g, (_, name) => env[name] ?? "");
}

/**
 * How dslc is called: `{ command, args, from }`, or `{ problem }` where it cannot be found.
 *
 * @param {{ command?: string[], python?: string }} settings
 * @param {{ folder?: string, trusted: boolean, env?: object, platform?: string, exists?: (file: string) => boolean }} place
 */
function dslcCommand(settings, place) {
  const { folder, trusted } = place;
  const env = place.env ?? process.env;
  const platform = place.platform ?? process.platform;
  const exists = place.exists ?? isProgram;
  const module = ["-m", "dslc"];

  const given = (settings.command ?? []).map((part) => expanded(part, folder, env));
  if (given.length && given[0]) return { command: given[0], args: given.slice(1), from: "dslc.server.command" };
  if (settings.python) {
    const python = expanded(settings.python, folder, env);
    if (path.isAbsolute(python) && !exists(python)) {
      return { problem: `The setting dslc.python names ${python}, which is no program.` };
    }
    return { command: python, args: module, from: "dslc.python" };
  }
  const own = trusted && folder ? environmentOf(folder, platform, exists) : undefined;
  if (own) return { command: own, args: module, from: "the virtual environment of the workspace" };
  const found = onPath("dslc", { env, platform, exists });
  if (found) return { command: found, args: [], from: "the search path" };
  return {
    problem:
      "dslc was not found. Install it with `pip install \"dslc[lsp]\"` into a virtual environment `.venv` of the " +
      "workspace, or say in the setting dslc.python which interpreter has it.",
  };
}

module.exports = { dslcCommand, expanded };
