const _: () = {
    use ::specter::__private as __p;
    #[automatically_derived]
    impl __p::IntoEventError for ChatError {
        fn into_event_error(self) -> __p::EventError {
            match &self {
                Self::RoomFull { limit: __data, .. } => {
                    __p::shown_error::<Self>(&self)
                        .with_code("room_full")
                        .with_data(__data)
                }
                Self::Unknown { .. } => {
                    __p::shown_error::<Self>(&self).with_code("no_room")
                }
                Self::Storage { .. } => __p::hidden_error::<Self>(self),
                Self::Muted { 0: __data, .. } => {
                    __p::shown_error::<Self>(&self).with_code("muted").with_data(__data)
                }
            }
        }
    }
};
const _: () = {
    use crate::__private as __p;
    #[automatically_derived]
    impl<T: Display> __p::IntoEventError for TooLate<T>
    where
        T: Send,
    {
        fn into_event_error(self) -> __p::EventError {
            match &self {
                Self { by: __data, .. } => {
                    __p::shown_error::<Self>(&self)
                        .with_code("too_late")
                        .with_data(__data)
                }
            }
        }
    }
};
