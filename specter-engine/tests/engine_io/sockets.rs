//! Sessions over real TCP connections, which axum serves.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use futures_util::{SinkExt, StreamExt};
use specter_engine::{CloseReason, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use super::support::{Lab, Seen, text_frame, upgrade_request};

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

#[tokio::test]
async fn a_websocket_works_over_tcp() {
    let mut lab = Lab::plain();
    let address = serve(lab.router.clone()).await;
    let uri = format!("ws://{address}/engine.io/?EIO=4&transport=websocket");
    let (mut ws, _) = tokio_tungstenite::connect_async(uri).await.unwrap();
    let open = ws.next().await.unwrap().unwrap();
    assert!(open.to_text().unwrap().starts_with("0{"));
    let loopback = "127.0.0.1".parse().unwrap();
    let connection = lab.connection();
    assert_eq!(connection.handshake().address, Some(loopback));
    for size in [0, 1, 125, 126, 65_535, 65_536, 900_000] {
        let text = format!("4{}", "x".repeat(size));
        ws.send(Message::text(&text)).await.unwrap();
        let echo = ws.next().await.unwrap().unwrap();
        assert!(echo.to_text().unwrap() == text, "{size}");
        assert!(matches!(lab.seen().await, Seen::Text(_)));
    }
    ws.close(None).await.unwrap();
    lab.expect_end(CloseReason::TransportClose).await;
}

#[tokio::test]
async fn large_packets_wait_for_a_reader() {
    let lab = Lab::plain();
    let address = serve(lab.router.clone()).await;
    let uri = format!("ws://{address}/engine.io/?EIO=4&transport=websocket");
    let (mut ws, _) = tokio_tungstenite::connect_async(uri).await.unwrap();
    ws.next().await.unwrap().unwrap();
    let connection = lab.connection();
    let big = Frame::binary_message(&vec![5; 15_000_000]);
    connection.send(big.into()).unwrap();
    assert_eq!(ws.next().await.unwrap().unwrap().len(), 15_000_000);
}

#[tokio::test]
async fn an_aborted_tcp_connection_ends_the_session() {
    let mut lab = Lab::plain();
    let address = serve(lab.router.clone()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = upgrade_request("EIO=4&transport=websocket");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(&text_frame("4here")).await.unwrap();
    lab.expect_text("here").await;
    // Closing a socket with unread bytes resets the connection.
    stream.readable().await.unwrap();
    drop(stream);
    assert!(matches!(lab.seen().await, Seen::Closed(_)));
    assert_eq!(lab.seen().await, Seen::Dropped);
}

#[tokio::test]
async fn refused_upgrades_and_resets_leave_nothing_behind() {
    let lab = Lab::plain();
    let address = serve(lab.router.clone()).await;
    for round in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = upgrade_request("EIO=4&transport=websocket&sid=unknown");
        stream.write_all(request.as_bytes()).await.unwrap();
        if round % 2 == 0 {
            let mut response = String::new();
            stream.read_to_string(&mut response).await.unwrap();
            assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
        }
    }
    assert_eq!(lab.endpoint.connections(), 0);
}

#[tokio::test]
async fn a_client_that_aborts_its_poll_ends_the_session() {
    let mut lab = Lab::plain();
    // Notifies the test when a request has reached the endpoint.
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let notify = from_fn(move |request: Request, next: Next| {
        arrived.send(()).unwrap();
        next.run(request)
    });
    let address = serve(lab.router.clone().layer(notify)).await;
    let session = lab.open().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /engine.io/?{} HTTP/1.1\r\nHost: server.example\r\n\r\n",
        session.query()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    arrivals.recv().await.unwrap();
    drop(stream);
    lab.expect_end(CloseReason::TransportError).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_packet_arrives_once_while_the_session_upgrades() {
    for _ in 0..50 {
        let lab = Lab::plain();
        let address = serve(lab.router.clone()).await;
        let session = lab.open().await;
        let connection = lab.connection();
        let sender = tokio::spawn(async move {
            for number in 0..500 {
                let packet = Frame::text_message(&number.to_string());
                connection.send(packet.into()).unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut received = Vec::new();
        let mut take = |packet: &str| {
            if packet != "6" {
                received.push(packet.to_owned());
            }
        };
        let poll = session.poll().await;
        poll.body.split('\x1e').for_each(&mut take);
        let query = format!("EIO=4&transport=websocket&sid={}", session.sid);
        let uri = format!("ws://{address}/engine.io/?{query}");
        let (mut ws, _) = tokio_tungstenite::connect_async(uri).await.unwrap();
        ws.send(Message::text("2probe")).await.unwrap();
        let poll = session.poll().await;
        poll.body.split('\x1e').for_each(&mut take);
        let pong = ws.next().await.unwrap().unwrap();
        assert_eq!(pong.to_text().unwrap(), "3probe");
        ws.send(Message::text("5")).await.unwrap();
        while received.len() < 500 {
            let packet = ws.next().await.unwrap().unwrap();
            received.push(packet.to_text().unwrap().to_owned());
        }
        sender.await.unwrap();
        let expected: Vec<_> = (0..500).map(|number| format!("4{number}")).collect();
        assert_eq!(received, expected);
    }
}
