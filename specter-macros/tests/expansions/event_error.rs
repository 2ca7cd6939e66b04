#[derive(IntoEventError)]
#[derive(Debug)]
pub enum ChatError {
    RoomFull {
        #[event_error(data)]
        limit: u32,
        room: String,
    },
    #[event_error(code = "no_room")]
    Unknown,
    #[event_error(internal)]
    Storage(#[from] StorageError),
    Muted(#[event_error(data)] Until),
}
#[derive(IntoEventError)]
#[event_error(code = "too_late", crate = crate)]
struct TooLate<T: Display>
where
    T: Send,
{
    #[event_error(data)]
    by: T,
}
