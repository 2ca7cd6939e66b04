//! The client's end of a connection to an App, over a stream in memory. Measurements with it
//! include the connection's task, framing and codecs, but no kernel and no client library.
//!
//! Server and client share one thread. Every figure therefore includes the switches between their
//! two tasks.

use std::io;

use axum::serve::Listener;
use specter::prelude::*;
use specter_bench::wire::{self, Head, TEXT};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};

const REQUEST: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// An App with one client.
pub(crate) struct Line {
    runtime: Runtime,
    stream: DuplexStream,
    buffer: Vec<u8>,
}

impl Line {
    /// Serves the module's App, and opens a WebSocket to it without joining a namespace.
    pub(crate) fn open<M: specter::di::Module>() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (stream, served) = tokio::io::duplex(256 * 1024);
        let mut line = Self {
            runtime,
            stream,
            buffer: Vec::new(),
        };
        line.runtime.block_on(async {
            // With this interval no ping is sent between the answers.
            let app = App::builder::<M>().ping_interval(std::time::Duration::from_hours(1));
            let router = app.create().await.unwrap().into_router();
            tokio::spawn(axum::serve(Once(Some(served)), router).into_future());
            line.stream.write_all(REQUEST.as_bytes()).await.unwrap();
            while !line.buffer.ends_with(b"\r\n\r\n") {
                line.buffer.push(line.stream.read_u8().await.unwrap());
            }
        });
        assert!(line.answer().starts_with(b"0{"), "OPEN");
        line
    }

    /// Joins a namespace with the CONNECT `packet`. Returns the length of the reply.
    pub(crate) fn join(&mut self, packet: &str) -> usize {
        self.talk(&frames(packet, 1), 0);
        let answer = self.answer();
        assert!(answer.starts_with(packet.as_bytes()), "{answer:?}");
        answer.len()
    }

    /// The payload of the next frame.
    fn answer(&mut self) -> &[u8] {
        let Self {
            runtime,
            stream,
            buffer,
        } = self;
        runtime.block_on(async {
            buffer.resize(2, 0);
            stream.read_exact(buffer).await.unwrap();
            if buffer[1] == 126 {
                buffer.resize(4, 0);
                stream.read_exact(&mut buffer[2..]).await.unwrap();
            }
            let head = Head::parse(buffer).unwrap();
            buffer.resize(head.payload, 0);
            stream.read_exact(buffer).await.unwrap();
        });
        buffer
    }

    /// Sends these frames, and waits until `answers` bytes were received.
    pub(crate) fn talk(&mut self, frames: &[u8], answers: usize) -> &[u8] {
        self.buffer.resize(answers, 0);
        self.runtime.block_on(async {
            self.stream.write_all(frames).await.unwrap();
            self.stream.read_exact(&mut self.buffer).await.unwrap();
        });
        &self.buffer
    }
}

/// Returns `count` copies of the packet, framed as by a client.
pub(crate) fn frames(packet: &str, count: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    wire::push_client_frame(&mut frame, TEXT, packet.as_bytes());
    frame.repeat(count)
}

/// A listener that accepts a single connection.
struct Once(Option<DuplexStream>);

impl Listener for Once {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.take() {
            Some(stream) => (stream, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}
