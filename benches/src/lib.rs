//! The benchmarks: a load generator, the servers that it measures, and the report of the results.
//!
//! Programs: `bench` runs everything, `load` is the load generator, and the others are servers.
//! Nothing here is part of Specter.

// Figures are rounded for printing.
#![allow(clippy::cast_precision_loss)]

pub mod chart;
pub mod client;
pub mod listen;
pub mod load;
pub mod machine;
pub mod process;
pub mod report;
pub mod requests;
pub mod results;
pub mod runner;
pub mod slopes;
pub mod suite;
pub mod wire;
