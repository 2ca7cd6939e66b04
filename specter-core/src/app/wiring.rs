//! From settings and modules to a running App: check, start the singletons, put the tables together, mount.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Router;
use specter_di::{Container, Plan, Report};

use super::App;
use super::builder::AppBuilder;
use super::check::{self, AppFault};
use super::error::{Error, StartupFaults};
use super::mount::{Mount, MountKey, normalized};
use super::register::{self, RegisteredBlock, Registration};
use super::serve::AppHandle;
use crate::connection::Handshake;
use crate::connection::lanes::SocketIo;
use crate::gateway::UnknownEvents;
use crate::gateway::table::{BlockTable, ControllerTable, NamespaceTable};
use crate::gateway::{ErasedGuard, Guards};
use crate::http::Endpoint;
use crate::rooms::{Hub, Io, Namespace, Server};
use crate::socket::Socket;
use crate::socket::service::NamespaceService;

/// The listed controllers by mount, as indices among the graph's roots, in their order.
type Mounted = BTreeMap<MountKey, Vec<usize>>;

pub(super) async fn start(mut builder: AppBuilder) -> Result<App, Error> {
    if cfg!(panic = "abort") {
        return Err(Error::PanicAbort);
    }
    builder.engine.validate()?;
    builder.socket.validate()?;
    let io = Io::default();
    builder.graph.scope_name("socket");
    // In the order in which the gateway gives them.
    builder.graph.seed::<Socket>("Socket");
    builder.graph.seed::<Namespace>("Namespace");
    builder.graph.seed::<Arc<Handshake>>("Handshake");
    builder.graph.value(io.clone());

    let app = builder.graph.name();
    let mut faults = Vec::new();
    let mounted = check_controllers(&builder, app, &mut faults);
    let graph = std::mem::take(&mut builder.graph);
    let plan = report(app, graph.validate(), faults)?;
    let hubs: HashMap<MountKey, Arc<Hub>> = mounted
        .keys()
        .map(|key| (key.clone(), Hub::new(&key.namespace, builder.rooms)))
        .collect();
    io.install(servers(&hubs));
    warn_unlisted(&plan);
    let container = plan.start().await.map_err(Error::Provider)?;
    let mounts = mount(&builder, app, &container, &mounted, &hubs)?;
    let handle = AppHandle::new(&mounts, container.clone(), builder.shutdown);
    log_mounted(&container, &mounted);
    Ok(App {
        container,
        io,
        mounts,
        routes: Router::new(),
        handle,
    })
}

