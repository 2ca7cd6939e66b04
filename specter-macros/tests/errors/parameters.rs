#[handlers]
impl ChatGateway {
    #[on_event]
    fn mutable(&self, socket: &mut Socket) {}
    #[on_event]
    fn opaque(&self, post: impl Deserialize, names: Vec<impl Serialize>) {}
    #[on_event]
    fn for_ever(&self, room: &'static str) {}
    #[on_event]
    fn dynamic(&self, clock: &dyn Clock) {}
    #[on_event]
    fn inside(&self, rooms: Vec<&str>, pair: (&str, u32), maybe: Option<Vec<&str>>) {}
}
#[handlers]
impl ChatGateway {
    #[on_event]
    fn a(&self, ack: impl FnOnce(u32)) {}
    #[on_event]
    fn b(&self, repo: Inject<Arc<Repo>>) {}
}
