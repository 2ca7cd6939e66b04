//! The same bytes to a server with the lane and to one without: the same bytes come back.

use tokio::io::AsyncWriteExt;

use super::{Came, Client, MAX_PAYLOAD, PATH, Server};

/// Without what differs between any two servers.
fn bare(came: Came, sid: &str) -> Came {
    let Came(text, ended) = came;
    let text = if sid.is_empty() {
        text
    } else {
        text.replace(sid, "SID")
    };
    let lines = text.split_inclusive("\r\n").map(|line| {
        if line.len() == 37 && line.starts_with("date: ") {
            "date\r\n".to_owned()
        } else if let Some((start, rest)) = line.split_once(r#""sid":""#) {
            format!("{start}SID{}", rest.get(20..).unwrap_or_default())
        } else {
            line.to_owned()
        }
    });
    Came(lines.collect(), ended)
}

/// What comes back for these pieces, each sent when all that the one before caused has happened, and then for another request.
async fn heard(server: &Server, pieces: &[&str]) -> (Vec<Came>, usize) {
    let mut client = server.with_session().await;
    let mut heard = Vec::new();
    let next = "GET /engine.io/?EIO=4&transport=polling&sid=nobody HTTP/1.1\r\n\r\n";
    for piece in pieces.iter().chain(&[next]) {
        client.say(piece).await;
        heard.push(bare(client.came().await, &client.sid));
    }
    (heard, server.endpoint.connections())
}

/// Sends the same to both.
async fn alike(pieces: &[&str]) -> Vec<Came> {
    let (with, without) = (Server::start(true).await, Server::start(false).await);
    let (with, without) = (heard(&with, pieces).await, heard(&without, pieces).await);
    let shown: Vec<&str> = pieces
        .iter()
        .map(|piece| piece.get(..300).unwrap_or(piece))
        .collect();
    assert_eq!(with, without, "{shown:#?}");
    with.0
}

fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: here\r\n{fields}\r\n")
}

fn post(fields: &str, body: &str) -> String {
    format!("POST {PATH} HTTP/1.1\r\nHost: here\r\n{fields}\r\n{body}")
}

fn plain_post(body: &str) -> String {
    post(&format!("Content-Length: {}\r\n", body.len()), body)
}

