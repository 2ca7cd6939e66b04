#[handlers]
impl ChatGateway {
    #[on_event(concurrent)]
    async fn search(&self) {}
    #[on_event]
    async fn message(&mut self) {}
    #[on_event("index", concurrent)]
    async fn index(&mut self) {}
}
