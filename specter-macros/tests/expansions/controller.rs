#[socketio_controller("/socket.io/", namespace = "/chat", ping_interval = "10s", connect_timeout = PATIENCE, max_payload = 16 * 1024, priority = -5, unlisted, on_panic = "disconnect", guards(Authenticated, limits::PerMinute<60>))]
/// A chat.
#[derive(Debug)]
pub struct ChatGateway {
    /// Where rooms are kept.
    repo: Arc<RoomRepository>,
    pub socket: Socket,
    #[cfg(feature = "audit")]
    audit: Arc<Audit>,
    #[state]
    sent: u32,
    #[state(Level::of(3))]
    r#type: Level,
}
