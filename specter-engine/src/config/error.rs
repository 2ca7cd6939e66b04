//! The faults of settings. They are found at start, before the server listens.

use crate::config::origin_pattern::OriginFault;

/// A setting with a value that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A duration of zero, or of more than thirty days.
    #[error("`{setting}` must be more than zero and at most thirty days")]
    Duration {
        /// The name of the setting.
        setting: &'static str,
    },
    /// A limit of zero.
    #[error("`{setting}` must be at least one")]
    ZeroLimit {
        /// The name of the setting.
        setting: &'static str,
    },
    /// A limit above the largest value that the protocol or the encoder supports.
    #[error("`{setting}` must be at most {max}")]
    LimitTooHigh {
        /// The name of the setting.
        setting: &'static str,
        /// The largest possible value.
        max: usize,
    },
    /// Neither polling nor WebSocket is enabled.
    #[error("neither `polling` nor `websocket` is enabled: enable at least one of them")]
    NoTransport,
    /// Any origin is allowed together with credentials: every page could act with its visitor's
    /// cookies.
    #[error("`origins` allows any origin and `credentials` is on: list the origins instead")]
    AnyOriginWithCredentials,
    /// A listed origin that no page has.
    #[error("`origins` lists {origin:?}, which no page's origin can match: {fault}")]
    Origin {
        /// The listed origin.
        origin: String,
        /// Its fault.
        fault: OriginFault,
    },
    /// A trusted proxy that is neither an address nor a range of addresses.
    #[error(
        "`trusted_proxies` lists {range:?}, which is neither an address nor a range like 10.0.0.0/8"
    )]
    TrustedProxy {
        /// The listed range.
        range: String,
    },
}

impl ConfigError {
    /// A stable name of the fault, for programs.
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
