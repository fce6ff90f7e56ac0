//! `cargo xtask diff`: programs run plainly and under Tierup in stress settings must not differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use similar::TextDiff;

use crate::build;
use crate::process::{End, Outcome, Scratch, capture};
use crate::util::{root, usage};
use crate::venv::Venv;

const LIMIT: Duration = Duration::from_secs(120);
const WORKERS: usize = 2;
/// Lines of a difference that are printed.
const DIFF_LINES: usize = 60;

/// The named settings.
const SETTINGS: &[(&str, &[(&str, &str)])] = &[
    ("default", &[]),
    ("hot", &[("TIERUP_THRESHOLD", "1")]),
    ("tier1", &[("TIERUP_TIER", "1"), ("TIERUP_THRESHOLD", "1")]),
    ("exit-all", &[("TIERUP_STRESS", "exit-all")]),
    ("spill", &[("TIERUP_STRESS", "spill")]),
];

#[derive(clap::Args)]
pub struct Args {
    /// Comma-separated: default, hot, tier1, exit-all, spill, or VARIABLE=VALUE[+VARIABLE=VALUE]
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    settings: Vec<String>,
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
    let failed = compare(&venv, &programs, &settings)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All programs in all settings; returns how many failed.
pub fn compare_all(venv: &Venv) -> Result<usize> {
    compare(venv, &programs(&[])?, &Setting::all())
}

/// Variables that a run under Tierup gets.
struct Setting {
    name: String,
    variables: Vec<(String, String)>,
}

impl Setting {
    fn new(name: &str, variables: &[(&str, &str)]) -> Setting {
        let variables = variables.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        Setting { name: name.into(), variables }
    }

    fn all() -> Vec<Setting> {
        SETTINGS.iter().map(|(name, variables)| Setting::new(name, variables)).collect()
    }

    fn parse(text: &str) -> Result<Setting> {
        if let Some((name, variables)) = SETTINGS.iter().find(|(name, _)| *name == text) {
            return Ok(Setting::new(name, variables));
        }
        let variables: Option<Vec<_>> = text.split('+').map(|pair| pair.split_once('=')).collect();
        match variables {
            Some(pairs) if pairs.iter().all(|(name, _)| name.starts_with("TIERUP_")) => Ok(Setting::new(text, &pairs)),
            _ => Err(usage(format!("unknown setting '{text}'"))),
        }
    }

    /// Whether a program of this kind must make a trace that runs.
    fn compiles(&self, native: Native) -> bool {
        let sets = |name: &str| self.variables.iter().any(|(n, _)| n == name);
        let tier_2 = !self.variables.iter().any(|(name, value)| name == "TIERUP_TIER" && value != "2");
        match native {
            Native::No => false,
            Native::Yes => tier_2,
            Native::Stressed => tier_2 && (sets("TIERUP_THRESHOLD") || sets("TIERUP_STRESS")),
        }
    }
}

/// Whether a program's loops are to be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Native {
    No,
    Yes,
    /// Under stress settings only: its loops mostly call C code, which default settings leave to tier 1.
    Stressed,
}

/// A program and what its header says.
struct Program {
    path: PathBuf,
    native: Native,
    args: Vec<String>,
    stdin: String,
    exit: i32,
}

impl Program {
    fn read(path: &Path) -> Result<Program> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut program =
            Program { path: path.to_owned(), native: Native::No, args: Vec::new(), stdin: String::new(), exit: 0 };
        for line in text.lines().map_while(|line| line.strip_prefix('#')) {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            let bad = || usage(format!("{}: bad header line '#{line}'", path.display()));
            match key.trim() {
                "native" => {
                    program.native = match value {
                        "no" => Native::No,
                        "yes" => Native::Yes,
                        "stressed" => Native::Stressed,
                        _ => return Err(bad()),
                    }
                }
                "args" => program.args = value.split_whitespace().map(Into::into).collect(),
                "stdin" => program.stdin = value.replace("\\n", "\n"),
                "exit" => program.exit = value.parse().map_err(|_| bad())?,
                _ => {}
            }
        }
        Ok(program)
    }

    /// A signal's end is written as in Python's subprocess: a negative number.
    fn expected_end(&self) -> End {
        if self.exit < 0 { End::Signal(-self.exit) } else { End::Exit(self.exit) }
    }

    fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap_or(&self.path).display().to_string()
    }
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

/// What the package writes to `TIERUP_STATS_FILE`.
#[derive(Deserialize)]
struct Stats {
    #[serde(rename = "events")]
    _events: Vec<String>,
    #[serde(flatten)]
    counters: BTreeMap<String, u64>,
}

/// What is wrong in one setting; the shortest one of a program is printed.
struct Failure {
    setting: String,
    text: String,
}

