//! `cargo xtask diff`: programs run plainly and under Tierup in stress settings must not differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use anyhow::{Result, bail};

use crate::build;
use crate::compare::{
    Native, Program, References, Setting, check_settings, compare_exits, difference, ran_no_trace, run_plainly,
    run_under,
};
use crate::process::End;
use crate::util::{root, usage};
use crate::venv::Venv;

const WORKERS: usize = 2;
/// Lines of a difference that are printed.
const DIFF_LINES: usize = 60;
/// Columns of each.
const DIFF_COLUMNS: usize = 400;

#[derive(clap::Args)]
pub struct Args {
    /// Comma-separated: default, hot, tier1, exit-all, spill, no-opt, or VARIABLE=VALUE[+VARIABLE=VALUE]
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    settings: Vec<String>,
    /// Compare instead what each exit of machine code leaves with what interpreting has at that instruction
    #[arg(long)]
    exits: bool,
    /// Compare also when objects die, and reference counts at calls, returns and in the module, of the programs changed
    /// so that they tell
    #[arg(long, conflicts_with = "exits")]
    references: bool,
    #[command(flatten)]
    profile: build::Profile,
    /// Programs, or directories of programs [default: tests/programs]
    #[arg(value_name = "PROGRAM")]
    programs: Vec<PathBuf>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let settings = match &args.settings[..] {
        [] => Setting::all(),
        names => names.iter().map(|name| Setting::parse(name)).collect::<Result<_>>()?,
    };
    let programs = programs(&args.programs)?;
    let venv = build::build(args.profile)?;
    let check: Check = match args {
        Args { exits: true, .. } => check_exits,
        Args { references: true, .. } => check_references,
        _ => check,
    };
    let failed = compare(&venv, &programs, &settings, check)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// As `cargo xtask diff` does, but for programs that the settings make too slow: those are left out.
pub fn run_slowly(venv: &Venv, named: &[PathBuf], settings: &[Setting]) -> Result<ExitCode> {
    let failed = compare(venv, &programs(named)?, settings, check_unless_slow)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All programs in all settings; returns how many failed.
pub fn compare_all(venv: &Venv) -> Result<usize> {
    compare(venv, &programs(&[])?, &Setting::all(), check)
}

/// Exits of these programs are compared in CI: of each kind of frame one.
const WITH_EXITS: &[&str] = &[
    "call_closures",
    "call_keywords",
    "call_recursion",
    "class_construction",
    "contract_same_loop",
    "exc_caught_in_loop",
    "gen_consumed",
    "gen_in_traces",
    "int_sum_types_mixed",
    "loop_nest_calls",
    "misc_polymorphic",
    "recursion_locals",
    "recursion_observed",
];

/// The part of `--exits` that CI runs; returns how many programs failed.
pub fn compare_exits_of_some(venv: &Venv) -> Result<usize> {
    let paths: Vec<_> = WITH_EXITS.iter().map(|name| root().join(format!("tests/programs/{name}.py"))).collect();
    compare(venv, &programs(&paths)?, &[Setting::parse("hot")?], check_exits)
}

/// References of these programs are compared in CI: of each way to own, lend and lose an object one.
const WITH_REFERENCES: &[&str] = &[
    "call_keywords",
    "call_recursion",
    "class_construction",
    "contract_last_reference",
    "contract_resurrect",
    "del_order_args",
    "del_order_locals",
    "exc_caught_in_loop",
    "frame_borrowed_arguments",
    "fuzz_objects",
    "gen_consumed",
    "gen_in_traces",
    "iter_die_unseen",
    "misc_polymorphic",
    "recursion_locals",
];

/// The part of `--references` that CI runs; returns how many programs failed.
pub fn compare_references_of_some(venv: &Venv) -> Result<usize> {
    let paths: Vec<_> = WITH_REFERENCES.iter().map(|name| root().join(format!("tests/programs/{name}.py"))).collect();
    compare(venv, &programs(&paths)?, &[Setting::parse("hot")?], check_references)
}

fn programs(named: &[PathBuf]) -> Result<Vec<Program>> {
    let default = [root().join("tests/programs")];
    let named = if named.is_empty() { &default[..] } else { named };
    let mut paths = Vec::new();
    for path in named {
        // Tracebacks show the path: it must be the same in every run.
        let path = path.canonicalize().map_err(|_| usage(format!("{} does not exist", path.display())))?;
        if path.is_dir() {
            let mut inside: Vec<_> = fs::read_dir(&path)?.flatten().map(|entry| entry.path()).collect();
            inside.retain(|path| path.extension().is_some_and(|e| e == "py"));
            inside.sort();
            paths.append(&mut inside);
        } else {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(usage("no programs to compare"));
    }
    paths.iter().map(|path| Program::read(path)).collect()
}

/// What is wrong in one setting; the shortest one of a program is printed.
struct Failure {
    setting: String,
    text: String,
}

/// How a program is checked in some settings.
type Check = fn(&Venv, &Program, &[Setting]) -> Result<Vec<Failure>>;

fn compare(venv: &Venv, programs: &[Program], settings: &[Setting], check: Check) -> Result<usize> {
    check_settings(venv, settings)?;
    let queue = Mutex::new(programs.iter());
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let Some(program) = queue.lock().expect("no worker panics").next() else { break };
                    let failures = check(venv, program, settings);
                    let mut results = results.lock().expect("no worker panics");
                    report(program, &failures);
                    results.insert(program.name(), failures.is_ok_and(|failures| failures.is_empty()));
                }
            });
        }
    });
    let results = results.into_inner()?;
    let failed: Vec<_> = results.iter().filter(|(_, ok)| !**ok).map(|(name, _)| name).collect();
    if !failed.is_empty() {
        println!("failed:");
        for name in &failed {
            println!("  {name}");
        }
    }
    println!("{} passed, {} failed", results.len() - failed.len(), failed.len());
    Ok(failed.len())
}

