//! How long the attachments of a packet may take.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::{Lanes, Shared};
use crate::socket::SocketConfig;
use specter_engine::MessageHandler as _;
use specter_engine::internals::detached;
use specter_engine::{CloseReason, EngineConfig, IncomingMessage, MessageContext};

const TIMEOUT: Duration = Duration::from_secs(30);

fn lanes() -> Lanes {
    let shared = Shared {
        namespaces: HashMap::new(),
        config: SocketConfig::default()
            .attachment_timeout(TIMEOUT)
            .connect_timeout(TIMEOUT * 100),
        max_payload: 1_000_000,
        draining: Arc::default(),
    };
    Lanes::new(Arc::new(shared), detached(&EngineConfig::default()))
}

fn take(lanes: &mut Lanes, message: IncomingMessage<'_>) {
    // Nobody is in the namespace, which does not matter here.
    let _ = lanes.message(message, &MessageContext::new(None));
}

fn poll(lanes: &mut Lanes) {
    lanes.poll(&mut Context::from_waker(Waker::noop()));
}

#[tokio::test(start_paused = true)]
async fn attachments_that_do_not_come_close_the_connection() {
    let mut lanes = lanes();
    take(
        &mut lanes,
        IncomingMessage::Text(r#"52-["a",{"_placeholder":true,"num":0}]"#),
    );
    poll(&mut lanes);
    assert_eq!(lanes.deadline(), Some(Instant::now() + TIMEOUT));
    advance(TIMEOUT / 2).await;
    take(&mut lanes, IncomingMessage::Binary(b"first of two"));
    poll(&mut lanes);
    assert!(!lanes.connection.is_closed());
    advance(TIMEOUT / 2).await;
    poll(&mut lanes);
    let reason = lanes.connection.close_reason();
    assert_eq!(reason, Some(CloseReason::ParseError));
}

#[tokio::test(start_paused = true)]
async fn each_packet_has_the_whole_time_for_its_attachments() {
    let mut lanes = lanes();
    let header = r#"51-["a",{"_placeholder":true,"num":0}]"#;
    take(&mut lanes, IncomingMessage::Text(header));
    for _ in 0..5 {
        poll(&mut lanes);
        advance(TIMEOUT * 2 / 3).await;
        // The end of one packet and the beginning of the next are read together.
        take(&mut lanes, IncomingMessage::Binary(b"all of it"));
        take(&mut lanes, IncomingMessage::Text(header));
    }
    poll(&mut lanes);
    assert!(!lanes.connection.is_closed());
}
