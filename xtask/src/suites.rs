//! The suites of the official clients: their list, the server that each talks to, and the
//! packages that must be installed first.

use std::path::PathBuf;
use std::process::Command;

use crate::process::Environment;
use crate::report::{CommandReport, StepResult};
use crate::server::SuiteServer;
use crate::test_counts::TestCounts;
use crate::{chromium, node, python, workspace};

/// The implementation that the suites test.
pub(crate) enum Implementation {
    /// Specter's example programs.
    Specter { conformance: PathBuf, chat: PathBuf },
    /// The reference implementation on Node.js, to show that the suites themselves are correct.
    Reference,
}

impl Implementation {
    /// Returns the program of the conformance server and its first arguments.
    fn conformance(&self) -> Vec<String> {
        match self {
            Self::Specter { conformance, .. } => vec![conformance.display().to_string()],
            Self::Reference => vec!["node".to_owned(), "reference/server.js".to_owned()],
        }
    }

    fn start_conformance(&self, profile: &str) -> StepResult<SuiteServer> {
        let words = self.conformance();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(["--profile", profile, "--port", "0"]);
        command.current_dir(workspace::path(node::CLIENTS));
        SuiteServer::start(&format!("conformance-{profile}"), &mut command)
    }

    fn start_chat(&self) -> StepResult<SuiteServer> {
        let mut command = match self {
            Self::Specter { chat, .. } => Command::new(chat),
            Self::Reference => node::script("reference/chat.js"),
        };
        SuiteServer::start("chat", command.env("PORT", "0"))
    }

    fn environment(&self) -> Environment {
        let mut environment = Environment::default();
        if matches!(self, Self::Reference) {
            environment.set("SPECTER_REFERENCE", "1");
        }
        environment
    }
}

/// The server that a suite talks to.
#[derive(Clone, Copy)]
enum RequiredServer {
    /// The conformance server with this profile.
    Conformance(&'static str),
    Chat,
    /// The suite starts conformance servers itself.
    StartedBySuite,
}

/// Suites with the same test runner, which need the same packages.
struct SuiteGroup {
    name: &'static str,
    run: fn(&str, &Environment) -> StepResult<TestCounts>,
    /// The folder of each suite, and its server.
    suites: &'static [(&'static str, RequiredServer)],
}

const JAVASCRIPT: SuiteGroup = SuiteGroup {
    name: "JavaScript",
    run: node::test,
    suites: &[
        ("engine", RequiredServer::Conformance("engine")),
        (
            "engine-client",
            RequiredServer::Conformance("engine-client"),
        ),
        ("socket", RequiredServer::Conformance("socket")),
        (
            "socket-client",
            RequiredServer::Conformance("socket-client"),
        ),
        ("bench", RequiredServer::Conformance("bench")),
        ("lifecycle", RequiredServer::StartedBySuite),
        ("chat", RequiredServer::Chat),
    ],
};

const PYTHON: SuiteGroup = SuiteGroup {
    name: "Python",
    run: python::test,
    suites: &[
        ("socket", RequiredServer::Conformance("socket")),
        (
            "socket-client",
            RequiredServer::Conformance("socket-client"),
        ),
    ],
};

const CHROMIUM: SuiteGroup = SuiteGroup {
    name: "Chromium",
    run: node::test,
    suites: &[("browser", RequiredServer::Chat)],
};

/// Installs what the suites need, and runs all suites.
pub(crate) fn run(report: &mut CommandReport, implementation: &Implementation) {
    let clients = report.step("npm ci: clients", || node::install(node::CLIENTS));
    let page = report.step("npm ci: chat page", || node::install(node::CHAT));
    let python = report.step("pip install: clients", || python::install(python::CLIENTS));
    let chromium = report.step("Chromium", chromium::install);

    let node_environment = clients.and(page).map(|()| implementation.environment());
    JAVASCRIPT.run(report, implementation, node_environment.as_ref());
    // The Python suites need Node.js's packages too, because the reference implementation runs on
    // Node.js.
    let python_environment = python.and(node_environment.as_ref());
    PYTHON.run(report, implementation, python_environment);
    let browser_environment = chromium
        .zip(node_environment)
        .map(|(path, mut environment)| {
            environment.set("CHROMIUM", path.display().to_string());
            environment
        });
    CHROMIUM.run(report, implementation, browser_environment.as_ref());
}

impl SuiteGroup {
    /// Runs the suites with this environment. `None` means that an installation failed: the suites
    /// are recorded as blocked.
    fn run(
        &self,
        report: &mut CommandReport,
        implementation: &Implementation,
        environment: Option<&Environment>,
    ) {
        for &(suite, server) in self.suites {
            let name = format!("{}: {suite}", self.name);
            match environment {
                Some(environment) => report.tests(&name, || {
                    self.run_suite(implementation, suite, server, environment.clone())
                }),
                None => report.blocked(&name),
            }
        }
    }

    fn run_suite(
        &self,
        implementation: &Implementation,
        suite: &str,
        server: RequiredServer,
        mut environment: Environment,
    ) -> StepResult<TestCounts> {
        let server = match server {
            RequiredServer::Conformance(profile) => {
                Some(implementation.start_conformance(profile)?)
            }
            RequiredServer::Chat => Some(implementation.start_chat()?),
            RequiredServer::StartedBySuite => None,
        };
        if let Some(server) = &server {
            environment.set("SPECTER_URL", server.url());
        } else {
            let command = format!("{:?}", implementation.conformance());
            environment.set("SPECTER_SERVER", command);
        }
        let result = (self.run)(suite, &environment);
        let has_passed = matches!(result, Ok(TestCounts { failed: 0, .. }));
        if let Some(server) = server.filter(|_| !has_passed) {
            server.print_log();
        }
        result
    }
}
