impl gateway::Clock {
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    async fn time(&self) -> u64 {
        0
    }
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    fn digest(
        &self,
        parts: &[Part],
        name: Option<&str>,
        near: Option<&Point>,
    ) -> Digest {}
}
const _: () = {
    use ::specter::__private as __p;
    const fn __block<
        __C: ::core::ops::Deref<Target = gateway::Clock>,
        __S: ::core::ops::Deref<Target = gateway::Clock>,
    >() -> __p::HandlersBlock
    where
        __C::Target: __p::Controller,
        __S::Target: __p::SharedController,
    {
        const fn __calls<__H: __p::ControllerRef<gateway::Clock>>() -> __p::CallFunctions<
            __H,
        >
        where
            __H::Target: __p::SharedController,
        {
            __p::CallFunctions {
                requirements: |__id, __r| match __id {
                    1 => {
                        __p::Requirements::event::<
                            ::std::vec::Vec<Part>,
                            _,
                        >(__r, "parts", __p::location!());
                        __p::Requirements::event::<
                            ::core::option::Option<__p::Text<'_>>,
                            _,
                        >(__r, "name", __p::location!());
                        __p::Requirements::event::<
                            ::core::option::Option<Point>,
                            _,
                        >(__r, "near", __p::location!());
                    }
                    _ => {}
                },
                call: __p::call_none,
                start: |mut __this, __id, __cx| match __id {
                    0 => {
                        __p::pending(async move {
                            let __called = __p::catch(
                                    &__cx,
                                    async {
                                        let __value = <gateway::Clock>::time(&mut __this).await;
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
                    1 => {
                        __p::blocking(move || {
                            let __called = __p::catch_sync(|| {
                                let mut __args = __cx.arguments();
                                let __p0 = __p::event_param::<
                                    ::std::vec::Vec<Part>,
                                    _,
                                >(&__cx, &mut __args, "parts")?;
                                let __p1 = __p::event_param::<
                                    ::core::option::Option<__p::Text<'_>>,
                                    _,
                                >(&__cx, &mut __args, "name")?;
                                let __p2 = __p::event_param::<
                                    ::core::option::Option<Point>,
                                    _,
                                >(&__cx, &mut __args, "near")?;
                                let __value = <gateway::Clock>::digest(
                                    &mut __this,
                                    &__p0,
                                    __p1.as_deref(),
                                    __p2.as_ref(),
                                );
                                __p::reply!(__cx, __value)
                            });
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
                },
            }
        }
        __p::HandlersBlock {
            controller: || ::core::any::TypeId::of::<gateway::Clock>(),
            location: __p::location!(),
            handlers: const {
                &[
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("time"),
                        method: "time",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: true,
                        inline: false,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("digest"),
                        method: "digest",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: false,
                        blocking: true,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                ]
            },
            exclusive: false,
            share: ::core::option::Option::Some(__p::share::<gateway::Clock>),
            resolve: |__name| match __name {
                "time" => ::core::option::Option::Some(0),
                "digest" => ::core::option::Option::Some(1),
                _ => ::core::option::Option::None,
            },
            requirements: __calls::<::std::boxed::Box<gateway::Clock>>().requirements,
            policies: |__id, __d| match __id {
                _ => {}
            },
            call: __calls::<::std::boxed::Box<gateway::Clock>>().call,
            start: |__instance, __id, __cx| __p::start_shared::<
                gateway::Clock,
            >(
                __instance,
                __id,
                __cx,
                __calls::<::std::boxed::Box<gateway::Clock>>().start,
                __calls::<::std::sync::Arc<gateway::Clock>>().start,
            ),
        }
    }
    const __BLOCK: __p::HandlersBlock = __block::<
        ::std::boxed::Box<gateway::Clock>,
        ::std::boxed::Box<gateway::Clock>,
    >();
    __p::inventory::submit! {
        __BLOCK
    }
};
