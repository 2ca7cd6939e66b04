struct Everything;
const _: () = {
    use ::specter::__private as __p;
    const __INFO: __p::ControllerInfo = __p::ControllerInfo {
        name: "Everything",
        path: ::core::option::Option::None,
        namespace: "/",
        endpoint: &[],
        priority: 0,
        event_priorities: &[("early", -5), ("late", 5)],
        unlisted: false,
        on_panic: __p::OnPanic::Continue,
        location: __p::location!(),
    };
    trait __Fields: Sized {
        const FIELDS: __p::FieldFunctions<Self>;
    }
    impl __Fields for Everything {
        const FIELDS: __p::FieldFunctions<Self> = __p::FieldFunctions {
            declare: |__d| {},
            build: |__r| Self {},
        };
    }
    #[diagnostic::do_not_recommend]
    impl __p::Controller for Everything {
        const INFO: __p::ControllerInfo = __INFO;
        const SINGLETON: bool = true;
        fn singleton() -> ::core::option::Option<__p::Singleton> {
            ::core::option::Option::Some(__p::Singleton::of::<Self>())
        }
        fn dependencies(__d: &mut __p::Dependencies) {
            (<Self as __Fields>::FIELDS.declare)(__d);
        }
        fn build(__r: &mut __p::Resolved<'_>) -> Self {
            (<Self as __Fields>::FIELDS.build)(__r)
        }
        fn policies(__d: &mut __p::Policies) {
            __p::Policies::guard::<A>(__d, "A", __p::location!());
            __p::Policies::interceptor::<Trace>(__d, "Trace", __p::location!());
            __p::Policies::filter::<Explain>(__d, "Explain", __p::location!());
        }
    }
    __p::inventory::submit! {
        __p::ControllerRegistration { info : & __INFO, type_id : ||
        ::core::any::TypeId::of:: < Everything > () }
    }
};
impl Everything {
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    async fn early(&self) {}
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    async fn late(&self) {}
}
const _: () = {
    use ::specter::__private as __p;
    const fn __block<
        __C: ::core::ops::Deref<Target = Everything>,
        __S: ::core::ops::Deref<Target = Everything>,
    >() -> __p::HandlersBlock
    where
        __C::Target: __p::Controller,
        __S::Target: __p::SharedController,
    {
        const fn __calls<__H: __p::ControllerRef<Everything>>() -> __p::CallFunctions<
            __H,
        >
        where
            __H::Target: __p::SharedController,
        {
            __p::CallFunctions {
                requirements: |__id, __r| match __id {
                    _ => {}
                },
                call: __p::call_none,
                start: |mut __this, __id, __cx| match __id {
                    0 => {
                        __p::pending(async move {
                            let __called = __p::catch(
                                    &__cx,
                                    async {
                                        let __value = <Everything>::early(&mut __this).await;
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
                        __p::pending(async move {
                            let __called = __p::catch(
                                    &__cx,
                                    async {
                                        let __value = <Everything>::late(&mut __this).await;
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
            controller: || ::core::any::TypeId::of::<Everything>(),
            location: __p::location!(),
            handlers: const {
                &[
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("early"),
                        method: "early",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: false,
                        blocking: false,
                        timeout: ::core::option::Option::Some(
                            ::core::time::Duration::from_millis(1500u64),
                        ),
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("late"),
                        method: "late",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: false,
                        blocking: false,
                        timeout: ::core::option::Option::Some(LIMIT * 2),
                        location: __p::location!(),
                    },
                ]
            },
            exclusive: false,
            share: ::core::option::Option::Some(__p::share::<Everything>),
            resolve: |__name| match __name {
                "early" => ::core::option::Option::Some(0),
                "late" => ::core::option::Option::Some(1),
                _ => ::core::option::Option::None,
            },
            requirements: __calls::<::std::boxed::Box<Everything>>().requirements,
            policies: |__id, __d| match __id {
                0 => {
                    __p::Policies::interceptor::<Trace>(__d, "Trace", __p::location!());
                    __p::Policies::filter::<Explain>(__d, "Explain", __p::location!());
                }
                _ => {}
            },
            call: __calls::<::std::boxed::Box<Everything>>().call,
            start: |__instance, __id, __cx| __p::start_shared::<
                Everything,
            >(
                __instance,
                __id,
                __cx,
                __calls::<::std::boxed::Box<Everything>>().start,
                __calls::<::std::sync::Arc<Everything>>().start,
            ),
        }
    }
    const __BLOCK: __p::HandlersBlock = __block::<
        ::std::boxed::Box<Everything>,
        ::std::boxed::Box<Everything>,
    >();
    __p::inventory::submit! {
        __BLOCK
    }
};
struct EverythingModule;
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Module for EverythingModule {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("EverythingModule", __p::location!());
            __p::controller_within::<Everything>(__m, policies);
            __p::event_handler_within::<
                Presence,
            >(__m, "Presence", __p::location!(), policies);
            #[cfg(feature = "log")]
            __p::event_handler_within::<
                log::Audit,
            >(__m, "log::Audit", __p::location!(), policies);
        }
    }
    fn policies(__d: &mut __p::Policies) {
        __p::Policies::interceptor::<Trace>(__d, "Trace", __p::location!());
    }
};
