//! The main namespace, `/`: identity, texts, dates, acknowledgements and attachments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specter::prelude::*;

use super::handshake::HandshakeView;

/// Accepts or rejects the connection, and returns the socket's handshake and id.
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

/// The second argument of the client's acknowledgement.
#[derive(Deserialize)]
struct AckDetails {
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

    /// Requests an acknowledgement from the client, while further events of the socket are handled.
    /// The handler takes `Ack` so that the event itself is not acknowledged meanwhile.
    #[on_event(concurrent)]
    async fn ack(&self, socket: &Socket, _unanswered: Ack) -> Result<(), EventError> {
        if let Ok((5, AckDetails { test: true })) =
            socket.emit_with_ack::<(u32, AckDetails)>("ack", ()).await
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

/// The current time as JavaScript's `toISOString` writes it.
fn iso_now() -> String {
    Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string()
}

/// Binary attachments in both directions.
#[socketio_controller(unlisted)]
pub(super) struct Attachments {
    #[state]
    received_first: bool,
}

/// An object with binary data in it.
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
        self.received_first = true;
    }

    #[on_event]
    fn abuff2(&mut self, socket: &Socket, _text: &str) -> Result<(), EmitError> {
        if self.received_first {
            socket.emit("abuff2-ack", ())?;
        }
        Ok(())
    }
}
