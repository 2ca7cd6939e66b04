//! `check` is async and returns a refusal.

use specter::prelude::*;

#[injectable]
struct Member;

impl Guard for Member {
    fn check(&self, _: &GuardContext<'_>) -> Result<(), Reject> {
        Ok(())
    }
}

#[injectable]
struct Admin;

impl Guard for Admin {
    async fn check(&self, _: &GuardContext<'_>) -> bool {
        true
    }
}

fn main() {}
