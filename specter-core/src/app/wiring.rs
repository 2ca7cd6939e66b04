//! Starts an App from its settings: validates the modules, starts the singletons, builds the tables
//! of each namespace and mounts the endpoints.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Router;
use specter_di::{Container, Plan, Report};

use super::App;
use super::check::{self, ControllerFault};
use super::endpoint_settings;
use super::endpoint_settings::Endpoints;
use super::error::{Error, StartupFaults};
use super::mount::{Mount, MountKey, normalized};
use super::registration;
use super::registration::{EventHandlerEntry, ModuleEntry, Registration};
use super::resolve_policies;
use super::resolve_policies::PolicyResolver;
use super::settings::{AppSettings, EndpointConfig};
use super::shutdown::AppHandle;
use crate::gateway::UnknownEvents;
use crate::gateway::declare::table::{ControllerTable, NamespaceTable};
use crate::gateway::lifecycle::HOOK_LIMIT;
use crate::gateway::subscribe::{Ingress, NamespacePolicies, SubscriberPolicies};
use crate::gateway::{PolicyScope, SocketIngress};
use crate::rooms::BroadcastGroup;
use crate::rooms::{Hub, Io, Namespace, Server};
use crate::socket::Socket;
use crate::socket::service::NamespaceService;
use crate::socketio::SocketIoAcceptor;
use specter_engine::ConfigError;
use specter_engine::Endpoint;
use specter_engine::Handshake;
use specter_engine::internals::BufferBudget;

/// The listed controllers by mount, as indices among the graph's roots, in their order.
type Mounted = BTreeMap<MountKey, Vec<usize>>;

/// The namespaces of each path, by their names.
type Tables<'a> = BTreeMap<&'a str, HashMap<String, Arc<dyn NamespaceService>>>;

/// A validated application.
struct Validated {
    plan: Plan,
    mounted: Mounted,
    endpoints: Endpoints,
    io: Io,
    ingress: SocketIngress,
}

/// Validates an application without starting it.
pub(super) fn check(mut settings: AppSettings) -> Result<(), Error> {
    validate(&mut settings).map(drop)
}

pub(super) async fn start(mut settings: AppSettings) -> Result<App, Error> {
    let Validated {
        plan,
        mounted,
        endpoints,
        io,
        ingress,
    } = validate(&mut settings)?;
    let hubs: HashMap<MountKey, Arc<Hub>> = mounted
        .keys()
        .map(|key| (key.clone(), hub(&settings, &endpoints, key)))
        .collect();
    io.install(servers(&hubs));
    let namespaces = mounted.keys().map(|key| key.namespace.as_str());
    ingress.install(namespaces, plan.singletons());
    warn_unlisted(&plan);
    let container = plan
        .start_within(|| tokio::time::sleep(HOOK_LIMIT))
        .await
        .map_err(Error::Provider)?;
    let tables = tables(&settings, &container, &mounted, (&hubs, &ingress));
    let mounts = match mount(&settings, tables, &endpoints) {
        Ok(mounts) => mounts,
        Err(error) => return Err(abort_start(error, &container).await),
    };
    if let Err(error) = set_up_handlers(&container, &ingress).await {
        ingress.tear_down().await;
        return Err(abort_start(error, &container).await);
    }
    let handle = AppHandle::new(
        &mounts,
        container.clone(),
        ingress.clone(),
        settings.shutdown,
    );
    log_mounted(&container, &mounted);
    Ok(App {
        container,
        io,
        ingress,
        mounts,
        routes: Router::new(),
        handle,
        accept_backlog: settings.accept_backlog,
    })
}

/// The hub of a namespace, with the limits that apply to it.
fn hub(settings: &AppSettings, endpoints: &Endpoints, key: &MountKey) -> Arc<Hub> {
    let endpoint = endpoints.get(&key.path).unwrap_or(&settings.endpoint);
    let max_attachments = endpoint.socket.max_outgoing_attachments;
    Hub::new(&key.namespace, settings.rooms, max_attachments)
}

/// Shuts down the singletons of an application whose start failed.
async fn abort_start(error: Error, container: &Container) -> Error {
    for failure in container.shutdown(|| tokio::time::sleep(HOOK_LIMIT)).await {
        tracing::error!(target: "specter::di", %failure, "a provider's shutdown failed");
    }
    error
}

/// Adds the framework's values to the graph, and validates everything. Takes the graph out of the
/// settings.
fn validate(settings: &mut AppSettings) -> Result<Validated, Error> {
    if cfg!(panic = "abort") {
        return Err(Error::PanicAbort);
    }
    let io = Io::default();
    settings.graph.scope_name("socket");
    // In the order in which the gateway opens a scope with them.
    settings.graph.seed::<Socket>("Socket");
    settings.graph.seed::<Namespace>("Namespace");
    settings.graph.seed::<Arc<Handshake>>("Handshake");
    settings.graph.value(io.clone());
    settings.graph.value(BroadcastGroup::new(settings.groups));
    let ingress = SocketIngress::default();
    settings.graph.value(ingress.clone());
    let declared = settings.policies.declared();
    for policy in declared.filter(|policy| !settings.bypassed_guards.contains(&policy.key)) {
        settings
            .graph
            .require_singleton(policy.role, policy.key, policy.location);
    }

    let app = settings.graph.name();
    let mut faults = Vec::new();
    let (mounted, endpoints) = check_controllers(settings, app, &mut faults);
    let graph = std::mem::take(&mut settings.graph);
    let plan = report(app, setting_faults(settings), graph.validate(), faults)?;
    Ok(Validated {
        plan,
        mounted,
        endpoints,
        io,
        ingress,
    })
}

