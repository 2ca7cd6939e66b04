//! The outside clients' suites: which there are, which server each talks to, and what has to be
//! installed first.

use std::path::PathBuf;
use std::process::Command;

use crate::process::Environment;
use crate::report::{Outcome, Report, Tally};
use crate::server::Server;
use crate::{browser, node, python};

/// Who plays the servers.
pub(crate) enum Target {
    /// The example programs.
    Specter { conformance: PathBuf, chat: PathBuf },
    /// The reference implementation on Node.js, which shows the suites themselves to be right.
    Reference,
}

impl Target {
    /// The conformance server's program and first arguments.
    fn conformance(&self) -> Vec<String> {
        match self {
            Self::Specter { conformance, .. } => vec![conformance.display().to_string()],
            Self::Reference => vec!["node".to_owned(), "reference/server.js".to_owned()],
        }
    }

    fn serve_profile(&self, profile: &str) -> Outcome<Server> {
        let words = self.conformance();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(["--profile", profile, "--port", "0"]);
        command.current_dir(crate::workspace::path(node::CLIENTS));
        Server::start(&format!("conformance-{profile}"), &mut command)
    }

    fn serve_chat(&self) -> Outcome<Server> {
        let mut command = match self {
            Self::Specter { chat, .. } => Command::new(chat),
            Self::Reference => node::script("reference/chat.js"),
        };
        Server::start("chat", command.env("PORT", "0"))
    }

    fn environment(&self) -> Environment {
        let mut environment = Environment::default();
        if matches!(self, Self::Reference) {
            environment.set("SPECTER_REFERENCE", "1");
        }
        environment
    }
}

/// What a suite talks to.
#[derive(Clone, Copy)]
enum Against {
    Profile(&'static str),
    Chat,
    /// The suite starts its servers itself.
    Own,
}

/// Suites that are run in one way, once the same things are installed.
struct Kind {
    name: &'static str,
    run: fn(&str, &Environment) -> Outcome<Tally>,
    /// By folder.
    suites: &'static [(&'static str, Against)],
}

const JAVASCRIPT: Kind = Kind {
    name: "JavaScript",
    run: node::test,
    suites: &[
        ("engine", Against::Profile("engine")),
        ("engine-client", Against::Profile("engine-client")),
        ("socket", Against::Profile("socket")),
        ("socket-client", Against::Profile("socket-client")),
        ("bench", Against::Profile("bench")),
        ("lifecycle", Against::Own),
        ("chat", Against::Chat),
    ],
};

const PYTHON: Kind = Kind {
    name: "Python",
    run: python::test,
    suites: &[
        ("socket", Against::Profile("socket")),
        ("socket-client", Against::Profile("socket-client")),
    ],
};

const CHROMIUM: Kind = Kind {
    name: "Chromium",
    run: node::test,
    suites: &[("browser", Against::Chat)],
};

/// Installs what the suites need, and runs them all.
pub(crate) fn run(report: &mut Report, target: &Target) {
    let clients = report.step("npm ci: clients", || node::install(node::CLIENTS));
    let page = report.step("npm ci: chat page", || node::install(node::CHAT));
    let python = report.step("pip install", || python::install(python::CLIENTS));
    let chromium = report.step("Chromium", browser::install);

    let packages = clients.and(page).map(|()| target.environment());
    JAVASCRIPT.run(report, target, packages.as_ref());
    // The reference needs its packages even where the client is Python.
    PYTHON.run(report, target, python.and(packages.as_ref()));
    let browser = chromium.zip(packages).map(|(path, mut environment)| {
        environment.set("CHROMIUM", path.display().to_string());
        environment
    });
    CHROMIUM.run(report, target, browser.as_ref());
}

impl Kind {
    /// Runs the suites with this environment; without one, something that they need was not
    /// installed.
    fn run(&self, report: &mut Report, target: &Target, environment: Option<&Environment>) {
        for &(suite, against) in self.suites {
            let name = format!("{}: {suite}", self.name);
            match environment {
                Some(environment) => report.tests(&name, || {
                    self.run_one(target, suite, against, environment.clone())
                }),
                None => report.not_run(&name),
            }
        }
    }

    fn run_one(
        &self,
        target: &Target,
        suite: &str,
        against: Against,
        mut environment: Environment,
    ) -> Outcome<Tally> {
        let server = match against {
            Against::Profile(profile) => Some(target.serve_profile(profile)?),
            Against::Chat => Some(target.serve_chat()?),
            Against::Own => None,
        };
        match &server {
            Some(server) => environment.set("SPECTER_URL", server.url()),
            None => environment.set("SPECTER_SERVER", format!("{:?}", target.conformance())),
        }
        let outcome = (self.run)(suite, &environment);
        if let Some(server) = server.filter(|_| !matches!(outcome, Ok(Tally { failed: 0, .. }))) {
            server.show_log();
        }
        outcome
    }
}
