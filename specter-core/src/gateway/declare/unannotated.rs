//! The fallback for functions without `#[injectable]` in a macro's list, which gives the compiler a
//! type to complain about.

/// Stands for a function without `#[injectable]`. The attribute declares a type of the function's
/// name, which is what a list names. Where it is missing, the name resolves to this type, and the
/// compiler says what it lacks.
pub struct FunctionWithoutInjectable;

/// Imported under the name of each element of a list.
pub mod otherwise {
    pub use super::FunctionWithoutInjectable as __Listed;
}
