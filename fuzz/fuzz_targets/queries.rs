//! The query of a request, whatever it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use specter_proto::engine::Query;

fuzz_target!(|query: &str| {
    let query = Query::parse(query);
    let _ = query.is_current_version();
});