fn check_controllers(
    settings: &AppSettings,
    app: &'static str,
    faults: &mut Vec<ControllerFault>,
) -> (Mounted, Endpoints) {
    let mut mounted = Mounted::new();
    let listed: Vec<&ModuleEntry> = settings.graph.root_metas().collect();
    if listed.is_empty() {
        faults.push(ControllerFault::NoControllers { module: app });
    }
    for (index, listed) in listed.iter().enumerate() {
        let Some(registration) = listed.controller() else {
            continue;
        };
        check::controller(registration, faults);
        let path = registration.info.path.unwrap_or(&settings.path);
        let Some(normalized) = normalized(path) else {
            faults.push(ControllerFault::InvalidPath {
                path: path.into(),
                at: registration.info.location,
            });
            continue;
        };
        let key = MountKey {
            path: normalized,
            namespace: registration.info.namespace.into(),
        };
        mounted.entry(key).or_default().push(index);
    }
    for indices in mounted.values_mut() {
        // A stable sort: controllers of equal priority stay in module order.
        indices.sort_by_key(|index| {
            listed[*index]
                .controller()
                .map(|registration| registration.info.priority)
        });
    }
    let controllers = mounted.iter().flat_map(|(key, indices)| {
        indices
            .iter()
            .filter_map(|index| listed[*index].controller())
            .map(move |registration| (key, registration))
    });
    check::acknowledgements(controllers.clone(), faults);
    let paths = controllers.map(|(key, registration)| (key.path.as_str(), registration));
    let endpoints = endpoint_settings::merge_settings(settings, paths, faults);
    let handlers = listed.iter().filter_map(|listed| listed.handler());
    mount_handlers(settings, handlers, &mut mounted, faults);
    (mounted, endpoints)
}

/// Mounts the namespaces that event handlers serve and no controller does.
fn mount_handlers<'a>(
    settings: &AppSettings,
    handlers: impl Iterator<Item = &'a EventHandlerEntry>,
    mounted: &mut Mounted,
    faults: &mut Vec<ControllerFault>,
) {
    for handler in handlers {
        if mounted.keys().any(|key| key.namespace == handler.namespace) {
            continue;
        }
        match normalized(&settings.path) {
            Some(path) => {
                let namespace = handler.namespace.into();
                mounted.entry(MountKey { path, namespace }).or_default();
            }
            None => faults.push(ControllerFault::InvalidPath {
                path: settings.path.clone(),
                at: handler.location,
            }),
        }
    }
}

/// Registers and sets up the listed event handlers.
async fn set_up_handlers(container: &Container, ingress: &SocketIngress) -> Result<(), Error> {
    for (index, root) in container.roots().iter().enumerate() {
        let Some(handler) = root.meta::<ModuleEntry>().and_then(ModuleEntry::handler) else {
            continue;
        };
        let registered = (handler.register)(container, index, ingress);
        registered
            .map_err(Error::Handler)?
            .setup()
            .await
            .map_err(Error::Handler)?;
    }
    Ok(())
}

/// The faults of all settings.
fn setting_faults(settings: &AppSettings) -> Vec<ConfigError> {
    let mut faults = settings.endpoint.faults();
    faults.extend(settings.rooms.faults());
    faults.extend(settings.groups.faults());
    faults.extend(settings.shutdown.faults());
    faults
}

fn report(
    app: &'static str,
    settings: Vec<ConfigError>,
    plan: Result<Plan, Report>,
    controllers: Vec<ControllerFault>,
) -> Result<Plan, Error> {
    let (plan, graph) = match plan {
        Ok(plan) => (Some(plan), None),
        Err(report) => (None, Some(report)),
    };
    let faults = StartupFaults {
        app,
        settings,
        graph,
        controllers,
    };
    match plan {
        Some(plan) if faults.is_empty() => Ok(plan),
        _ => Err(Error::Startup(faults)),
    }
}

fn servers(hubs: &HashMap<MountKey, Arc<Hub>>) -> Vec<Server> {
    let mut servers: BTreeMap<&str, Server> = BTreeMap::new();
    for (key, hub) in hubs {
        let server = servers.entry(&key.path).or_insert_with(|| Server {
            path: key.path.clone(),
            hubs: HashMap::new(),
        });
        server.hubs.insert(key.namespace.clone(), hub.clone());
    }
    servers.into_values().collect()
}

