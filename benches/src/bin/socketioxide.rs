//! socketioxide with the events of the `bench` profile. With the argument `binary`, the event
//! `echo` takes one attachment.

use axum::Router;
use axum::serve::ListenerExt;
use bytes::Bytes;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use specter_bench::listen::listen;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let binary = std::env::args().nth(1).is_some_and(|kind| kind == "binary");
    let listener = listen()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (layer, io) = SocketIo::builder().ws_read_buffer_size(4096).build_layer();
        io.ns("/", async move |socket: SocketRef| {
            on_connect(&socket, binary);
        });
        let router: Router = Router::new().layer(layer);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await?;
        Ok(())
    })
}

fn on_connect(socket: &SocketRef, binary: bool) {
    if binary {
        socket.on("echo", async |Data::<Bytes>(data), ack: AckSender| {
            let _ = ack.send(&data);
        });
    } else {
        socket.on("echo", async |Data::<Value>(data), ack: AckSender| {
            let _ = ack.send(&data);
        });
    }
    socket.on("broadcast", async |io: SocketIo, Data::<Value>(data)| {
        let _ = io.emit("broadcast", &data).await;
    });
    socket.on(
        "join",
        async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
            socket.join(room);
            let _ = ack.send(&());
        },
    );
    socket.on(
        "room",
        async |socket: SocketRef, Data::<(String, Value)>((room, data))| {
            let _ = socket.within(room).emit("room", &data).await;
        },
    );
}
