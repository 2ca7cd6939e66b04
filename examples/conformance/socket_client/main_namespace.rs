//! The namespace `/`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specter::prelude::*;

use super::handshake::HandshakeView;

/// Who connects.
#[socketio_controller(unlisted)]
pub(super) struct Identity;

#[handlers]
impl Identity {
    #[on_event("connect")]
    fn connect(&self, socket: &Socket) -> Result<(), Reject> {
        match socket.handshake().query_value("fail") {
            Some(fail) if !fail.is_empty() => Err(Reject::new("Auth failed (main namespace)")),
            _ => Ok(()),
        }
    }

    #[on_event("getHandshake")]
    fn handshake(&self, socket: &Socket) -> HandshakeView {
        HandshakeView::of(socket)
    }

    #[on_event("getId")]
    fn id(&self, socket: &Socket) -> SocketId {
        socket.id()
    }
}

/// Texts, dates and acknowledgements.
#[socketio_controller(unlisted)]
pub(super) struct Greetings;

/// What the client is to answer besides a number.
#[derive(Deserialize)]
struct Answer {
    test: bool,
}

#[derive(Serialize)]
struct Dated {
    date: String,
}

#[handlers]
impl Greetings {
    #[on_event]
    fn hi(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("hi", ())
    }

    #[on_event]
    fn echo(&self, value: Args) -> Args {
        value
    }

    /// Not acknowledged itself as long as the client's acknowledgement is waited for; beside the
    /// socket's other events.
    #[on_event(concurrent)]
    async fn ack(&self, socket: &Socket, _unanswered: Ack) -> Result<(), EventError> {
        if let Ok((5, Answer { test: true })) =
            socket.emit_with_ack::<(u32, Answer)>("ack", ()).await
        {
            socket.emit("got it", ())?;
        }
        Ok(())
    }

    #[on_event("getAckDate")]
    fn ack_date(&self) -> String {
        iso_now()
    }

    #[on_event("getDate")]
    fn date(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("takeDate", iso_now())
    }

    #[on_event("getDateObj")]
    fn date_object(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("takeDateObj", Dated { date: iso_now() })
    }

    #[on_event("getUtf8")]
    fn utf8(&self, socket: &Socket) -> Result<(), EmitError> {
        let texts = [
            "てすと",
            "Я Б Г Д Ж Й",
            "Ä ä Ü ü ß",
            "utf8 — string",
            "utf8 — string",
        ];
        texts
            .iter()
            .try_for_each(|text| socket.emit("takeUtf8", text))
    }

    #[on_event("false")]
    fn falsehood(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("false", false)
    }
}

/// The present time as JavaScript's `toISOString` writes it.
fn iso_now() -> String {
    Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string()
}

/// Bytes in both directions.
#[socketio_controller(unlisted)]
pub(super) struct Attachments {
    #[state]
    had_first: bool,
}

/// Bytes within an object.
#[derive(Deserialize)]
struct Mixed {
    hello: String,
    message: Binary,
    goodbye: String,
}

#[handlers]
impl Attachments {
    #[on_event]
    fn doge(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("doge", Binary::from(&b"asdfasdf"[..]))
    }

    #[on_event]
    fn getbin(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("takebin", Binary::from(&b"asdfasdf"[..]))
    }

    #[on_event]
    fn buffa(&self, socket: &Socket, _bytes: Binary) -> Result<(), EmitError> {
        socket.emit("buffack", ())
    }

    #[on_event]
    fn jsonbuff(&self, socket: &Socket, mixed: Mixed) -> Result<(), EmitError> {
        if mixed.hello == "lol" && !mixed.message.is_empty() && mixed.goodbye == "gotcha" {
            socket.emit("jsonbuff-ack", ())?;
        }
        Ok(())
    }

    #[on_event]
    fn abuff1(&mut self, _bytes: Binary) {
        self.had_first = true;
    }

    #[on_event]
    fn abuff2(&mut self, socket: &Socket, _text: &str) -> Result<(), EmitError> {
        if self.had_first {
            socket.emit("abuff2-ack", ())?;
        }
        Ok(())
    }
}
