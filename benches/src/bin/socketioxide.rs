//! socketioxide, doing what the `bench` profile does.

use axum::Router;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use specter_bench::listen::listen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = listen()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (layer, io) = SocketIo::builder().ws_read_buffer_size(4096).build_layer();
        io.ns("/", async |socket: SocketRef| on_connect(&socket));
        let router: Router = Router::new().layer(layer);
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await?;
        Ok(())
    })
}

fn on_connect(socket: &SocketRef) {
    socket.on("echo", async |Data::<Value>(data), ack: AckSender| {
        let _ = ack.send(&data);
    });
    socket.on("broadcast", async |socket: SocketRef, Data::<Value>(data)| {
        let _ = socket.within("/").broadcast().emit("broadcast", &data).await;
    });
    socket.on("join", async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
        socket.join(room);
        let _ = ack.send(&());
    });
    socket.on("room", async |socket: SocketRef, Data::<(String, Value)>((room, data))| {
        let _ = socket.within(room).emit("room", &data).await;
    });
}
