//! Servers that outlive this command: started in a process group of their own, recorded, and ended as a group.
//!
//! Never by name. A group is ours when its leader still runs the program that we started, or when the leader is gone
//! and children of it are left (a process id is not given out again while a group of that number exists).

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde_json::{Value, json};

use crate::failure::{Failure, While};
use crate::place::{Place, Ports};
use crate::step;

/// How long a group may take to end when asked, before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

/// One server of the local stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) name: String,
    /// The process id of the leader, which is the number of the group.
    pub(crate) group: u32,
    /// A part of the leader's command line that nobody else has.
    mark: String,
}

/// What runs now, as `running.json` remembers it.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) servers: Vec<Server>,
    pub(crate) ports: Ports,
}

impl Server {
    /// Starts a server and records it before anything else can go wrong. Output goes to `logs/<name>.log`.
    pub(crate) fn start(place: &Place, name: &str, mark: &str, command: &mut Command) -> Result<Self, Failure> {
        let log = step::open_log(place, name)?;
        let errors = log.try_clone().while_doing("opening the log twice")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .while_doing(format!("starting {name}"))?;
        let server = Self { name: name.to_owned(), group: child.id(), mark: mark.to_owned() };
        let mut running = Running::read(place).unwrap_or(Running { servers: Vec::new(), ports: place.ports });
        running.servers.retain(|other| other.name != name);
        running.servers.push(server.clone());
        running.ports = place.ports;
        running.write(place)?;
        Ok(server)
    }

    pub(crate) fn is_alive(&self) -> bool {
        command_line(self.group).is_some_and(|line| line.contains(&self.mark))
    }

    pub(crate) fn stop(&self) {
        if command_line(self.group).is_none_or(|line| line.contains(&self.mark)) {
            end_group(self.group);
        }
    }
}

impl Running {
    pub(crate) fn read(place: &Place) -> Option<Self> {
        let value: Value = serde_json::from_slice(&fs::read(file(place)).ok()?).ok()?;
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        let port = |name: &str| number(value.get("ports")?.get(name)?).and_then(|port| u16::try_from(port).ok());
        let servers = value
            .get("servers")?
            .as_array()?
            .iter()
            .filter_map(|server| {
                Some(Server {
                    name: server.get("name")?.as_str()?.to_owned(),
                    group: number(server.get("group")?)?,
                    mark: server.get("mark")?.as_str()?.to_owned(),
                })
            })
            .collect();
        Some(Self { servers, ports: Ports { aws: port("aws")?, sandbox: port("sandbox")?, watch: port("watch")? } })
    }

    /// The same place, with the ports of what runs in it.
    pub(crate) fn place(&self, place: &Place) -> Place {
        Place { ports: self.ports, ..place.clone() }
    }

    pub(crate) fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }

    fn write(&self, place: &Place) -> Result<(), Failure> {
        let servers: Vec<Value> = self
            .servers
            .iter()
            .map(|server| json!({"name": server.name, "group": server.group, "mark": server.mark}))
            .collect();
        let ports = json!({"aws": self.ports.aws, "sandbox": self.ports.sandbox, "watch": self.ports.watch});
        let text = json!({"servers": servers, "ports": ports}).to_string();
        fs::create_dir_all(&place.local).while_doing("making the stack's folder")?;
        fs::write(file(place), text).while_doing("writing running.json")
    }
}

/// Forgets what ran, after it was stopped.
pub(crate) fn forget(place: &Place) {
    drop(fs::remove_file(file(place)));
}

/// Asks a process group to end, and kills what is left of it.
pub(crate) fn end_group(group: u32) {
    let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) else { return };
    for (signal, patience) in [(Signal::TERM, PATIENCE), (Signal::KILL, Duration::from_secs(1))] {
        if kill_process_group(pid, signal).is_err() {
            return;
        }
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if test_kill_process_group(pid).is_err() || only_zombies_left(group) {
                return;
            }
            thread::sleep(POLL);
        }
    }
}

fn file(place: &Place) -> PathBuf {
    place.local.join("running.json")
}

/// The command line of a process, or nothing when there is none. `/proc` first: small images have no `ps`.
fn command_line(pid: u32) -> Option<String> {
    if let Ok(bytes) = fs::read(format!("/proc/{pid}/cmdline")) {
        // A zombie has an empty command line.
        return (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let output = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

/// A group whose dead members nobody has collected yet still answers to signals; on Linux we can see that.
fn only_zombies_left(group: u32) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else { return false };
    let mut members = 0_u32;
    for entry in entries.flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // "pid (name) state parent group …"; the name may hold anything, so read after its closing bracket.
        let Some((_, rest)) = stat.rsplit_once(')') else { continue };
        let mut fields = rest.split_whitespace();
        let (state, _parent, its_group) = (fields.next(), fields.next(), fields.next());
        if its_group == Some(group.to_string().as_str()) {
            members = members.saturating_add(1);
            if state != Some("Z") {
                return false;
            }
        }
    }
    members > 0
}
