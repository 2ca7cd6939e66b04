//! HTTP routes and a gateway that share one container: a poll in which web pages vote over
//! Socket.IO and scripts vote over HTTP.
//!
//! Run `cargo run --example axum-app`, then `curl -X POST http://127.0.0.1:3000/votes/tea`. The
//! tests below need no port.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use specter::prelude::*;

/// All votes, over Socket.IO and over HTTP.
#[injectable]
struct Votes {
    io: Io,
    #[state(Mutex::new(BTreeMap::from(["coffee", "tea"].map(|option| (option.to_owned(), 0)))))]
    counts: Mutex<Tally>,
}

type Tally = BTreeMap<String, u32>;

impl Votes {
    fn tally(&self) -> Tally {
        self.counts.lock().unwrap().clone()
    }

    /// Counts a vote and sends the new tally to all pages.
    fn cast(&self, option: &str) -> Result<Tally, VoteError> {
        let tally = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts
                .get_mut(option)
                .ok_or_else(|| VoteError::NoSuchOption(option.into()))?;
            *count += 1;
            counts.clone()
        };
        self.io.of("/poll")?.emit("tally", &tally)?;
        Ok(tally)
    }
}

#[derive(Debug, thiserror::Error, IntoEventError)]
enum VoteError {
    #[error("nobody can vote for `{0}`")]
    NoSuchOption(String),
    #[error(transparent)]
    #[event_error(internal)]
    Emit(#[from] EmitError),
}

#[socketio_controller(namespace = "/poll")]
struct Poll {
    votes: Arc<Votes>,
    #[state]
    voted: bool,
}

#[handlers]
impl Poll {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("tally", self.votes.tally())
    }

    /// Counts the first vote of a page. Returns `false` for further votes, which are not counted.
    #[on_event]
    fn vote(&mut self, option: &str) -> Result<bool, VoteError> {
        if !self.voted {
            self.votes.cast(option)?;
            self.voted = true;
            return Ok(true);
        }
        Ok(false)
    }
}

async fn tally(Inject(votes): Inject<Votes>) -> Json<Tally> {
    Json(votes.tally())
}

async fn cast(
    Inject(votes): Inject<Votes>,
    Path(option): Path<String>,
) -> Result<Json<Tally>, StatusCode> {
    match votes.cast(&option) {
        Ok(tally) => Ok(Json(tally)),
        Err(VoteError::NoSuchOption(_)) => Err(StatusCode::NOT_FOUND),
        Err(VoteError::Emit(_)) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn routes() -> Router {
    Router::new()
        .route("/votes", get(tally))
        .route("/votes/{option}", post(cast))
}

#[module(controllers = [Poll], providers = [Votes])]
struct PollModule;

#[tokio::main]
async fn main() -> specter::Result<()> {
    let app = App::create::<PollModule>().await?;
    app.routes(routes()).listen(3000).await
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use specter::testing::TestApp;

    use super::{PollModule, Tally, routes};

    async fn app() -> TestApp {
        let app = TestApp::builder::<PollModule>();
        app.routes(routes()).start().await
    }

    async fn http(app: &TestApp, method: &str, path: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path);
        let response = app.request(request.body(Body::empty()).unwrap()).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn pages_see_the_votes_of_scripts() {
        let app = app().await;
        let page = app.connect("/poll").await;
        assert_eq!(page.expect::<Tally>("tally").await["tea"], 0);
        let voted = http(&app, "POST", "/votes/tea").await;
        assert_eq!(voted, (StatusCode::OK, r#"{"coffee":0,"tea":1}"#.into()));
        assert_eq!(page.expect::<Tally>("tally").await["tea"], 1);
        assert_eq!(
            http(&app, "POST", "/votes/milk").await.0,
            StatusCode::NOT_FOUND
        );
        page.expect_silence().await;
    }

    #[tokio::test(start_paused = true)]
    async fn scripts_see_the_votes_of_pages_and_each_page_has_one_vote() {
        let app = app().await;
        let page = app.connect("/poll").await;
        let error = page.emit_with_ack::<bool>("vote", "milk").error().await;
        assert_eq!(error.code.as_deref(), Some("no_such_option"));
        assert!(page.emit_with_ack::<bool>("vote", "coffee").await);
        assert!(!page.emit_with_ack::<bool>("vote", "coffee").await);
        let tally = http(&app, "GET", "/votes").await;
        assert_eq!(tally.1, r#"{"coffee":1,"tea":0}"#);
    }
}
