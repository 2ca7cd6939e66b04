impl Notes {
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    fn r#move<'a>(
        self: &Self,
        note: Note<'a>,
        to: Cow<'a, str>,
        others: Vec<Self>,
        (x, y): (f32, f32),
        _: bool,
    ) -> Cow<'a, str> {}
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    fn both(&self) {}
}
const _: () = {
    use crate::__private as __p;
    const fn __block<
        __C: ::core::ops::Deref<Target = Notes>,
        __S: ::core::ops::Deref<Target = Notes>,
    >() -> __p::HandlersBlock
    where
        __C::Target: __p::Controller,
        __S::Target: __p::SharedController,
    {
        const fn __calls<__H: __p::ControllerRef<Notes>>() -> __p::CallFunctions<__H>
        where
            __H::Target: __p::SharedController,
        {
            __p::CallFunctions {
                requirements: |__id, __r| match __id {
                    0 => {
                        __p::Requirements::event::<
                            Note<'_>,
                            _,
                        >(__r, "note", __p::location!());
                        __p::Requirements::event::<
                            __p::Text<'_>,
                            _,
                        >(__r, "to", __p::location!());
                        __p::Requirements::event::<
                            Vec<Notes>,
                            _,
                        >(__r, "others", __p::location!());
                        __p::Requirements::event::<
                            (f32, f32),
                            _,
                        >(__r, "(x, y)", __p::location!());
                        __p::Requirements::event::<bool, _>(__r, "_", __p::location!());
                    }
                    _ => {}
                },
                call: |__instance, __id, __context| __p::call_shared::<
                    Notes,
                >(
                    __instance,
                    __context,
                    |__this, __cx| match __id {
                        0 => {
                            let mut __args = __cx.arguments();
                            let __p0 = __p::event_param::<
                                Note<'_>,
                                _,
                            >(&__cx, &mut __args, "note")?;
                            let __p1 = __p::event_param::<
                                __p::Text<'_>,
                                _,
                            >(&__cx, &mut __args, "to")?;
                            let __p2 = __p::event_param::<
                                Vec<Notes>,
                                _,
                            >(&__cx, &mut __args, "others")?;
                            let __p3 = __p::event_param::<
                                (f32, f32),
                                _,
                            >(&__cx, &mut __args, "(x, y)")?;
                            let __p4 = __p::event_param::<
                                bool,
                                _,
                            >(&__cx, &mut __args, "_")?;
                            let __value = <Notes>::r#move(
                                __this,
                                __p0,
                                __p1.into_cow(),
                                __p2,
                                __p3,
                                __p4,
                            );
                            __p::reply!(__cx, __value)
                        }
                        1 => {
                            let __value = <Notes>::both(__this);
                            __p::reply!(__cx, __value)
                        }
                        2 => {
                            let __value = <Notes>::both(__this);
                            __p::reply!(__cx, __value)
                        }
                        _ => ::core::result::Result::Err(__p::wrong_instance(__cx)),
                    },
                ),
                start: |__held, _, __context| __p::CallState::unknown(
                    __p::ControllerRef::into_instance(__held),
                    __context,
                ),
            }
        }
        __p::HandlersBlock {
            controller: || ::core::any::TypeId::of::<Notes>(),
            location: __p::location!(),
            handlers: const {
                &[
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("move"),
                        method: "move",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: true,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("one"),
                        method: "both",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: true,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                    __p::HandlerInfo {
                        event: __p::EventKind::Named("two"),
                        method: "both",
                        docs: "",
                        priority: ::core::option::Option::None,
                        concurrent: false,
                        inline: true,
                        blocking: false,
                        timeout: ::core::option::Option::None,
                        location: __p::location!(),
                    },
                ]
            },
            exclusive: false,
            share: ::core::option::Option::Some(__p::share::<Notes>),
            resolve: |__name| match __name {
                "move" => ::core::option::Option::Some(0),
                "one" => ::core::option::Option::Some(1),
                "two" => ::core::option::Option::Some(2),
                _ => ::core::option::Option::None,
            },
            requirements: __calls::<::std::boxed::Box<Notes>>().requirements,
            policies: |__id, __d| match __id {
                _ => {}
            },
            call: __calls::<::std::boxed::Box<Notes>>().call,
            start: __p::start_none,
        }
    }
    const __BLOCK: __p::HandlersBlock = __block::<
        ::std::boxed::Box<Notes>,
        ::std::boxed::Box<Notes>,
    >();
    __p::inventory::submit! {
        __BLOCK
    }
};
