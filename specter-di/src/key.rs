//! Keys: the types by which values are found, with readable names.
//! Must not know who provides or needs a type.

use std::any::TypeId;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The type of an injected value, such as `Arc<Pool>` or `Socket`. Values are found by it.
#[derive(Clone, Copy)]
pub struct Key {
    type_id: TypeId,
    type_name: &'static str,
}

impl Key {
    /// The key of values of type `V`.
    pub fn of<V: 'static>() -> Self {
        Self {
            type_id: TypeId::of::<V>(),
            type_name: std::any::type_name::<V>(),
        }
    }

    /// The id of the type.
    pub fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// The type's name without module paths: `Arc<Pool>`, not
    /// `alloc::sync::Arc<app::storage::Pool>`.
    pub fn name(&self) -> String {
        shorten(self.type_name, |_| false)
    }

    /// The type's name with module paths, except those of the standard library:
    /// `Arc<app::storage::Pool>`.
    pub fn path(&self) -> String {
        shorten(self.type_name, |path| {
            !["alloc::", "core::", "std::"]
                .iter()
                .any(|library| path.starts_with(library))
        })
    }

    /// The name of `T` for `Arc<T>`, and the whole name for every other type.
    pub(crate) fn inner_name(&self) -> String {
        self.pointee().unwrap_or_else(|| self.name())
    }

    /// The name of `T` for `Arc<T>`, and `None` for every other type.
    pub(crate) fn pointee(&self) -> Option<String> {
        let name = self.name();
        Some(name.strip_prefix("Arc<")?.strip_suffix('>')?.to_owned())
    }

    /// The crate that declares `T`, for `Arc<T>`. `None` for every other type. The crate of
    /// primitive types, tuples and slices is `core`.
    pub(crate) fn pointee_crate(&self) -> Option<&'static str> {
        let pointee = self.type_name.strip_prefix("alloc::sync::Arc<")?;
        Some(first_segment(pointee).unwrap_or("core"))
    }
}

/// The name of the crate that declares a type.
pub(crate) fn crate_of<T: ?Sized>() -> &'static str {
    first_segment(std::any::type_name::<T>()).unwrap_or_default()
}

/// The first segment of a path. `None` if the name of the type does not begin with a path.
fn first_segment(type_name: &'static str) -> Option<&'static str> {
    let (crate_name, _) = type_name.split_once("::")?;
    let is_name = crate_name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some(crate_name)
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.type_id == other.type_id
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.type_id.hash(state);
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.path())
    }
}

/// Reduces every path in a type name to its last segment, except those for which `keep` is true.
fn shorten(name: &str, keep: fn(&str) -> bool) -> String {
    let mut short = String::with_capacity(name.len());
    let mut rest = name;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_path(c)).unwrap_or(rest.len());
        let (path, tail) = rest.split_at(end);
        let segment = path.rsplit("::").next().unwrap_or(path);
        short.push_str(if keep(path) { path } else { segment });
        let end = tail.find(is_path).unwrap_or(tail.len());
        let (punctuation, tail) = tail.split_at(end);
        short.push_str(punctuation);
        rest = tail;
    }
    short
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    struct Pool;
    trait Repository {}

    #[test]
    fn a_name_has_no_paths() {
        assert_eq!(Key::of::<Arc<Pool>>().name(), "Arc<Pool>");
        assert_eq!(
            Key::of::<Arc<dyn Repository + Send + Sync>>().name(),
            "Arc<dyn Repository + Send + Sync>"
        );
        assert_eq!(
            Key::of::<Vec<(Option<Arc<Pool>>, [u8; 4])>>().name(),
            "Vec<(Option<Arc<Pool>>, [u8; 4])>"
        );
    }

    #[test]
    fn a_path_leaves_the_standard_library_out() {
        assert_eq!(
            Key::of::<Arc<Pool>>().path(),
            "Arc<specter_di::key::tests::Pool>"
        );
    }

    #[test]
    fn the_crate_of_a_pointee_is_known() {
        let of = |key: Key| key.pointee_crate();
        assert_eq!(of(Key::of::<Arc<Pool>>()), Some("specter_di"));
        assert_eq!(of(Key::of::<Arc<Vec<Pool>>>()), Some("alloc"));
        assert_eq!(of(Key::of::<Arc<(Pool, u32)>>()), Some("core"));
        assert_eq!(of(Key::of::<Pool>()), None);
        assert_eq!(crate_of::<Pool>(), "specter_di");
    }

    #[test]
    fn the_pointee_of_an_arc_is_the_type_that_it_holds() {
        assert_eq!(Key::of::<Arc<Pool>>().pointee().as_deref(), Some("Pool"));
        assert_eq!(Key::of::<Pool>().pointee(), None);
    }
}
