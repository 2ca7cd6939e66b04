//! A bare echo on tungstenite with a small read buffer, and one write for each batch that was read.

use std::error::Error;
use std::io;

use futures_util::{FutureExt, SinkExt, StreamExt};
use specter_bench::listen::serve_each;
use tokio::net::TcpStream;
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

fn main() -> io::Result<()> {
    serve_each(echo)
}

async fn echo(stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(4096);
    let mut socket = accept_async_with_config(stream, Some(config)).await?;
    while let Some(message) = socket.next().await {
        socket.feed(message?).await?;
        while let Some(Some(message)) = socket.next().now_or_never() {
            socket.feed(message?).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}
