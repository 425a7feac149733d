// Socket.IO clients of npm's socket.io-client, driven by JSON lines: commands on standard input, what happens on
// standard output. One process holds any number of clients, each with a number that its driver chooses.
//
// Commands: {client, do: "connect", url, options}, {client, do: "emit", arguments[, call][, volatile][, timeout]},
// {client, do: "break"} (the transport ends, as if the network had gone), {client, do: "close"}. The option `msgpack`
// chooses the msgpack parser.
// What happens: {client, what: "connect" | "event" | "answer" | "disconnect" | "refused" | "transport", …}; instead of an
// answer that did not come in time there is one argument, {error}.
// Binary data stands in both as {"$binary": "<base64>"}. An event that wants an ack is answered with its own arguments.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";
import msgpackParser from "socket.io-msgpack-parser";

const clients = new Map();

function tell(client, what, more = {}) {
  process.stdout.write(`${JSON.stringify({ client, what, ...more }, toJson)}\n`);
}

// JSON.stringify has called Buffer.toJSON by the time it gets here; other binary types it does not know.
function toJson(_key, value) {
  if (value?.type === "Buffer" && Array.isArray(value.data)) {
    return { $binary: Buffer.from(value.data).toString("base64") };
  }
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { $binary: Buffer.from(value.buffer ?? value, value.byteOffset, value.byteLength).toString("base64") };
  }
  return value;
}

function fromJson(_key, value) {
  return typeof value?.$binary === "string" ? Buffer.from(value.$binary, "base64") : value;
}

function connect(client, url, { msgpack, ...options }) {
  const parser = msgpack ? { parser: msgpackParser } : {};
  const socket = io(url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200, ...parser, ...options });
  clients.set(client, socket);
  socket.on("connect", () => {
    const { engine } = socket.io;
    tell(client, "connect", { id: socket.id, transport: engine.transport.name, recovered: socket.recovered });
    engine.once("upgrade", (transport) => tell(client, "transport", { transport: transport.name }));
  });
  socket.on("connect_error", (error) => tell(client, "refused", { message: error.message, data: error.data }));
  socket.on("disconnect", (reason) => tell(client, "disconnect", { reason }));
  socket.onAny((name, ...args) => {
    const ack = typeof args.at(-1) === "function" ? args.pop() : undefined;
    tell(client, "event", { name, arguments: args });
    ack?.(...args);
  });
}

function emit(client, { arguments: args, call, timeout, volatile: mayBeLost }) {
  let socket = clients.get(client);
  const { retries, ackTimeout } = socket._opts ?? {};
  const errorFirst = timeout !== undefined || retries > 0 || ackTimeout > 0;
  if (timeout !== undefined) {
    socket = socket.timeout(timeout);
  }
  if (mayBeLost) {
    socket = socket.volatile;
  }
  if (call === undefined) {
    socket.emit(...args);
  } else if (errorFirst) {
    socket.emit(...args, (error, ...answer) =>
      tell(client, "answer", { call, arguments: error ? [{ error: error.message }] : answer }),
    );
  } else {
    socket.emit(...args, (...answer) => tell(client, "answer", { call, arguments: answer }));
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
    emit(command.client, command);
  } else if (command.do === "break") {
    clients.get(command.client).io.engine.close();
  } else {
    close(command.client);
  }
}
for (const socket of clients.values()) {
  socket.disconnect();
}
