//! Tests of the time limit for the attachments of a packet.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::{ConnectionNamespaces, Shared};
use crate::socket::SocketConfig;
use specter_engine::MessageHandler as _;
use specter_engine::internals::detached;
use specter_engine::{CloseReason, EngineConfig, IncomingMessage, MessageContext};

const TIMEOUT: Duration = Duration::from_secs(30);

fn sessions() -> ConnectionNamespaces {
    let shared = Shared {
        namespaces: HashMap::new(),
        config: SocketConfig::default()
            .attachment_timeout(TIMEOUT)
            .connect_timeout(TIMEOUT * 100),
        max_payload: 1_000_000,
        draining: Arc::default(),
    };
    ConnectionNamespaces::new(Arc::new(shared), detached(&EngineConfig::default()))
}

fn receive(sessions: &mut ConnectionNamespaces, message: IncomingMessage<'_>) {
    // The namespace has no session, which does not matter here.
    let _ = sessions.message(message, &MessageContext::new(None));
}

fn poll(sessions: &mut ConnectionNamespaces) {
    sessions.poll(&mut Context::from_waker(Waker::noop()));
}

#[tokio::test(start_paused = true)]
async fn missing_attachments_close_the_connection() {
    let mut sessions = sessions();
    receive(
        &mut sessions,
        IncomingMessage::Text(r#"52-["a",{"_placeholder":true,"num":0}]"#),
    );
    poll(&mut sessions);
    assert_eq!(sessions.deadline(), Some(Instant::now() + TIMEOUT));
    advance(TIMEOUT / 2).await;
    receive(&mut sessions, IncomingMessage::Binary(b"first of two"));
    poll(&mut sessions);
    assert!(!sessions.connection.is_closed());
    advance(TIMEOUT / 2).await;
    poll(&mut sessions);
    let reason = sessions.connection.close_reason();
    assert_eq!(reason, Some(CloseReason::ParseError));
}

#[tokio::test(start_paused = true)]
async fn each_packet_has_the_whole_time_for_its_attachments() {
    let mut sessions = sessions();
    let header = r#"51-["a",{"_placeholder":true,"num":0}]"#;
    receive(&mut sessions, IncomingMessage::Text(header));
    for _ in 0..5 {
        poll(&mut sessions);
        advance(TIMEOUT * 2 / 3).await;
        // The end of one packet and the start of the next are read together.
        receive(&mut sessions, IncomingMessage::Binary(b"all of it"));
        receive(&mut sessions, IncomingMessage::Text(header));
    }
    poll(&mut sessions);
    assert!(!sessions.connection.is_closed());
}
