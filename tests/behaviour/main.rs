//! The framework's behaviour as an application and its clients see it, with a module for each part
//! of the framework.
//!
//! The tests are one binary, so that the framework is linked once. A test belongs here unless it
//! needs its own process.

#[path = "../common/mod.rs"]
mod common;

mod acks;
mod app;
mod borrowed_parameters;
mod broadcasts;
mod cut_text;
mod disconnect_rooms;
mod drain;
mod endpoints;
mod errors;
mod event_handlers;
mod gateway_examples;
mod grace;
mod groups;
mod guard_context;
mod handlers;
mod ingress;
mod injection;
mod integral_floats;
mod late_acks;
mod lifecycle;
mod listening;
mod logging;
mod many_attachments;
mod multiple_controllers;
mod outgoing_order;
mod policies;
mod policy_faults;
mod rate_limit_and_validation;
mod ready;
mod refusals;
mod rooms;
mod singleton;
mod slow_clients;
mod subscriber_policies;
mod sync_handlers;
mod teardown;
mod testing_kit;
