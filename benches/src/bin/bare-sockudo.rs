//! A bare echo on sockudo-ws, with one write for each batch that was read.

use std::error::Error;
use std::io;

use futures_util::{FutureExt, SinkExt, StreamExt};
use sockudo_ws::{Config, WebSocketStream};
use specter_bench::listen::{serve_each, upgrade};
use tokio::net::TcpStream;

fn main() -> io::Result<()> {
    serve_each(echo)
}

async fn echo(mut stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    upgrade(&mut stream).await?;
    let mut socket = WebSocketStream::server(stream, Config::default());
    while let Some(message) = socket.next().await {
        socket.feed(message?).await?;
        while let Some(Some(message)) = socket.next().now_or_never() {
            socket.feed(message?).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}
