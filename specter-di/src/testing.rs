//! Checks an application's graph in a test, without starting anything.

use crate::Graph;

/// A test that validates the graph of a module, in one line:
///
/// ```
/// # struct AppModule;
/// # impl specter_di::Module for AppModule {
/// #     fn define(_: &mut specter_di::ModuleBuilder) {}
/// # }
/// specter_di::graph_test!(AppModule);
/// ```
///
/// It is called `graph_is_valid`, so there is one in a module; it fails with the whole report. What
/// the embedder adds to the graph, seeds above all, is declared by a second argument: `|graph|
/// graph.seed::<Request>("Request")`.
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

/// Validates the graph.
///
/// # Panics
///
/// With the report, when the graph has faults.
pub fn assert_valid(graph: Graph) {
    if let Err(report) = graph.validate() {
        panic!("{report}");
    }
}
