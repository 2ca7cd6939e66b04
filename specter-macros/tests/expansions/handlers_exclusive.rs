#[handlers]
impl ChatGateway {
    const LIMIT: usize = { 3 };

    #[on_event("connect")]
    async fn on_connect(&mut self, socket: Socket, Auth(token): Auth<Token>) -> Result<(), Reject> {
        Ok(())
    }

    /// Posts a message to a room.
    ///
    /// Everybody in it sees it.
    #[on_event("chat:message", priority = 3, guards(Member))]
    #[tracing::instrument(skip_all)]
    pub async fn message(&mut self, socket: &Socket, post: Post, reply_to: Option<u32>) -> Result<Posted, ChatError> {
        self.sent += 1;
        Ok(posted)
    }

    #[on_event]
    fn typing(&self, socket: &Socket, room: &str, _at: Option<u64>) {}

    #[on_event("hash", blocking)]
    fn hash(&mut self, data: &[u8]) -> Vec<u8> {}

    #[on_event("disconnect")]
    async fn left(&mut self, socket: &Socket, reason: DisconnectReason) {}

    #[on_event("*")]
    fn unknown(&self, event: EventInfo, args: Args) {}

    #[on_error]
    async fn failed(&self, error: &EventError, event: &EventInfo) {}

    fn helper(&self) {}
}
