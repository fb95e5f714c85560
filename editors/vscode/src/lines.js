// The lines of a spec and of its script that belong together, as `dslc.openScript` answers them.
"use strict";

/**
 * The lines of the other text for one line of this: `[first, last]`, or null where none belongs to it.
 *
 * @param {([number, number] | null)[]} map
 * @param {number} line
 * @param {number} count how many lines the other text has
 */
function matching(map, line, count) {
  const found = Array.isArray(map) ? map[line] : null;
  if (!Array.isArray(found) || found.length !== 2 || !found.every(Number.isInteger)) return null;
  const [first, last] = found;
  if (first < 0 || first > last || first >= count) return null;
  return [first, Math.min(last, count - 1)];
}

/** The text of the script, or why there is none, as comments of Python. */
function shownText(answer) {
  if (typeof answer?.text === "string") return answer.text;
  const problems = answer?.problems?.length ? answer.problems : ["the server gave no answer"];
  const said = problems.flatMap((problem) => String(problem).split(/\r\n|[\r\n\u2028\u2029]/));
  return ["# There is no script yet:", ...said.map((line) => `# ${line}`), ""].join("\n");
}

/** The name of the file that `dslc compile` would write, as one part of a path. */
function fileName(answer) {
  return String(answer?.name || "script.py").replace(/[\\/]/g, "_");
}

module.exports = { fileName, matching, shownText };
