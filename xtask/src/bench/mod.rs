//! `cargo xtask bench` and `cargo xtask profile`.
//!
//! What is here builds Tierup, finds or installs the other interpreters, and hands over to the Python package in
//! `benches/tierup_bench`, which measures and reports.

mod peers;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::build;
use crate::process::Scratch;
use crate::python;
use crate::util::{command, exit_code, quiet, root, target, usage};
use crate::venv::Venv;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    run: Run,
}

#[derive(clap::Subcommand)]
enum What {
    /// Show what changed between two results
    Compare(Compare),
    /// Write a stored result again: the table, the HTML page, or docs/performance.md
    Report(Report),
    /// Check instruction counts against those in the repository
    Counts(Counts),
    /// Show which tier executes how many of each warm program's instructions
    Tiers(Tiers),
    /// Show what compiling costs: time and instructions per recorded uop
    Compiling(Compiling),
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Suite {
    /// Small loops, each about one thing
    Kernels,
    /// Small real programs
    Real,
    /// The programs of the package pyperformance
    Pyperformance,
    /// Short commands, from the start of the process to its end
    Startup,
    /// Every iteration from the start of the process, and when what was compiled
    Warmup,
    /// Memory in use and bytes of machine code over time
    Memory,
}

#[derive(clap::Args, Serialize)]
struct Run {
    /// What to measure [default: all]
    #[arg(value_name = "SUITE")]
    suites: Vec<Suite>,
    /// Interpreters to measure against [default: all that can be had]
    #[arg(long, value_delimiter = ',')]
    against: Option<Vec<peers::Peer>>,
    /// Programs of these names only
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Tierup's highest tier
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=2))]
    tier: Option<u8>,
    /// Few and short samples; pyperformance against plain CPython alone unless --against says more
    #[arg(long)]
    quick: bool,
    /// Fresh processes of each program and interpreter
    #[arg(long)]
    processes: Option<u32>,
    /// Rounds of timings in each process
    #[arg(long)]
    rounds: Option<u32>,
    /// Seconds of warm-up of each process
    #[arg(long)]
    warm_up: Option<f64>,
    /// Count instructions too where it is not done anyway: in quick runs, and of pyperformance (slow where perf cannot)
    #[arg(long)]
    instructions: bool,
    /// Let pyperf itself run pyperformance's programs, and keep its files
    #[arg(long)]
    pyperf: bool,
    /// Print the result as JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Where to write the result [default: in target/bench/results]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave out what would have to be installed first
    #[arg(long)]
    no_install: bool,
    #[command(flatten)]
    #[serde(skip)]
    profile: build::Profile,
}

#[derive(clap::Args, Serialize)]
struct Compare {
    before: PathBuf,
    after: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Serialize)]
struct Report {
    /// Results, of different suites [default: the latest]
    #[arg(value_name = "RESULT")]
    results: Vec<PathBuf>,
    /// Write the page here
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Put the tables into docs/performance.md
    #[arg(long)]
    docs: bool,
}

#[derive(clap::Args, Serialize)]
struct Counts {
    /// Store the counts as the expected ones
    #[arg(long)]
    update: bool,
    #[command(flatten)]
    #[serde(skip)]
    profile: build::Profile,
}

#[derive(clap::Args, Serialize)]
struct Tiers {
    /// Whose programs [default: kernels, real, pyperformance]
    #[arg(value_name = "SUITE")]
    suites: Vec<Suite>,
    /// Programs of these names only
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Seconds of warm-up; a quarter of it is counted then
    #[arg(long, default_value_t = 8.0)]
    warm_up: f64,
    #[command(flatten)]
    #[serde(skip)]
    profile: build::Profile,
}

#[derive(clap::Args, Serialize)]
struct Compiling {
    /// Whose programs [default: kernels]
    #[arg(value_name = "SUITE")]
    suites: Vec<Suite>,
    /// Programs of these names only
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Fresh processes, of which the fastest counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    processes: u32,
    #[command(flatten)]
    #[serde(skip)]
    profile: build::Profile,
}

