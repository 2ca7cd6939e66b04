//! What can be wrong with what a client asks for, in words for the person at the page.

use serde_json::json;
use specter::prelude::*;

use crate::names::{Nickname, RoomName, Text};
use crate::roster::MAX_ROOMS;

/// The error of every request. Its text and its code reach the client, in the acknowledgement or as
/// the reason why it may not enter.
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
    /// The framework refused to let the socket into a room. The client learns no more than an id
    /// that the log has too.
    #[error(transparent)]
    #[event_error(internal)]
    Join(#[from] JoinError),
    /// An event could not be encoded.
    #[error(transparent)]
    #[event_error(internal)]
    Emit(#[from] EmitError),
}

impl ChatError {
    /// The error as the refusal of a connection: `connect_error` gets the text, and the code in
    /// `error.data`.
    pub(crate) fn into_reject(self) -> Reject {
        let error = self.into_event_error();
        Reject::new(error.text()).with_data(&json!({ "code": error.code() }))
    }
}
