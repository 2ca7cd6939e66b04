//! The query of a request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use specter_proto::engine::Query;

fuzz_target!(|query: &str| {
    let parsed = Query::parse(query);
    let _ = parsed.is_current_version();
    // A parameter that is repeated with the same value has this value.
    let repeated = format!("{query}&{query}");
    assert_eq!(Query::parse(&repeated), parsed);
});
