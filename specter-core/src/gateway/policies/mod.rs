//! What runs around handlers: guards, interceptors, error filters and the rate limit.

pub(crate) mod filter;
pub(crate) mod guard;
pub(crate) mod interceptor;
pub(crate) mod rate_limit;
