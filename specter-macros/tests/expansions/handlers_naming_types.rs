#[handlers(crate = crate)]
impl Notes {
    #[on_event]
    fn r#move<'a>(self: &Self, note: Note<'a>, to: Cow<'a, str>, others: Vec<Self>, (x, y): (f32, f32), _: bool) -> Cow<'a, str> {}

    #[on_event("one")]
    #[on_event("two")]
    fn both(&self) {}
}