#[tokio::test(start_paused = true)]
async fn plain_requests() {
    let poll = get(PATH, "");
    let heard = alike(&[&plain_post("4hello"), &poll]).await;
    assert!(heard[0].0.ends_with("\r\n\r\nok"), "{heard:?}");
    assert!(heard[1].0.ends_with("\r\n\r\n4hello"), "{heard:?}");
    assert!(heard[2].0.contains("400 Bad Request"), "{heard:?}");
    let heard = alike(&[&poll]).await;
    assert_eq!(
        heard,
        [Came(String::new(), false), Came(String::new(), false)]
    );
    alike(&[&poll, &plain_post("4hello")]).await;
    alike(&[&plain_post("4headers"), &poll]).await;
    alike(&[&plain_post("4close"), &poll, &poll]).await;
    alike(&[&plain_post("4a\u{1e}4b\u{1e}bAAA="), &poll]).await;
    alike(&[&plain_post("nonsense"), &poll]).await;
    alike(&[&plain_post("\u{1e}"), &poll]).await;
    alike(&[&plain_post(""), &poll]).await;
    alike(&[&plain_post("1"), &poll]).await;
    alike(&[
        &plain_post(&format!("4{}", "x".repeat(MAX_PAYLOAD - 1))),
        &poll,
    ])
    .await;
    alike(&[&plain_post(&"4".repeat(MAX_PAYLOAD + 1)), &poll]).await;
    for size in [16_000, 17_000, 100_000, 400_000] {
        alike(&[&plain_post(&"4".repeat(size)), &poll]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests() {
    let (poll, posted) = (get(PATH, ""), plain_post("4hello"));
    let heard = alike(&[&format!("{posted}{poll}")]).await;
    assert!(heard[0].0.ends_with("4hello"), "{heard:?}");
    alike(&[&format!("{posted}{poll}{posted}{poll}")]).await;
    alike(&[&format!("{posted}{poll}").repeat(50)]).await;
    alike(&[&format!("{posted}{poll}").repeat(200)]).await;
    alike(&[&format!("{posted}{poll}BREW {PATH} HTTP/1.1\r\n\r\n")]).await;
    alike(&[&format!("{posted}{poll}{}", &posted[..50])]).await;
    alike(&[
        &format!("{posted}{poll}{}", &posted[..50]),
        &posted[50..],
        &poll,
    ])
    .await;
    let closing = get(PATH, "Connection: close\r\n");
    alike(&[&format!("{posted}{closing}{poll}")]).await;
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_cut_anywhere() {
    let (with, without) = (Server::start(true).await, Server::start(false).await);
    let posted = plain_post("4hello");
    let both = format!("{posted}{}", get(PATH, "")).replace("SID", "12345678901234567890");
    for cut in 1..both.len() {
        let mut heard = Vec::new();
        for server in [&with, &without] {
            let mut client = server.with_session().await;
            let both = both.replace("12345678901234567890", &client.sid);
            let mut came = Vec::new();
            for piece in [&both[..cut], &both[cut..]] {
                client.say(piece).await;
                came.push(bare(client.came().await, &client.sid));
            }
            heard.push(came);
        }
        assert_eq!(heard[0], heard[1], "{cut}");
        assert!(heard[0][1].0.ends_with("4hello"), "{cut}: {heard:?}");
    }
}

/// One byte is another than in the request before, wherever it stands.
#[tokio::test(start_paused = true)]
async fn requests_with_a_byte_changed() {
    let (with, without) = (Server::start(true).await, Server::start(false).await);
    let posted = plain_post("4hello").replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n");
    let session = posted.find("SID").unwrap();
    for at in (0..posted.len()).filter(|at| !(session..session + 3).contains(at)) {
        for byte in *b"\0\t\n\r \"#%&,/08:;?AZz\x7F\x80" {
            let mut heard = Vec::new();
            for server in [&with, &without] {
                let mut client = server.with_session().await;
                // Whose fields are known from then on.
                client.say(&posted).await;
                let _ = client.came().await;
                let mut bytes = posted.clone().into_bytes();
                bytes[at] = byte;
                bytes.splice(session..session + 3, client.sid.bytes());
                client.send(&bytes).await;
                let first = bare(client.came().await, &client.sid);
                client.say(&get(PATH, "")).await;
                heard.push((first, bare(client.came().await, &client.sid)));
            }
            assert_eq!(heard[0], heard[1], "{byte} at {at}");
        }
    }
}

/// Behind their requests nothing follows from these clients.
#[tokio::test(start_paused = true)]
async fn clients_that_shut_down_while_they_wait() {
    for text in [
        get(PATH, ""),
        get(PATH, "Connection: close\r\n"),
        plain_post("4hello")[..60].to_owned(),
    ] {
        let mut heard = Vec::new();
        for has_lane in [true, false] {
            let server = Server::start(has_lane).await;
            let mut client = server.with_session().await;
            client.say(&text).await;
            client.stream.shutdown().await.unwrap();
            let came = bare(client.came().await, &client.sid);
            heard.push((came, server.endpoint.connections()));
        }
        assert_eq!(heard[0], heard[1], "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn byte_by_byte() {
    let text = format!(
        "{}{}",
        plain_post("4hello"),
        get("/engine.io?EIO=4&transport=polling&sid=x", "")
    );
    let pieces: Vec<&str> = text.split_inclusive(|_: char| true).collect();
    alike(&pieces).await;
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_refused() {
    for target in [
        "/engine.io/?EIO=4&transport=polling&sid=nobody",
        "/engine.io/?EIO=4&transport=polling&sid=",
        "/engine.io/?EIO=4&transport=polling&sid=SID&sid=SID",
        "/engine.io/?EIO=4&transport=polling&sid=SID&EIO=4",
        "/engine.io/?EIO=4&transport=polling&sid=SID&EIO=3",
        "/engine.io/?EIO=4&transport=polling&sid=SID&transport=websocket",
        "/engine.io/?EIO=4&transport=polling&sid=SID&sid=nobody",
        "/engine.io/?EIO=4&transport=polling&EIO=4",
        "/engine.io/?EIO=4&transport=polling&EIO=3",
        "/engine.io/?EIO=4&transport=websocket&transport=polling",
        "/engine.io/?EIO=4&transport=polling&sid=SID&j=0",
        "/engine.io/?EIO=4&transport=polling&j=0",
        "/engine.io/?EIO=4&transport=polling&sid=%41",
        "/engine.io/?EIO=3&transport=polling&sid=SID",
        "/engine.io/?transport=polling&sid=SID",
        "/engine.io/?EIO=4&transport=websocket&sid=SID",
        "/engine.io/?transport=websocket&EIO=4&sid=SID",
        "/engine.io/?EIO=4&transport=pigeon&sid=SID",
        "/engine.io/?EIO=4&sid=SID",
        "/engine.io/?EIO=4&transport=pigeon",
        "/engine.io/?EIO=3&transport=polling",
        "/engine.io/?EIO=4",
        "/engine.io/?",
        "/engine.io/",
        "/engine.io",
        "/engine.io/?EIO=4&transport=polling&deny=so",
        "/engine.io/?EIO=4&transport=websocket",
        "/engine.io/more?EIO=4&transport=polling&sid=SID",
        "/engine%2Eio/?EIO=4&transport=polling&sid=SID",
        "/engine.io//?EIO=4&transport=polling&sid=SID",
        "//engine.io/?EIO=4&transport=polling&sid=SID",
        "/ENGINE.IO/?EIO=4&transport=polling&sid=SID",
        "/?EIO=4&transport=polling&sid=SID",
        "/elsewhere",
        "*",
        "http://here/engine.io/?EIO=4&transport=polling&sid=nobody",
        "engine.io/?EIO=4",
        "/engine.io/?EIO=4&transport=polling&sid=nobody#a",
        "/engine.io/?EIO=4&transport=polling&sid=\u{e4}",
        "/engine.io/?EIO=4&transport=polling&sid=a\"b",
        "/engine.io/?EIO=4&transport=polling&sid=a b",
    ] {
        for method in ["GET", "POST", "HEAD", "PUT", "OPTIONS", "get", "BREW"] {
            let line = format!("{method} {target} HTTP/1.1\r\n");
            alike(&[&format!("{line}Host: here\r\n\r\n")]).await;
            alike(&[&format!("{line}Host: here\r\nContent-Length: 2\r\n\r\n4a")]).await;
            alike(&[&format!("{line}Content-Length: 2\r\n\r\n"), "4a"]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn handshakes() {
    for query in ["", "&slow", "&cookies", "&close", "&t=x%20y", "&deny"] {
        for path in ["/engine.io/", "/engine.io"] {
            let target = format!("{path}?EIO=4&transport=polling{query}");
            for fields in [
                "",
                "Origin: http://here\r\n",
                "Origin: http://there\r\n",
                "Origin: ws://here\r\n",
                "Cookie: a=b\r\n",
            ] {
                alike(&[&get(&target, fields)]).await;
            }
        }
    }
    let long = format!(
        "/engine.io/?EIO=4&transport=polling&x={}",
        "y".repeat(10_000)
    );
    alike(&[&get(&long, "")]).await;
    alike(&[&get(&long, &format!("X: {}\r\n", "z".repeat(60_000)))]).await;
}

#[tokio::test(start_paused = true)]
async fn headers_that_say_more() {
    let many = |count: usize| "a: b\r\n".repeat(count);
    let long = |len: usize| format!("x: {}\r\n", "y".repeat(len));
    let fields = [
        "Connection: close\r\n",
        "Connection: keep-alive\r\n",
        "connection: KEEP-ALIVE\r\n",
        "Connection: keep-alive, close\r\n",
        "Connection: keep-alive\r\nConnection: close\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Upgrade: h2c\r\n",
        "Upgrade: websocket\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Expect: 100-continue\r\n",
        "TE: trailers\r\n",
        "Trailer: x\r\n",
        "Content-Length: 6\r\n",
        "Content-Length: 7\r\n",
        "Content-Length: +6\r\n",
        "Content-Length: -6\r\n",
        "Content-Length: 6 \r\n",
        "Content-Length: 006\r\n",
        "Content-Length: 6, 6\r\n",
        "Content-Length: 6x\r\n",
        "Content-Length: \r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Type: application/octet-stream\r\n",
        "Content-Type: APPLICATION/octet-stream ; a=b\r\n",
        "Content-Type: text/plain\r\nContent-Type: application/octet-stream\r\n",
        "Origin: http://here\r\n",
        "Origin: http://there\r\n",
        "Origin: ws://here\r\n",
        "Origin: ws://here:80\r\n",
        "Origin: wss://here\r\n",
        "Origin: file://\r\n",
        "Origin: null\r\n",
        "Origin: \u{e4}\r\n",
        "Origin: http://here\r\nOrigin: http://here\r\n",
        "X: a\r\n b\r\n",
        " X: a\r\n",
        "X : a\r\n",
        "X\r\n",
        ": a\r\n",
        "X: a\0b\r\n",
        "X: a\rb\r\n",
        "X: \u{e4}\u{7f}\r\n",
        "X(): a\r\n",
        "X: a\n",
        &many(31),
        &many(32),
        &many(33),
        &many(99),
        &many(101),
        &long(15_000),
        &long(16_384),
        &long(64 * 1024),
        &long(500_000),
    ];
    let poll = get(PATH, "");
    for fields in fields {
        alike(&[&get(PATH, fields)]).await;
        alike(&[&post(fields, "4hello"), &poll]).await;
        alike(&[
            &post(&format!("Content-Length: 6\r\n{fields}"), "4hello"),
            &poll,
        ])
        .await;
        alike(&[
            &post(&format!("{fields}Content-Length: 6\r\n"), "4hello"),
            &poll,
        ])
        .await;
    }
    alike(&[
        &post("Transfer-Encoding: chunked\r\n", "6\r\n4hello\r\n0\r\n\r\n"),
        &poll,
    ])
    .await;
    alike(&[
        &post("Content-Length: 6\r\nExpect: 100-continue\r\n", ""),
        "4hello",
        &poll,
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn other_ways_to_write_a_request() {
    let target = "/engine.io/?EIO=4&transport=polling&sid=nobody";
    for text in [
        format!("GET {target} HTTP/1.0\r\n\r\n"),
        format!("GET {target} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
        format!("GET {target} HTTP/1.2\r\n\r\n"),
        format!("GET {target} HTTP/2.0\r\n\r\n"),
        format!("GET {target} http/1.1\r\n\r\n"),
        format!("GET {target}\r\n\r\n"),
        format!("GET {target} HTTP/1.1\n\n"),
        format!("GET {target} HTTP/1.1\r\n\n"),
        format!("GET {target} HTTP/1.1\nHost: here\n\n"),
        format!("GET {target} HTTP/1.1\r\nHost: here\n\r\n"),
        format!("GET  {target} HTTP/1.1\r\n\r\n"),
        format!("GET {target}  HTTP/1.1\r\n\r\n"),
        format!("GET\t{target} HTTP/1.1\r\n\r\n"),
        format!(" GET {target} HTTP/1.1\r\n\r\n"),
        format!("\r\nGET {target} HTTP/1.1\r\n\r\n"),
        format!("\r\n\r\n\nGET {target} HTTP/1.1\r\n\r\n"),
        format!("G\0T {target} HTTP/1.1\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}".to_owned(),
        "\r\n".to_owned(),
        "G".to_owned(),
    ] {
        alike(&[&text]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_goes_from_the_lane_to_the_http_server() {
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let target = PATH.replace("polling", "websocket");
    let poll = get(PATH, "");
    // Behind the request comes `2probe`, with a mask of zeros.
    let probe = "\u{1}\u{6}2probe";
    let heard = alike(&[&plain_post("4hello"), &poll, &get(&target, upgrade), probe]).await;
    assert!(heard[2].0.starts_with("HTTP/1.1 101 "), "{heard:?}");
    alike(&[&plain_post("4hello"), &poll, &get("/elsewhere", ""), &poll]).await;
    alike(&[&poll, &get("/elsewhere", "")]).await;
}

/// Of a long answer, slice by slice.
#[tokio::test(start_paused = true)]
async fn long_answers() {
    for size in [16 * 1024 - 2, 16 * 1024 - 1, 16 * 1024, 100_000, 900_000] {
        let mut heard = Vec::new();
        for has_lane in [true, false] {
            let server = Server::start(has_lane).await;
            let mut client: Client = server.with_session().await;
            let long = specter_proto::engine::Frame::text_message(&"x".repeat(size));
            server.connection().send(long.into()).unwrap();
            client.say(&get(PATH, "")).await;
            let first = bare(client.came().await, &client.sid);
            assert!(first.0.len() > size, "{first:?}");
            assert_eq!(server.connection().queued_bytes(), 0);
            client.say(&get(PATH, "")).await;
            heard.push((first, client.came().await));
        }
        assert_eq!(heard[0], heard[1], "{size}");
    }
}
