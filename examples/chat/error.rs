//! `ChatError`: the errors of requests, with texts for the person who uses the page.

use serde_json::json;
use specter::prelude::*;

use crate::names::{Nickname, RoomName, Text};
use crate::roster::MAX_ROOMS;

/// The error of a request. Its text and its code are sent to the client, in the acknowledgement or
/// as the rejection of its connection.
#[derive(Debug, thiserror::Error, IntoEventError)]
pub(crate) enum ChatError {
    #[error("a nickname is needed")]
    NicknameEmpty,
    #[error("a nickname has at most {max} characters", max = Nickname::MAX)]
    NicknameTooLong,
    #[error("somebody else has this nickname")]
    NicknameTaken,
    #[error("a room's name has 1 to {max} characters", max = RoomName::MAX)]
    RoomNameInvalid,
    #[error("there are {MAX_ROOMS} rooms already")]
    TooManyRooms,
    #[error("you are not in this room")]
    NotInRoom,
    #[error("a message has 1 to {max} characters", max = Text::MAX)]
    TextInvalid,
    /// The framework did not let the socket join a room. The client receives only an id, under
    /// which the log has the error.
    #[error(transparent)]
    #[event_error(internal)]
    Join(#[from] JoinError),
    /// An event could not be sent.
    #[error(transparent)]
    #[event_error(internal)]
    Emit(#[from] EmitError),
}

impl ChatError {
    /// The error as the rejection of a connection. The client's `connect_error` handler receives
    /// the text as `error.message` and the code in `error.data`.
    pub(crate) fn into_reject(self) -> Reject {
        let error = self.into_event_error();
        Reject::new(error.error()).with_data(&json!({ "code": error.code() }))
    }
}
