struct Echo;
const _: () = {
    use ::specter::__private as __p;
    const __INFO: __p::ControllerInfo = __p::ControllerInfo {
        name: "Echo",
        path: ::core::option::Option::None,
        namespace: "/",
        endpoint: &[],
        priority: 0,
        event_priorities: &[],
        unlisted: false,
        on_panic: __p::OnPanic::Continue,
        location: __p::location!(),
    };
    trait __Fields: Sized {
        const FIELDS: __p::FieldFunctions<Self>;
    }
    impl __Fields for Echo {
        const FIELDS: __p::FieldFunctions<Self> = __p::FieldFunctions {
            declare: |__d| {},
            build: |__r| Self {},
        };
    }
    #[diagnostic::do_not_recommend]
    impl __p::Controller for Echo {
        const INFO: __p::ControllerInfo = __INFO;
        fn dependencies(__d: &mut __p::Dependencies) {
            (<Self as __Fields>::FIELDS.declare)(__d);
        }
        fn build(__r: &mut __p::Resolved<'_>) -> Self {
            (<Self as __Fields>::FIELDS.build)(__r)
        }
        fn policies(__d: &mut __p::Policies) {}
    }
    __p::inventory::submit! {
        __p::ControllerRegistration { info : & __INFO, type_id : ||
        ::core::any::TypeId::of:: < Echo > () }
    }
};
struct Empty {}
const _: () = {
    use ::renamed::specter::__private as __p;
    const __INFO: __p::ControllerInfo = __p::ControllerInfo {
        name: "Empty",
        path: ::core::option::Option::None,
        namespace: "/",
        endpoint: &[],
        priority: 0,
        event_priorities: &[],
        unlisted: false,
        on_panic: __p::OnPanic::Continue,
        location: __p::location!(),
    };
    trait __Fields: Sized {
        const FIELDS: __p::FieldFunctions<Self>;
    }
    impl __Fields for Empty {
        const FIELDS: __p::FieldFunctions<Self> = __p::FieldFunctions {
            declare: |__d| {},
            build: |__r| Self {},
        };
    }
    #[diagnostic::do_not_recommend]
    impl __p::Controller for Empty {
        const INFO: __p::ControllerInfo = __INFO;
        fn dependencies(__d: &mut __p::Dependencies) {
            (<Self as __Fields>::FIELDS.declare)(__d);
        }
        fn build(__r: &mut __p::Resolved<'_>) -> Self {
            (<Self as __Fields>::FIELDS.build)(__r)
        }
        fn policies(__d: &mut __p::Policies) {}
    }
    __p::inventory::submit! {
        __p::ControllerRegistration { info : & __INFO, type_id : ||
        ::core::any::TypeId::of:: < Empty > () }
    }
};
