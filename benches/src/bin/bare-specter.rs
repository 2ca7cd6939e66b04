//! A bare echo on Specter's own framing, with one write for each batch that was read. It shows what
//! the crate `specter-proto` costs alone.

use std::error::Error;
use std::io;

use specter_bench::listen::{serve_each, upgrade};
use specter_proto::websocket::{
    Decoder, Event, Limits, MAX_HEADER, Opcode, pong_frame, write_header,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAX_MESSAGE: usize = 1 << 20;
/// The same size as in the other bare echoes.
const BUFFER: usize = 4096;

fn main() -> io::Result<()> {
    serve_each(echo)
}

async fn echo(mut stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    upgrade(&mut stream).await?;
    let mut decoder = Decoder::new(Limits::new(MAX_MESSAGE));
    let (mut input, mut output) = (Vec::with_capacity(BUFFER), Vec::with_capacity(BUFFER));
    while stream.read_buf(&mut input).await? > 0 {
        let mut consumed = 0;
        let wanted = loop {
            let found = decoder.decode(&mut input[consumed..])?;
            consumed += found.consumed;
            match found.event {
                Some(Event::Text(text)) => push(&mut output, Opcode::Text, text.as_bytes()),
                Some(Event::Binary(data)) => push(&mut output, Opcode::Binary, data),
                Some(Event::Ping(payload)) => output.extend_from_slice(&pong_frame(payload)),
                Some(Event::Pong(_)) => {}
                Some(Event::Close { .. }) => return Ok(()),
                None => break found.wanted,
            }
        };
        input.drain(..consumed);
        input.reserve(wanted.clamp(BUFFER, MAX_MESSAGE));
        if !output.is_empty() {
            stream.write_all(&output).await?;
            output.clear();
        }
    }
    Ok(())
}

fn push(output: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let mut header = [0; MAX_HEADER];
    let used = write_header(&mut header, true, opcode, payload.len());
    output.extend_from_slice(&header[..used]);
    output.extend_from_slice(payload);
}
