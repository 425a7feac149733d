//! The rules: rooms, names, numbers and a short history. Knows sockets by their ids only.

use serde::{Deserialize, Serialize};
use socketioxide::socket::Sid;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const HISTORY: usize = 50;

#[derive(Deserialize)]
pub struct Join {
    pub username: String,
    pub room: String,
}

#[derive(Deserialize)]
pub struct Say {
    pub room: String,
    pub message: String,
}

#[derive(Serialize)]
pub struct Message {
    id: String,
    seq: u64,
    room: String,
    username: String,
    message: String,
    timestamp: u64,
}

#[derive(Serialize)]
pub struct Joined<'a> {
    ok: bool,
    you: &'a str,
    room: String,
    count: usize,
    history: &'a VecDeque<Arc<Message>>,
    last_seq: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Answer<'a> {
    Accepted {
        ok: bool,
        id: &'a str,
        seq: u64,
        timestamp: u64,
    },
    Refused {
        ok: bool,
        error: Error,
    },
}

#[derive(Serialize)]
pub struct Error {
    code: &'static str,
    message: &'static str,
}

impl<'a> Answer<'a> {
    pub fn accepted(said: &'a Message) -> Self {
        Answer::Accepted {
            ok: true,
            id: &said.id,
            seq: said.seq,
            timestamp: said.timestamp,
        }
    }

    pub fn refused(code: &'static str, message: &'static str) -> Self {
        Answer::Refused {
            ok: false,
            error: Error { code, message },
        }
    }
}

#[derive(Default)]
struct Room {
    seq: u64,
    history: VecDeque<Arc<Message>>,
    names: HashMap<Sid, String>,
}

#[derive(Default)]
pub struct Chat {
    rooms: HashMap<String, Room>,
    rooms_of: HashMap<Sid, Vec<String>>,
    messages: u64,
}

impl Chat {
    pub fn join(&mut self, sid: Sid, username: String, name: String) -> Joined<'_> {
        self.rooms_of.entry(sid).or_default().push(name.clone());
        let room = self.rooms.entry(name.clone()).or_default();
        room.names.insert(sid, username);
        Joined {
            ok: true,
            you: &room.names[&sid],
            room: name,
            count: room.names.len(),
            history: &room.history,
            last_seq: room.seq,
        }
    }

    /// The message for the room; nothing when the socket is not in it.
    pub fn say(&mut self, sid: Sid, name: &str, text: String) -> Option<Arc<Message>> {
        let room = self.rooms.get_mut(name)?;
        let username = room.names.get(&sid)?.clone();
        let timestamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        self.messages += 1;
        room.seq += 1;
        let said = Arc::new(Message {
            id: format!("{:x}-{}", timestamp, self.messages),
            seq: room.seq,
            room: name.to_owned(),
            username,
            message: text,
            timestamp,
        });
        room.history.push_back(said.clone());
        if room.history.len() > HISTORY {
            room.history.pop_front();
        }
        Some(said)
    }

    pub fn leave_all(&mut self, sid: Sid) {
        for name in self.rooms_of.remove(&sid).unwrap_or_default() {
            if let Some(room) = self.rooms.get_mut(&name) {
                room.names.remove(&sid);
            }
        }
    }
}
