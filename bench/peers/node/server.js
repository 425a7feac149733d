// The chat of bench/peers/README.md on npm's Socket.IO server.
//   node server.js --port N [--engine ws|uws]
// ws: Node's http server and the `ws` package, with bufferutil where it could be installed (ws finds it by itself).
// uws: uWebSockets.js in place of both, by io.attachApp(), as Socket.IO's documentation recommends for speed.
"use strict";

const { createServer } = require("node:http");
const { parseArgs } = require("node:util");
const { Server } = require("socket.io");

const HISTORY = 50;
const HOST = "127.0.0.1";

const { values: options } = parseArgs({
  options: { port: { type: "string" }, engine: { type: "string", default: "ws" } },
});
const port = Number(options.port);

/** name -> { seq, history, names: Map of socket id -> username } */
const rooms = new Map();
const started = Date.now().toString(36);
let messages = 0;

function room_named(name) {
  let room = rooms.get(name);
  if (room === undefined) {
    room = { seq: 0, history: [], names: new Map() };
    rooms.set(name, room);
  }
  return room;
}

const failed = (code, message) => ({ ok: false, error: { code, message } });

const io = new Server({ serveClient: false });

io.on("connection", (socket) => {
  socket.on("join", ({ username, room: name }, ack) => {
    if (typeof username !== "string" || typeof name !== "string") {
      ack?.(failed("bad_request", "username and room must be strings"));
      return;
    }
    const room = room_named(name);
    room.names.set(socket.id, username);
    socket.join(name);
    ack?.({
      ok: true, you: username, room: name, count: room.names.size, history: room.history, last_seq: room.seq,
    });
  });

  socket.on("message", ({ room: name, message: text }, ack) => {
    const room = rooms.get(name);
    const username = room?.names.get(socket.id);
    if (username === undefined || typeof text !== "string") {
      ack?.(username === undefined ? failed("not_in_room", "Join first") : failed("bad_request", "No text"));
      return;
    }
    const message = {
      id: `${started}-${++messages}`, seq: ++room.seq, room: name, username, message: text, timestamp: Date.now(),
    };
    room.history.push(message);
    if (room.history.length > HISTORY) room.history.shift();
    io.to(name).emit("message", message);
    ack?.({ ok: true, id: message.id, seq: message.seq, timestamp: message.timestamp });
  });

  socket.on("disconnecting", () => {
    for (const name of socket.rooms) rooms.get(name)?.names.delete(socket.id);
  });
});

if (options.engine === "uws") {
  const app = require("@trufflesuite/uws-js-unofficial").App();
  io.attachApp(app);
  app.listen(HOST, port, (token) => {
    if (!token) {
      console.error(`Port ${port} is taken`);
      process.exit(1);
    }
  });
} else {
  const server = createServer();
  io.attach(server);
  server.listen({ host: HOST, port, backlog: 4096 });
}
