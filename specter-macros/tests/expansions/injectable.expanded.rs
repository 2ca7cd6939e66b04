pub struct RoomRepository {
    pool: Arc<Pool>,
    hits: AtomicU64,
}
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Provide for RoomRepository {
        fn provider() -> __p::Provider {
            __p::Provider::sync::<
                ::std::sync::Arc<Self>,
            >(
                "RoomRepository",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<Arc<Pool>>(__d, "pool", __p::location!());
                },
                |__r| ::std::sync::Arc::new(Self {
                    pool: __r.next::<Arc<Pool>>(),
                    hits: __p::start_value::<AtomicU64>(),
                }),
            )
        }
    }
};
struct Draft {
    socket: Socket,
}
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Provide for Draft {
        fn provider() -> __p::Provider {
            __p::Provider::sync::<
                ::std::sync::Arc<Self>,
            >(
                "Draft",
                __p::Scope::Scoped,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<Socket>(__d, "socket", __p::location!());
                },
                |__r| ::std::sync::Arc::new(Self {
                    socket: __r.next::<Socket>(),
                }),
            )
        }
    }
};
struct Marker;
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Provide for Marker {
        fn provider() -> __p::Provider {
            __p::Provider::sync::<
                ::std::sync::Arc<Self>,
            >(
                "Marker",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {},
                |__r| ::std::sync::Arc::new(Self {}),
            )
        }
    }
};
pub(crate) async fn pool(
    config: Arc<Config>,
    Limits(most): Limits,
) -> Result<Pool, PoolError> {
    Pool::open(&config).await
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
pub(crate) struct pool {}
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Provide for pool {
        fn provider() -> __p::Provider {
            __p::Provider::new::<
                ::std::sync::Arc<Pool>,
                _,
                _,
            >(
                "pool",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<
                        Arc<Config>,
                    >(__d, "config", __p::location!());
                    __p::Dependencies::add::<Limits>(__d, "most", __p::location!());
                },
                |__r| {
                    let __p0 = __r.next::<Arc<Config>>();
                    let __p1 = __r.next::<Limits>();
                    async move {
                        match pool(__p0, __p1).await {
                            ::core::result::Result::Ok(__value) => {
                                ::core::result::Result::Ok(::std::sync::Arc::new(__value))
                            }
                            ::core::result::Result::Err(__error) => {
                                ::core::result::Result::Err(
                                    __p::factory_failed::<PoolError>(__error),
                                )
                            }
                        }
                    }
                },
            )
        }
    }
};
fn clock() -> Arc<Clock> {
    Arc::new(Clock)
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
struct clock {}
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Provide for clock {
        fn provider() -> __p::Provider {
            __p::Provider::new::<
                Arc<Clock>,
                _,
                _,
            >(
                "clock",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {},
                |__r| { async move { ::core::result::Result::Ok(clock()) } },
            )
        }
    }
};
async fn settings() -> anyhow::Result<Arc<Settings>> {
    Settings::read().await
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
struct settings {}
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Provide for settings {
        fn provider() -> __p::Provider {
            __p::Provider::new::<
                Arc<Settings>,
                _,
                _,
            >(
                "settings",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {},
                |__r| {
                    async move {
                        match settings().await {
                            ::core::result::Result::Ok(__value) => {
                                ::core::result::Result::Ok(__value)
                            }
                            ::core::result::Result::Err(__error) => {
                                ::core::result::Result::Err(
                                    __p::factory_failed::<_>(__error),
                                )
                            }
                        }
                    }
                },
            )
        }
    }
};
fn names(clock: Arc<Clock>) -> Names {
    Names
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
struct names {}
const _: () = {
    use crate::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Provide for names {
        fn provider() -> __p::Provider {
            __p::Provider::new::<
                ::std::sync::Arc<Names>,
                _,
                _,
            >(
                "names",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<Arc<Clock>>(__d, "clock", __p::location!());
                },
                |__r| {
                    let __p0 = __r.next::<Arc<Clock>>();
                    async move {
                        ::core::result::Result::Ok(::std::sync::Arc::new(names(__p0)))
                    }
                },
            )
        }
    }
};
