#[handlers]
impl ChatGateway {
    #[on_event]
    fn sent_and_returned(&self, ack: Ack) -> Result<Posted, ChatError> {}
    #[on_event]
    fn twice(&self, ack: Ack, again: Ack) {}
    #[on_event]
    fn alright(&self, ack: Ack) -> Result<(), ChatError> {}
    #[on_event]
    fn alias(&self, ack: Ack) -> chat::Result {}
}
