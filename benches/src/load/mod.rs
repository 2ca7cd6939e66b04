//! The cases: what is sent and what is counted. Each kind of traffic has its own file. The time of
//! each case is limited.

mod broadcast;
mod connect;
mod crowd;
mod echo;
mod flood;
mod measure;
mod polling;
mod slow_crowd;
mod waiting;

pub use broadcast::{Broadcast, Rooms};
pub use connect::{Connects, Idle};
pub use echo::{Echo, Shape};
pub use flood::Flood;
pub use measure::{Figures, READY, Target, Windows};
pub use polling::PollingEcho;
pub use slow_crowd::SlowCrowd;
pub use waiting::Waiting;
