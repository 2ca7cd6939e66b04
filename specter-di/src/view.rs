//! Renders a graph as text and as a Mermaid diagram, including dependencies that nothing provides.

use std::fmt::{self, Write};

use crate::dependency::Arity;
use crate::graph::{Binding, BoundRoot, ModuleNode, ResolvedDependency};
use crate::root::RootInfo;
use crate::{Location, Scope};

/// A graph to be read: its modules, their providers and roots, and the dependencies between them.
///
/// Its `Display` is [`to_text`](Self::to_text).
#[derive(Clone, Debug)]
pub struct GraphView {
    scope_name: &'static str,
    modules: Vec<ModuleView>,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct ModuleView {
    name: &'static str,
    location: Location,
    is_global: bool,
    imports: Vec<&'static str>,
    exports: Vec<String>,
}

/// A provider, a root, a value or a seed.
#[derive(Clone, Debug)]
struct Node {
    name: String,
    kind: Kind,
    module: Option<usize>,
    /// The names of the further types under which the value is found.
    aliases: Vec<String>,
    edges: Vec<Edge>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Root,
    Provided(Scope),
}

/// A dependency.
#[derive(Clone, Debug)]
struct Edge {
    label: &'static str,
    dependency: String,
    is_deferred: bool,
    /// Whether the graph is valid without a provider of the dependency.
    is_optional: bool,
    targets: Vec<usize>,
}

impl GraphView {
    pub(crate) fn new(
        scope_name: &'static str,
        modules: &[ModuleNode],
        bindings: &[Binding],
        roots: (&[BoundRoot], &[RootInfo]),
    ) -> Self {
        let is_shown = |binding: &Binding| binding.alias_of.is_none() && !binding.is_pruned;
        let mut numbers = vec![None; bindings.len()];
        let primaries = bindings.iter().enumerate().filter(|(_, one)| is_shown(one));
        for (node, (number, _)) in primaries.enumerate() {
            numbers[number] = Some(node);
        }
        let numbered = |binding: &usize| {
            let primary = bindings[*binding].alias_of.unwrap_or(*binding);
            numbers[primary]
        };
        let edges = |dependencies: &[ResolvedDependency]| {
            dependencies
                .iter()
                .map(|dependency| edge(dependency, &numbered))
                .collect()
        };
        let provided = bindings.iter().enumerate().filter(|(_, one)| is_shown(one));
        let provided = provided.map(|(number, binding)| Node {
            name: binding.name.clone(),
            kind: Kind::Provided(binding.scope),
            module: binding.module,
            aliases: bindings
                .iter()
                .filter(|other| other.alias_of == Some(number))
                .map(|alias| alias.key.inner_name())
                .collect(),
            edges: edges(&binding.dependencies),
        });
        let rooted = roots.0.iter().zip(roots.1).map(|(root, info)| {
            let mut edges: Vec<Edge> = edges(&root.dependencies);
            edges.extend(
                root.required
                    .iter()
                    .map(|dependency| edge(dependency, &numbered)),
            );
            Node {
                name: info.name.to_owned(),
                kind: Kind::Root,
                module: Some(root.module),
                aliases: Vec::new(),
                edges,
            }
        });
        Self {
            scope_name,
            modules: modules.iter().map(|one| module(one, modules)).collect(),
            nodes: provided.chain(rooted).collect(),
        }
    }

    /// The graph as text. It lists each module, the application's first, with its imports, exports,
    /// roots and providers, and then the values and seeds that every module sees. Each dependency
    /// shows where its value comes from.
    ///
    /// ```text
    /// ChatModule (src/chat.rs:8:1)
    ///   imports DbModule
    ///   Chat, root
    ///     rooms: Arc<Rooms> <- Rooms
    ///   Rooms, singleton
    ///     pool: Arc<Pool> <- pool in DbModule
    /// ```
    pub fn to_text(&self) -> String {
        self.to_string()
    }

    /// The graph as a [Mermaid](https://mermaid.js.org) flow chart. It has a box for each module
    /// and an arrow for each dependency, which is dotted if the dependency is deferred. A root is a
    /// box with double sides, a singleton a rectangle, a scoped provider has round ends, and a
    /// transient provider is a hexagon.
    pub fn to_mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        // Writing to a string never fails.
        let _ = self.write_mermaid(&mut text);
        text
    }

    fn of_module(&self, module: Option<usize>) -> impl Iterator<Item = (usize, &Node)> {
        let nodes = self.nodes.iter().enumerate();
        // Roots come first, because the other nodes serve them.
        let roots = nodes.clone().filter(|(_, node)| node.kind == Kind::Root);
        let others = nodes.filter(|(_, node)| node.kind != Kind::Root);
        roots
            .chain(others)
            .filter(move |(_, node)| node.module == module)
    }

