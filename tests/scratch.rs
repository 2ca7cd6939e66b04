use serde::{Deserialize, Serialize};
use specter::prelude::*;
use std::borrow::Cow;

#[derive(Clone, Deserialize, Serialize)]
struct Post { room: String, text: String }
#[injectable]
#[derive(Default)]
struct History { #[state] posts: std::sync::Mutex<Vec<Post>> }
#[derive(Deserialize)]
struct Login { name: String }
#[derive(Debug, thiserror::Error, IntoEventError)]
enum ChatError { #[error("full")] Full, #[error("io")] #[event_error(internal)] Io(#[from] std::io::Error) }
#[derive(Debug, thiserror::Error)]
#[error("plain")]
struct Plain;

#[socketio_controller(namespace = "/chat")]
struct Chat { history: Arc<History>, io: Io, #[state] sent: u32 }

#[handlers]
impl Chat {
    #[on_event("connect")]
    async fn connect(&mut self, socket: &Socket, Auth(login): Auth<Login>) -> Result<(), Reject> {
        if login.name.is_empty() { return Err(Reject::new("a name is needed")); }
        socket.join("lobby")?;
        Ok(socket.emit("welcome", &login.name)?)
    }
    #[on_event]
    async fn post(&mut self, socket: &Socket, post: Post) -> Result<u32, EventError> {
        self.sent += 1;
        socket.to(&post.room).emit("posted", &post)?;
        self.history.posts.lock().unwrap().push(post);
        Ok(self.sent)
    }
    #[on_event] async fn a(&mut self, x: &str, y: Option<Cow<'_, str>>, hist: Inject<History>) -> Result<(u32, u32), ChatError> { let _ = (x,y,hist); tokio::task::yield_now().await; Ok((1,2)) }
    #[on_event] fn b(&mut self, args: Args, info: EventInfo, io: Io) -> Result<Binary, Plain> { let _ = (args, info, io); Err(Plain) }
    #[on_event] async fn c(&mut self, ack: Ack, bin: &[u8]) { let _ = (bin,); tokio::task::yield_now().await; let _ = ack.send(1); }
    #[on_event] async fn d(&mut self, socket: Socket) -> Result<(), Box<dyn std::error::Error + Send + Sync>> { let n: (u32, String) = socket.emit_with_ack("q", ()).await?; let _ = n; Ok(()) }
    #[on_event(blocking)] fn e(&mut self) -> u8 { 1 }
    #[on_event("*")] async fn any(&mut self, args: Args) -> Args { args }
    #[on_event("disconnect")] fn left(&mut self, reason: DisconnectReason, io: Io) { println!("{reason} {:?}", io); }
    #[on_error] async fn failed(&mut self, error: &EventError, event: &EventInfo, socket: &Socket) { let _ = socket.emit("failed", (event.name(), error.text())); }
}
#[socketio_controller(namespace = "/chat")]
struct Shared;
#[handlers]
impl Shared {
    #[on_event(concurrent)] async fn slow(&self) -> u32 { tokio::task::yield_now().await; 3 }
    #[on_event] fn fast(&self, n: u32) -> Option<u32> { Some(n) }
}
#[module(controllers = [Chat, Shared], providers = [History])]
struct ChatModule;
#[test] fn x() {}
