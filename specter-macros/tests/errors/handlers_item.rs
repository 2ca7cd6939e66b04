#[handlers]
struct ChatGateway {}
#[handlers("/chat")]
impl ChatGateway {
    #[on_event]
    fn a(&self) {}
}
#[handlers]
impl EventHandler for ChatGateway {
    #[on_event]
    fn a(&self) {}
}
#[handlers]
impl<T> ChatGateway<T> {
    #[on_event]
    fn a(&self) {}
}
#[handlers]
impl ChatGateway {
    fn a(&self) {}
}
#[handlers]
impl (A, B) {
    #[on_event]
    fn a(&self) {}
}
