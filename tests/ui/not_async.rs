//! `async` where it is not needed, and not where it is.

use specter::prelude::*;

async fn saved() -> u32 {
    1
}

#[injectable]
fn number() -> u32 {
    saved().await
}

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    fn async_forgotten(&self) -> u32 {
        saved().await
    }

    #[on_event]
    async fn await_forgotten(&self) -> u32 {
        saved()
    }

    #[on_event]
    fn future(&self) -> impl Future<Output = u32> {
        saved()
    }

    #[on_event]
    fn boxed(&self) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
        Box::pin(saved())
    }
}

fn main() {}
