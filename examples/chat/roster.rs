//! Who is here: nicknames in use, and who is in which room.
//!
//! A person may have several sockets (two windows, or a connection that the server does not know to
//! be lost yet): they count as one person, who comes with the first and goes with the last.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use serde::Serialize;
use specter::prelude::*;

use crate::error::ChatError;
use crate::names::{Nickname, RoomName};

/// How many rooms there may be at once.
pub(crate) const MAX_ROOMS: usize = 50;
/// Rooms that are there even when nobody is in them.
const LASTING: [&str; 3] = ["lobby", "rust", "random"];

/// A room in the list of all.
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
    /// Whoever knows it may use the nickname as well.
    key: String,
    sockets: usize,
}

#[derive(Default)]
struct Room {
    lasting: bool,
    /// How many sockets each has in here.
    present: BTreeMap<Nickname, usize>,
}

impl State {
    fn at_start() -> Self {
        let lasting = LASTING.iter().filter_map(|name| {
            let room = Room {
                lasting: true,
                ..Room::default()
            };
            Some((RoomName::parse(name).ok()?, room))
        });
        Self {
            people: HashMap::new(),
            rooms: lasting.collect(),
        }
    }
}

/// Whether a person came or went, or only one of several sockets of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Changed,
    Same,
}

impl Roster {
    /// Takes a nickname, if nobody has it, or whoever has it uses the same key.
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

    /// Gives a nickname back.
    pub(crate) fn leave(&self, nickname: &Nickname) {
        let mut state = self.state();
        if let Some(person) = state.people.get_mut(nickname) {
            person.sockets -= 1;
            if person.sockets == 0 {
                state.people.remove(nickname);
            }
        }
    }

    /// Puts one of a person's sockets into a room, which is opened if it is not there.
    pub(crate) fn join(&self, room: &RoomName, nickname: &Nickname) -> Result<Presence, ChatError> {
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
            Presence::Same
        })
    }

    /// Takes one of a person's sockets out of a room; the last to leave closes it.
    pub(crate) fn part(&self, room: &RoomName, nickname: &Nickname) -> Presence {
        let mut state = self.state();
        let Some(there) = state.rooms.get_mut(room) else {
            return Presence::Same;
        };
        let Some(sockets) = there.present.get_mut(nickname) else {
            return Presence::Same;
        };
        *sockets -= 1;
        if *sockets > 0 {
            return Presence::Same;
        }
        there.present.remove(nickname);
        if there.present.is_empty() && !there.lasting {
            state.rooms.shift_remove(room);
        }
        Presence::Changed
    }

    /// Who is in a room, by name.
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
        // Nothing here panics half way: what a poisoned lock guards is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