#[derive(clap::Args)]
pub struct ProfileArgs {
    /// Profile this tool's way: perf samples the clock, callgrind counts instructions
    #[arg(long, value_parser = ["perf", "callgrind"])]
    with: Option<String>,
    /// Tierup's highest tier
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=2))]
    tier: Option<u8>,
    /// Lines of each table
    #[arg(long, default_value_t = 20)]
    top: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    profile: build::Profile,
    /// A script, or -m MODULE, or -c CODE, and its arguments; or the name of a kernel or real program
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    match &args.what {
        None => measure(&args.run),
        Some(What::Compare(args)) => {
            readable([&args.before, &args.after])?;
            harness(&Venv::of(&python::find()?)?, "compare", json!(args))
        }
        Some(What::Report(args)) => {
            readable(&args.results)?;
            harness(&Venv::of(&python::find()?)?, "report", json!(args))
        }
        Some(What::Counts(args)) => {
            let venv = build::build(args.profile)?;
            let config = json!({ "update": args.update, "contestants": [peers::tierup(&venv, None)?] });
            harness(&venv, "counts", config)
        }
        Some(What::Tiers(args)) => look_into(&args.suites, "tiers", json!(args), args.profile),
        Some(What::Compiling(args)) => look_into(&args.suites, "compiling", json!(args), args.profile),
    }
}

/// Has Tierup alone run programs of suites that have some.
fn look_into(suites: &[Suite], action: &str, mut config: Value, profile: build::Profile) -> Result<ExitCode> {
    let timed = [Suite::Kernels, Suite::Real, Suite::Pyperformance];
    if let Some(other) = suites.iter().find(|suite| !timed.contains(suite)) {
        return Err(usage(format!("{} has no programs to look into", json!(other))));
    }
    let venv = build::build(profile)?;
    let (contestants, _) = peers::contestants(&venv, Some(&[]), None, true)?;
    config["contestants"] = json!(contestants);
    harness(&venv, action, config)
}

pub fn profile(args: &ProfileArgs) -> Result<ExitCode> {
    let venv = build::build(args.profile)?;
    let program: Vec<_> = args.program.iter().map(|word| word.to_string_lossy()).collect();
    let config = json!({
        "program": program,
        "with": args.with,
        "top": args.top,
        "json": args.json,
        "contestants": [peers::tierup(&venv, args.tier)?],
    });
    harness(&venv, "profile", config)
}

fn measure(args: &Run) -> Result<ExitCode> {
    if [args.processes, args.rounds].contains(&Some(0)) {
        return Err(usage("--processes and --rounds need a number from 1"));
    }
    if args.pyperf && args.suites != [Suite::Pyperformance] {
        return Err(usage("--pyperf is for the suite pyperformance"));
    }
    let venv = build::build(args.profile)?;
    let (contestants, skipped) = peers::contestants(&venv, args.against.as_deref(), args.tier, !args.no_install)?;
    let mut config = json!(args);
    config["contestants"] = json!(contestants);
    config["skipped"] = json!(skipped);
    harness(&venv, "measure", config)
}

fn readable<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<()> {
    for path in paths {
        fs::File::open(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// Runs the Python part; its end is ours.
fn harness(venv: &Venv, what: &str, mut config: Value) -> Result<ExitCode> {
    let git = |arguments: &[&str]| quiet(command("git", arguments).current_dir(root())).unwrap_or_default();
    config["folder"] = json!(target().join("bench"));
    config["commit"] = json!(git(&["rev-parse", "--short=12", "HEAD"]).trim());
    config["modified"] = json!(!git(&["status", "--porcelain", "--untracked-files=no"]).is_empty());
    config["rustc"] = json!(quiet(&mut command("rustc", ["--version"])).unwrap_or_default().trim());
    let words: Vec<_> = std::env::args().skip(1).collect();
    config["command"] = json!(format!("cargo xtask {}", words.join(" ")));
    let scratch = Scratch::new()?;
    let file = scratch.path().join("config.json");
    fs::write(&file, serde_json::to_vec(&config)?)?;
    let status = plainly(&venv.bin("python"))
        .args(["-m", "tierup_bench", what])
        .arg(&file)
        .env("PYTHONPATH", root().join("benches"))
        .stdin(Stdio::null())
        .status()
        .with_context(|| venv.bin("python").display().to_string())?;
    Ok(exit_code(status))
}

/// An interpreter without the settings in the user's environment.
fn plainly(python: &Path) -> Command {
    let mut command = Command::new(python);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["PYTHON", "TIERUP", "CINDER"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}
