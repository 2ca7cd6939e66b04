//! Options that do not fit the event or the method.

use specter::prelude::*;

#[injectable]
struct Member;

impl Guard for Member {
    async fn check(&self, _: &GuardContext<'_>) -> Result<(), Reject> {
        Ok(())
    }
}

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("connect", concurrent)]
    async fn arrive(&self) {}

    #[on_event("disconnect", guards(Member))]
    async fn leave(&self) {}

    #[on_event("resize", blocking)]
    async fn resize(&self) {}
}

fn main() {}
