impl ChatGateway {
    const LIMIT: usize = { 3 };
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    async fn on_connect(
        &mut self,
        socket: Socket,
        Auth(token): Auth<Token>,
    ) -> Result<(), Reject> {
        Ok(())
    }
    /// Posts a message to a room.
    ///
    /// Everybody in it sees it.
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    #[tracing::instrument(skip_all)]
    pub async fn message(
        &mut self,
        socket: &Socket,
        post: Post,
        reply_to: Option<u32>,
    ) -> Result<Posted, ChatError> {
        self.sent += 1;
        Ok(posted)
    }
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    fn typing(&self, socket: &Socket, room: &str, _at: Option<u64>) {}
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    fn hash(&mut self, data: &[u8]) -> Vec<u8> {}
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    async fn left(&mut self, socket: &Socket, reason: DisconnectReason) {}
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    fn unknown(&self, event: EventInfo, args: Args) {}
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    async fn failed(&self, error: &EventError, event: &EventInfo) {}
    fn helper(&self) {}
}
const _: () = {
    use ::specter::__private as __p;
    const fn __block<
        __C: ::core::ops::Deref<Target = ChatGateway>,
        __S: ::core::ops::Deref<Target = ChatGateway>,
    >() -> __p::HandlersBlock
    where
        __C::Target: __p::Controller,
        __S::Target: __p::SharedController,
    {
        const {
            ::core::assert!(
                ! < __C::Target as __p::Controller > ::SINGLETON,
                "the handlers of a controller with `scope = singleton` must take `&self`, because \
                 all sockets share the controller"
            )
        };
        __p::HandlersBlock {
            controller: || ::core::any::TypeId::of::<ChatGateway>(),
            location: __p::location!(),
            handlers: const {
                &[
                    __p::HandlerInfo {
                        event: __p::EventKind::Connect,
                        method: "on_connect",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: false,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("chat:message"),
                        method: "message",
                        docs: "Posts a message to a room.\n\nEverybody in it sees it.",
                        priority: ::core::option::Option::Some(3),
                        concurrent: false,
                        inline: false,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("typing"),
                        method: "typing",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: true,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("hash"),
                        method: "hash",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: false,
                        blocking: true,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Disconnect,
                        method: "left",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: false,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Any,
                        method: "unknown",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: true,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Error,
                        method: "failed",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: false,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                ]
            },
            exclusive: true,
            share: ::core::option::Option::None,
            resolve: |__name| match __name {
                "chat:message" => ::core::option::Option::Some(1),
                "typing" => ::core::option::Option::Some(2),
                "hash" => ::core::option::Option::Some(3),
                _ => ::core::option::Option::None,
            },
            requirements: |__id, __r| match __id {
                0 => {
                    __p::Requirements::connect::<
                        Socket,
                    >(__r, "socket", __p::location!());
                    __p::Requirements::connect::<
                        Auth<Token>,
                    >(__r, "token", __p::location!());
                }
                1 => {
                    __p::Requirements::event::<
                        Socket,
                        _,
                    >(__r, "socket", __p::location!());
                    __p::Requirements::event::<Post, _>(__r, "post", __p::location!());
                    __p::Requirements::event::<
                        Option<u32>,
                        _,
                    >(__r, "reply_to", __p::location!());
                }
                2 => {
                    __p::Requirements::event::<
                        Socket,
                        _,
                    >(__r, "socket", __p::location!());
                    __p::Requirements::event::<
                        __p::Text<'_>,
                        _,
                    >(__r, "room", __p::location!());
                    __p::Requirements::event::<
                        Option<u64>,
                        _,
                    >(__r, "at", __p::location!());
                }
                3 => {
                    __p::Requirements::event::<
                        __p::Binary,
                        _,
                    >(__r, "data", __p::location!());
                }
                4 => {
                    __p::Requirements::disconnect::<
                        Socket,
                        _,
                    >(__r, "socket", __p::location!());
                    __p::Requirements::disconnect::<
                        DisconnectReason,
                        _,
                    >(__r, "reason", __p::location!());
                }
                5 => {
                    __p::Requirements::event::<
                        EventInfo,
                        _,
                    >(__r, "event", __p::location!());
                    __p::Requirements::event::<Args, _>(__r, "args", __p::location!());
                }
                6 => {
                    __p::Requirements::error::<
                        EventError,
                        _,
                    >(__r, "error", __p::location!());
                    __p::Requirements::error::<
                        EventInfo,
                        _,
                    >(__r, "event", __p::location!());
                }
                _ => {}
            },
            policies: |__id, __d| match __id {
                1 => {
                    __p::Policies::guard::<Member>(__d, "Member", __p::location!());
                }
                _ => {}
            },
            call: |__instance, __id, __context| __p::call_exclusive::<
                ChatGateway,
            >(
                __instance,
                __context,
                |__this, __cx| match __id {
                    2 => {
                        let mut __args = __cx.arguments();
                        let __p0 = __p::borrowed_param!(
                            Socket, & __cx, & mut __args, "socket", __p::event_param:: <
                            Socket, _ >
                        )?;
                        let __p1 = __p::event_param::<
                            __p::Text<'_>,
                            _,
                        >(&__cx, &mut __args, "room")?;
                        let __p2 = __p::event_param::<
                            Option<u64>,
                            _,
                        >(&__cx, &mut __args, "at")?;
                        let __value = <ChatGateway>::typing(__this, &__p0, &__p1, __p2);
                        __p::reply!(__cx, __value)
                    }
                    5 => {
                        let mut __args = __cx.arguments();
                        let __p0 = __p::event_param::<
                            EventInfo,
                            _,
                        >(&__cx, &mut __args, "event")?;
                        let __p1 = __p::event_param::<
                            Args,
                            _,
                        >(&__cx, &mut __args, "args")?;
                        let __value = <ChatGateway>::unknown(__this, __p0, __p1);
                        __p::reply!(__cx, __value)
                    }
                    _ => ::core::result::Result::Err(__p::wrong_instance(__cx)),
                },
            ),
            start: |__instance, __id, __cx| {
                let mut __this = match __p::exclusive::<ChatGateway>(__instance) {
                    ::core::result::Result::Ok(__this) => __this,
                    ::core::result::Result::Err(__wrong) => {
                        return __wrong.into_call_state(__cx);
                    }
                };
                match __id {
                    0 => {
                        __p::pending(async move {
                            let __called = __p::catch(
                                    &__cx,
                                    async {
                                        let __p0 = __p::connect_param::<Socket>(&__cx, "socket")?;
                                        let __p1 = __p::connect_param::<
                                            Auth<Token>,
                                        >(&__cx, "token")?;
                                        let __value = <ChatGateway>::on_connect(
                                                &mut __this,
                                                __p0,
                                                __p1,
                                            )
                                            .await;
                                        __p::connect_reply!(__cx, __value)
                                    },
                                )
                                .await;
                            __p::CompletedCall::new(
                                __p::ControllerRef::into_instance(__this),
                                __cx,
                                __called,
                            )
                        })
                    }
                    1 => {
                        __p::pending(async move {
                            let __called = __p::catch(
                                    &__cx,
                                    async {
                                        let mut __args = __cx.arguments();
                                        let __p0 = __p::borrowed_param!(
                                            Socket, & __cx, & mut __args, "socket", __p::event_param:: <
                                            Socket, _ >
                                        )?;
                                        let __p1 = __p::event_param::<
                                            Post,
                                            _,
                                        >(&__cx, &mut __args, "post")?;
                                        let __p2 = __p::event_param::<
                                            Option<u32>,
                                            _,
                                        >(&__cx, &mut __args, "reply_to")?;
                                        let __value = <ChatGateway>::message(
                                                &mut __this,
                                                &__p0,
                                                __p1,
                                                __p2,
                                            )
                                            .await;
                                        __p::reply!(__cx, __value)
                                    },
                                )
                                .await;
                            __p::CompletedCall::new(
                                __p::ControllerRef::into_instance(__this),
                                __cx,
                                __called,
                            )
                        })
                    }
                    3 => {
                        __p::blocking(move || {
                            let __called = __p::catch_sync(|| {
                                let mut __args = __cx.arguments();
                                let __p0 = __p::event_param::<
                                    __p::Binary,
                                    _,
                                >(&__cx, &mut __args, "data")?;
                                let __value = <ChatGateway>::hash(&mut __this, &__p0);
                                __p::reply!(__cx, __value)
                            });
                            __p::CompletedCall::new(
                                __p::ControllerRef::into_instance(__this),
                                __cx,
                                __called,
                            )
                        })
                    }
                    4 => {
                        __p::pending(async move {
                            let __called = __p::catch(
                                    &__cx,
                                    async {
                                        let __p0 = __p::disconnect_param::<
                                            Socket,
                                            _,
                                        >(&__cx, "socket")?;
                                        let __p1 = __p::disconnect_param::<
                                            DisconnectReason,
                                            _,
                                        >(&__cx, "reason")?;
                                        let __value = <ChatGateway>::left(&mut __this, &__p0, __p1)
                                            .await;
                                        __p::plain_reply!(__cx, __value)
                                    },
                                )
                                .await;
                            __p::CompletedCall::new(
                                __p::ControllerRef::into_instance(__this),
                                __cx,
                                __called,
                            )
                        })
                    }
                    6 => {
                        __p::pending(async move {
                            let __called = __p::catch(
                                    &__cx,
                                    async {
                                        let __p0 = __p::error_param::<
                                            EventError,
                                            _,
                                        >(&__cx, "error")?;
                                        let __p1 = __p::error_param::<
                                            EventInfo,
                                            _,
                                        >(&__cx, "event")?;
                                        let __value = <ChatGateway>::failed(
                                                &mut __this,
                                                &__p0,
                                                &__p1,
                                            )
                                            .await;
                                        __p::plain_reply!(__cx, __value)
                                    },
                                )
                                .await;
                            __p::CompletedCall::new(
                                __p::ControllerRef::into_instance(__this),
                                __cx,
                                __called,
                            )
                        })
                    }
                    _ => {
                        __p::CallState::unknown(
                            __p::ControllerRef::into_instance(__this),
                            __cx,
                        )
                    }
                }
            },
        }
    }
    const __BLOCK: __p::HandlersBlock = __block::<
        ::std::boxed::Box<ChatGateway>,
        ::std::boxed::Box<ChatGateway>,
    >();
    __p::inventory::submit! {
        __BLOCK
    }
};
