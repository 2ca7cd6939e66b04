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
                mod __unannotated {
                    mod function {
                        #[allow(non_camel_case_types, dead_code)]
                        pub struct pool;
                    }
                    #[allow(unused_imports)]
                    pub(super) use function::pool as __Listed;
                }
                #[allow(unused_imports)]
                use __unannotated::*;
                use pool as __Listed;
                __p::ModuleBuilder::provide::<__Listed>(__m);
            }
            #[cfg(test)] __p::ModuleBuilder::provide::<Fake<Room>>(__m);
            __p::ModuleBuilder::export::<RoomRepository>(__m);
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
            __p::controller_guarded::<ChatGateway>(__m, guards);
        }
    }
    fn guards(__g: &mut __p::Guards) {
        __p::Guards::add::<Authenticated>(__g, "Authenticated", __p::location!());
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
