//! `cargo xtask packages`: what passes of real packages' own tests passes under Tierup too.

mod install;
mod outcomes;
mod postgresql;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use self::install::Installed;
use self::outcomes::{Comparison, Outcomes};
use self::postgresql::Server;
use crate::build;
use crate::compare::{Setting, Stats};
use crate::process::{End, Scratch, capture, clear_settings};
use crate::python;
use crate::util::{note, root, target, usage};

const DIR: &str = "tests/packages";
/// Differing tests of a run that are printed.
const SHOWN: usize = 40;
/// Under Tierup a run may take this many times what it may take plainly.
const SLACK: u32 = 3;

#[derive(clap::Args)]
pub struct Args {
    /// As for `cargo xtask diff`, one
    #[arg(long, default_value = "default")]
    setting: String,
    /// Run everything plainly again, also where outcomes are stored under target/
    #[arg(long)]
    fresh: bool,
    /// Only what CI runs
    #[arg(long, conflicts_with = "runs")]
    ci: bool,
    #[command(flatten)]
    profile: build::Profile,
    /// Sections of tests/packages/packages.toml [default: all]
    #[arg(value_name = "RUN")]
    runs: Vec<String>,
    /// For the test program, in place of those in packages.toml
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

/// A section of packages.toml, which says what each key is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    package: Option<String>,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default = "yes")]
    sdist: bool,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    program: Program,
    arguments: Vec<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    skip: BTreeMap<String, String>,
    #[serde(default)]
    differ: BTreeMap<String, String>,
    #[serde(default = "half_an_hour")]
    minutes: u64,
    #[serde(default)]
    ci: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Program {
    #[default]
    Pytest,
    Django,
}

fn yes() -> bool {
    true
}

fn half_an_hour() -> u64 {
    30
}

impl Spec {
    fn package<'a>(&'a self, run: &'a str) -> &'a str {
        self.package.as_deref().unwrap_or(run)
    }
}

fn read() -> Result<BTreeMap<String, Spec>> {
    let path = root().join(DIR).join("packages.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let mut specs = read()?;
    if let Some(unknown) = args.runs.iter().find(|run| !specs.contains_key(*run)) {
        return Err(usage(format!("tests/packages/packages.toml has no section {unknown}")));
    }
    specs.retain(|name, spec| if args.ci { spec.ci } else { args.runs.is_empty() || args.runs.contains(name) });
    if !args.arguments.is_empty() {
        specs.values_mut().for_each(|spec| spec.arguments.clone_from(&args.arguments));
    }
    let setting = Setting::parse(&args.setting)?;
    build::build(args.profile)?;
    Ok(if compare(&specs, &setting, args.fresh)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What CI runs; returns whether it passed.
pub fn ci() -> Result<bool> {
    let mut specs = read()?;
    specs.retain(|_, spec| spec.ci);
    compare(&specs, &Setting::new("default", &[]), false)
}

fn compare(specs: &BTreeMap<String, Spec>, setting: &Setting, fresh: bool) -> Result<bool> {
    let mut rows = Vec::new();
    for (name, spec) in specs {
        let row = one(name, spec, setting, fresh).unwrap_or_else(|error| {
            println!("FAIL {name}: {error:#}");
            Row::broken(name)
        });
        println!("{}", row.words());
        rows.push(row);
    }
    print!("{}", table(&rows));
    Ok(rows.iter().all(|row| row.passed))
}

/// What a run came to.
struct Row {
    name: String,
    passed: bool,
    cells: Vec<String>,
}

const COLUMNS: [&str; 11] =
    ["run", "version", "tests", "passed", "failed", "other", "differ", "flaky", "trace entries", "plain s", "Tierup s"];

impl Row {
    fn broken(name: &str) -> Row {
        Row { name: name.into(), passed: false, cells: vec![name.into(), "did not run".into()] }
    }

    fn words(&self) -> String {
        format!("{} {}", if self.passed { "ok" } else { "FAIL" }, self.name)
    }
}

fn table(rows: &[Row]) -> String {
    let mut lines = vec![COLUMNS.map(String::from).to_vec()];
    lines.extend(rows.iter().map(|row| row.cells.clone()));
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|n| lines.iter().filter_map(|line| line.get(n)).map(String::len).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn one(name: &str, spec: &Spec, setting: &Setting, fresh: bool) -> Result<Row> {
    let installed = Installed::new(&python::find()?, name, spec)?;
    let server = spec.arguments.iter().any(|a| a.contains("{postgresql}")).then(Server::start).transpose()?;
    let run = |variables: &[(&str, &str)]| execute(name, spec, &installed, server.as_ref(), variables);
    let plain = stored(name, spec, &installed, "plain", fresh, &run)?;
    let variables: Vec<_> = [("TIERUP", "1")].into_iter().chain(setting.variables()).collect();
    note(format_args!("{name} under Tierup"));
    let (tierup, stats) = run(&variables)?;
    let mut comparison = Comparison::of(&plain, &tierup, &spec.differ);
    if !comparison.differing.is_empty() {
        // What comes out differently in two plain runs is no business of ours.
        let again = stored(name, spec, &installed, "again", fresh, &run)?;
        comparison.set_flaky_apart(&plain, &again);
    }
    let stats = stats.unwrap_or_default();
    let traces = stats.count("traces.entered");
    comparison.print(name, SHOWN);
    let native = traces > 0 || setting.variables().any(|(name, value)| name == "TIERUP_TIER" && value != "2");
    if !native {
        println!("{name}: no trace ran, which proves nothing");
    }
    if plain.count("passed") == 0 {
        println!("{name}: no test passes plainly, which proves nothing");
    }
    let passed = comparison.differing.is_empty() && native && plain.count("passed") > 0;
    let other = tierup.tests.len() - tierup.count("passed") - tierup.count("failed") - tierup.count("error");
    let cells = [
        name.to_owned(),
        installed.version.clone(),
        tierup.tests.len().to_string(),
        tierup.count("passed").to_string(),
        (tierup.count("failed") + tierup.count("error")).to_string(),
        other.to_string(),
        comparison.differing.len().to_string(),
        comparison.flaky.len().to_string(),
        traces.to_string(),
        format!("{:.0}", plain.seconds),
        format!("{:.0}", tierup.seconds),
    ];
    Ok(Row { name: name.into(), passed, cells: cells.to_vec() })
}

/// Runs the tests with variables in the environment.
type Run<'a> = dyn Fn(&[(&str, &str)]) -> Result<(Outcomes, Option<Stats>)> + 'a;

/// A plain run's outcomes: those that an earlier call stored, if it ran the same.
fn stored(name: &str, spec: &Spec, installed: &Installed, which: &str, fresh: bool, run: &Run<'_>) -> Result<Outcomes> {
    #[derive(Serialize, Deserialize)]
    struct Stored {
        ran: String,
        outcomes: Outcomes,
    }
    let ran = format!("{:?} {:?} {}", spec.arguments, spec.skip, installed.requirements);
    let path = target().join("packages").join(name).with_extension(format!("{which}.json"));
    if !fresh
        && let Ok(text) = fs::read(&path)
        && let Ok(stored) = serde_json::from_slice::<Stored>(&text)
        && stored.ran == ran
    {
        return Ok(stored.outcomes);
    }
    note(format_args!("{name} plainly"));
    let (outcomes, _) = run(&[])?;
    let stored = Stored { ran, outcomes };
    fs::write(path, serde_json::to_vec(&stored)?)?;
    Ok(stored.outcomes)
}

fn execute(
    name: &str,
    spec: &Spec,
    installed: &Installed,
    server: Option<&Server>,
    variables: &[(&str, &str)],
) -> Result<(Outcomes, Option<Stats>)> {
    let scratch = Scratch::new()?;
    let log = scratch.path().join("outcomes");
    let dir = installed.unpack(spec, name)?;
    let mut command = program(spec, installed, &dir);
    if let Some(server) = server {
        server.clear(installed)?;
    }
    for argument in &spec.arguments {
        command.arg(server.map_or(argument.clone(), |server| argument.replace("{postgresql}", &server.url())));
    }
    clear_settings(&mut command);
    let path = std::env::join_paths(
        [installed.bin()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    command
        .current_dir(&dir)
        .envs(&spec.variables)
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        // Hypothesis then draws the same examples each time, and has no deadline.
        .env("CI", "true")
        .env("PYTHONHASHSEED", "0")
        .env("OUTCOMES_FILE", &log)
        .envs(variables.iter().copied());
    let mut limit = Duration::from_secs(60 * spec.minutes);
    if !variables.is_empty() {
        command.env("TIERUP_STATS_FILE", Stats::file_in(scratch.path()));
        limit *= SLACK;
    }
    let start = Instant::now();
    let outcome = capture(&mut command, "", limit)?;
    let seconds = start.elapsed().as_secs_f64();
    let which = if variables.is_empty() { "plain" } else { "tierup" };
    let output = target().join("packages").join(name).with_extension(format!("{which}.txt"));
    fs::write(output, format!("{}\n{}\n{}\n", outcome.stdout, outcome.stderr, outcome.end))?;
    let text = fs::read_to_string(&log).unwrap_or_default();
    // Both runners exit with 1 where tests failed.
    let whole = matches!(outcome.end, End::Exit(0 | 1));
    let outcomes = Outcomes::read(&text, &if whole { String::new() } else { outcome.end.to_string() }, seconds)?;
    let stats = Stats::of(scratch.path(), &outcome);
    if stats.is_some() {
        let file = target().join("packages").join(name).with_extension("stats.json");
        fs::copy(Stats::file_of(scratch.path(), &outcome), file)?;
    }
    Ok((outcomes, stats))
}

fn program(spec: &Spec, installed: &Installed, dir: &Path) -> Command {
    match spec.program {
        Program::Pytest => {
            // Not `python -m pytest`, which would put the sdist's own files before what is installed.
            let mut command = Command::new(installed.bin().join("pytest"));
            command.args(["-p", "outcomes", "-p", "no:cacheprovider", "-q", "--tb=short", "--color=no"]);
            if !spec.sdist {
                command.args(["-c", "/dev/null", "--rootdir"]).arg(dir);
            }
            for pattern in spec.skip.keys() {
                command.args(["--deselect", pattern]);
            }
            command
        }
        Program::Django => {
            let mut command = Command::new(installed.bin().join("python"));
            command.args(["tests/runtests.py", "--settings=django_runner", "--noinput"]);
            command
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_well_formed_and_pinned() {
        let specs = read().expect("packages.toml parses");
        assert!(specs.values().any(|spec| spec.ci));
        let pins = install::pins().expect("constraints.txt parses");
        for (name, spec) in &specs {
            for package in spec.requires.iter().map(String::as_str).chain([spec.package(name)]) {
                assert!(pins.contains_key(package), "{package} has no version in constraints.txt");
            }
        }
    }

    #[test]
    fn tables_align() {
        let row = Row { name: "a".into(), passed: true, cells: vec!["a".into(), "1.0".into(), "12".into()] };
        let text = table(&[row, Row::broken("package")]);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("run      version      tests"), "{text}");
        assert_eq!(lines[1], "a        1.0          12");
        assert_eq!(lines[2], "package  did not run");
    }
}
