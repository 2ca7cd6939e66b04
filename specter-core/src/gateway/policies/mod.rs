//! The policies that run around handlers: guards, interceptors and error filters; and the rate
//! limit, which is both a guard and an interceptor.

pub(crate) mod filter;
pub(crate) mod guard;
pub(crate) mod interceptor;
pub(crate) mod rate_limit;
