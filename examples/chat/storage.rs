//! The history of messages, kept in memory. A real application would replace this module by one
//! with a database.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use indexmap::IndexMap;
use serde::Serialize;
use specter::prelude::*;

use crate::names::{Nickname, RoomName, Text};

/// Provides the history, and exports it to other modules.
#[module(providers = [MessageRepository], exports = [MessageRepository])]
pub(crate) struct StorageModule;

/// A message, as it is sent to the page.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    id: u64,
    room: RoomName,
    nickname: Nickname,
    text: Text,
    at: Timestamp,
}

/// A time in milliseconds since 1970, as JavaScript's `Date` takes it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Timestamp(u128);

impl Timestamp {
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self(since.unwrap_or_default().as_millis())
    }
}

/// The latest messages of each room. Only the rooms with the latest messages are kept.
#[injectable]
pub(crate) struct MessageRepository {
    #[state]
    history: Mutex<History>,
}

#[derive(Default)]
struct History {
    last_id: u64,
    /// Ordered by the latest message: the room with the newest message is the last one.
    rooms: IndexMap<RoomName, VecDeque<Message>>,
}

impl MessageRepository {
    const MESSAGES_PER_ROOM: usize = 200;
    const ROOMS: usize = 100;

    /// Saves a message, and removes the oldest ones beyond the limits.
    pub(crate) fn save(&self, room: &RoomName, nickname: &Nickname, text: Text) -> Message {
        let mut history = self.lock();
        history.last_id += 1;
        let message = Message {
            id: history.last_id,
            room: room.clone(),
            nickname: nickname.clone(),
            text,
            at: Timestamp::now(),
        };
        let mut messages = history.rooms.shift_remove(room).unwrap_or_default();
        messages.push_back(message.clone());
        if messages.len() > Self::MESSAGES_PER_ROOM {
            messages.pop_front();
        }
        history.rooms.insert(room.clone(), messages);
        if history.rooms.len() > Self::ROOMS {
            history.rooms.shift_remove_index(0);
        }
        message
    }

    /// The messages of a room, oldest first.
    pub(crate) fn history(&self, room: &RoomName) -> Vec<Message> {
        let history = self.lock();
        history
            .rooms
            .get(room)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        // No method panics between two changes, so that the history is consistent even if the lock
        // is poisoned.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