/// Prints the head of a difference.
pub fn print_difference(text: &str, lines: usize) {
    for line in text.lines().take(lines) {
        let cut = line.char_indices().nth(DIFF_COLUMNS).map_or(line.len(), |(at, _)| at);
        println!("  {}{}", &line[..cut], if cut < line.len() { "..." } else { "" });
    }
}

fn report(program: &Program, failures: &Result<Vec<Failure>>) {
    match failures {
        Ok(failures) => {
            let Some(smallest) = failures.iter().min_by_key(|failure| failure.text.lines().count()) else { return };
            let settings: Vec<_> = failures.iter().map(|failure| failure.setting.as_str()).collect();
            println!("FAIL {} in {}; in {}:", program.name(), settings.join(", "), smallest.setting);
            print_difference(&smallest.text, DIFF_LINES);
        }
        Err(error) => println!("FAIL {}: {error:#}", program.name()),
    }
}

fn check(venv: &Venv, program: &Program, settings: &[Setting]) -> Result<Vec<Failure>> {
    check_outcomes(venv, program, settings, false)
}

fn check_unless_slow(venv: &Venv, program: &Program, settings: &[Setting]) -> Result<Vec<Failure>> {
    check_outcomes(venv, program, settings, true)
}

fn check_outcomes(venv: &Venv, program: &Program, settings: &[Setting], may_be_slow: bool) -> Result<Vec<Failure>> {
    let plain = run_plainly(venv, program)?;
    if plain.end != program.expected_end() {
        bail!("plainly: {}, not {}\n{}", plain.end, program.expected_end(), plain.stderr);
    }
    let mut failures = Vec::new();
    for setting in settings {
        let (outcome, stats) = run_under(venv, program, setting)?;
        if may_be_slow && outcome.end == End::TimedOut {
            println!("left out: {} takes too long in {}", program.name(), setting.name);
            continue;
        }
        let mut text = difference(&plain, &outcome);
        if text.is_empty() && setting.compiles(program.native) && matches!(outcome.end, End::Exit(_)) {
            text = ran_no_trace(stats.as_ref()).unwrap_or_default();
        }
        if !text.is_empty() {
            failures.push(Failure { setting: setting.name.clone(), text });
        }
    }
    Ok(failures)
}

fn check_references(venv: &Venv, program: &Program, settings: &[Setting]) -> Result<Vec<Failure>> {
    if !program.deterministic || !program.counted {
        return Ok(Vec::new());
    }
    let plain = References::run(venv, program, None)?;
    if plain.lines() == 0 {
        bail!("tests/oracle/references.py wrote nothing");
    }
    let mut failures = Vec::new();
    for setting in settings {
        let text = plain.difference(&References::run(venv, program, Some(setting))?);
        if !text.is_empty() {
            failures.push(Failure { setting: setting.name.clone(), text });
        }
    }
    Ok(failures)
}

fn check_exits(venv: &Venv, program: &Program, settings: &[Setting]) -> Result<Vec<Failure>> {
    let mut failures = Vec::new();
    if !program.deterministic || !program.exits {
        return Ok(failures);
    }
    for setting in settings.iter().filter(|setting| setting.is_native()) {
        let (exits, mut text) = compare_exits(venv, program, setting)?;
        if exits == 0 && program.native == Native::Yes && setting.compiles(program.native) {
            text = "marked native, but machine code was never left".into();
        }
        if !text.is_empty() {
            failures.push(Failure { setting: setting.name.clone(), text });
        }
    }
    Ok(failures)
}
