#[handlers]
impl ChatGateway {
    #[on_event("chat:message")]
    async fn message(&mut self) {}
    #[on_event]
    async fn typing(&mut self) {}
    #[on_event("chat:message")]
    async fn again(&mut self) {}
    #[on_event("typing")]
    async fn types(&mut self) {}
    #[on_error]
    async fn failed(&self) {}
    #[on_error]
    async fn failed_too(&self) {}
}
