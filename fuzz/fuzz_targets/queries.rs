//! The query of a request, whatever it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use specter_proto::engine::Query;

fuzz_target!(|query: &str| {
    let parsed = Query::parse(query);
    let _ = parsed.is_current_version();
    // Equal values of a parameter count as one.
    let repeated = format!("{query}&{query}");
    assert_eq!(Query::parse(&repeated), parsed);
});
