//! `cargo xtask faults`: memory, permissions and ids are taken from the JIT; nothing is left behind.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::build;
use crate::util::{root, target};
use crate::venv::{PYTEST, Venv};

#[derive(clap::Args)]
pub struct Args {
    /// At every point instead of a sample: every allocation fails once
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    profile: build::Profile,
    /// Arguments for pytest, such as -k NAME
    #[arg(last = true, value_name = "ARGS")]
    pytest: Vec<String>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let venv = build::build(args.profile)?;
    let mut command = tests(&venv, args.profile)?;
    if args.all {
        command.env("TIERUP_TEST_ALL", "1");
    }
    let status = command.args(&args.pytest).current_dir(root()).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What runs the tests, with the sample that CI takes.
pub fn tests(venv: &Venv, profile: build::Profile) -> Result<Command> {
    venv.require(PYTEST)?;
    let mut command = venv.python();
    command.args(["-m", "pytest", "-q", "tests/faults"]).env("TIERUP_TEST_FAULTY", package(profile)?);
    Ok(command)
}

/// The folder of the package whose native part fails allocations when told to.
fn package(profile: build::Profile) -> Result<PathBuf> {
    let folder = target().join("faults");
    let package = folder.join("tierup");
    fs::create_dir_all(&package)?;
    for file in fs::read_dir(root().join("python/tierup"))? {
        let file = file?.path();
        if file.extension().is_some_and(|e| e == "py") {
            fs::copy(&file, package.join(file.file_name().expect("a file of a folder has a name")))?;
        }
    }
    build::faulty(profile, &package)?;
    Ok(folder)
}