fn compare(venv: &Venv, programs: &[Program], settings: &[Setting]) -> Result<usize> {
    for setting in settings {
        let mut enable = venv.python();
        enable.args(["-c", "import tierup; tierup.enable()"]);
        enable.envs(setting.variables.iter().map(|(n, v)| (n, v)));
        let outcome = capture(&mut enable, "", LIMIT)?;
        if outcome.end != End::Exit(0) || !outcome.stderr.is_empty() {
            let reason = outcome.stderr.lines().last().unwrap_or("it died");
            bail!("Tierup does not run with {}: {reason}", setting.name);
        }
    }
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

fn report(program: &Program, failures: &Result<Vec<Failure>>) {
    match failures {
        Ok(failures) => {
            let Some(smallest) = failures.iter().min_by_key(|failure| failure.text.lines().count()) else { return };
            let settings: Vec<_> = failures.iter().map(|failure| failure.setting.as_str()).collect();
            println!("FAIL {} in {}; in {}:", program.name(), settings.join(", "), smallest.setting);
            for line in smallest.text.lines().take(DIFF_LINES) {
                println!("  {line}");
            }
        }
        Err(error) => println!("FAIL {}: {error:#}", program.name()),
    }
}

fn check(venv: &Venv, program: &Program, settings: &[Setting]) -> Result<Vec<Failure>> {
    let plain = capture(&mut python(venv, program), &program.stdin, LIMIT)?;
    if plain.end != program.expected_end() {
        bail!("plainly: {}, not {}\n{}", plain.end, program.expected_end(), plain.stderr);
    }
    let mut failures = Vec::new();
    for setting in settings {
        let scratch = Scratch::new()?;
        let stats_file = scratch.path().join("stats.json");
        let mut command = python(venv, program);
        command.env("TIERUP", "1").env("TIERUP_STATS_FILE", &stats_file);
        command.envs(setting.variables.iter().map(|(n, v)| (n, v)));
        let outcome = capture(&mut command, &program.stdin, LIMIT)?;
        let mut text = difference(&plain, &outcome);
        // A process that a signal killed writes no statistics.
        if text.is_empty() && setting.compiles(program.native) && matches!(outcome.end, End::Exit(_)) {
            text = ran_no_trace(&stats_file).unwrap_or_default();
        }
        if !text.is_empty() {
            failures.push(Failure { setting: setting.name.clone(), text });
        }
    }
    Ok(failures)
}

fn python(venv: &Venv, program: &Program) -> Command {
    let mut command = venv.python();
    command.arg(&program.path).args(&program.args).current_dir(root());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("TIERUP") || name.starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    // Sets of strings print in one order in all runs.
    command.env("PYTHONHASHSEED", "0").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn difference(plain: &Outcome, tierup: &Outcome) -> String {
    let mut text = String::new();
    if plain.end != tierup.end {
        text += &format!("{}, plainly {}\n", tierup.end, plain.end);
    }
    for (name, plain, tierup) in [("stdout", &plain.stdout, &tierup.stdout), ("stderr", &plain.stderr, &tierup.stderr)]
    {
        if plain != tierup {
            let diff = TextDiff::from_lines(plain.as_str(), tierup.as_str());
            text += &diff
                .unified_diff()
                .context_radius(2)
                .header(&format!("{name} plain"), &format!("{name} Tierup"))
                .to_string();
        }
    }
    text
}

fn ran_no_trace(stats_file: &Path) -> Option<String> {
    let text = fs::read_to_string(stats_file).unwrap_or_default();
    let Ok(stats) = serde_json::from_str::<Stats>(&text) else {
        return Some("no statistics were written at exit".into());
    };
    let count = |name: &str| stats.counters.get(name).copied().unwrap_or(0);
    (count("traces.entered") == 0)
        .then(|| format!("marked native, but no trace ran (traces.made {})", count("traces.made")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(end: End, stdout: &str) -> Outcome {
        Outcome { end, stdout: stdout.into(), stderr: String::new() }
    }

    #[test]
    fn equal_runs_have_no_difference() {
        let run = outcome(End::Exit(0), "1\n2\n");
        assert_eq!(difference(&run, &outcome(End::Exit(0), "1\n2\n")), "");
    }

    #[test]
    fn a_difference_names_stream_and_lines() {
        let text = difference(&outcome(End::Exit(0), "1\n2\n"), &outcome(End::Signal(11), "1\n3\n"));
        assert!(text.starts_with("killed by signal 11, plainly exit status 0\n"), "{text}");
        assert!(text.contains("--- stdout plain\n+++ stdout Tierup\n"), "{text}");
        assert!(text.contains("\n-2\n+3\n"), "{text}");
        assert!(!text.contains("stderr"), "{text}");
    }

    #[test]
    fn settings_by_name_and_by_variable() {
        let setting = Setting::parse("TIERUP_THRESHOLD=3+TIERUP_TIER=1").unwrap();
        assert_eq!(setting.variables.len(), 2);
        assert!(!setting.compiles(Native::Yes));
        assert!(Setting::parse("hot").unwrap().compiles(Native::Stressed));
        assert!(!Setting::parse("tier1").unwrap().compiles(Native::Yes));
        assert!(Setting::parse("cold").is_err());
        assert!(Setting::parse("PATH=x").is_err());
    }

    #[test]
    fn a_native_program_needs_a_trace_that_ran() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("stats.json");
        assert!(ran_no_trace(&file).is_some());
        fs::write(&file, r#"{"traces.made": 2, "traces.entered": 0, "events": ["x"]}"#).unwrap();
        assert!(ran_no_trace(&file).unwrap().contains("traces.made 2"));
        fs::write(&file, r#"{"traces.made": 2, "traces.entered": 5, "events": []}"#).unwrap();
        assert_eq!(ran_no_trace(&file), None);
    }

    #[test]
    fn headers_are_read_until_the_first_line_of_code() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("p.py");
        fs::write(&file, "# What it attacks: loops\n# native: yes\n# args: 1 b\n# exit: -2\n\n# native: no\n").unwrap();
        let program = Program::read(&file).unwrap();
        assert_eq!(program.native, Native::Yes);
        assert_eq!(program.args, ["1", "b"]);
        assert!(program.expected_end() == End::Signal(2));
        fs::write(&file, "# native: maybe\n").unwrap();
        assert!(Program::read(&file).is_err());
    }
}
