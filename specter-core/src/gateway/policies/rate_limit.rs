//! The rate limit: a guard and interceptor with a token bucket for each socket or for each key.

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

/// The largest number of keys for which one [`RateLimit`] keeps a bucket.
const MAX_KEYS: usize = 65_536;
/// The shortest time between two searches for full buckets.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// An allowed rate, as the size and refill rate of a token bucket. Each permitted call takes one
/// token; the bucket refills evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    burst: u32,
    /// The time in which one token is refilled.
    interval: Duration,
}

impl Rate {
    /// Allows `count` calls in each `period`. All of them may be made at once, unless
    /// [`burst`](Self::burst) sets another number. A `count` of 0 counts as 1.
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

    /// Allows `count` calls in each second.
    pub fn per_second(count: u32) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// Allows `count` calls in each minute.
    pub fn per_minute(count: u32) -> Self {
        Self::new(count, Duration::from_secs(60))
    }

    /// Sets how many calls may be made at once: the size of the bucket. Default: the count. A
    /// `burst` of 0 counts as 1.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = burst.max(1);
        self
    }
}

/// The bucket from which a call takes its token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RateKey(Option<Box<str>>);

impl RateKey {
    /// The socket's own bucket, which is removed with the socket.
    pub fn socket() -> Self {
        Self(None)
    }

    /// The bucket of a name, such as a user's id, an address or a tenant.
    pub fn named(name: impl Into<String>) -> Self {
        Self(Some(name.into().into()))
    }
}

/// The rate and the key of a [`RateLimit`]. Implement it for an `#[injectable]` type of your own,
/// which may, for example, inject the configuration.
pub trait RatePolicy: Send + Sync + 'static {
    /// The allowed rate. It is read at each call.
    fn rate(&self) -> Rate;

    /// The bucket from which a call of `event` takes its token. At connect, a guard passes `None`
    /// and an interceptor passes `connect`. Default: the socket's own bucket.
    fn key(&self, socket: &Socket, event: Option<&str>) -> RateKey {
        let _ = (socket, event);
        RateKey::socket()
    }
}

/// Permits calls at the rate of a [`RatePolicy`]. It rejects further calls with the message
/// `rate limited`, the code `rate_limited` and the data `{"retryAfterMs": …}`.
///
/// As a guard of an event it limits that event. As a guard of a controller it limits connects. The
/// key must then be [`named`](RateKey::named), because each socket connects only once. As an
/// interceptor of a controller or module it limits connects and all events together. There is one
/// bucket for each policy and key, so events with the same policy share their buckets.
///
/// One `RateLimit` keeps at most 65,536 named buckets. At that limit it removes the full ones, at
/// most once a second. This does not affect their callers, because a new bucket is full too. While
/// no bucket can be removed, calls with a new name are rejected.
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
    /// Builds a rate limit outside of the container. In an App, list `RateLimit<P>` as a provider
    /// of a module instead.
    pub fn new(policy: Arc<P>) -> Self {
        Self {
            policy,
            buckets: Buckets::new(MAX_KEYS),
        }
    }

    fn take(&self, socket: &Socket, event: Option<&str>) -> Result<(), Reject> {
        let (rate, now) = (self.policy.rate(), Instant::now());
        let result = match self.policy.key(socket, event) {
            RateKey(Some(name)) => self.buckets.take(name, rate, now),
            RateKey(None) => SocketBucket::<P>::of(socket, now).0.lock().take(rate, now),
        };
        result.map_err(|wait| {
            let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            Reject::new("rate limited")
                .with_code("rate_limited")
                .with_data(&RetryAfter { retry_after_ms })
        })
    }
}

/// A socket's own bucket of the policy `P`, stored as an extension of the socket.
struct SocketBucket<P>(Arc<Mutex<Bucket>>, PhantomData<fn() -> P>);

impl<P: 'static> SocketBucket<P> {
    fn of(socket: &Socket, now: Instant) -> Self {
        socket.extension::<Self>().unwrap_or_else(|| {
            let bucket = Self(Arc::new(Mutex::new(Bucket { full_at: now })), PhantomData);
            socket.insert(bucket.clone());
            bucket
        })
    }
}

impl<P> Clone for SocketBucket<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

/// The data of a rejection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RetryAfter {
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

/// A token bucket, represented by the time at which it will be full again.
struct Bucket {
    full_at: Instant,
}

impl Bucket {
    /// Takes a token. If the bucket is empty, the error is the time until it has a token.
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
    /// When full buckets were last removed.
    last_sweep: Option<Instant>,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(max: usize) -> Self {
        let state = State {
            by_key: HashMap::new(),
            last_sweep: None,
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
    /// Removes full buckets. It visits every bucket, and therefore does nothing if the last sweep
    /// was less than [`SWEEP_INTERVAL`] ago: otherwise each call with a new key would visit all
    /// buckets.
    fn sweep(&mut self, now: Instant) {
        if self
            .last_sweep
            .is_some_and(|last| now < last + SWEEP_INTERVAL)
        {
            return;
        }
        self.last_sweep = Some(now);
        self.by_key.retain(|_, bucket| bucket.full_at > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_permits_its_burst_and_then_its_refill() {
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
    fn keys_are_bounded_and_full_buckets_are_removed() {
        let buckets = Buckets::new(2);
        let rate = Rate::per_second(1);
        let start = Instant::now();
        assert_eq!(buckets.take(1, rate, start), Ok(()));
        assert_eq!(buckets.take(2, rate, start), Ok(()));
        assert_eq!(buckets.take(3, rate, start), Err(SECOND));
        assert!(
            buckets.take(1, rate, start).is_err(),
            "a key that has a bucket is still limited"
        );
        assert_eq!(buckets.take(3, rate, start + SECOND), Ok(()));
        assert_eq!(buckets.state.lock().by_key.len(), 1);
    }
}
