// A dslc as small as can be: it answers what the extension asks.
"use strict";

const answers = {
  initialize: () => ({ capabilities: { textDocumentSync: 1, executeCommandProvider: { commands: ["dslc.openScript"] } } }),
  shutdown: () => null,
  "workspace/executeCommand": ({ command, arguments: args }) => ({ name: "net_torch.py", text: `# ${command} ${JSON.stringify(args)}\n`, toScript: [[0, 0]], toSpec: [[0, 0]] }),
};

if (process.argv[2] === "graph") {
  const broken = process.argv.at(-1).endsWith("broken.dl");
  if (broken) process.stderr.write("error: <broken>\n");
  else process.stdout.write("<svg>1</svg>");
  process.exit(broken ? 1 : 0);
}

let held = Buffer.alloc(0);

process.stdin.on("data", (chunk) => {
  held = Buffer.concat([held, chunk]);
  for (;;) {
    const end = held.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(held.toString("ascii", 0, end))[1]);
    if (held.length < end + 4 + length) return;
    const message = JSON.parse(held.toString("utf8", end + 4, end + 4 + length));
    held = held.subarray(end + 4 + length);
    if (message.method === "exit") process.exit(0);
    if (message.id === undefined) continue;
    const body = JSON.stringify({ jsonrpc: "2.0", id: message.id, result: answers[message.method]?.(message.params) ?? null });
    process.stdout.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
});
process.stdin.on("end", () => process.exit(0));
