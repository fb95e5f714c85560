// dslc as a program, without a shell: what a spec or a path says is never read as a command.
"use strict";

const { execFile } = require("node:child_process");

const LIMIT = 64 * 1024 * 1024;
const COLOURS = /\u001b\[[0-9;]*m/g;

/** What dslc printed: `{ code, out, err }`; code -1 where it did not run or took longer than `timeout` ms. */
function runDslc({ command, args }, more, { cwd, timeout = 30_000 } = {}) {
  return new Promise((resolve) => {
    const options = { cwd, timeout, maxBuffer: LIMIT, encoding: "utf8", windowsHide: true, env: { ...process.env, NO_COLOR: "1" } };
    execFile(command, [...args, ...more], options, (problem, out, err) => {
      const code = problem === null ? 0 : typeof problem.code === "number" ? problem.code : -1;
      const reason = code === -1 && !err ? (problem.killed ? `dslc took longer than ${timeout / 1000} s` : problem.message) : err;
      resolve({ code, out, err: reason.replace(COLOURS, "") });
    });
  });
}

module.exports = { runDslc };
