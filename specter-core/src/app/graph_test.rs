//! `graph_test!`: a test that validates an application without starting it.

use super::AppBuilder;

/// Defines a test that validates an application: `specter::graph_test!(AppModule);`.
///
/// The test is named `graph_is_valid`, so a Rust module can have only one. It starts nothing. If
/// the application has faults, the test fails and reports all of them. A second argument can change
/// the application's builder: `|app| app.provide(Config::default())`.
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
/// If the application has faults. The message reports all of them.
pub fn assert_valid(app: AppBuilder) {
    if let Err(error) = app.check() {
        panic!("{error}");
    }
}