fn check_controllers(
    builder: &AppBuilder,
    app: &'static str,
    faults: &mut Vec<AppFault>,
) -> Mounted {
    let mut mounted = Mounted::new();
    let registrations: Vec<&Registration> = builder.graph.root_metas().collect();
    if registrations.is_empty() {
        faults.push(AppFault::NoControllers { module: app });
    }
    for (index, registration) in registrations.iter().enumerate() {
        check::controller(registration, faults);
        let path = registration.info.path.unwrap_or(&builder.path);
        let Some(normalized) = normalized(path) else {
            faults.push(AppFault::BadPath {
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
        // Stable: ties stay in module order.
        indices.sort_by_key(|index| registrations[*index].info.priority);
    }
    let controllers = mounted.iter().flat_map(|(key, indices)| {
        indices
            .iter()
            .map(|index| (key.clone(), registrations[*index]))
    });
    check::acknowledgements(controllers, faults);
    mounted
}

fn report(
    app: &'static str,
    plan: Result<Plan, Report>,
    controllers: Vec<AppFault>,
) -> Result<Plan, Error> {
    let (plan, graph) = match plan {
        Ok(plan) => (Some(plan), None),
        Err(report) => (None, Some(report)),
    };
    let faults = StartupFaults {
        app,
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
    roots.get(index)?.meta::<Registration>()
}

fn warn_unlisted(plan: &Plan) {
    let listed: Vec<_> = plan
        .roots()
        .iter()
        .filter_map(|root| Some(root.meta::<Registration>()?.type_id))
        .collect();
    for info in register::unlisted(&listed) {
        tracing::warn!(
            target: "specter::gateway", controller = info.name, at = %info.location,
            "no module lists this controller: it serves nobody. List it in `controllers = […]`, or say `unlisted` in its attribute"
        );
    }
}

fn mount(
    builder: &AppBuilder,
    app: &'static str,
    container: &Container,
    mounted: &Mounted,
    hubs: &HashMap<MountKey, Arc<Hub>>,
) -> Result<Vec<Mount>, Error> {
    let mut faults = Vec::new();
    let mut paths: BTreeMap<&str, HashMap<String, Arc<dyn NamespaceService>>> = BTreeMap::new();
    for (key, indices) in mounted {
        let Some(hub) = hubs.get(key) else { continue };
        let table = namespace_table(builder, container, hub, indices, &mut faults);
        paths
            .entry(&key.path)
            .or_default()
            .insert(key.namespace.clone(), Arc::new(table));
    }
    if !faults.is_empty() {
        return Err(Error::Startup(StartupFaults {
            app,
            graph: None,
            controllers: faults,
        }));
    }
    paths
        .into_iter()
        .map(|(path, namespaces)| {
            let acceptor = SocketIo::new(
                namespaces,
                builder.socket.clone(),
                builder.engine.max_payload,
                builder.admission.clone(),
            );
            let draining = acceptor.draining();
            let endpoint = Endpoint::new(acceptor, builder.engine.clone())?;
            Ok(Mount {
                path: path.into(),
                endpoint,
                draining,
            })
        })
        .collect()
}

fn namespace_table(
    builder: &AppBuilder,
    container: &Container,
    hub: &Arc<Hub>,
    indices: &[usize],
    faults: &mut Vec<AppFault>,
) -> NamespaceTable {
    let plan = container.scope(indices);
    let mut wired = Vec::with_capacity(indices.len());
    for (position, index) in indices.iter().enumerate() {
        let Some(registration) = registration(container.roots(), *index) else {
            continue;
        };
        let mut find = |guards: &Guards| -> Vec<Arc<dyn ErasedGuard>> {
            let asked = guards
                .0
                .iter()
                .filter(|guard| !builder.open.contains(&guard.key));
            let found = asked.filter_map(|guard| {
                let found = (guard.resolve)(container, &plan, position);
                if found.is_none() {
                    faults.push(AppFault::ScopedGuard {
                        guard: guard.label,
                        at: guard.location,
                    });
                }
                found
            });
            found.collect()
        };
        let mut guards = find(&builder.guards);
        guards.extend(find(&registration.guards));
        let blocks = registration
            .blocks
            .iter()
            .map(|block| wire_block(block, &mut find))
            .collect();
        wired.push(ControllerTable::new(registration.info, blocks, guards));
    }
    NamespaceTable {
        hub: hub.clone(),
        controllers: wired,
        plan,
        unknown: UnknownEvents::default(),
        connect_limit: builder.socket.connect_limit,
        max_concurrent: builder.socket.max_concurrent,
    }
}

fn wire_block(
    registered: &RegisteredBlock,
    find: &mut impl FnMut(&Guards) -> Vec<Arc<dyn ErasedGuard>>,
) -> BlockTable {
    BlockTable {
        block: registered.block,
        guards: registered.guards.iter().map(find).collect(),
        takes_ack: registered.takes_ack.clone(),
    }
}

fn log_mounted(container: &Container, mounted: &Mounted) {
    for (key, indices) in mounted {
        for root in indices
            .iter()
            .filter_map(|index| container.roots().get(*index))
        {
            let Some(registration) = root.meta::<Registration>() else {
                continue;
            };
            let handlers = registration
                .blocks
                .iter()
                .flat_map(|block| block.block.handlers);
            let events: Vec<_> = handlers.map(|handler| handler.event.name()).collect();
            tracing::info!(
                target: "specter::gateway", path = key.path, namespace = key.namespace,
                controller = registration.info.name, events = events.join(" "), "mounted"
            );
        }
    }
}
