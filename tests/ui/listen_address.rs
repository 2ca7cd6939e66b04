//! Addresses on which an App cannot listen.

use specter::prelude::*;

#[socketio_controller]
struct Desk;

#[handlers]
impl Desk {
    #[on_event]
    fn count(&self) {}
}

async fn number(port: i64) -> specter::Result<()> {
    App::of::<Desk>().listen(port).await
}

async fn nothing() -> specter::Result<()> {
    App::of::<Desk>().await?.listen(()).await
}

async fn too_large() -> specter::Result<()> {
    App::of::<Desk>().listen(70000).await
}

async fn three_arguments(socket: &Socket) -> Result<(), EmitError> {
    socket.emit("moved", 1, 2)
}

async fn forgotten() {
    App::of::<Desk>();
}

fn main() {}
