//! A guard that limits the rate of events, by token buckets for each socket or for each key.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use specter_di::{Location, Provide, Provider, Scope};
use tokio::time::Instant;

use super::guard::{Caller, Guard, GuardContext};
use super::interceptor::{HandlerOutcome, InterceptContext, Interceptor, Next};
use crate::gateway::error::EventError;
use crate::socket::{Reject, Socket};

/// How many keys one limiter remembers.
const MAX_KEYS: usize = 65_536;
/// How often it looks for keys to forget, at most.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How much is allowed: a bucket that holds so many tokens and is filled again evenly. What it lets
/// through takes one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    burst: u32,
    /// Time in which one token comes back.
    interval: Duration,
}

impl Rate {
    /// So many in each `period`, all of them at once if need be. At least one.
    ///
    /// ```
    /// use specter_core::gateway::Rate;
    /// use std::time::Duration;
    ///
    /// let rate = Rate::new(30, Duration::from_secs(60)).burst(5);
    /// # assert_eq!(rate, Rate::new(1, Duration::from_secs(2)).burst(5));
    /// ```
    pub fn new(count: u32, period: Duration) -> Self {
        let count = count.max(1);
        Self {
            burst: count,
            interval: period / count,
        }
    }

    /// So many in each second.
    pub fn per_second(count: u32) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// So many in each minute.
    pub fn per_minute(count: u32) -> Self {
        Self::new(count, Duration::from_secs(60))
    }

    /// How many may come at once, where it is not the whole count. At least one.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = burst.max(1);
        self
    }
}

/// Whose bucket is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RateKey(Option<Box<str>>);

impl RateKey {
    /// The socket's own, which ends with it.
    pub fn socket() -> Self {
        Self(None)
    }

    /// That of a name: a user's id, an address, a tenant.
    pub fn named(name: impl Into<String>) -> Self {
        Self(Some(name.into().into()))
    }
}

/// The options of a [`RateLimit`]: an `#[injectable]` of yours, so that they may come from the
/// configuration.
pub trait RatePolicy: Send + Sync + 'static {
    /// How much is allowed.
    fn rate(&self) -> Rate;

    /// Whose bucket is asked: the socket's, unless said. `event` is `None` at connect.
    fn key(&self, socket: &Socket, event: Option<&str>) -> RateKey {
        let _ = (socket, event);
        RateKey::socket()
    }
}

/// Lets through what a policy allows, and rejects the rest with `rate limited`, the code
/// `rate_limited` and `{"retryAfterMs": …}` as its data.
///
/// As a guard of an event it limits that event, as a guard of a controller its connects (with a key
/// of more than one socket: `named`). As an interceptor of a controller or module it limits
/// connects and all events together. A bucket is the policy's and the key's: events that share a
/// policy share it. At 65,536 names those whose buckets are full are forgotten; if none is, new
/// names are rejected.
///
/// ```
/// use specter_core::gateway::{Rate, RateKey, RatePolicy};
/// use specter_core::socket::Socket;
///
/// // #[injectable]
/// struct Messages;
///
/// impl RatePolicy for Messages {
///     fn rate(&self) -> Rate {
///         Rate::per_second(5).burst(20)
///     }
/// }
///
/// // #[injectable]
/// struct Logins;
///
/// impl RatePolicy for Logins {
///     fn rate(&self) -> Rate {
///         Rate::per_minute(10)
///     }
///
///     fn key(&self, socket: &Socket, _: Option<&str>) -> RateKey {
///         let address = socket.handshake().address;
///         RateKey::named(address.map_or_else(String::new, |address| address.to_string()))
///     }
/// }
///
/// // #[on_event("chat:message", guards(RateLimit<Messages>))]
/// // #[socketio_controller(guards(RateLimit<Logins>))]
/// // #[module(providers = [Messages, RateLimit<Messages>, Logins, RateLimit<Logins>], …)]
/// ```
pub struct RateLimit<P> {
    policy: Arc<P>,
    buckets: Buckets<Box<str>>,
}

impl<P: RatePolicy> RateLimit<P> {
    /// A limiter by hand; modules list it as a provider.
    pub fn new(policy: Arc<P>) -> Self {
        Self {
            policy,
            buckets: Buckets::new(MAX_KEYS),
        }
    }

    fn take(&self, socket: &Socket, event: Option<&str>) -> Result<(), Reject> {
        let (rate, now) = (self.policy.rate(), Instant::now());
        let taken = match self.policy.key(socket, event) {
            RateKey(Some(name)) => self.buckets.take(name, rate, now),
            RateKey(None) => SubscriptionOptions::<P>::of(socket, now)
                .0
                .lock()
                .take(rate, now),
        };
        taken.map_err(|wait| {
            let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            Reject::new("rate limited")
                .with_code("rate_limited")
                .with_data(&Limited { retry_after_ms })
        })
    }
}

