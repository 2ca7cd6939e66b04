//! Tests of a controller without an application: the test builds the struct itself.

use specter::prelude::*;
use specter::testing::TestNamespace;

use super::gateway::{Chat, Memory, Post, post};

#[tokio::test(start_paused = true)]
async fn a_test_can_build_a_controller_by_hand() {
    let memory = Arc::new(Memory::default());
    let mut chat = Chat {
        posts: memory.clone(),
        sent: 6,
    };
    let namespace = TestNamespace::new("/chat");
    let (ann, bob) = (namespace.socket(), namespace.socket());
    bob.join("lobby").unwrap();
    assert_eq!(chat.post(&ann, post("hi")).await.unwrap(), (7, 1));
    assert_eq!(memory.posts.lock().unwrap().as_slice(), [post("hi")]);
    assert_eq!(bob.expect::<Post>("posted"), post("hi"));
    ann.expect_none("posted");
    assert!(bob.next_event().is_none());
    assert!(chat.post(&ann, post("")).await.is_err());

    let answering = async {
        let question = loop {
            match ann.next_event() {
                Some(event) => break event,
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!(
            (question.name(), question.data::<String>()),
            ("confirm", "sure?".into())
        );
        question.answer().unwrap().send(true);
    };
    let (confirmed, ()) = tokio::join!(chat.confirm(&ann, "sure?".into()), answering);
    assert!(confirmed.unwrap());

    assert_eq!(namespace.namespace().socket_count(), 2);
    drop(bob);
    assert_eq!(namespace.namespace().socket_count(), 1);
}
