"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { escaped, graphPage, problemPage } = require("../src/panel");

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&`;
const TAG = /<(?!\/?(?:html|head|body|meta|title|style|h1|div|img|pre)\b|!DOCTYPE)/i;

test("text is escaped for tags and attributes", () => {
  assert.equal(escaped(`<a b="c" d='e'>&`), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
});

for (const [name, page] of [
  ["a title", graphPage(HOSTILE, "<svg/>", "abc")],
  ["a drawing", graphPage("Net", `<svg onload="alert(1)"><script>alert(2)</script></svg>`, "abc")],
  ["a problem", problemPage("Net", HOSTILE, "abc")],
]) {
  test(`${name} brings no script into the panel`, () => {
    assert.doesNotMatch(page, /<script|onerror='|onload=/i);
    assert.doesNotMatch(page, TAG);
  });
}

test("the policy allows an image of our own and the style, nothing else", () => {
  const [, policy] = graphPage("Net", "<svg/>", "n0nce").match(/Content-Security-Policy" content="([^"]*)"/);
  assert.equal(policy, "default-src 'none'; img-src data:; style-src 'nonce-n0nce'");
});

test("the drawing arrives whole, whatever is written in it", () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg"><text>합성곱 32×32 🚀</text></svg>`;
  const [, data] = graphPage("Net", svg, "n").match(/base64,([^"]*)"/);
  assert.equal(Buffer.from(data, "base64").toString("utf8"), svg);
});
