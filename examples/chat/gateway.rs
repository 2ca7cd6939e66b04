//! The chat's events. One `ChatGateway` is made for each socket and lives as long as it: what it
//! holds is that visitor's.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use specter::prelude::*;

use crate::error::ChatError;
use crate::names::{Nickname, RoomName, Text};
use crate::roster::{Presence, RoomSummary, Roster};
use crate::storage::{Message, MessageRepository, Timestamp};

/// What the client sends when it connects.
#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    nickname: String,
    /// Chosen by the page at random: whoever has it may use the nickname again.
    #[serde(default)]
    key: String,
}

/// What a client gets when it is let in.
#[derive(Serialize)]
struct Welcome<'a> {
    nickname: &'a Nickname,
    rooms: Vec<RoomSummary>,
}

/// A room, as somebody finds it who enters.
#[derive(Serialize)]
struct Entered {
    room: RoomName,
    history: Vec<Message>,
    present: Vec<Nickname>,
}

#[derive(Serialize)]
struct Present<'a> {
    room: &'a RoomName,
    present: Vec<Nickname>,
}

/// Somebody came or went.
#[derive(Serialize)]
struct Notice<'a> {
    room: &'a RoomName,
    kind: NoticeKind,
    nickname: &'a Nickname,
    at: Timestamp,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum NoticeKind {
    Joined,
    Left,
}

#[derive(Serialize)]
struct Typing<'a> {
    room: &'a RoomName,
    nickname: &'a Nickname,
    active: bool,
}

#[socketio_controller(namespace = "/chat")]
pub(crate) struct ChatGateway {
    messages: Arc<MessageRepository>,
    roster: Arc<Roster>,
    /// Known from `connect` on, which runs before anything else.
    #[state]
    nickname: Nickname,
    #[state]
    rooms: HashSet<RoomName>,
}

#[handlers]
impl ChatGateway {
    /// Lets somebody in who has a nickname that nobody else has.
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket, Auth(login): Auth<Login>) -> Result<(), Reject> {
        self.nickname = Nickname::parse(&login.nickname).map_err(ChatError::into_reject)?;
        self.roster
            .enter(&self.nickname, &login.key)
            .map_err(ChatError::into_reject)?;
        let welcome = Welcome {
            nickname: &self.nickname,
            rooms: self.roster.rooms(),
        };
        Ok(socket.emit("welcome", &welcome)?)
    }

    /// Enters a room, and opens it if it is not there. Entering again tells what was missed.
    #[on_event("room:join")]
    fn join(&mut self, socket: &Socket, room: &str) -> Result<Entered, ChatError> {
        let room = RoomName::parse(room)?;
        if !self.rooms.contains(&room) {
            socket.join(&room)?;
            let joined = self.roster.join(&room, &self.nickname);
            let presence = joined.inspect_err(|_| socket.leave(&room))?;
            self.rooms.insert(room.clone());
            self.tell_presence(socket, &room, presence, NoticeKind::Joined)?;
        }
        let history = self.messages.history(&room);
        let present = self.roster.present(&room);
        Ok(Entered {
            room,
            history,
            present,
        })
    }

    /// Leaves a room.
    #[on_event("room:leave")]
    fn leave(&mut self, socket: &Socket, room: &str) -> Result<(), ChatError> {
        let room = self.rooms.take(room).ok_or(ChatError::NotInRoom)?;
        socket.leave(&room);
        let presence = self.roster.part(&room, &self.nickname);
        self.tell_presence(socket, &room, presence, NoticeKind::Left)
    }

    /// Says something to the others in a room. The acknowledgement is the message as it was kept.
    #[on_event]
    fn message(&mut self, socket: &Socket, room: &str, text: &str) -> Result<Message, ChatError> {
        let room = self.rooms.get(room).ok_or(ChatError::NotInRoom)?;
        let message = self.messages.save(room, &self.nickname, Text::parse(text)?);
        socket.to(room.as_ref()).emit("message", &message)?;
        Ok(message)
    }

    /// Shows the others in a room that one is writing, or no longer.
    #[on_event]
    fn typing(&mut self, socket: &Socket, room: &str, active: bool) -> Result<(), ChatError> {
        let room = self.rooms.get(room).ok_or(ChatError::NotInRoom)?;
        let typing = Typing {
            room,
            nickname: &self.nickname,
            active,
        };
        Ok(socket.to(room.as_ref()).emit("typing", &typing)?)
    }

    /// Runs however the socket went, once, after everything else of it.
    #[on_event("disconnect")]
    fn left(&mut self, socket: &Socket) -> Result<(), ChatError> {
        self.roster.leave(&self.nickname);
        for room in std::mem::take(&mut self.rooms) {
            let presence = self.roster.part(&room, &self.nickname);
            self.tell_presence(socket, &room, presence, NoticeKind::Left)?;
        }
        Ok(())
    }
}

impl ChatGateway {
    /// Tells the others in a room that this person came or went, and everybody how full the rooms
    /// are now.
    fn tell_presence(
        &self,
        socket: &Socket,
        room: &RoomName,
        presence: Presence,
        kind: NoticeKind,
    ) -> Result<(), ChatError> {
        if presence == Presence::Same {
            return Ok(());
        }
        let others = socket.to(room.as_ref());
        let notice = Notice {
            room,
            kind,
            nickname: &self.nickname,
            at: Timestamp::now(),
        };
        others.emit("notice", &notice)?;
        others.emit(
            "presence",
            &Present {
                room,
                present: self.roster.present(room),
            },
        )?;
        Ok(socket.namespace().emit("rooms", self.roster.rooms())?)
    }
}
