// Socket.IO clients of npm's socket.io-client, driven by JSON lines: commands on standard input, what happens on
// standard output. One process holds any number of clients, each with a number that its driver chooses.
//
// Commands: {client, do: "connect", url, options}, {client, do: "emit", arguments[, call]}, {client, do: "close"}.
// What happens: {client, what: "connect" | "event" | "answer" | "disconnect" | "refused" | "transport", …}.
// Binary data stands in both as {"$binary": "<base64>"}.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const clients = new Map();

function tell(client, what, more = {}) {
  process.stdout.write(`${JSON.stringify({ client, what, ...more }, toJson)}\n`);
}

// JSON.stringify has called Buffer.toJSON by the time it gets here.
function toJson(_key, value) {
  if (value?.type === "Buffer" && Array.isArray(value.data)) {
    return { $binary: Buffer.from(value.data).toString("base64") };
  }
  return value;
}

function fromJson(_key, value) {
  return typeof value?.$binary === "string" ? Buffer.from(value.$binary, "base64") : value;
}

function connect(client, url, options) {
  const socket = io(url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });
  clients.set(client, socket);
  socket.on("connect", () => {
    const { engine } = socket.io;
    tell(client, "connect", { id: socket.id, transport: engine.transport.name });
    engine.once("upgrade", (transport) => tell(client, "transport", { transport: transport.name }));
  });
  socket.on("connect_error", (error) => tell(client, "refused", { message: error.message }));
  socket.on("disconnect", (reason) => tell(client, "disconnect", { reason }));
  socket.onAny((name, ...args) => tell(client, "event", { name, payload: args[0] ?? null }));
}

function emit(client, args, call) {
  const socket = clients.get(client);
  if (call === undefined) {
    socket.emit(...args);
  } else {
    socket.emit(...args, (answer) => tell(client, "answer", { call, answer }));
  }
}

function close(client) {
  const socket = clients.get(client);
  clients.delete(client);
  socket.disconnect();
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line, fromJson);
  if (command.do === "connect") {
    connect(command.client, command.url, command.options);
  } else if (command.do === "emit") {
    emit(command.client, command.arguments, command.call);
  } else {
    close(command.client);
  }
}
for (const socket of clients.values()) {
  socket.disconnect();
}
