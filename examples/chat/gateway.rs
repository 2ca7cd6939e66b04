//! The controller of the chat: it handles all events. Each socket has its own `ChatGateway`, so
//! that its fields are the state of one visitor.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use specter::prelude::*;

use crate::error::ChatError;
use crate::names::{Nickname, RoomName, Text};
use crate::roster::{Presence, RoomSummary, Roster};
use crate::storage::{Message, MessageRepository, Timestamp};

/// The client's `auth` payload.
#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    nickname: String,
    /// A random value that the page chooses. A client with the same key may use the nickname too.
    #[serde(default)]
    key: String,
}

/// The first event to a client after its connection is accepted.
#[derive(Serialize)]
struct Welcome<'a> {
    nickname: &'a Nickname,
    rooms: Vec<RoomSummary>,
}

/// The answer to a client that enters a room.
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

/// A person entered or left a room.
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
    /// Set in `connect`, which runs before all other handlers.
    #[state]
    nickname: Nickname,
    #[state]
    rooms: HashSet<RoomName>,
}

#[handlers]
impl ChatGateway {
    /// Accepts a client whose nickname nobody else uses.
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

    /// Enters a room, and creates it if it does not exist. A client that enters again, after it has
    /// reconnected, receives the history with what it missed.
    #[on_event("room:join")]
    fn join(&mut self, socket: &Socket, room: &str) -> Result<Entered, ChatError> {
        let room = RoomName::parse(room)?;
        if !self.rooms.contains(&room) {
            socket.join(&room)?;
            let joined = self.roster.enter_room(&room, &self.nickname);
            let presence = joined.inspect_err(|_| socket.leave(&room))?;
            self.rooms.insert(room.clone());
            self.announce_presence(socket, &room, presence, NoticeKind::Joined)?;
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
        let presence = self.roster.leave_room(&room, &self.nickname);
        self.announce_presence(socket, &room, presence, NoticeKind::Left)
    }

    /// Sends a message to the others in a room. The acknowledgement is the message as it was saved.
    #[on_event]
    fn message(&mut self, socket: &Socket, room: &str, text: &str) -> Result<Message, ChatError> {
        let room = self.rooms.get(room).ok_or(ChatError::NotInRoom)?;
        let message = self.messages.save(room, &self.nickname, Text::parse(text)?);
        socket.to(room.as_ref()).emit("message", &message)?;
        Ok(message)
    }

    /// Shows the others in a room that this person starts or stops typing.
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

    /// Runs once, after all other handlers of the socket, whatever the reason of the disconnect.
    #[on_event("disconnect")]
    fn left(&mut self, socket: &Socket) -> Result<(), ChatError> {
        self.roster.leave(&self.nickname);
        for room in std::mem::take(&mut self.rooms) {
            let presence = self.roster.leave_room(&room, &self.nickname);
            self.announce_presence(socket, &room, presence, NoticeKind::Left)?;
        }
        Ok(())
    }
}

impl ChatGateway {
    /// Announces that this person entered or left: to the others in the room, and in the list of
    /// rooms to everybody.
    fn announce_presence(
        &self,
        socket: &Socket,
        room: &RoomName,
        presence: Presence,
        kind: NoticeKind,
    ) -> Result<(), ChatError> {
        if presence == Presence::Unchanged {
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
