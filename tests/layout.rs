//! Checks the invariants of ARCHITECTURE.md that the compiler does not check: which crates and
//! modules may depend on each other, how lines are wrapped, and which names types may have.
//!
//! These tests are a binary of their own, because they only read files. They can be run without
//! compiling the other tests.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files in a folder and its subfolders, with their texts.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The text of a file without the lines that are comments.
fn code(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The first name of each path in a list of imports. `text` begins after the opening brace: for
/// `a::b, c::{d, e}}` the names are `a` and `c`.
fn braced(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut begin = 0;
    let mut names = Vec::new();
    for (at, c) in text.char_indices() {
        let ends = depth == 0 && matches!(c, ',' | '}');
        if ends {
            let name = text[begin..at].split("::").next().unwrap_or_default();
            names.push(name.split_whitespace().next().unwrap_or_default());
            begin = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}

/// Whether code imports a module within braces: `use crate::{gateway, …}`.
fn imports_in_braces(code: &str, module: &str) -> bool {
    ["crate::{", "super::super::{"]
        .iter()
        .flat_map(|opening| code.split(opening).skip(1))
        .any(|inside| braced(inside).contains(&module))
}

/// The lines of a folder's code that name a module of the same crate.
fn naming(folder: &str, module: &str) -> Vec<String> {
    let paths = [
        format!("crate::{module}"),
        format!("super::{module}::"),
        format!("super::super::{module}"),
    ];
    let mut hits = Vec::new();
    for (path, text) in sources(folder) {
        let code = code(&text);
        let named = code
            .lines()
            .filter(|line| paths.iter().any(|path| line.contains(path.as_str())));
        hits.extend(named.map(|line| format!("{}: {line}", path.display())));
        if imports_in_braces(&code, module) {
            hits.push(format!("{}: {module} in braces", path.display()));
        }
    }
    hits
}

#[test]
fn imports_in_braces_are_seen() {
    let code = "use crate::{\n    connection::{Connection, app},\n    gateway::Ack, rooms as \
        places,\n};\nuse crate::{http};";
    for module in ["connection", "gateway", "rooms", "http"] {
        assert!(imports_in_braces(code, module), "{module}");
    }
    for module in ["app", "Connection", "Ack", "places"] {
        assert!(!imports_in_braces(code, module), "{module}");
    }
}

/// The names of the crates in a manifest's section `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).unwrap();
    let section = text.split("[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let name = |line: &str| {
        line.split(['.', ' ', '='])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    section
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(name)
        .collect()
}

#[test]
fn the_protocols_know_no_runtime() {
    let known = dependencies("specter-proto/Cargo.toml");
    for forbidden in [
        "tokio",
        "axum",
        "hyper",
        "http",
        "tracing",
        "specter-engine",
        "specter-di",
        "specter-core",
    ] {
        assert!(
            !known.iter().any(|name| name == forbidden),
            "specter-proto depends on {forbidden}"
        );
    }
}

#[test]
fn the_container_knows_nothing_of_the_rest() {
    let known = dependencies("specter-di/Cargo.toml");
    for forbidden in ["tokio", "axum", "specter-proto", "specter-core", "serde"] {
        assert!(
            !known.iter().any(|name| name == forbidden),
            "specter-di depends on {forbidden}"
        );
    }
}

#[test]
fn the_engine_knows_neither_socket_io_nor_the_container_nor_a_router() {
    let known = dependencies("specter-engine/Cargo.toml");
    for forbidden in ["specter-di", "specter-core", "inventory"] {
        assert!(
            !known.iter().any(|name| name == forbidden),
            "specter-engine depends on {forbidden}"
        );
    }
    for folder in ["specter-engine/src", "specter-engine/tests"] {
        for (path, text) in sources(folder) {
            let text = code(&text);
            let path = path.display();
            assert!(
                !text.contains("specter_proto::socketio"),
                "{path} names Socket.IO"
            );
        }
    }
    for (path, text) in sources("specter-engine/src") {
        let is_router = code(&text).contains("axum::Router");
        assert!(!is_router, "{} names axum's router", path.display());
    }
}

#[test]
fn sockets_do_not_know_gateways_and_gateways_do_not_know_the_transport() {
    let none: [String; 0] = [];
    for folder in ["socketio", "engine", "socket", "rooms"] {
        for above in ["gateway", "extract", "app"] {
            assert_eq!(
                naming(&format!("specter-core/src/{folder}"), above),
                none,
                "{folder} names {above}"
            );
        }
    }
    for folder in ["gateway", "extract", "socket", "rooms"] {
        let names = naming(&format!("specter-core/src/{folder}"), "socketio");
        assert_eq!(names, none, "{folder} names socketio");
    }
}

#[test]
fn nothing_knows_the_testing_kit() {
    let none: [String; 0] = [];
    for folder in [
        "socketio", "engine", "socket", "rooms", "gateway", "extract", "app",
    ] {
        let folder = format!("specter-core/src/{folder}");
        assert_eq!(naming(&folder, "testing"), none, "{folder}");
    }
}

/// The path of a file that ARCHITECTURE.md names relative to the sources of specter-core or
/// specter-engine, by the name of another crate, or relative to the root. `None` if there is no
/// such file.
fn named_file(name: &str) -> Option<PathBuf> {
    let of_crate = name
        .split_once('/')
        .filter(|(krate, _)| krate.starts_with("specter-"))
        .map(|(krate, file)| root().join(krate).join("src").join(file));
    [
        Some(root().join("specter-core/src").join(name)),
        Some(root().join("specter-engine/src").join(name)),
        of_crate,
        Some(root().join(name)),
    ]
    .into_iter()
    .flatten()
    .find(|path| path.is_file())
}

#[test]
fn every_file_that_the_map_names_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    // Every second piece is between backticks.
    let names: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "rs")
        })
        .collect();
    assert!(names.len() > 10, "{names:?}");
    let missing: Vec<&str> = names
        .into_iter()
        .filter(|name| named_file(name).is_none())
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names {missing:?}");
}

