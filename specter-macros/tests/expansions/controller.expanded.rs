/// A chat.
#[derive(Debug)]
pub struct ChatGateway {
    /// Where rooms are kept.
    repo: Arc<RoomRepository>,
    pub socket: Socket,
    #[cfg(feature = "audit")]
    audit: Arc<Audit>,
    sent: u32,
    r#type: Level,
}
const _: () = {
    use ::specter::__private as __p;
    const __INFO: __p::ControllerInfo = __p::ControllerInfo {
        name: "ChatGateway",
        path: ::core::option::Option::Some("/socket.io/"),
        namespace: "/chat",
        endpoint: &[
            __p::EndpointSetting {
                option: __p::EndpointOption::PingInterval(
                    ::core::time::Duration::from_millis(10000u64),
                ),
                location: __p::location!(),
            },
            __p::EndpointSetting {
                option: __p::EndpointOption::ConnectTimeout(PATIENCE),
                location: __p::location!(),
            },
            __p::EndpointSetting {
                option: __p::EndpointOption::MaxPayload(16 * 1024),
                location: __p::location!(),
            },
        ],
        priority: -5,
        event_priorities: &[],
        unlisted: true,
        on_panic: __p::OnPanic::Disconnect,
        location: __p::location!(),
    };
    trait __Fields: Sized {
        const FIELDS: __p::FieldFunctions<Self>;
    }
    impl __Fields for ChatGateway {
        const FIELDS: __p::FieldFunctions<Self> = __p::FieldFunctions {
            declare: |__d| {
                __p::Dependencies::add::<
                    Arc<RoomRepository>,
                >(__d, "repo", __p::location!());
                __p::Dependencies::add::<Socket>(__d, "socket", __p::location!());
                #[cfg(feature = "audit")]
                __p::Dependencies::add::<Arc<Audit>>(__d, "audit", __p::location!());
            },
            build: |__r| Self {
                repo: __r.next::<Arc<RoomRepository>>(),
                socket: __r.next::<Socket>(),
                #[cfg(feature = "audit")]
                audit: __r.next::<Arc<Audit>>(),
                sent: __p::initial_state::<u32>(),
                r#type: Level::of(3),
            },
        };
    }
    #[diagnostic::do_not_recommend]
    impl __p::Controller for ChatGateway {
        const INFO: __p::ControllerInfo = __INFO;
        fn dependencies(__d: &mut __p::Dependencies) {
            (<Self as __Fields>::FIELDS.declare)(__d);
        }
        fn build(__r: &mut __p::Resolved<'_>) -> Self {
            (<Self as __Fields>::FIELDS.build)(__r)
        }
        fn policies(__d: &mut __p::Policies) {
            __p::Policies::guard::<
                Authenticated,
            >(__d, "Authenticated", __p::location!());
            __p::Policies::guard::<
                limits::PerMinute<60>,
            >(__d, "limits::PerMinute<60>", __p::location!());
        }
    }
    __p::inventory::submit! {
        __p::ControllerRegistration { info : & __INFO, type_id : ||
        ::core::any::TypeId::of:: < ChatGateway > () }
    }
};
