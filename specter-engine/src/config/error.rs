//! What is wrong with a setting: found at start, before anything listens.

use crate::config::origin_pattern::OriginFault;

/// A setting that can not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A time limit of nothing, or of more than thirty days.
    #[error("`{setting}` must be more than zero and at most thirty days")]
    Duration {
        /// The setter's name.
        setting: &'static str,
    },
    /// A limit of nothing.
    #[error("`{setting}` must be at least one")]
    ZeroLimit {
        /// The setter's name.
        setting: &'static str,
    },
    /// A limit above what the protocol or the encoder can do.
    #[error("`{setting}` must be at most {max}")]
    LimitTooHigh {
        /// The setter's name.
        setting: &'static str,
        /// The largest value that it may have.
        max: usize,
    },
    /// Neither polling nor WebSocket is enabled.
    #[error("neither `polling` nor `websocket` is enabled")]
    NoTransport,
    /// Every page could act with every user's cookies.
    #[error("`origins` allows any origin and `credentials` is on: list the origins instead")]
    AnyOriginWithCredentials,
    /// A listed origin that no client would send.
    #[error("`origins` lists {origin:?}, which no page's origin can match: {fault}")]
    Origin {
        /// The origin as it was listed.
        origin: String,
        /// What is wrong with it.
        fault: OriginFault,
    },
    /// A trusted proxy that is no address.
    #[error(
        "`trusted_proxies` lists {range:?}, which is neither an address nor a range like 10.0.0.0/8"
    )]
    TrustedProxy {
        /// The range as it was listed.
        range: String,
    },
}

impl ConfigError {
    /// A stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Duration { .. } => "engine_config_duration",
            Self::ZeroLimit { .. } => "engine_config_zero_limit",
            Self::LimitTooHigh { .. } => "engine_config_limit_too_high",
            Self::NoTransport => "engine_config_no_transport",
            Self::AnyOriginWithCredentials => "engine_config_any_origin_with_credentials",
            Self::Origin { .. } => "engine_config_origin",
            Self::TrustedProxy { .. } => "engine_config_trusted_proxy",
        }
    }
}
