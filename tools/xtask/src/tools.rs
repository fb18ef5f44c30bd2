//! The Python tools (a local AWS, the AWS and SAM command lines, cargo-lambda) in a virtual environment under `target/`, and what npm
//! installs beside it.
//!
//! Nothing is installed outside `target/`. A missing system tool is told with the command that brings it.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, While};
use crate::place::Place;
use crate::step;

/// What to install, at which versions.
const REQUIREMENTS: &str = include_str!("../requirements.txt");
/// What ministack and SAM ask for.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// Makes the virtual environment unless it is there with these very versions.
pub(crate) fn install(place: &Place) -> Result<(), Failure> {
    let says = "installing ministack, aws-sam-cli, cargo-lambda (one to three minutes, once)";
    environment(place, "venv", REQUIREMENTS, says).map(drop)
}

/// A virtual environment of this name under `target/` with these very versions; it is made unless it is there. What shares no package
/// with the others has one of its own, so that neither says which versions the other gets.
pub(crate) fn environment(place: &Place, name: &str, requirements: &str, says: &str) -> Result<PathBuf, Failure> {
    let _alone = alone(place, name)?;
    let home = place.target.join(name);
    let stamp = home.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == requirements) {
        return Ok(home);
    }
    let python = python()?;
    step::run(
        place,
        name,
        &format!("making a Python environment in target/{name}"),
        Command::new(python).args(["-m", "venv", "--clear"]).arg(&home),
    )
    .map_err(|failure| Failure::new(format!("{failure}\non Debian and Ubuntu: apt-get install python3-venv")))?;
    let wanted = home.join("wanted.txt");
    fs::write(&wanted, requirements).while_doing("writing the list of Python tools")?;
    step::run(
        place,
        &format!("pip-{name}"),
        says,
        Command::new(home.join("bin/python"))
            .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r"])
            .arg(&wanted),
    )?;
    fs::rename(&wanted, &stamp).while_doing("recording what was installed")?;
    Ok(home)
}

/// What npm installs under `target/`, at the versions of its lock file; both files lie in `tools/xtask/npm/`, in a folder of its name.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// Its `package.json`.
    pub(crate) wanted: &'static str,
    /// Its `package-lock.json`.
    pub(crate) locked: &'static str,
    /// What is told while it is fetched.
    pub(crate) says: &'static str,
}

/// The folder that holds it; `None` where node or npm is missing. Nothing that a package would run is run.
pub(crate) fn npm(place: &Place, package: &Package) -> Result<Option<PathBuf>, Failure> {
    let (Some(_node), Some(npm)) = (find("node"), find("npm")) else { return Ok(None) };
    let Package { name, wanted, locked, says } = package;
    let _alone = alone(place, name)?;
    let home = place.target.join(name);
    let stamp = home.join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == *locked) {
        return Ok(Some(home));
    }
    fs::create_dir_all(&home).while_doing(format!("making target/{name}"))?;
    fs::write(home.join("package.json"), wanted).while_doing("writing package.json")?;
    fs::write(home.join("package-lock.json"), locked).while_doing("writing package-lock.json")?;
    let mut command = Command::new(npm);
    command.current_dir(&home).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    step::run(place, &format!("npm-{name}"), says, &mut command)?;
    fs::write(&stamp, locked).while_doing("recording what was installed")?;
    Ok(Some(home))
}

/// For as long as this is held, nobody else makes what `target/` holds under this name: two commands at once (`up` and `test`) must not
/// do it twice.
fn alone(place: &Place, name: &str) -> Result<File, Failure> {
    fs::create_dir_all(&place.target).while_doing("making the target folder")?;
    let what = format!("locking target/{name}");
    let lock = File::create(place.target.join(format!("{name}.lock"))).while_doing(&what)?;
    lock.lock().while_doing(&what)?;
    Ok(lock)
}

/// A `PATH` that finds the environment's tools first: SAM calls `cargo lambda`, which calls `python -m ziglang`.
pub(crate) fn path(place: &Place) -> String {
    let rest = env::var("PATH").unwrap_or_default();
    format!("{}:{rest}", place.target.join("venv/bin").display())
}

/// The program of that name on the `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn python() -> Result<PathBuf, Failure> {
    let remedy = "install Python 3.10 or newer (Debian, Ubuntu: apt-get install python3 python3-venv)";
    // A versioned name helps where `python3` is an old one.
    for name in ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"] {
        let Some(program) = find(name) else { continue };
        let asked = Command::new(&program).args(["-c", "import sys; print(*sys.version_info[:2])"]).output();
        let Ok(output) = asked else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = text.split_whitespace().filter_map(|number| number.parse::<u32>().ok());
        if let (Some(major), Some(minor)) = (numbers.next(), numbers.next())
            && (major, minor) >= OLDEST_PYTHON
        {
            return Ok(program);
        }
    }
    Err(Failure::new(format!("no Python of version 3.10 or newer was found; {remedy}")))
}
