#![doc = include_str!("testing.md")]

pub use specter_core::testing::{
    AckSender, ClientBuilder, ConnectError, Disconnection, EventErrorReply, Expectation,
    PendingAck, ReceivedEvent, TestApp, TestAppBuilder, TestClient, TestNamespace, TestSocket,
};
