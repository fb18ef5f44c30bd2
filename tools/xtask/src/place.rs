//! Where things are: the checkout, the folder of one local stack, its ports.
//!
//! Two stacks can run side by side when each has its own folder and ports; the tests use that.

use std::env;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, While};

/// The stack's name, locally. Each local AWS is its own world, so one name is enough.
pub(crate) const STACK: &str = "quittance-local";
/// What region the local AWS plays.
pub(crate) const REGION: &str = "us-east-1";
/// The id that ministack gives the API (samconfig.toml tags it), so that its URL outlives a restart.
const API_ID: &str = "quittance";

const DEFAULT_PORTS: Ports = Ports { aws: 4566, sandbox: 12_111, watch: 9000 };

/// The ports of one local stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) aws: u16,
    pub(crate) sandbox: u16,
    pub(crate) watch: u16,
}

/// The checkout and the local stack that this call is about.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// Everything of one local stack: `target/local`.
    pub(crate) local: PathBuf,
    pub(crate) ports: Ports,
}

impl Place {
    /// Reads folders and ports from the environment, and takes the port flags out of `words`.
    pub(crate) fn from_environment(words: &mut Vec<String>) -> Result<Self, Failure> {
        let root = workspace_root()?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        let local = env::var_os("QUITTANCE_LOCAL_DIR").map_or_else(|| target.join("local"), |dir| root.join(dir));
        let ports = Ports {
            aws: port(words, "--port", "QUITTANCE_PORT", DEFAULT_PORTS.aws)?,
            sandbox: port(words, "--sandbox-port", "QUITTANCE_SANDBOX_PORT", DEFAULT_PORTS.sandbox)?,
            watch: port(words, "--watch-port", "QUITTANCE_WATCH_PORT", DEFAULT_PORTS.watch)?,
        };
        Ok(Self { root, target, local, ports })
    }

    /// The stack of whoever says nothing.
    #[cfg(test)]
    pub(crate) fn usual() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("/")).to_path_buf();
        let target = root.join("target");
        Self { local: target.join("local"), target, root, ports: DEFAULT_PORTS }
    }

    /// A stack of its own for a test run, beside whatever the developer has running.
    pub(crate) fn beside(&self, name: &str) -> Result<Self, Failure> {
        let ports = Ports { aws: free_port()?, sandbox: free_port()?, watch: free_port()? };
        Ok(Self { local: self.target.join(name), ports, ..self.clone() })
    }

    pub(crate) fn venv_program(&self, name: &str) -> PathBuf {
        self.target.join("venv/bin").join(name)
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.local.join("logs").join(format!("{name}.log"))
    }

    pub(crate) fn stack_json(&self) -> PathBuf {
        self.local.join("stack.json")
    }

    pub(crate) fn watch_env(&self) -> PathBuf {
        self.local.join("watch.env")
    }

    pub(crate) fn aws_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.aws)
    }

    pub(crate) fn sandbox_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.sandbox)
    }

    /// The local AWS as the functions see it: the sandbox passes on what is signed for AWS, or fails on request.
    pub(crate) fn functions_aws_url(&self) -> String {
        self.sandbox_url()
    }

    /// The API as a client calls it. This form needs no DNS.
    pub(crate) fn api_url(&self) -> String {
        format!("{}/restapis/{API_ID}/v1/_user_request_", self.aws_url())
    }

    /// A path for people: relative to the checkout where it can be.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// Fails with a remedy when somebody else listens on the port.
pub(crate) fn require_free(port: u16, flag: &str, variable: &str) -> Result<(), Failure> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::new(format!(
            "port {port} is taken; stop what listens there, or choose another with {flag} (or {variable})"
        ))),
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).while_doing("looking for a free port")?;
    Ok(listener.local_addr().while_doing("looking for a free port")?.port())
}

/// `cargo run` tells where this package is; the workspace is two folders above it.
fn workspace_root() -> Result<PathBuf, Failure> {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::new("run this as `cargo xtask` inside the checkout"))
}

fn port(words: &mut Vec<String>, flag: &str, variable: &str, default: u16) -> Result<u16, Failure> {
    let text = match words.iter().position(|word| word == flag) {
        Some(at) => {
            words.remove(at);
            if at == words.len() {
                return Err(Failure::new(format!("{flag} needs a port")));
            }
            words.remove(at)
        }
        None => match env::var(variable) {
            Ok(text) => text,
            Err(_) => return Ok(default),
        },
    };
    match text.parse() {
        Ok(0) => free_port(),
        Ok(port) => Ok(port),
        Err(_) => Err(Failure::new(format!("{text:?} is not a port ({flag} or {variable})"))),
    }
}
