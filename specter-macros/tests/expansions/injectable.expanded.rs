pub struct RoomRepository {
    pool: Arc<Pool>,
    hits: AtomicU64,
}
const _: () = {
    use ::specter::__private as __p;
    const _: () = {
        trait __Provided {
            type Type: __p::Shareable;
        }
        impl __Provided for () {
            type Type = RoomRepository;
        }
    };
    #[diagnostic::do_not_recommend]
    impl __p::Provide for RoomRepository {
        type Value = ::std::sync::Arc<Self>;
        fn provider() -> __p::Provider {
            __p::Provider::shared::<
                Self,
            >(
                "RoomRepository",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<Arc<Pool>>(__d, "pool", __p::location!());
                },
                |__r| ::std::sync::Arc::new(Self {
                    pool: __r.next::<Arc<Pool>>(),
                    hits: __p::initial_state::<AtomicU64>(),
                }),
            )
        }
    }
    __p::not_scoped!("RoomRepository", "pool", Arc < Pool >);
};
struct Draft {
    socket: Socket,
}
const _: () = {
    use ::specter::__private as __p;
    const _: () = {
        trait __Provided {
            type Type: __p::Shareable;
        }
        impl __Provided for () {
            type Type = Draft;
        }
    };
    #[diagnostic::do_not_recommend]
    impl __p::Provide for Draft {
        type Value = ::std::sync::Arc<Self>;
        const SCOPED: bool = true;
        fn provider() -> __p::Provider {
            __p::Provider::shared::<
                Self,
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
    const _: () = {
        trait __Provided {
            type Type: __p::Shareable;
        }
        impl __Provided for () {
            type Type = Marker;
        }
    };
    #[diagnostic::do_not_recommend]
    impl __p::Provide for Marker {
        type Value = ::std::sync::Arc<Self>;
        fn provider() -> __p::Provider {
            __p::Provider::shared::<
                Self,
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
        type Value = ::std::sync::Arc<Pool>;
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
    __p::not_scoped!("pool", "config", Arc < Config >);
    __p::not_scoped!("pool", "most", Limits);
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
        type Value = Arc<Clock>;
        fn provider() -> __p::Provider {
            __p::Provider::sync::<
                Arc<Clock>,
            >(
                "clock",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {},
                |__r| { clock() },
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
        type Value = Arc<Settings>;
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
        type Value = ::std::sync::Arc<Names>;
        fn provider() -> __p::Provider {
            __p::Provider::shared::<
                Names,
            >(
                "names",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<Arc<Clock>>(__d, "clock", __p::location!());
                },
                |__r| {
                    let __p0 = __r.next::<Arc<Clock>>();
                    ::std::sync::Arc::new(names(__p0))
                },
            )
        }
    }
    __p::not_scoped!("names", "clock", Arc < Clock >);
};
struct Sql {
    pool: Arc<Pool>,
}
const _: () = {
    use ::specter::__private as __p;
    const _: () = {
        trait __Provided {
            type Type: __p::Shareable;
        }
        impl __Provided for () {
            type Type = Sql;
        }
    };
    const _: () = {
        trait AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture {}
        #[diagnostic::do_not_recommend]
        impl<__T: ?Sized + Repository> AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture
        for __T {}
        trait __Alias {
            type Type: ?Sized
                + __p::Shareable
                + AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture;
        }
        impl __Alias for () {
            type Type = dyn Repository;
        }
    };
    #[diagnostic::do_not_recommend]
    impl __p::Provide for Sql {
        type Value = ::std::sync::Arc<Self>;
        fn provider() -> __p::Provider {
            let __provider = __p::Provider::shared::<
                Self,
            >(
                "Sql",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<Arc<Pool>>(__d, "pool", __p::location!());
                },
                |__r| ::std::sync::Arc::new(Self {
                    pool: __r.next::<Arc<Pool>>(),
                }),
            );
            let __provider = __provider
                .alias::<
                    ::std::sync::Arc<Self>,
                    ::std::sync::Arc<dyn Repository>,
                >(|__v| __v);
            let __provider = __provider
                .on_init::<
                    ::std::sync::Arc<Self>,
                    _,
                >(|__v| async move { __p::hook_end::<_, _>(__v.open()).await });
            let __provider = __provider
                .on_shutdown::<
                    ::std::sync::Arc<Self>,
                    _,
                >(|__v| async move { __p::hook_end::<_, _>(__v.close()).await });
            __provider
        }
    }
    __p::not_scoped!("Sql", "pool", Arc < Pool >);
};
fn memory() -> Memory {
    Memory
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
struct memory {}
const _: () = {
    use ::specter::__private as __p;
    const _: () = {
        trait AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture {}
        #[diagnostic::do_not_recommend]
        impl<__T: ?Sized + Repository> AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture
        for __T {}
        trait __Alias {
            type Type: ?Sized
                + __p::Shareable
                + AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture;
        }
        impl __Alias for () {
            type Type = dyn Repository;
        }
    };
    const _: () = {
        trait AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture {}
        #[diagnostic::do_not_recommend]
        impl<__T: ?Sized + Health> AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture for __T {}
        trait __Alias {
            type Type: ?Sized
                + __p::Shareable
                + AsyncFnNeedsTheCrateAsyncTraitOrABoxedFuture;
        }
        impl __Alias for () {
            type Type = dyn Health;
        }
    };
    #[diagnostic::do_not_recommend]
    impl __p::Provide for memory {
        type Value = ::std::sync::Arc<Memory>;
        fn provider() -> __p::Provider {
            let __provider = __p::Provider::shared::<
                Memory,
            >(
                "memory",
                __p::Scope::Transient,
                __p::location!(),
                |__d| {},
                |__r| { ::std::sync::Arc::new(memory()) },
            );
            let __provider = __provider
                .alias::<
                    ::std::sync::Arc<Memory>,
                    ::std::sync::Arc<dyn Repository>,
                >(|__v| __v);
            let __provider = __provider
                .alias::<
                    ::std::sync::Arc<Memory>,
                    ::std::sync::Arc<dyn Health>,
                >(|__v| __v);
            __provider
        }
    }
};
struct Cache<T: Send, const SIZE: usize> {
    source: Arc<Source<T>>,
    kept: Vec<T>,
}
const _: () = {
    use ::specter::__private as __p;
    impl<T: Send, const SIZE: usize> __p::Provide for Cache<T, SIZE>
    where
        Self: Send + Sync + 'static,
        Arc<Source<T>>: __p::Dependency,
        Vec<T>: ::core::default::Default,
    {
        type Value = ::std::sync::Arc<Self>;
        fn provider() -> __p::Provider {
            __p::Provider::shared::<
                Self,
            >(
                __p::Key::of::<Self>().name(),
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<
                        Arc<Source<T>>,
                    >(__d, "source", __p::location!());
                },
                |__r| ::std::sync::Arc::new(Self {
                    source: __r.next::<Arc<Source<T>>>(),
                    kept: __p::initial_state::<Vec<T>>(),
                }),
            )
        }
    }
};
fn quota(user: Arc<User>) -> Result<Quota, QuotaError> {
    Quota::of(&user)
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
struct quota {}
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Provide for quota {
        type Value = ::std::sync::Arc<Quota>;
        fn provider() -> __p::Provider {
            __p::Provider::try_sync::<
                ::std::sync::Arc<Quota>,
            >(
                "quota",
                __p::Scope::Singleton,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<Arc<User>>(__d, "user", __p::location!());
                },
                |__r| {
                    let __p0 = __r.next::<Arc<User>>();
                    match quota(__p0) {
                        ::core::result::Result::Ok(__value) => {
                            ::core::result::Result::Ok(::std::sync::Arc::new(__value))
                        }
                        ::core::result::Result::Err(__error) => {
                            ::core::result::Result::Err(
                                __p::factory_failed::<QuotaError>(__error),
                            )
                        }
                    }
                },
            )
        }
    }
    __p::not_scoped!("quota", "user", Arc < User >);
};
async fn rows<T: Entity, const PAGE: usize>(
    pool: Arc<Pool>,
) -> Result<Rows<T, PAGE>, T::Error>
where
    T: Send,
{
    Rows::open(&pool).await
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
struct rows<T: ?Sized, const PAGE: usize> {
    __0: ::core::marker::PhantomData<fn() -> ::core::marker::PhantomData<T>>,
}
const _: () = {
    use ::specter::__private as __p;
    impl<T: Entity, const PAGE: usize> __p::Provide for rows<T, PAGE>
    where
        T: Send,
        Self: 'static,
        Rows<T, PAGE>: Send + Sync + 'static,
        Arc<Pool>: __p::Dependency,
    {
        type Value = ::std::sync::Arc<Rows<T, PAGE>>;
        const SCOPED: bool = true;
        fn provider() -> __p::Provider {
            __p::Provider::new::<
                ::std::sync::Arc<Rows<T, PAGE>>,
                _,
                _,
            >(
                __p::Key::of::<Self>().name(),
                __p::Scope::Scoped,
                __p::location!(),
                |__d| {
                    __p::Dependencies::add::<Arc<Pool>>(__d, "pool", __p::location!());
                },
                |__r| {
                    let __p0 = __r.next::<Arc<Pool>>();
                    async move {
                        match rows::<T, PAGE>(__p0).await {
                            ::core::result::Result::Ok(__value) => {
                                ::core::result::Result::Ok(::std::sync::Arc::new(__value))
                            }
                            ::core::result::Result::Err(__error) => {
                                ::core::result::Result::Err(
                                    __p::factory_failed::<T::Error>(__error),
                                )
                            }
                        }
                    }
                },
            )
        }
    }
};
