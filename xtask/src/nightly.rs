//! `cargo xtask nightly`: the checks that need longer than CI has.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::util::{command, note, root};

/// Seeds of random traces.
const TRACE_SEEDS: &str = "20000";
/// Random traces as machine code; a fifth as many are left by each of their exits.
const MACHINE_CASES: &str = "20000";

#[derive(clap::Args)]
pub struct Args {
    /// How long random programs are run
    #[arg(long, default_value_t = 600, value_name = "N")]
    seconds: u64,
    /// The first random program's seed [default: one that no other night had]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let days = std::time::UNIX_EPOCH.elapsed()?.as_secs() / 86_400;
    let seed = args.seed.unwrap_or(days * 1_000_000).to_string();
    let seconds = args.seconds.to_string();
    let mut traces = command("cargo", ["test", "--release", "--quiet", "-p", "tierup-opt", "--test", "random"]);
    traces.env("TIERUP_SEEDS", TRACE_SEEDS);
    let mut machine = command("cargo", ["test", "--release", "--quiet", "-p", "tierup-codegen", "--test", "random"]);
    machine.env("PROPTEST_CASES", MACHINE_CASES);
    let steps = [
        ("random programs", xtask(&["fuzz", "--seconds", &seconds, "--seed", &seed])?),
        ("random traces", traces),
        ("random machine code", machine),
        ("integer laws", xtask(&["prove", "--z3"])?),
        ("faults", xtask(&["faults", "--all"])?),
        ("memcheck", xtask(&["memcheck"])?),
        ("uses of freed memory", xtask(&["memcheck", "--guard"])?),
        ("programs", xtask(&["diff"])?),
    ];
    let mut failed = Vec::new();
    for (name, mut step) in steps {
        note(format_args!("{name}: {}", words(&step)));
        let status = step.current_dir(root()).status().with_context(|| words(&step))?;
        if !status.success() {
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    note(format_args!("failed: {}", failed.join(", ")));
    Ok(ExitCode::FAILURE)
}

fn xtask(args: &[&str]) -> Result<Command> {
    Ok(command(std::env::current_exe()?, args.iter()))
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
