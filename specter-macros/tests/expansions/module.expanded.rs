pub struct ChatModule;
const _: () = {
    use ::specter::__private as __p;
    impl __p::Module for ChatModule {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("ChatModule", __p::location!());
            __m.import::<StorageModule>();
            __p::controller::<ChatGateway>(__m);
            __p::controller::<admin::AdminGateway>(__m);
            __m.provide::<RoomRepository>();
            __m.provide::<pool>();
            #[cfg(test)] __m.provide::<Fake<Room>>();
            __m.export::<RoomRepository>();
        }
    }
};
pub struct Guarded;
const _: () = {
    use ::specter::__private as __p;
    impl __p::Module for Guarded {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("Guarded", __p::location!());
            __p::controller_within::<ChatGateway>(__m, policies);
        }
    }
    fn policies(__d: &mut __p::Policies) {
        __d.guard::<Authenticated>("Authenticated", __p::location!());
    }
};
struct Nothing {}
const _: () = {
    use ::specter::__private as __p;
    impl __p::Module for Nothing {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("Nothing", __p::location!());
        }
    }
};
