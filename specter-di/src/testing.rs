//! Validates an application's graph in a test, without starting anything.

use crate::Graph;

/// Declares a test that validates the graph of a module:
///
/// ```
/// # struct AppModule;
/// # impl specter_di::Module for AppModule {
/// #     fn define(_: &mut specter_di::ModuleBuilder) {}
/// # }
/// specter_di::graph_test!(AppModule);
/// ```
///
/// The test is named `graph_is_valid`, so a Rust module can have one of them. It fails with the
/// report of all faults. If the embedder adds values or seeds to the graph, a second argument adds
/// them in the test: `|graph| graph.seed::<Request>("Request")`.
#[macro_export]
macro_rules! graph_test {
    ($module:ty $(,)?) => {
        $crate::graph_test!($module, |_graph: &mut $crate::Graph| {});
    };
    ($module:ty, $prepare:expr $(,)?) => {
        #[test]
        fn graph_is_valid() {
            let mut graph = $crate::Graph::of::<$module>();
            let prepare: fn(&mut $crate::Graph) = $prepare;
            prepare(&mut graph);
            $crate::assert_valid(graph);
        }
    };
}

/// Validates the graph. [`graph_test!`](crate::graph_test) calls it.
///
/// # Panics
///
/// If the graph has faults. The message is the report.
pub fn assert_valid(graph: Graph) {
    if let Err(report) = graph.validate() {
        panic!("{report}");
    }
}
