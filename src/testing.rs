#![doc = include_str!("testing.md")]

pub use specter_core::testing::{
    Answer, Connecting, ErrorReply, Parting, Received, Refused, Reply, TestApp, TestAppBuilder,
    TestClient, TestNamespace, TestSocket,
};
