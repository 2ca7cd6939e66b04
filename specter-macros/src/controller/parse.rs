//! Parses `#[socketio_controller(…)]` and its struct, and checks what does not need types.

use proc_macro2::{Ident, Span, TokenStream};
use syn::LitStr;

use super::model::{Controller, Endpoint, OnPanic, Setting};
use crate::{
    diag::Diagnostics,
    syntax::{
        args::Arguments,
        fields::Construction,
        item::{Placement, parse_struct, refuse_generics},
        policies::Policies,
    },
};

const PLACEMENT: Placement = Placement {
    attribute: "`#[socketio_controller]`",
    on: "a struct",
    help: "put it on the controller's struct; the impl block with its handlers has \
        `#[handlers]`",
};

pub(crate) fn controller(
    arguments: TokenStream,
    item: &TokenStream,
    diag: &mut Diagnostics,
) -> Option<Controller> {
    let mut arguments = Arguments::parse(arguments, diag);
    let endpoint = endpoint(&mut arguments, diag);
    let priority = arguments.integer("priority = 5", diag).unwrap_or_default();
    let unlisted = arguments.flag("unlisted", diag).is_some();
    let on_panic = on_panic(&mut arguments, diag);
    let singleton = singleton(&mut arguments, diag);
    let event_priorities = arguments.priorities("event_priorities(\"name\" = 5)", diag);
    let policies = Policies::parse(&mut arguments, diag);
    let runtime = arguments.runtime(diag);
    arguments.finish(PLACEMENT.attribute, diag);

    let item = parse_struct(item, &PLACEMENT, diag)?;
    refuse_generics(
        &item.generics,
        "a controller",
        "name the types: give the struct a field of the concrete type, such as `cache: \
         Arc<Cache<User>>`",
        diag,
    );
    let construction = Construction::parse(&item, diag);
    item.generics.params.is_empty().then_some(Controller {
        runtime,
        name: item.ident,
        endpoint,
        priority,
        unlisted,
        on_panic,
        singleton,
        event_priorities,
        policies,
        construction,
    })
}

fn endpoint(arguments: &mut Arguments, diag: &mut Diagnostics) -> Endpoint {
    let path = arguments
        .literal("\"/socket.io/\"", diag)
        .filter(|path| path_is_valid(path, diag));
    let namespace = arguments
        .string("namespace = \"/chat\"", diag)
        .filter(|namespace| namespace_is_valid(namespace, diag));
    Endpoint {
        path,
        namespace,
        settings: settings(arguments, diag),
    }
}

fn settings(arguments: &mut Arguments, diag: &mut Diagnostics) -> Vec<Setting> {
    const TIMES: [(&str, &str); 4] = [
        ("PingInterval", "ping_interval = \"25s\""),
        ("PingTimeout", "ping_timeout = \"20s\""),
        ("UpgradeTimeout", "upgrade_timeout = \"10s\""),
        ("ConnectTimeout", "connect_timeout = \"45s\""),
    ];
    const SIZES: [(&str, &str); 2] = [
        ("MaxPayload", "max_payload = 1_000_000"),
        ("MaxQueuedBytes", "max_queued_bytes = 1_048_576"),
    ];
    let mut settings = Vec::new();
    let mut set = |variant, at: Option<Span>, value: Option<TokenStream>| {
        settings.extend(at.zip(value).map(|(at, value)| Setting {
            variant: Ident::new(variant, at),
            value,
        }));
    };
    for (variant, usage) in TIMES {
        let at = arguments.place(usage);
        set(variant, at, arguments.time(usage, diag));
    }
    for (variant, usage) in SIZES {
        let at = arguments.place(usage);
        set(variant, at, arguments.number(usage, diag));
    }
    settings
}

fn path_is_valid(path: &LitStr, diag: &mut Diagnostics) -> bool {
    let text = path.value();
    if !text.starts_with('/') {
        let help = format_args!("write `\"/{text}\"`");
        diag.error_help(path, "the request path must start with `/`", help);
        return false;
    }
    if let Some(sign) = text
        .chars()
        .find(|sign| "?#{}*".contains(*sign) || sign.is_whitespace())
    {
        diag.error_help(
            path,
            format_args!("the request path cannot contain `{sign}`"),
            "the path is compared literally: it has no patterns and no query",
        );
        return false;
    }
    true
}

fn namespace_is_valid(namespace: &LitStr, diag: &mut Diagnostics) -> bool {
    let text = namespace.value();
    if !text.starts_with('/') {
        let help = format_args!("write `namespace = \"/{text}\"`");
        diag.error_help(namespace, "a namespace must start with `/`", help);
        return false;
    }
    if let Some(sign) = text.chars().find(|sign| [',', '?'].contains(sign)) {
        let message = format_args!("a namespace cannot contain `{sign}`");
        let help = match sign {
            ',' => "the protocol ends a namespace at the first comma",
            _ => "clients treat what follows as a query",
        };
        diag.error_help(namespace, message, help);
        return false;
    }
    true
}

fn singleton(arguments: &mut Arguments, diag: &mut Diagnostics) -> bool {
    let Some(chosen) = arguments.word("scope = singleton", diag) else {
        return false;
    };
    match chosen.to_string().as_str() {
        "singleton" => true,
        "socket" => false,
        other => {
            diag.error_help(
                &chosen,
                format_args!("unknown scope `{other}`"),
                "`socket` (the default) builds a controller for each socket, `singleton` one for \
                 all",
            );
            false
        }
    }
}

fn on_panic(arguments: &mut Arguments, diag: &mut Diagnostics) -> OnPanic {
    let Some(chosen) = arguments.string("on_panic = \"disconnect\"", diag) else {
        return OnPanic::default();
    };
    match chosen.value().as_str() {
        "disconnect" => OnPanic::Disconnect,
        "continue" => OnPanic::Continue,
        other => {
            diag.error_help(
                &chosen,
                format_args!("unknown policy `{other}`"),
                "`\"continue\"` keeps the socket and its controller, `\"disconnect\"` disconnects \
                 the socket",
            );
            OnPanic::default()
        }
    }
}
