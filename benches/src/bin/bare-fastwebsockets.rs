//! A bare echo on fastwebsockets, with a write for each message.

use std::error::Error;
use std::io;

use fastwebsockets::{OpCode, Role, WebSocket};
use specter_bench::listen::{serve_each, upgrade};
use tokio::net::TcpStream;

fn main() -> io::Result<()> {
    serve_each(echo)
}

async fn echo(mut stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    upgrade(&mut stream).await?;
    let mut socket = WebSocket::after_handshake(stream, Role::Server);
    socket.set_writev(false);
    socket.set_auto_close(true);
    socket.set_auto_pong(true);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}
