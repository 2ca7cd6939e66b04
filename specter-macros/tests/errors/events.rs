#[handlers]
impl ChatGateway {
    #[on_event("connect_error")]
    fn a(&self) {}
    #[on_event]
    fn disconnecting(&self) {}
    #[on_event("newListener")]
    fn b(&self) {}
    #[on_event("removeListener")]
    fn c(&self) {}
    #[on_event("")]
    fn d(&self) {}
    #[on_event(connect)]
    fn e(&self) {}
    #[on_event(name = "chat")]
    fn f(&self) {}
    #[on_event = "chat"]
    fn g(&self) {}
    #[on_event(event = "chat")]
    fn ff(&self) {}
    #[on_event("a", "b")]
    fn h(&self) {}
    #[on_error("chat")]
    fn i(&self) {}
    #[on_event]
    const J: u32 = 5;
}
