// The page of the graph panel. It holds no script and loads nothing: a drawing reaches it as an image, where the browser
// runs and fetches nothing that may stand in it, and every text of a spec is escaped.
"use strict";

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as it may stand in HTML, between tags and in attributes. */
function escaped(text) {
  return String(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
}

const STYLE = `
  body { margin: 0; padding: 12px; background: var(--vscode-editor-background); color: var(--vscode-foreground); }
  h1 { font: 600 13px var(--vscode-font-family); margin: 0 0 8px; }
  .drawing { display: inline-block; padding: 8px; border-radius: 4px; background: #fff; }
  .drawing img { display: block; max-width: none; }
  pre { font: 12px/1.5 var(--vscode-editor-font-family); white-space: pre-wrap; }
`;

function page(title, nonce, body) {
  const policy = `default-src 'none'; img-src data:; style-src 'nonce-${escaped(nonce)}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(title)}</title>
<style nonce="${escaped(nonce)}">${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** The page that shows a drawing. */
function graphPage(title, svg, nonce) {
  const data = Buffer.from(svg, "utf8").toString("base64");
  const image = `<img alt="${escaped(`graph of ${title}`)}" src="data:image/svg+xml;base64,${data}">`;
  return page(title, nonce, `<h1>${escaped(title)}</h1>\n<div class="drawing">${image}</div>`);
}

/** The page that says why there is no drawing. */
function problemPage(title, problem, nonce) {
  return page(title, nonce, `<h1>${escaped(title)}</h1>\n<pre>${escaped(problem)}</pre>`);
}

module.exports = { escaped, graphPage, problemPage };
