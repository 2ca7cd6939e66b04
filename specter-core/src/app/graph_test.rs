//! `graph_test!`: checks an application's graph in a test, without starting anything.

use super::AppBuilder;

/// A test that validates an application's module, in one line: `specter::graph_test!(AppModule);`.
///
/// It is called `graph_is_valid`, so there is one in a module; it fails with the whole report, and
/// starts nothing. What the application's builder adds is declared by a second argument: `|app|
/// app.provide(Config::default())`.
///
/// ```
/// # struct AppModule;
/// # impl specter_di::Module for AppModule {
/// #     fn define(_: &mut specter_di::ModuleBuilder) {}
/// # }
/// specter_core::graph_test!(AppModule, |app| app.provide(8_u32));
/// ```
#[macro_export]
macro_rules! graph_test {
    ($module:ty $(,)?) => {
        $crate::graph_test!($module, |app| app);
    };
    ($module:ty, $settings:expr $(,)?) => {
        #[test]
        fn graph_is_valid() {
            let settings: fn($crate::app::AppBuilder) -> $crate::app::AppBuilder = $settings;
            $crate::app::assert_valid(settings($crate::app::App::builder::<$module>()));
        }
    };
}

/// Validates an application.
///
/// # Panics
///
/// With the report, when it has faults.
pub fn assert_valid(app: AppBuilder) {
    if let Err(error) = app.check() {
        panic!("{error}");
    }
}
