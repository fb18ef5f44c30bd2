//! Runs the sandbox until it is told to stop. All it does is in the library beside it, so that tests can start it in-process.

use sandbox::{Config, Sandbox};

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program answers on its standard streams")]
async fn main() -> std::process::ExitCode {
    let config = match Config::from_process(std::env::args().skip(1), |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("sandbox: {error}\n{}", Config::USAGE);
            return std::process::ExitCode::from(2);
        }
    };
    let sandbox = match Sandbox::start(config).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            eprintln!("sandbox: cannot listen: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    println!("sandbox: listening on {}", sandbox.url());
    sandbox.run_until_interrupted().await;
    std::process::ExitCode::SUCCESS
}
