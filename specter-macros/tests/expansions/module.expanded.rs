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
            <RoomRepository as __p::Exported<_>>::export(__m);
        }
    }
};
pub struct Guarded;
const _: () = {
    use ::specter::__private as __p;
    impl __p::Module for Guarded {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("Guarded", __p::location!());
            __p::controller_guarded::<ChatGateway>(__m, guards);
        }
    }
    fn guards(__g: &mut __p::Guards) {
        __g.add::<Authenticated>("Authenticated", __p::location!());
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
struct Global;
const _: () = {
    use ::specter::__private as __p;
    impl __p::Module for Global {
        fn define(__m: &mut __p::ModuleBuilder) {
            __m.name("Global", __p::location!());
            __m.global();
            __m.import_configured({
                #[allow(unused_imports)]
                use __p::Module as _;
                ConfigModule::with(Options { path: "app.toml" })
            });
            #[cfg(test)] __m.import::<TestModule>();
            <ConfigModule as __p::Exported<_>>::export(__m);
        }
    }
};
