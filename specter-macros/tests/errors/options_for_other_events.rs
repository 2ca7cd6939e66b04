#[handlers]
impl ChatGateway {
    #[on_event("connect", concurrent, guards(A))]
    async fn a(&self) {}
    #[on_event("disconnect", guards(A), blocking)]
    fn b(&self) {}
    #[on_event(blocking)]
    async fn c(&self) {}
    #[cfg(feature = "x")]
    #[on_event]
    async fn d(&self) {}
}
