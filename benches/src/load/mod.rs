//! The cases: what is sent, and what is counted. One file a kind of traffic; each is bounded in time.

mod echo;
mod measure;

pub use echo::{Echo, Shape};
pub use measure::{Figures, Target};
