//! Starts a validated application: builds the singletons, resolves the policies, builds each
//! namespace's table and mounts the endpoints.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use specter_di::Container;

use super::endpoint_settings::Endpoints;
use super::error::Error;
use super::mount::{Mount, MountKey};
use super::registration::{ModuleEntry, controller_at};
use super::resolve_policies::{PolicyResolver, connect_policies, subscriber_policies};
use super::settings::{AppSettings, EndpointConfig};
use super::shutdown::AppHandle;
use super::startup_log::StartupLog;
use super::validation::{MountedControllers, ValidApp, validate};
use crate::gateway::declare::table::{ControllerTable, NamespaceTable};
use crate::gateway::lifecycle::HOOK_TIMEOUT;
use crate::gateway::subscribe::{Ingress, NamespacePolicies, SubscriberPolicies};
use crate::gateway::{PolicyScope, SocketIngress, UnknownEvents};
use crate::rooms::{Hub, Io, Server};
use crate::socket::service::NamespaceService;
use crate::socketio::SocketIoAcceptor;
use specter_engine::Endpoint;
use specter_engine::internals::SharedBudget;

/// The hub of each namespace on each path.
type Hubs = HashMap<MountKey, Arc<Hub>>;

/// The namespaces of each path, by their names.
type Namespaces<'a> = BTreeMap<&'a str, HashMap<String, Arc<dyn NamespaceService>>>;

/// A started application, which is not served yet.
pub(super) struct StartedApp {
    pub(super) container: Container,
    pub(super) io: Io,
    pub(super) ingress: SocketIngress,
    pub(super) mounts: Vec<Mount>,
    pub(super) handle: AppHandle,
    pub(super) startup_log: StartupLog,
}

/// Validates an application and starts it. If an error occurs after the singletons were built, they
/// are shut down again.
pub(super) async fn start(mut settings: AppSettings) -> Result<StartedApp, Error> {
    let ValidApp {
        plan,
        controllers,
        endpoints,
        io,
        ingress,
    } = validate(&mut settings)?;
    let hubs: Hubs = controllers
        .keys()
        .map(|key| (key.clone(), new_hub(&settings, &endpoints, key)))
        .collect();
    io.install(servers(&hubs));
    let namespaces = controllers.keys().map(|key| key.namespace.as_str());
    ingress.install(namespaces, plan.singletons());
    let container = plan
        .start_within(|| tokio::time::sleep(HOOK_TIMEOUT))
        .await
        .map_err(Error::Provider)?;
    let namespaces = build_namespaces(&settings, &container, &controllers, &hubs, &ingress);
    let mounts = match build_mounts(&settings, namespaces, &endpoints) {
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
    Ok(StartedApp {
        startup_log: StartupLog {
            container: container.clone(),
            controllers,
        },
        container,
        io,
        ingress,
        mounts,
        handle,
    })
}

/// Shuts down the singletons of an application that fails to start.
async fn abort_start(error: Error, container: &Container) -> Error {
    for failure in container
        .shutdown(|| tokio::time::sleep(HOOK_TIMEOUT))
        .await
    {
        tracing::error!(target: "specter::di", %failure, "a provider's `on_shutdown` hook failed");
    }
    error
}

fn new_hub(settings: &AppSettings, endpoints: &Endpoints, key: &MountKey) -> Arc<Hub> {
    let endpoint = endpoints.get(&key.path).unwrap_or(&settings.endpoint);
    let max_attachments = endpoint.socket.max_outgoing_attachments;
    Hub::new(&key.namespace, settings.rooms, max_attachments)
}

/// The hubs, grouped by path, in the alphabetical order of the paths.
fn servers(hubs: &Hubs) -> Vec<Server> {
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

/// Builds the table of each namespace.
fn build_namespaces<'a>(
    settings: &AppSettings,
    container: &Container,
    controllers: &'a MountedControllers,
    hubs: &Hubs,
    ingress: &SocketIngress,
) -> Namespaces<'a> {
    let (policies, bypassed_guards) = (&settings.policies, settings.bypassed_guards.as_slice());
    let declared = Arc::new(subscriber_policies(policies, bypassed_guards, container));
    let mut paths = Namespaces::new();
    for (key, indices) in controllers {
        let (Some(hub), Ok(ingress)) = (hubs.get(key), ingress.ingress(&key.namespace)) else {
            continue;
        };
        let hub_and_ingress = (hub.clone(), ingress.clone());
        let mut table = namespace_table(settings, container, hub_and_ingress, indices, &declared);
        table.connect_policies = connect_policies(
            policies,
            bypassed_guards,
            container,
            &key.namespace,
            &table.controllers,
        );
        let namespaces = paths.entry(key.path.as_str()).or_default();
        namespaces.insert(key.namespace.clone(), Arc::new(table));
    }
    paths
}

fn namespace_table(
    settings: &AppSettings,
    container: &Container,
    (hub, ingress): (Arc<Hub>, Arc<Ingress>),
    indices: &[usize],
    declared: &Arc<SubscriberPolicies>,
) -> NamespaceTable {
    let plan = container.scope(indices);
    let mut controllers = Vec::with_capacity(indices.len());
    for (position, index) in indices.iter().enumerate() {
        let Some(registration) = controller_at(container.roots(), *index) else {
            continue;
        };
        let resolver = PolicyResolver {
            scope: PolicyScope {
                container,
                root: Some((&plan, position)),
            },
            bypassed_guards: &settings.bypassed_guards,
        };
        let policies = settings.policies.with_inner(&registration.policies);
        let blocks = registration
            .blocks
            .iter()
            .map(|block| resolver.block(block, &policies))
            .collect();
        controllers.push(ControllerTable::new(
            registration.info,
            blocks,
            resolver.all(&policies.guards),
            resolver.all(&policies.filters),
            registration.singleton,
        ));
    }
    NamespaceTable {
        hub,
        controllers,
        plan,
        ingress,
        subscriber_policies: NamespacePolicies {
            declared: declared.clone(),
            container: container.clone(),
        },
        connect_policies: Vec::new(),
        unknown: UnknownEvents::default(),
        connect_handler_timeout: settings.endpoint.socket.connect_handler_timeout,
        handler_grace_period: settings.endpoint.socket.handler_grace_period,
        max_concurrent: settings.endpoint.socket.max_concurrent,
    }
}

/// Builds the endpoint of each path. All endpoints share one budget for buffered bytes.
fn build_mounts(
    settings: &AppSettings,
    namespaces: Namespaces<'_>,
    endpoints: &Endpoints,
) -> Result<Vec<Mount>, Error> {
    let budget = SharedBudget::new(settings.endpoint.engine.max_buffered_total);
    namespaces
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

/// Registers the listed event handlers and sets them up, in the order of their modules.
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
