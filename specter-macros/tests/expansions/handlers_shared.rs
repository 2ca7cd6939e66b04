#[handlers]
impl gateway::Clock {
    #[on_event("time", concurrent)]
    async fn time(&self) -> u64 {
        0
    }

    #[on_event(blocking)]
    fn digest(&self, parts: &[Part], name: Option<&str>, near: Option<&Point>) -> Digest {}
}