#[test]
fn every_crate_forbids_unsafe_code_and_every_module_says_what_it_is_for() {
    for krate in [
        "specter-proto",
        "specter-engine",
        "specter-di",
        "specter-core",
        "specter-macros",
    ] {
        let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{krate} has lints of its own"
        );
        for (path, text) in sources(&format!("{krate}/src")) {
            assert!(
                text.starts_with("//!") || text.starts_with("#![doc"),
                "{} does not say what it is for",
                path.display()
            );
        }
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(workspace.contains("unsafe_code = \"forbid\""));
}

/// The Rust files of the repository whose lines must be wrapped. Generated files are left out, and
/// so are the files in folders `ui`, because tests compare the compiler's messages about them.
fn written_files() -> Vec<(PathBuf, String)> {
    let folders = [
        "specter-proto",
        "specter-engine",
        "specter-di",
        "specter-core",
        "specter-macros/src",
        "src",
        "tests",
        "examples",
        "benches/src",
        "benches/micro",
        "fuzz/fuzz_targets",
        "xtask",
    ];
    let files = folders.into_iter().flat_map(sources);
    files
        .filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "ui"))
        .collect()
}

/// Whether a line that is longer than 100 columns could be wrapped: a comment, except for tables
/// and URLs, or a string literal with a space before the limit.
fn can_be_wrapped(line: &str) -> bool {
    let text = line.trim_start();
    if text.starts_with("//") {
        return !text.contains("://") && !text.starts_with("/// |") && !text.starts_with("//! |");
    }
    let mut literal = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (c, literal) {
            ('\\', Some(_)) => drop(chars.next()),
            ('"', None) if !line[..at].ends_with(['r', '#', '\'']) => literal = Some(at),
            ('"', Some(start)) => {
                let column = line[..at].chars().count();
                let content = &line[start..at];
                if column >= 100 && content.len() > 40 && content[..40].contains(' ') {
                    return true;
                }
                literal = None;
            }
            _ => {}
        }
    }
    false
}

