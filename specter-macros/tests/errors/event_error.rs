#[derive(IntoEventError)]
#[event_error(internal)]
enum ChatError {
    #[event_error(code = "")]
    A,
    #[event_error(internal, code = "x")]
    B,
    C {
        #[event_error(data)]
        a: u32,
        #[event_error(data)]
        b: u32,
        #[event_error(hidden)]
        c: u32,
    },
    #[event_error]
    D,
    #[event_error(status = 404)]
    E,
    #[event_error(code = 5)]
    F,
}
#[derive(IntoEventError)]
union U {
    a: u32,
}
