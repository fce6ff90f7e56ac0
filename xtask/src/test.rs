//! `cargo xtask test`: every test, provisioned like `cargo xtask run`.

use std::env;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::build;
use crate::diff;
use crate::faults;
use crate::fuzz;
use crate::packages;
use crate::python;
use crate::regrtest;
use crate::util::{command, note, root};
use crate::venv::{PYELFTOOLS, PYTEST};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    profile: build::Profile,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let interpreter = python::find()?;
    let venv = build::build(args.profile)?;
    let mut failed = Vec::new();
    let mut step = |name: &'static str, passed: &dyn Fn() -> Result<bool>| {
        note(format_args!("{name} under {}", interpreter.path.display()));
        let start = Instant::now();
        let passed = passed().unwrap_or_else(|error| {
            note(format_args!("{error:#}"));
            false
        });
        let seconds = start.elapsed().as_secs_f64();
        note(format_args!("{name}: {} in {seconds:.0} s", if passed { "passed" } else { "FAILED" }));
        if !passed {
            failed.push(name);
        }
    };
    step("cargo test", &|| {
        passes(command("cargo", ["test", "--workspace", "--quiet"]).env("TIERUP_PYTHON", &interpreter.path))
    });
    step("pytest", &|| {
        venv.require(PYTEST)?;
        venv.require(PYELFTOOLS)?;
        let others = env::join_paths(python::others())?;
        passes(venv.python().args(["-m", "pytest", "-q", "tests/python"]).env("TIERUP_TEST_OTHER_PYTHONS", others))
    });
    step("pytest of the benchmark tools", &|| passes(venv.python().args(["-m", "pytest", "-q", "benches/tests"])));
    step("faults", &|| passes(&mut faults::tests(&venv, args.profile)?));
    step("diff", &|| Ok(diff::compare_all(&venv)? == 0));
    step("diff --exits", &|| Ok(diff::compare_exits_of_some(&venv)? == 0));
    step("diff --references", &|| Ok(diff::compare_references_of_some(&venv)? == 0));
    step("regrtest", &|| regrtest::ci(&venv));
    step("packages", &packages::ci);
    step("fuzz", &|| fuzz::fixed(&venv));
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    note(format_args!("failed: {}", failed.join(", ")));
    Ok(ExitCode::FAILURE)
}

fn passes(command: &mut Command) -> Result<bool> {
    let status = command
        .current_dir(root())
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    Ok(status.success())
}
