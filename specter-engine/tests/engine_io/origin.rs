//! Pages of other origins: which of them may open sessions, and which headers browsers receive.

use http::{HeaderMap, Request};
use std::time::Duration;

use specter_engine::{ConfigError, EngineConfig, OriginPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::Level;

use super::support::{Answer, Lab, Log, read_head, request, sid_of, upgrade_request};

const APP: &str = "https://app.example";
const OPEN: &str = "EIO=4&transport=polling";

async fn from_page(
    lab: &Lab,
    origin: &str,
    method: &str,
    query: &str,
    body: &'static str,
) -> Answer {
    let mut request = request(method, query, body);
    let headers = request.headers_mut();
    headers.insert("origin", origin.parse().unwrap());
    lab.request(request).await
}

fn cors_headers(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-") || *name == "vary")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

#[tokio::test(start_paused = true)]
async fn by_default_foreign_pages_are_refused() {
    let lab = Lab::plain();
    for origin in [
        APP,
        "null",
        "http://server.example:81",
        "https://server.example",
    ] {
        let answer = from_page(&lab, origin, "GET", OPEN, "").await;
        answer.expect(403, r#"{"code":4,"message":"Origin not allowed"}"#);
        assert!(cors_headers(&answer.headers).is_empty());
    }
    assert_eq!(lab.endpoint.connections(), 0);
    let answer = from_page(&lab, "http://server.example", "GET", OPEN, "").await;
    assert_eq!(answer.status, 200);
    assert!(cors_headers(&answer.headers).is_empty());
    assert!(lab.connection().handshake().has_origin());
}

#[tokio::test(start_paused = true)]
async fn a_foreign_page_cannot_use_a_session() {
    let lab = Lab::plain();
    let session = lab.open().await;
    for (method, body) in [("POST", "4x"), ("GET", "")] {
        let answer = from_page(&lab, APP, method, &session.query(), body).await;
        assert_eq!(answer.status, 403);
    }
}

async fn upgrade_from(lab: &Lab, origin: &str) -> String {
    let mut pipe = lab.pipe();
    let request = upgrade_request("EIO=4&transport=websocket").replace(
        "Upgrade: websocket",
        &format!("Upgrade: websocket\r\nCookie: session=1\r\nOrigin: {origin}"),
    );
    pipe.write_all(request.as_bytes()).await.unwrap();
    let mut response = read_head(&mut pipe).await;
    if !response.starts_with("HTTP/1.1 101") {
        pipe.read_to_string(&mut response).await.unwrap();
    }
    response
}

#[tokio::test(start_paused = true)]
async fn websockets_of_foreign_pages_are_refused() {
    let lab = Lab::plain();
    let response = upgrade_from(&lab, APP).await;
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    assert!(
        response.ends_with("\r\n\r\nOrigin not allowed"),
        "{response}"
    );
    let response = upgrade_from(&lab, "http://server.example").await;
    assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
    let lab = Lab::new(EngineConfig::default().origins([APP]));
    let response = upgrade_from(&lab, APP).await;
    assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
}

#[tokio::test(start_paused = true)]
async fn listed_pages_get_their_headers_on_every_response() {
    let lab = Lab::new(EngineConfig::default().origins([APP]).credentials(true));
    let expected = [
        "access-control-allow-credentials: true",
        "access-control-allow-origin: https://app.example",
        "vary: origin",
    ];
    let opened = from_page(&lab, APP, "GET", OPEN, "").await;
    assert_eq!(cors_headers(&opened.headers), expected);
    let query = format!("{OPEN}&sid={}", sid_of(&opened.body));
    for (method, query, body, status) in [
        ("POST", query.as_str(), "4x", 200),
        ("GET", query.as_str(), "", 200),
        ("PUT", query.as_str(), "", 500),
        ("GET", "EIO=4&transport=tobi", "", 400),
        ("GET", "EIO=4&transport=polling&sid=unknown", "", 400),
    ] {
        let answer = from_page(&lab, APP, method, query, body).await;
        assert_eq!(answer.status, status);
        assert_eq!(cors_headers(&answer.headers), expected);
    }
}

fn preflight(origin: &str) -> Request<axum::body::Body> {
    let mut request = request("OPTIONS", OPEN, "");
    let headers = request.headers_mut();
    headers.insert("origin", origin.parse().unwrap());
    headers.insert("access-control-request-method", "POST".parse().unwrap());
    headers.insert("access-control-request-headers", "x-token".parse().unwrap());
    request
}

#[tokio::test(start_paused = true)]
async fn preflights_are_answered() {
    let lab = Lab::new(EngineConfig::default().origins([APP]));
    let answer = lab.request(preflight(APP)).await;
    answer.expect(204, "");
    assert_eq!(
        cors_headers(&answer.headers),
        [
            "access-control-allow-headers: x-token",
            "access-control-allow-methods: GET,POST",
            "access-control-allow-origin: https://app.example",
            "access-control-max-age: 7200",
            "vary: access-control-request-headers",
            "vary: origin",
        ]
    );
    assert_eq!(
        lab.request(preflight("https://evil.example")).await.status,
        403
    );
}

#[tokio::test(start_paused = true)]
async fn any_page_is_allowed_if_configured() {
    let lab = Lab::new(EngineConfig::default().origins(["*"]));
    for origin in [APP, "null"] {
        let answer = from_page(&lab, origin, "GET", OPEN, "").await;
        assert_eq!(answer.status, 200);
        let expected = ["access-control-allow-origin: *"];
        assert_eq!(cors_headers(&answer.headers), expected);
    }
    let config = EngineConfig::default()
        .origins(OriginPolicy::Any)
        .credentials(true);
    let error = config.validate().unwrap_err();
    assert_eq!(error, ConfigError::AnyOriginWithCredentials);
}

#[tokio::test(start_paused = true)]
async fn a_loopback_page_may_use_a_loopback_server() {
    let lab = Lab::plain();
    let page = "http://localhost:5173";
    let mut request = request("GET", OPEN, "");
    let headers = request.headers_mut();
    headers.insert("host", "127.0.0.1:3000".parse().unwrap());
    headers.insert("origin", page.parse().unwrap());
    let answer = lab.request(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), page);
    assert_eq!(from_page(&lab, page, "GET", OPEN, "").await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_is_not_text_is_a_bad_request() {
    let lab = Lab::plain();
    let mut request = request("GET", OPEN, "");
    let value = http::HeaderValue::from_bytes(b"\xFF").unwrap();
    request.headers_mut().insert("origin", value);
    let body = r#"{"code":3,"message":"Bad request"}"#;
    lab.request(request).await.expect(400, body);
}

/// The status of a polling handshake and of a WebSocket handshake from this origin.
async fn statuses(lab: &Lab, origin: &str) -> (u16, u16) {
    let polling = from_page(lab, origin, "GET", OPEN, "").await;
    let upgrade = upgrade_from(lab, origin).await;
    let status = upgrade.split(' ').nth(1).and_then(|code| code.parse().ok());
    (polling.status.as_u16(), status.expect("a status line"))
}

#[tokio::test(start_paused = true)]
async fn the_websocket_scheme_of_the_own_host_is_the_same_origin() {
    let lab = Lab::plain();
    for origin in [
        "ws://server.example",
        "ws://server.example:80",
        "WS://Server.Example",
        "http://server.example:80",
    ] {
        assert_eq!(statuses(&lab, origin).await, (200, 101), "{origin}");
        let answer = from_page(&lab, origin, "GET", OPEN, "").await;
        assert!(cors_headers(&answer.headers).is_empty(), "{origin}");
    }
    for origin in [
        "wss://server.example",
        "ws://server.example:443",
        "ws://other.example",
        "file://",
    ] {
        assert_eq!(statuses(&lab, origin).await, (403, 403), "{origin}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listed_origin_allows_both_spellings_of_its_scheme() {
    for (listed, allowed) in [
        ("wss://app.example", "https://app.example"),
        ("https://app.example", "wss://app.example"),
        ("https://app.example:443", "wss://app.example"),
        ("ws://app.example:8080", "http://app.example:8080"),
        ("http://app.example", "ws://app.example:80"),
        ("file://", "file://"),
    ] {
        let lab = Lab::new(EngineConfig::default().origins([listed]));
        assert_eq!(statuses(&lab, allowed).await, (200, 101), "{listed}");
        let answer = from_page(&lab, allowed, "GET", OPEN, "").await;
        let allow_origin = answer.header("access-control-allow-origin");
        assert_eq!(allow_origin, allowed, "{listed}");
        let other = "https://app.example:8443";
        assert_eq!(statuses(&lab, other).await, (403, 403), "{listed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wildcard_allows_every_subdomain_and_not_the_bare_domain() {
    let lab = Lab::new(EngineConfig::default().origins(["https://*.example.org"]));
    for origin in [
        "https://app.example.org",
        "https://a.b.example.org",
        "wss://APP.example.org:443",
    ] {
        assert_eq!(statuses(&lab, origin).await, (200, 101), "{origin}");
        let preflight = lab.request(preflight(origin)).await;
        assert_eq!(preflight.status, 204, "{origin}");
        let allow_origin = preflight.header("access-control-allow-origin");
        assert_eq!(allow_origin, origin);
    }
    for origin in [
        "https://example.org",
        "https://.example.org",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://badexample.org",
        "https://app.example.org.evil.example",
        "https://*.example.org",
    ] {
        assert_eq!(statuses(&lab, origin).await, (403, 403), "{origin}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_says_what_was_compared_and_which_setting_allows_it() {
    let log = Log::of_this_thread();
    // The number of log lines of a kind is limited for the whole process, and other tests cause
    // them too. A day later the limit starts again.
    tokio::time::advance(Duration::from_secs(24 * 3600)).await;
    let lab = Lab::plain();
    assert_eq!(from_page(&lab, APP, "GET", OPEN, "").await.status, 403);
    let lines = log.lines(Level::WARN);
    let [line] = lines.as_slice() else {
        panic!("not one line: {lines:?}");
    };
    for part in [
        r#"origin="https://app.example""#,
        r#"host="server.example""#,
        r#"scheme="http""#,
        "`origins`",
        "`trusted_proxies`",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
}
