//! The roster: the nicknames in use, and who is in which room.
//!
//! A person may have several sockets: in two windows, or because the server has not noticed yet
//! that a connection is lost. They count as one person, who enters with the first socket and leaves
//! with the last.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use serde::Serialize;
use specter::prelude::*;

use crate::error::ChatError;
use crate::names::{Nickname, RoomName};

/// How many rooms there may be at once.
pub(crate) const MAX_ROOMS: usize = 50;
/// Rooms that exist even while nobody is in them.
const PERMANENT_ROOMS: [&str; 3] = ["lobby", "rust", "random"];

/// A room in the list of rooms.
#[derive(Debug, Serialize)]
pub(crate) struct RoomSummary {
    name: RoomName,
    present: usize,
}

/// The nicknames in use and the people in each room.
#[injectable]
pub(crate) struct Roster {
    #[state(Mutex::new(State::at_start()))]
    state: Mutex<State>,
}

struct State {
    people: HashMap<Nickname, Person>,
    rooms: IndexMap<RoomName, Room>,
}

struct Person {
    /// A client with this key may use the nickname too.
    key: String,
    sockets: usize,
}

#[derive(Default)]
struct Room {
    is_permanent: bool,
    /// How many sockets each person has in the room.
    present: BTreeMap<Nickname, usize>,
}

impl State {
    fn at_start() -> Self {
        let permanent = PERMANENT_ROOMS.iter().filter_map(|name| {
            let room = Room {
                is_permanent: true,
                ..Room::default()
            };
            Some((RoomName::parse(name).ok()?, room))
        });
        Self {
            people: HashMap::new(),
            rooms: permanent.collect(),
        }
    }
}

/// Whether a person entered or left, or only one of several sockets of that person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Changed,
    Unchanged,
}

impl Roster {
    /// Reserves a nickname for one more socket. Fails if a person with another key uses it.
    pub(crate) fn enter(&self, nickname: &Nickname, key: &str) -> Result<(), ChatError> {
        let mut state = self.state();
        let person = state
            .people
            .entry(nickname.clone())
            .or_insert_with(|| Person {
                key: key.to_owned(),
                sockets: 0,
            });
        if person.key != key {
            return Err(ChatError::NicknameTaken);
        }
        person.sockets += 1;
        Ok(())
    }

    /// Releases a nickname for one socket.
    pub(crate) fn leave(&self, nickname: &Nickname) {
        let mut state = self.state();
        if let Some(person) = state.people.get_mut(nickname) {
            person.sockets -= 1;
            if person.sockets == 0 {
                state.people.remove(nickname);
            }
        }
    }

    /// Adds one socket of a person to a room, which is created if it does not exist.
    pub(crate) fn enter_room(
        &self,
        room: &RoomName,
        nickname: &Nickname,
    ) -> Result<Presence, ChatError> {
        let mut state = self.state();
        if state.rooms.len() == MAX_ROOMS && !state.rooms.contains_key(room) {
            return Err(ChatError::TooManyRooms);
        }
        let present = &mut state.rooms.entry(room.clone()).or_default().present;
        let sockets = present.entry(nickname.clone()).or_default();
        *sockets += 1;
        Ok(if *sockets == 1 {
            Presence::Changed
        } else {
            Presence::Unchanged
        })
    }

    /// Removes one socket of a person from a room. An empty room is removed, unless it is
    /// permanent.
    pub(crate) fn leave_room(&self, room: &RoomName, nickname: &Nickname) -> Presence {
        let mut state = self.state();
        let Some(entered) = state.rooms.get_mut(room) else {
            return Presence::Unchanged;
        };
        let Some(sockets) = entered.present.get_mut(nickname) else {
            return Presence::Unchanged;
        };
        *sockets -= 1;
        if *sockets > 0 {
            return Presence::Unchanged;
        }
        entered.present.remove(nickname);
        if entered.present.is_empty() && !entered.is_permanent {
            state.rooms.shift_remove(room);
        }
        Presence::Changed
    }

    /// The people in a room, sorted by name.
    pub(crate) fn present(&self, room: &RoomName) -> Vec<Nickname> {
        let state = self.state();
        state
            .rooms
            .get(room)
            .into_iter()
            .flat_map(|room| room.present.keys())
            .cloned()
            .collect()
    }

    /// All rooms, oldest first.
    pub(crate) fn rooms(&self) -> Vec<RoomSummary> {
        let summary = |(name, room): (&RoomName, &Room)| RoomSummary {
            name: name.clone(),
            present: room.present.len(),
        };
        self.state().rooms.iter().map(summary).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No method panics between two changes, so that the state is consistent even if the lock is
        // poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
