//! Which requests open a session, and how all others are answered.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use specter_engine::EngineConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::Level;

use super::support::{Lab, Log, answer, read_head, request, settle, sid_of, upgrade_request};

const UNKNOWN_TRANSPORT: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const UNKNOWN_SESSION: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_METHOD: &str = r#"{"code":2,"message":"Bad handshake method"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const OLD_VERSION: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

#[tokio::test(start_paused = true)]
async fn clients_whose_proxy_names_no_address_count_for_the_address_of_the_proxy() {
    let config = EngineConfig::default()
        .trusted_proxies(["10.0.0.1"])
        .max_connections_per_address(1);
    let lab = Lab::new(config);
    for status in [200, 429] {
        let mut request = request("GET", "EIO=4&transport=polling", "");
        let hidden = "unknown".parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", hidden);
        let proxy: SocketAddr = "10.0.0.1:9".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(proxy));
        assert_eq!(lab.request(request).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_too_long_to_be_kept_open_no_session() {
    let lab = Lab::new(EngineConfig::default().max_handshake_bytes(200));
    let query = "EIO=4&transport=polling";
    let fits = "/engine.io/?".len() + query.len() + "hostserver.example".len();
    let long = |len: usize| {
        let mut request = request("GET", query, "");
        let value = "x".repeat(len - "x-long".len());
        request
            .headers_mut()
            .insert("x-long", value.parse().unwrap());
        request
    };
    assert_eq!(lab.request(long(200 - fits)).await.status, 200);
    let refused = lab.request(long(201 - fits)).await;
    refused.expect(
        431,
        r#"{"code":4,"message":"Request header fields too large"}"#,
    );
    let target = format!("EIO=4&transport=websocket&x={}", "x".repeat(200));
    assert!(lab.websocket(&target).await.is_err());
    assert_eq!(lab.endpoint.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn polling_handshake_is_answered_with_open() {
    let lab = Lab::plain();
    let answer = lab.call("GET", "EIO=4&transport=polling").await;
    let sid = sid_of(&answer.body);
    answer.expect(
        200,
        &format!(
            r#"0{{"sid":"{sid}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
        ),
    );
    assert_eq!(sid.len(), 20);
    assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(lab.endpoint.connections(), 1);
    assert_eq!(lab.connection().sid(), sid);
}

#[tokio::test(start_paused = true)]
async fn websocket_handshake_is_followed_by_open() {
    let lab = Lab::plain();
    let mut ws = lab.websocket("EIO=4&transport=websocket").await.unwrap();
    let open = ws.text().await;
    let sid = sid_of(&open);
    assert_eq!(
        open,
        format!(
            r#"0{{"sid":"{sid}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
        )
    );
}

#[tokio::test(start_paused = true)]
async fn only_open_is_in_the_first_response() {
    let lab = Lab::plain();
    lab.greet("hi");
    let session = lab.open().await;
    session.poll().await.expect(200, "4hi");
    let mut ws = lab.open_websocket().await;
    assert_eq!(ws.text().await, "4hi");
}

#[tokio::test(start_paused = true)]
async fn each_bad_handshake_has_its_code() {
    let lab = Lab::plain();
    let table = [
        ("GET", "EIO=4", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=tobi", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=Polling", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=webtransport", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=__proto__", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=constructor", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport[]=polling", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=%", UNKNOWN_TRANSPORT),
        ("GET", "", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=polling&sid=test", UNKNOWN_SESSION),
        ("GET", "EIO=4&transport=polling&sid=", UNKNOWN_SESSION),
        (
            "GET",
            "EIO=4&transport=polling&sid=__proto__",
            UNKNOWN_SESSION,
        ),
        (
            "GET",
            "EIO=4&transport=polling&sid=a&sid=a",
            UNKNOWN_SESSION,
        ),
        ("GET", "EIO=3&transport=polling&sid=%00%ff", UNKNOWN_SESSION),
        ("POST", "EIO=4&transport=polling&sid=test", UNKNOWN_SESSION),
        ("POST", "EIO=4&transport=polling", BAD_METHOD),
        ("PUT", "EIO=4&transport=polling", BAD_METHOD),
        ("OPTIONS", "EIO=4&transport=polling", BAD_METHOD),
        ("GET", "EIO=4&transport=websocket", BAD_REQUEST),
        ("GET", "transport=polling", OLD_VERSION),
        ("GET", "EIO=3&transport=polling", OLD_VERSION),
        ("GET", "EIO=abc&transport=polling", OLD_VERSION),
        ("GET", "EIO=3&EIO=3&transport=polling", OLD_VERSION),
    ];
    for (method, query, body) in table {
        let answer = lab.call(method, query).await;
        assert_eq!(answer.header("content-type"), "application/json", "{query}");
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (400, body),
            "{query}"
        );
    }
    assert_eq!(lab.endpoint.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_may_be_repeated_with_the_same_value() {
    let mut lab = Lab::plain();
    let query = "EIO=4&transport=polling&EIO=4&transport=polling";
    let answer = lab.call("GET", query).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let sid = sid_of(&answer.body);
    let query = format!("{query}&sid={sid}&x=1&sid={sid}&x=2");
    let posted = lab.request(request("POST", &query, "4hello")).await;
    posted.expect(200, "ok");
    lab.expect_text("hello").await;
    lab.call("GET", &query).await.expect(200, "4hello");
    let query = format!("EIO=4&transport=websocket&sid={sid}&EIO=4&transport=websocket");
    let mut upgraded = lab.websocket(&query).await.unwrap();
    upgraded.send("2probe").await;
    assert_eq!(upgraded.text().await, "3probe");
    let query = "EIO=4&EIO=4&transport=websocket&transport=websocket";
    let mut ws = lab.websocket(query).await.unwrap();
    assert!(ws.text().await.starts_with("0{"));
}

#[tokio::test(start_paused = true)]
async fn a_parameter_with_two_values_is_named() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let log = Log::of_this_thread();
    for (query, name) in [
        ("EIO=4&transport=polling&EIO=3".to_owned(), "EIO"),
        ("EIO=4&EIO=&transport=polling".to_owned(), "EIO"),
        (
            "EIO=4&transport=polling&transport=websocket".to_owned(),
            "transport",
        ),
        (format!("{}&sid=b", session.query()), "sid"),
    ] {
        let context =
            format!("the query parameter `{name}` is given more than once with different values");
        let body = format!(r#"{{"code":3,"message":"Bad request","context":"{context}"}}"#);
        lab.call("GET", &query).await.expect(400, &body);
        lab.request(request("POST", &query, "4x"))
            .await
            .expect(400, &body);
        let response = refused_upgrade(&lab, &upgrade_request(&query)).await;
        assert!(response.starts_with("http/1.1 400 "), "{response}");
        let words = format!("\r\n\r\nbad request: {}", context.to_ascii_lowercase());
        assert!(response.ends_with(&words), "{response}");
        let lines = log.lines(Level::DEBUG);
        let named = lines.iter().filter(|line| {
            line.contains("engine_request_repeated_parameter") && line.contains(&context)
        });
        assert!(named.count() >= 2, "{lines:?}");
    }
    session.post("4still here").await.expect(200, "ok");
}

#[tokio::test(start_paused = true)]
async fn head_is_no_handshake() {
    let lab = Lab::plain();
    let answer = lab.call("HEAD", "EIO=4&transport=polling").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test(start_paused = true)]
async fn requests_that_do_not_fit_their_session_are_refused() {
    let lab = Lab::plain();
    let session = lab.open().await;
    for query in [
        format!("EIO=3&transport=polling&sid={}", session.sid),
        format!("transport=polling&sid={}", session.sid),
        format!("EIO=4&transport=websocket&sid={}", session.sid),
    ] {
        lab.call("GET", &query).await.expect(400, BAD_REQUEST);
    }
    lab.call("PUT", &session.query()).await.expect(500, "");
    session.post("4still here").await.expect(200, "ok");
}

/// The whole response to an upgrade request, head and body.
async fn refused_upgrade(lab: &Lab, request: &str) -> String {
    let mut pipe = lab.pipe();
    pipe.write_all(request.as_bytes()).await.unwrap();
    let mut response = read_head(&mut pipe).await;
    // The server closes the connection after a rejection, so that only the body follows.
    pipe.read_to_string(&mut response).await.unwrap();
    response.to_ascii_lowercase()
}

#[tokio::test(start_paused = true)]
async fn rejected_websockets_get_only_the_message() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let table = [
        ("EIO=4&transport=tobi", "Transport unknown"),
        ("EIO=4&transport=websocket&sid=test", "Session ID unknown"),
        ("EIO=3&transport=websocket", "Unsupported protocol version"),
        ("EIO=4&transport=polling", "Bad request"),
        (&session.query(), "Bad request"),
        ("EIO=4&transport=websocket&deny=", "Forbidden"),
        ("EIO=4&transport=websocket&deny=no+way", "no way"),
    ];
    for (query, message) in table {
        let response = refused_upgrade(&lab, &upgrade_request(query)).await;
        assert!(response.starts_with("http/1.1 400 "), "{response}");
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
        assert!(
            response.contains("\r\ncontent-type: text/html\r\n"),
            "{response}"
        );
        let body = format!("\r\n\r\n{}", message.to_lowercase());
        assert!(response.ends_with(&body), "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn upgrade_requests_must_be_complete() {
    let lab = Lab::plain();
    let proper = upgrade_request("EIO=4&transport=websocket");
    for (part, other, status) in [
        ("Connection: Upgrade", "Connection: close", "400"),
        ("HTTP/1.1", "HTTP/1.0", "400"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "short", "400"),
        ("Sec-WebSocket-Key", "X-Key", "400"),
        (
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Version: 8",
            "426",
        ),
        ("Sec-WebSocket-Version", "X-Version", "426"),
    ] {
        let response = refused_upgrade(&lab, &proper.replace(part, other)).await;
        let line = response.lines().next().unwrap();
        assert!(line.contains(status), "{other}: {line}");
    }
    assert_eq!(lab.endpoint.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_offered_subprotocol_is_chosen() {
    let lab = Lab::plain();
    let mut pipe = lab.pipe();
    let request = upgrade_request("EIO=4&transport=websocket").replace(
        "Upgrade: websocket",
        "Upgrade: websocket\r\nSec-WebSocket-Protocol: chat, other\r\nSec-WebSocket-Extensions: \
         permessage-deflate, constructor",
    );
    pipe.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut pipe).await.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"));
    assert!(head.contains("sec-websocket-protocol: chat\r\n"));
    assert!(!head.contains("sec-websocket-extensions"));
}

#[tokio::test(start_paused = true)]
async fn disabled_transports_are_unknown() {
    let lab = Lab::new(EngineConfig::default().websocket(false));
    let answer = lab.call("GET", "EIO=4&transport=polling").await;
    assert!(answer.body.contains(r#""upgrades":[]"#));
    let request = upgrade_request("EIO=4&transport=websocket");
    let response = refused_upgrade(&lab, &request).await;
    assert!(response.ends_with("transport unknown"), "{response}");
    let lab = Lab::new(EngineConfig::default().polling(false));
    let answer = lab.call("GET", "EIO=4&transport=polling").await;
    answer.expect(400, UNKNOWN_TRANSPORT);
    lab.open_websocket().await;
}

#[tokio::test(start_paused = true)]
async fn the_application_refuses_in_its_own_words() {
    let lab = Lab::plain();
    let query = "EIO=4&transport=polling&deny=not+%22you%22";
    let body = r#"{"code":4,"message":"not \"you\""}"#;
    lab.call("GET", query).await.expect(403, body);
    let answer = lab.call("GET", "EIO=4&transport=polling&deny").await;
    answer.expect(403, r#"{"code":4,"message":"Forbidden"}"#);
    assert_eq!(lab.endpoint.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_application_adds_headers_to_the_first_response_only() {
    let lab = Lab::plain();
    let answer = lab.call("GET", "EIO=4&transport=polling&cookies").await;
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["1=1; Max-Age=86400", "2=2; Path=/"]);
    let query = format!(
        "EIO=4&transport=polling&cookies&sid={}",
        sid_of(&answer.body)
    );
    let answer = answer_to_post(&lab, &query).await;
    assert!(!answer.headers.contains_key("set-cookie"));

    let mut pipe = lab.pipe();
    let request = upgrade_request("EIO=4&transport=websocket&cookies");
    pipe.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut pipe).await;
    assert!(
        head.contains("set-cookie: 1=1; Max-Age=86400\r\n"),
        "{head}"
    );
}

async fn answer_to_post(lab: &Lab, query: &str) -> super::support::Answer {
    lab.request(request("POST", query, "4x")).await
}

#[tokio::test(start_paused = true)]
async fn the_path_is_matched_exactly() {
    let lab = Lab::plain();
    for (path, status) in [
        ("/engine.io/?EIO=4&transport=polling", 200),
        ("/engine.io?EIO=4&transport=polling", 200),
        ("/engine.io/foo?EIO=4&transport=polling", 404),
        ("/engine.iox/?EIO=4&transport=polling", 404),
        ("/?EIO=4&transport=polling", 404),
    ] {
        let request = Request::get(path).body("".into()).unwrap();
        assert_eq!(lab.request(request).await.status, status, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_nested_endpoint_keeps_the_whole_path_and_other_routes() {
    let lab = Lab::plain();
    let router = Router::new()
        .route("/other", axum::routing::get(|| async { "other" }))
        .nest("/api", lab.router.clone());
    let get = |path: &str| Request::get(path).body("".into()).unwrap();
    let opened = answer(&router, get("/api/engine.io/?EIO=4&transport=polling&x=1")).await;
    assert_eq!(opened.status, 200);
    let handshake = lab.connection().handshake().clone();
    assert_eq!(handshake.uri, "/api/engine.io/?EIO=4&transport=polling&x=1");
    answer(&router, get("/other")).await.expect(200, "other");
}

#[tokio::test(start_paused = true)]
async fn the_handshake_is_kept() {
    let lab = Lab::plain();
    let mut request = request("GET", "EIO=4&transport=polling&a=b%20c", "");
    request
        .headers_mut()
        .insert("cookie", "k=v".parse().unwrap());
    request.extensions_mut().insert(17_u64);
    let peer: SocketAddr = "[::ffff:1.2.3.4]:5".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    lab.request(request).await;
    let connection = lab.connection();
    let handshake = connection.handshake();
    assert_eq!(handshake.query_value("a").as_deref(), Some("b c"));
    assert_eq!(handshake.headers()["cookie"], "k=v");
    assert_eq!(handshake.extensions.get::<u64>(), Some(&17));
    assert_eq!(handshake.address, Some("1.2.3.4".parse().unwrap()));
    assert!(!handshake.secure);
    assert!(!handshake.has_origin());
}

#[tokio::test(start_paused = true)]
async fn sessions_are_limited_in_all() {
    let lab = Lab::new(EngineConfig::default().max_connections(2));
    let session = lab.open().await;
    lab.open().await;
    let answer = lab.call("GET", "EIO=4&transport=polling").await;
    assert_eq!(answer.header("retry-after"), "5");
    answer.expect(503, r#"{"code":4,"message":"Too many connections"}"#);
    let request = upgrade_request("EIO=4&transport=websocket");
    let response = refused_upgrade(&lab, &request).await;
    assert!(response.starts_with("http/1.1 503 "), "{response}");
    assert!(response.ends_with("too many connections"), "{response}");
    session.post("1").await.expect(200, "ok");
    settle().await;
    lab.open().await;
}

#[tokio::test(start_paused = true)]
async fn sessions_are_limited_per_address() {
    let lab = Lab::new(EngineConfig::default().max_connections_per_address(1));
    let from = |address: &str| {
        let mut request = request("GET", "EIO=4&transport=polling", "");
        let peer: SocketAddr = format!("{address}:1").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    };
    assert_eq!(lab.request(from("1.1.1.1")).await.status, 200);
    assert_eq!(lab.request(from("2.2.2.2")).await.status, 200);
    let refused = lab.request(from("1.1.1.1")).await;
    let body = r#"{"code":4,"message":"Too many connections from this address"}"#;
    refused.expect(429, body);
    assert_eq!(lab.request(from("3.3.3.3")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_during_admission_takes_no_place() {
    let lab = Lab::new(EngineConfig::default().max_connections(1));
    lab.delay_admission(std::time::Duration::from_secs(60));
    let router = lab.router.clone();
    let admission = tokio::spawn(async move {
        answer(&router, request("GET", "EIO=4&transport=polling", "")).await
    });
    settle().await;
    let refused = lab.call("GET", "EIO=4&transport=polling").await;
    assert_eq!(refused.status, 503);
    admission.abort();
    assert!(admission.await.unwrap_err().is_cancelled());
    lab.open().await;
}
