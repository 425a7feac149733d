//! The chat of bench/peers/README.md on socketioxide, axum and hyper, on tokio's single-threaded runtime.
//!
//!     peer-socketioxide --port N

mod chat;

use axum::serve::ListenerExt;
use chat::{Answer, Chat, Join, Joined, Say};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, SocketRef, State, TryData};
use std::sync::{Arc, Mutex};

type Shared = State<Arc<Mutex<Chat>>>;

/// Packets that may wait for one client; the default of 128 is little for a room that is flooded.
const PACKETS_QUEUED: usize = 1024;

async fn on_join(
    socket: SocketRef,
    TryData(asked): TryData<Join>,
    ack: AckSender,
    State(chat): Shared,
) {
    let Ok(Join { username, room }) = asked else {
        ack.send(&Answer::refused(
            "bad_request",
            "username and room must be strings",
        ))
        .ok();
        return;
    };
    socket.join(room.clone());
    // The history is only borrowed: it becomes JSON while the lock is held.
    let mut chat = chat.lock().unwrap();
    let joined: Joined<'_> = chat.join(socket.id, username, room);
    ack.send(&joined).ok();
}

async fn on_message(
    io: SocketIo,
    socket: SocketRef,
    TryData(asked): TryData<Say>,
    ack: AckSender,
    State(chat): Shared,
) {
    let Ok(Say { room, message }) = asked else {
        ack.send(&Answer::refused(
            "bad_request",
            "room and message must be strings",
        ))
        .ok();
        return;
    };
    let said = chat.lock().unwrap().say(socket.id, &room, message);
    match said {
        Some(said) => {
            io.to(room).emit("message", &*said).await.ok();
            ack.send(&Answer::accepted(&said)).ok();
        }
        None => {
            ack.send(&Answer::refused("not_in_room", "Join first")).ok();
        }
    }
}

async fn on_disconnect(socket: SocketRef, State(chat): Shared) {
    chat.lock().unwrap().leave_all(socket.id);
}

async fn on_connect(socket: SocketRef) {
    socket.on("join", on_join);
    socket.on("message", on_message);
    socket.on_disconnect(on_disconnect);
}

fn port() -> u16 {
    let mut arguments = std::env::args().skip(1);
    match (
        arguments.next().as_deref(),
        arguments.next().map(|port| port.parse()),
    ) {
        (Some("--port"), Some(Ok(port))) => port,
        _ => {
            eprintln!("usage: peer-socketioxide --port N");
            std::process::exit(2);
        }
    }
}

async fn serve(port: u16) -> std::io::Result<()> {
    let (layer, io) = SocketIo::builder()
        .max_buffer_size(PACKETS_QUEUED)
        .with_state(Arc::new(Mutex::new(Chat::default())))
        .build_layer();
    io.ns("/", on_connect);

    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    let listener = socket.listen(4096)?.tap_io(|connection| {
        connection.set_nodelay(true).ok();
    });
    axum::serve(listener, axum::Router::new().layer(layer)).await
}

fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(serve(port()))
}
