//! What was said, kept in memory: the module that another storage would replace.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use indexmap::IndexMap;
use serde::Serialize;
use specter::prelude::*;

use crate::names::{Nickname, RoomName, Text};

/// Keeps the history, and lets other modules have it.
#[module(providers = [MessageRepository], exports = [MessageRepository])]
pub(crate) struct StorageModule;

/// One message, as the page gets it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    id: u64,
    room: RoomName,
    nickname: Nickname,
    text: Text,
    at: Timestamp,
}

/// Milliseconds since 1970, as JavaScript counts.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Timestamp(u128);

impl Timestamp {
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self(since.unwrap_or_default().as_millis())
    }
}

/// The last messages of the rooms in which somebody spoke last.
#[injectable]
pub(crate) struct MessageRepository {
    #[state]
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    last_id: u64,
    /// The room that was spoken in last stands at the end.
    rooms: IndexMap<RoomName, VecDeque<Message>>,
}

impl MessageRepository {
    const MESSAGES_PER_ROOM: usize = 200;
    const ROOMS: usize = 100;

    /// Keeps a message; the oldest of its room makes place for it.
    pub(crate) fn save(&self, room: &RoomName, nickname: &Nickname, text: Text) -> Message {
        let mut kept = self.kept();
        kept.last_id += 1;
        let message = Message {
            id: kept.last_id,
            room: room.clone(),
            nickname: nickname.clone(),
            text,
            at: Timestamp::now(),
        };
        let mut messages = kept.rooms.shift_remove(room).unwrap_or_default();
        messages.push_back(message.clone());
        if messages.len() > Self::MESSAGES_PER_ROOM {
            messages.pop_front();
        }
        kept.rooms.insert(room.clone(), messages);
        if kept.rooms.len() > Self::ROOMS {
            kept.rooms.shift_remove_index(0);
        }
        message
    }

    /// A room's messages, oldest first.
    pub(crate) fn history(&self, room: &RoomName) -> Vec<Message> {
        let kept = self.kept();
        kept.rooms
            .get(room)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing here panics half way: what a poisoned lock guards is whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
