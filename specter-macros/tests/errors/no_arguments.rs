#[handlers]
impl ChatGateway {
    #[on_event("connect")]
    fn a(&self, name: &str) {}
    #[on_event("disconnect")]
    fn b(&self, reason: Option<&str>) {}
    #[on_error]
    fn c(&self, values: &[u32]) {}
}