#[test]
fn comments_and_strings_wrap_at_100_columns() {
    let mut long = Vec::new();
    for (path, text) in written_files() {
        for (number, line) in (1..).zip(text.lines()) {
            if line.chars().count() > 100 && can_be_wrapped(line) {
                long.push(format!("{}:{number}", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// Former names of types and files, which say nothing to a reader who does not know them.
const BANNED: [&str; 32] = [
    "Answered",
    "Begun",
    "Beside",
    "Burst",
    "Called",
    "Came",
    "Desk",
    "Draft",
    "Farewell",
    "Given",
    "Lane",
    "Lanes",
    "Lent",
    "Misfit",
    "Offered",
    "Paced",
    "Parting",
    "Pen",
    "Posted",
    "Reach",
    "Seat",
    "Served",
    "Sight",
    "Straight",
    "Surroundings",
    "Tally",
    "Turn",
    "Turns",
    "Undriven",
    "Usual",
    "Wired",
    "Wit",
];

/// The name of the type that a line declares, and whether other modules can use the type.
fn declared_type(line: &str) -> Option<(&str, bool)> {
    let text = line.trim_start();
    let is_shared = text.starts_with("pub ") || text.starts_with("pub(crate) ");
    let text = text
        .trim_start_matches("pub(crate) ")
        .trim_start_matches("pub(super) ")
        .trim_start_matches("pub ");
    let keywords = ["struct ", "enum ", "trait ", "type ", "union "];
    let rest = keywords
        .iter()
        .find_map(|keyword| text.strip_prefix(keyword))?;
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    Some((&rest[..end], is_shared))
}

const CRATES: [&str; 5] = [
    "specter-proto/src",
    "specter-engine/src",
    "specter-di/src",
    "specter-core/src",
    "src",
];

#[test]
fn types_and_files_have_names_of_the_field() {
    for folder in CRATES {
        for (path, text) in sources(folder) {
            let stem = path.file_stem().unwrap().to_string_lossy().to_lowercase();
            let is_banned = |name: &str| BANNED.contains(&name);
            let file_is_banned = BANNED.iter().any(|banned| banned.to_lowercase() == stem);
            assert!(!file_is_banned, "{}", path.display());
            for line in text.lines() {
                if let Some((name, _)) = declared_type(line) {
                    assert!(!is_banned(name), "`{name}` in {}", path.display());
                }
            }
        }
    }
}

/// Names that several protocols or layers define, each in its own sense.
const SHARED_WORDS: [&str; 5] = ["Packet", "Error", "Result", "Decoder", "Violation"];

#[test]
fn no_two_shared_types_have_the_same_name() {
    let mut found: std::collections::BTreeMap<String, PathBuf> = std::collections::BTreeMap::new();
    let mut twice = Vec::new();
    for (path, text) in CRATES.into_iter().flat_map(sources) {
        // Associated types and test modules are indented.
        for line in text.lines().filter(|line| !line.starts_with(' ')) {
            let Some((name, true)) = declared_type(line) else {
                continue;
            };
            if SHARED_WORDS.contains(&name) {
                continue;
            }
            // Two declarations in one file are the same type on different platforms.
            if let Some(other) = found.insert(name.to_owned(), path.clone())
                && other != path
            {
                twice.push(format!(
                    "{name}: {} and {}",
                    other.display(),
                    path.display()
                ));
            }
        }
    }
    assert!(twice.is_empty(), "{twice:#?}");
}

/// The codes of errors that users see are listed in `docs/errors.md`. Those that begin with one of
/// these prefixes are listed by their prefix.
const CODES_BY_PREFIX: [&str; 9] = [
    "engine_request_",
    "engine_packet_",
    "engine_payload_",
    "engine_probe_",
    "socket_packet_",
    "socket_encode_",
    "websocket_",
    "connection_",
    "test_",
];

#[test]
fn every_code_is_documented() {
    let page = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let mut missing = Vec::new();
    for (file, text) in CRATES.iter().flat_map(|folder| sources(folder)) {
        for function in text.split("fn code(").skip(1) {
            let body = function.split("\n    }\n").next().unwrap_or_default();
            for code in body.split('"').skip(1).step_by(2) {
                let is_code =
                    code.contains('_') && code.chars().all(|c| c.is_lowercase() || c == '_');
                let by_prefix = CODES_BY_PREFIX
                    .iter()
                    .any(|prefix| code.starts_with(prefix));
                if is_code && !by_prefix && !page.contains(&format!("`{code}`")) {
                    missing.push(format!("{code}: {}", file.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
