//! The type to which a function without `#[injectable]` resolves in a macro's list, so that the
//! compiler's error is readable.

/// Represents a function without `#[injectable]`. A module's list names types, and the attribute
/// declares a type with the function's name. Without the attribute, the name resolves to this type
/// instead, and the compiler reports which trait is missing.
pub struct FunctionWithoutInjectable;

/// For each element of a list, an expansion imports this module by a glob, and the element as
/// `__Listed`. The element takes precedence over the glob, unless it names a function but no type:
/// then the type `__Listed` is the one of this module.
pub mod fallback {
    pub use super::FunctionWithoutInjectable as __Listed;
}
