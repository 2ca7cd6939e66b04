//! Paths in the repository.

use std::path::{Path, PathBuf};

/// Returns the path of a file or folder, from its path relative to the root.
pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

/// Returns the repository's root, which is the parent of this crate's folder.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Whether `product` exists and was written after the last change of `source`.
pub(crate) fn is_newer(product: &Path, source: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified());
    matches!((modified(product), modified(source)), (Ok(product), Ok(source)) if product >= source)
}