/// A socket's own bucket of a policy, kept with the socket.
struct SubscriptionOptions<P>(Arc<Mutex<Bucket>>, PhantomData<fn() -> P>);

impl<P: 'static> SubscriptionOptions<P> {
    fn of(socket: &Socket, now: Instant) -> Self {
        socket.extension::<Self>().unwrap_or_else(|| {
            let own = Self(Arc::new(Mutex::new(Bucket { full_at: now })), PhantomData);
            socket.insert(own.clone());
            own
        })
    }
}

impl<P> Clone for SubscriptionOptions<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Limited {
    retry_after_ms: u64,
}

#[diagnostic::do_not_recommend]
impl<P: RatePolicy> Provide for RateLimit<P> {
    type Value = Arc<Self>;

    fn provider() -> Provider {
        Provider::sync::<Arc<Self>>(
            "RateLimit",
            Scope::Singleton,
            HERE,
            |dependencies| dependencies.add::<Arc<P>>("policy", HERE),
            |resolved| Arc::new(Self::new(resolved.next())),
        )
    }
}

const HERE: Location = crate::__location!();

#[diagnostic::do_not_recommend]
impl<P: RatePolicy> Guard for RateLimit<P> {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        match cx.caller() {
            Caller::Socket(socket) => self.take(socket, cx.event()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<P: RatePolicy> Interceptor for RateLimit<P> {
    async fn intercept(
        &self,
        cx: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> Result<HandlerOutcome, EventError> {
        self.take(cx.socket(), Some(cx.event().name()))?;
        next.run().await
    }
}

impl<P> fmt::Debug for RateLimit<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit").finish_non_exhaustive()
    }
}

/// A bucket: all that is kept is the time at which it will be full again.
struct Bucket {
    full_at: Instant,
}

impl Bucket {
    /// Takes a token, or says when there will be one.
    fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + rate.interval;
        let allowed = now + rate.interval * rate.burst;
        if full_at > allowed {
            return Err(full_at - allowed);
        }
        self.full_at = full_at;
        Ok(())
    }
}

/// A bucket for each key.
struct Buckets<K> {
    max: usize,
    state: Mutex<State<K>>,
}

struct State<K> {
    by_key: HashMap<K, Bucket>,
    /// When full buckets were last forgotten.
    swept: Option<Instant>,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(max: usize) -> Self {
        let state = State {
            by_key: HashMap::new(),
            swept: None,
        };
        Self {
            max,
            state: Mutex::new(state),
        }
    }

    fn take(&self, key: K, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut state = self.state.lock();
        if state.by_key.len() >= self.max && !state.by_key.contains_key(&key) {
            state.sweep(now);
            if state.by_key.len() >= self.max {
                return Err(rate.interval);
            }
        }
        let bucket = state.by_key.entry(key);
        bucket.or_insert(Bucket { full_at: now }).take(rate, now)
    }
}

impl<K> State<K> {
    /// Forgets full buckets: a look at all of them, so not for every new key of a flood.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|swept| now < swept + SWEEP_INTERVAL) {
            return;
        }
        self.swept = Some(now);
        self.by_key.retain(|_, bucket| bucket.full_at > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_gives_its_burst_then_what_comes_back() {
        let buckets = Buckets::new(10);
        let rate = Rate::per_second(2).burst(3);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(buckets.take("a", rate, start), Ok(()));
        }
        assert_eq!(buckets.take("a", rate, start), Err(SECOND / 2));
        assert_eq!(buckets.take("b", rate, start), Ok(()), "another key");
        assert_eq!(buckets.take("a", rate, start + SECOND / 2), Ok(()));
        assert!(buckets.take("a", rate, start + SECOND / 2).is_err());
        let later = start + 60 * SECOND;
        for _ in 0..3 {
            assert_eq!(buckets.take("a", rate, later), Ok(()));
        }
        assert!(
            buckets.take("a", rate, later).is_err(),
            "no more than the burst"
        );
    }

    #[test]
    fn keys_are_bounded_and_full_buckets_are_forgotten() {
        let buckets = Buckets::new(2);
        let rate = Rate::per_second(1);
        let start = Instant::now();
        assert_eq!(buckets.take(1, rate, start), Ok(()));
        assert_eq!(buckets.take(2, rate, start), Ok(()));
        assert_eq!(buckets.take(3, rate, start), Err(SECOND));
        assert!(
            buckets.take(1, rate, start).is_err(),
            "known ones still count"
        );
        assert_eq!(buckets.take(3, rate, start + SECOND), Ok(()));
        assert_eq!(buckets.state.lock().by_key.len(), 1);
    }
}