fn registration(roots: &[specter_di::RootInfo], index: usize) -> Option<&Registration> {
    roots.get(index)?.meta::<ModuleEntry>()?.controller()
}

fn warn_unlisted(plan: &Plan) {
    let listed: Vec<_> = plan
        .roots()
        .iter()
        .filter_map(|root| Some(root.meta::<ModuleEntry>()?.controller()?.type_id))
        .collect();
    for info in registration::unlisted(&listed) {
        tracing::warn!(
            target: "specter::gateway", controller = info.name, at = %info.location,
            "no module lists this controller, so it is not served; list it in `controllers = […]` \
             of a module, or add `unlisted` to its attribute"
        );
    }
}

fn tables<'a>(
    settings: &AppSettings,
    container: &Container,
    mounted: &'a Mounted,
    (hubs, ingress): (&HashMap<MountKey, Arc<Hub>>, &SocketIngress),
) -> Tables<'a> {
    let mut paths = Tables::new();
    let policies = Arc::new(resolve_policies::subscriber_policies(settings, container));
    for (key, indices) in mounted {
        let (Some(hub), Ok(ingress)) = (hubs.get(key), ingress.ingress(&key.namespace)) else {
            continue;
        };
        let parts = (hub.clone(), ingress.clone());
        let mut table = namespace_table(settings, container, parts, indices, &policies);
        table.connect_policies = resolve_policies::connect_policies(
            settings,
            container,
            &key.namespace,
            &table.controllers,
        );
        paths
            .entry(&key.path)
            .or_default()
            .insert(key.namespace.clone(), Arc::new(table));
    }
    paths
}

fn mount(
    settings: &AppSettings,
    tables: Tables<'_>,
    endpoints: &Endpoints,
) -> Result<Vec<Mount>, Error> {
    let budget = BufferBudget::new(settings.endpoint.engine.max_buffered_total);
    tables
        .into_iter()
        .map(|(path, namespaces)| {
            let EndpointConfig { engine, socket } =
                endpoints.get(path).unwrap_or(&settings.endpoint).clone();
            let acceptor = SocketIoAcceptor::new(
                namespaces,
                socket,
                engine.max_payload,
                settings.admission.clone(),
            );
            let draining = acceptor.draining();
            let endpoint = Endpoint::under_budget(acceptor, engine, Arc::clone(&budget))?;
            Ok(Mount {
                path: path.into(),
                endpoint,
                draining,
            })
        })
        .collect()
}

fn namespace_table(
    settings: &AppSettings,
    container: &Container,
    (hub, ingress): (Arc<Hub>, Arc<Ingress>),
    indices: &[usize],
    subscriber_policies: &Arc<SubscriberPolicies>,
) -> NamespaceTable {
    let plan = container.scope(indices);
    let mut tables = Vec::with_capacity(indices.len());
    for (position, index) in indices.iter().enumerate() {
        let Some(registration) = registration(container.roots(), *index) else {
            continue;
        };
        let resolver = PolicyResolver {
            scope: PolicyScope {
                container,
                root: Some((&plan, position)),
            },
            bypassed_guards: &settings.bypassed_guards,
        };
        let policies = settings.policies.around(&registration.policies);
        let blocks = registration
            .blocks
            .iter()
            .map(|block| resolver.block(block, &policies))
            .collect();
        tables.push(ControllerTable::new(
            registration.info,
            blocks,
            resolver.all(&policies.guards),
            resolver.all(&policies.filters),
            registration.singleton,
        ));
    }
    NamespaceTable {
        hub,
        controllers: tables,
        plan,
        ingress,
        subscriber_policies: NamespacePolicies {
            declared: subscriber_policies.clone(),
            container: container.clone(),
        },
        connect_policies: Vec::new(),
        unknown: UnknownEvents::default(),
        connect_handler_timeout: settings.endpoint.socket.connect_handler_timeout,
        handler_grace_period: settings.endpoint.socket.handler_grace_period,
        max_concurrent: settings.endpoint.socket.max_concurrent,
    }
}

fn log_mounted(container: &Container, mounted: &Mounted) {
    for (key, indices) in mounted {
        for root in indices
            .iter()
            .filter_map(|index| container.roots().get(*index))
        {
            let Some(registration) = root.meta::<ModuleEntry>().and_then(ModuleEntry::controller)
            else {
                continue;
            };
            let handlers = registration
                .blocks
                .iter()
                .flat_map(|block| block.block.handlers);
            let events: Vec<_> = handlers
                .clone()
                .map(|handler| handler.event.name())
                .collect();
            let controller = registration.info.name;
            tracing::info!(
                target: "specter::gateway", path = key.path, namespace = key.namespace, controller,
                events = events.join(" "), "mounted"
            );
            for handler in handlers {
                tracing::debug!(
                    target: "specter::gateway", controller, event = handler.event.name(), method = handler.method,
                    summary = handler.summary(), at = %handler.location, "handled"
                );
            }
        }
    }
}
