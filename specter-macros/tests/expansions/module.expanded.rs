pub struct ChatModule;
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Module for ChatModule {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("ChatModule", __p::location!());
            __p::ModuleBuilder::import::<StorageModule>(__m);
            __p::controller::<ChatGateway>(__m);
            __p::controller::<admin::AdminGateway>(__m);
            __p::ModuleBuilder::provide::<RoomRepository>(__m);
            {
                #[allow(unused_imports)]
                use __p::fallback::*;
                use pool as __Listed;
                __p::ModuleBuilder::provide::<__Listed>(__m);
            }
            #[cfg(test)] __p::ModuleBuilder::provide::<Fake<Room>>(__m);
            <RoomRepository as __p::Exported<_>>::export(__m);
        }
    }
};
pub struct Guarded;
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Module for Guarded {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("Guarded", __p::location!());
            __p::controller_within::<ChatGateway>(__m, policies);
        }
    }
    fn policies(__d: &mut __p::Policies) {
        __p::Policies::guard::<Authenticated>(__d, "Authenticated", __p::location!());
    }
};
struct Nothing {}
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Module for Nothing {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("Nothing", __p::location!());
        }
    }
};
struct Global;
const _: () = {
    use ::specter::__private as __p;
    #[diagnostic::do_not_recommend]
    impl __p::Module for Global {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("Global", __p::location!());
            __m.global();
            __m.import_configured({
                #[allow(unused_imports)]
                use __p::Module as _;
                ConfigModule::with(Options { path: "app.toml" })
            });
            #[cfg(test)] __p::ModuleBuilder::import::<TestModule>(__m);
            <ConfigModule as __p::Exported<_>>::export(__m);
        }
    }
};
