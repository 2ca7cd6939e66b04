#[handlers]
impl ChatGateway {
    #[on_event]
    fn no_self(post: Post) {}
    #[on_event]
    fn by_value(self) {}
    #[on_event]
    fn changed_value(mut self, post: Post) {}
    #[on_event]
    fn counted(self: Arc<Self>) {}
    #[on_event]
    unsafe fn dangerous(&self) {}
    #[on_event]
    fn generic<T: Deserialize>(&self, value: T) {}
    #[on_event]
    fn future(&self) -> impl Future<Output = u32> + Send {}
    #[on_event]
    fn boxed(&self) -> Pin<Box<dyn Future<Output = u32> + Send>> {}
    #[on_event]
    fn opaque(&self) -> Result<impl Serialize, ChatError> {}
    #[on_error]
    fn failed(&self, error: EventError, event: &EventInfo) {}
    #[on_event]
    type Alias = u32;
    #[on_event]
    format!("x");
}
