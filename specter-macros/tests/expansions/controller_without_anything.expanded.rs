struct Echo;
const _: () = {
    use ::specter::__private as __p;
    impl __p::Controller for Echo {
        const INFO: __p::ControllerInfo = __p::ControllerInfo {
            name: "Echo",
            path: ::core::option::Option::None,
            namespace: "/",
            priority: 0,
            unlisted: false,
            on_panic: __p::OnPanic::Continue,
            location: __p::location!(),
        };
        fn dependencies(__d: &mut __p::Dependencies) {}
        fn build(__r: &mut __p::Resolved<'_>) -> Self {
            Self {}
        }
        fn guards(__g: &mut __p::Guards) {}
    }
    __p::inventory::submit! {
        __p::KnownController { info : & < Echo as __p::Controller > ::INFO, type_id : ||
        ::core::any::TypeId::of:: < Echo > (), }
    }
};
struct Empty {}
const _: () = {
    use ::renamed::specter::__private as __p;
    impl __p::Controller for Empty {
        const INFO: __p::ControllerInfo = __p::ControllerInfo {
            name: "Empty",
            path: ::core::option::Option::None,
            namespace: "/",
            priority: 0,
            unlisted: false,
            on_panic: __p::OnPanic::Continue,
            location: __p::location!(),
        };
        fn dependencies(__d: &mut __p::Dependencies) {}
        fn build(__r: &mut __p::Resolved<'_>) -> Self {
            Self {}
        }
        fn guards(__g: &mut __p::Guards) {}
    }
    __p::inventory::submit! {
        __p::KnownController { info : & < Empty as __p::Controller > ::INFO, type_id : ||
        ::core::any::TypeId::of:: < Empty > (), }
    }
};
