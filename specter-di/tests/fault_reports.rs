//! Whole reports: they have all faults, numbered, each with the code of its kind.

#[macro_use]
mod common;

use std::sync::Arc;

use common::{Request, graph, report};
use specter_di::FaultKind;

provider!(Singleton Pool at "src/db.rs":10 {});

#[test]
fn a_report_numbers_its_faults() {
    provider!(Singleton Rooms at "src/rooms.rs":20 { pool: Arc<Pool> });
    module!(Chat at "src/chat.rs":1 { providers: [Rooms], exports: [Pool], });

    let report = report::<Chat>();
    let text = report.to_string();
    assert!(
        text.starts_with("the graph of `Chat` has 2 faults\n\n 1. `Chat` exports `Pool`"),
        "{text}"
    );
    assert!(
        text.contains("\n\n 2. nothing provides `Arc<Pool>`"),
        "{text}"
    );
    assert_eq!(report.code(), "graph_invalid");
}

#[test]
fn the_codes_of_the_kinds_differ() {
    let kinds = [
        FaultKind::Missing,
        FaultKind::NotVisible,
        FaultKind::Ambiguous,
        FaultKind::DuplicateOwner,
        FaultKind::DuplicateRoot,
        FaultKind::UnknownExport,
        FaultKind::Circular,
        FaultKind::CircularModules,
        FaultKind::ScopeViolation,
        FaultKind::TooLarge,
    ];
    let codes: std::collections::HashSet<_> = kinds.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), kinds.len());
}

/// Thirty faults: eight missing, four not visible, three ambiguous, three duplicate owners, one
/// root twice, three unknown exports, three circles, three scope violations, two circles of
/// modules.
mod thirty {
    use super::*;

    provider!(Singleton Hidden at "h.rs":1 {});
    provider!(Singleton Twice at "t.rs":1 {});
    provider!(Singleton M1 at "m.rs":1 { a: Arc<u8>, b: Arc<u16>, c: Arc<u32>, d: Arc<u64> });
    provider!(Scoped M2 at "m.rs":10 { a: Arc<i8>, b: Arc<i16>, c: Arc<i32>, d: Arc<i64> });
    provider!(Singleton H at "n.rs":1 { a: Arc<Hidden>, b: Arc<Hidden>, c: Arc<Hidden>, d: Option<Arc<Hidden>> });
    root!(Page at "p.rs":1 { hidden: Arc<Hidden> });
    provider!(Singleton C1 at "c.rs":1 { other: Arc<C2> });
    provider!(Singleton C2 at "c.rs":10 { other: Arc<C1> });
    provider!(Singleton C3 at "c.rs":20 { own: Arc<C3>, other: Arc<C1> });
    provider!(Scoped C4 at "c.rs":30 { own: Arc<C4> });
    provider!(Scoped S at "s.rs":1 { request: Request });
    provider!(Singleton S1 at "s.rs":10 { s: Arc<S>, request: Request });
    provider!(Singleton S2 at "s.rs":20 { s: Arc<S>, s1: Arc<S1> });
    provider!(Singleton Double at "d.rs":1 {});
    provider!(Singleton A at "a.rs":1 { a: Arc<Double>, b: Option<Arc<Double>>, all: Vec<Arc<Double>> });
    provider!(Scoped B at "a.rs":10 { a: Arc<Double> });
    provider!(Singleton X at "x.rs":1 {});
    provider!(Singleton Y at "y.rs":1 {});
    provider!(Singleton Z at "z.rs":1 {});

    factory!(Singleton double -> Double, at "d.rs":9 {} |_| async { Ok(Arc::new(Double {})) });

    module!(Secret at "secret.rs":1 { providers: [Hidden], });
    module!(Needy at "needy.rs":1 { imports: [Secret], roots: [Page], providers: [M1, M2, H], exports: [X, Y], });
    module!(Circles at "circles.rs":1 { imports: [Circles], providers: [C1, C2, C3, C4, Twice, X], });
    module!(Scopes at "scopes.rs":1 { imports: [Back], providers: [S, S1, S2, Twice, X, Y], exports: [Z], });
    module!(Back at "back.rs":1 { imports: [Scopes], providers: [Y], });
    module!(Many at "many.rs":1 { roots: [Page], providers: [Double, double, A, B], });
    module!(App at "main.rs":1 { imports: [Needy, Circles, Scopes, Many], });

    #[test]
    fn a_graph_with_thirty_faults_reports_thirty() {
        let report = graph::<App>().validate().expect_err("thirty faults");
        let count = |kind| {
            report
                .faults()
                .iter()
                .filter(|fault| fault.kind() == kind)
                .count()
        };
        assert_eq!(count(FaultKind::Missing), 8);
        assert_eq!(count(FaultKind::NotVisible), 4);
        assert_eq!(count(FaultKind::Ambiguous), 3);
        assert_eq!(count(FaultKind::DuplicateOwner), 3);
        assert_eq!(count(FaultKind::DuplicateRoot), 1);
        assert_eq!(count(FaultKind::UnknownExport), 3);
        assert_eq!(count(FaultKind::Circular), 3);
        assert_eq!(count(FaultKind::ScopeViolation), 3);
        assert_eq!(count(FaultKind::CircularModules), 2);
        assert_eq!(report.faults().len(), 30, "{report}");
        let text = report.to_string();
        assert!(text.contains("\n\n30. "), "{text}");
        assert_eq!(text.matches("\n    help: ").count(), 30);
    }
}
