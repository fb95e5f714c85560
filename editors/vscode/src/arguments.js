// The arguments of dslc for what a code lens offers.
"use strict";

const OF_ONE_BACKEND = new Set(["compile", "run"]);

/** `run --backend torch --model Digits -- /path/spec.dl`: a path that begins with `-` is no option. */
function taskArguments(verb, file, model, backend) {
  const options = OF_ONE_BACKEND.has(verb) ? ["--backend", backend] : [];
  if (model) options.push("--model", model);
  return [verb, ...options, "--", file];
}

module.exports = { taskArguments };