    fn write_mermaid(&self, text: &mut String) -> fmt::Result {
        for (number, module) in self.modules.iter().enumerate().rev() {
            writeln!(text, "    subgraph m{number}[\"{}\"]", module.name)?;
            for (number, node) in self.of_module(Some(number)) {
                writeln!(text, "        {}", node.shape(number))?;
            }
            writeln!(text, "    end")?;
        }
        let targets = || self.nodes.iter().flat_map(|node| &node.edges);
        for (number, node) in self.of_module(None) {
            if targets().any(|edge| edge.targets.contains(&number)) {
                writeln!(text, "    {}", node.shape(number))?;
            }
        }
        for (number, node) in self.nodes.iter().enumerate() {
            for edge in &node.edges {
                let arrow = if edge.is_deferred { "-.->" } else { "-->" };
                for target in &edge.targets {
                    writeln!(text, "    n{number} {arrow}|{}| n{target}", edge.label)?;
                }
            }
        }
        Ok(())
    }

    fn write_node(&self, f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
        let kind = match node.kind {
            Kind::Root => "root",
            Kind::Provided(Scope::Singleton) => "singleton",
            Kind::Provided(Scope::Scoped) => self.scope_name,
            Kind::Provided(Scope::Transient) => "transient",
        };
        write!(f, "  {}, {kind}", node.name)?;
        if !node.aliases.is_empty() {
            write!(f, ", as {}", node.aliases.join(", "))?;
        }
        writeln!(f)?;
        for edge in &node.edges {
            write!(f, "    {}: {} <- ", edge.label, edge.dependency)?;
            let targets = edge
                .targets
                .iter()
                .map(|target| self.seen_from(node, *target));
            let targets: Vec<_> = targets.collect();
            match (targets.is_empty(), edge.is_optional) {
                (true, true) => writeln!(f, "nothing")?,
                (true, false) => writeln!(f, "missing")?,
                (false, _) => writeln!(f, "{}", targets.join(", "))?,
            }
        }
        Ok(())
    }

    /// The name of the node `target`, with its module if that is not the module of `node`.
    fn seen_from(&self, node: &Node, target: usize) -> String {
        let target = &self.nodes[target];
        match target.module {
            Some(module) if target.module != node.module => {
                format!("{} in {}", target.name, self.modules[module].name)
            }
            _ => target.name.clone(),
        }
    }
}

impl fmt::Display for GraphView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, module) in self.modules.iter().enumerate().rev() {
            let global = if module.is_global { ", global" } else { "" };
            writeln!(f, "{} ({}){global}", module.name, module.location)?;
            if !module.imports.is_empty() {
                writeln!(f, "  imports {}", module.imports.join(", "))?;
            }
            if !module.exports.is_empty() {
                writeln!(f, "  exports {}", module.exports.join(", "))?;
            }
            for (_, node) in self.of_module(Some(number)) {
                self.write_node(f, node)?;
            }
            writeln!(f)?;
        }
        writeln!(f, "visible in every module")?;
        for (_, node) in self.of_module(None) {
            self.write_node(f, node)?;
        }
        Ok(())
    }
}

impl Node {
    fn shape(&self, number: usize) -> String {
        let name = &self.name;
        match self.kind {
            Kind::Root => format!("n{number}[[\"{name}\"]]"),
            Kind::Provided(Scope::Singleton) => format!("n{number}[\"{name}\"]"),
            Kind::Provided(Scope::Scoped) => format!("n{number}([\"{name}\"])"),
            Kind::Provided(Scope::Transient) => format!("n{number}{{{{\"{name}\"}}}}"),
        }
    }
}

fn module(module: &ModuleNode, all: &[ModuleNode]) -> ModuleView {
    let exports = module.exports.iter();
    ModuleView {
        name: module.name,
        location: module.location,
        is_global: module.is_global,
        imports: module
            .imports
            .iter()
            .map(|other| all[*other].name)
            .collect(),
        exports: exports.map(|export| export.name.to_string()).collect(),
    }
}

fn edge(dependency: &ResolvedDependency, numbered: &impl Fn(&usize) -> Option<usize>) -> Edge {
    let key = dependency.declared.key.name();
    let arity = dependency.declared.arity;
    Edge {
        label: dependency.declared.label,
        dependency: match arity {
            Arity::One => key,
            Arity::Optional => format!("Option<{key}>"),
            Arity::Many => format!("Vec<{key}>"),
            Arity::Deferred => format!("Lazy<{}>", dependency.declared.key.inner_name()),
        },
        is_deferred: arity == Arity::Deferred,
        is_optional: matches!(arity, Arity::Optional | Arity::Many),
        targets: dependency.targets.iter().filter_map(numbered).collect(),
    }
}
