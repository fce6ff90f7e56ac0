//! A program run plainly and under Tierup, and what differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use similar::TextDiff;

use crate::process::{End, Outcome, Scratch, capture, clear_settings, limit_memory};
use crate::util::{root, usage};
use crate::venv::Venv;

/// The named settings.
const SETTINGS: &[(&str, &[(&str, &str)])] = &[
    ("default", &[]),
    ("hot", &[("TIERUP_THRESHOLD", "1")]),
    ("tier1", &[("TIERUP_TIER", "1"), ("TIERUP_THRESHOLD", "1")]),
    ("exit-all", &[("TIERUP_STRESS", "exit-all")]),
    ("spill", &[("TIERUP_STRESS", "spill")]),
    ("no-opt", &[("TIERUP_STRESS", "no-opt")]),
];

/// Variables that a run under Tierup gets.
#[derive(Clone)]
pub struct Setting {
    pub name: String,
    variables: Vec<(String, String)>,
}

impl Setting {
    pub fn new(name: &str, variables: &[(&str, &str)]) -> Setting {
        let variables = variables.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        Setting { name: name.into(), variables }
    }

    pub fn all() -> Vec<Setting> {
        SETTINGS.iter().map(|(name, variables)| Setting::new(name, variables)).collect()
    }

    pub fn parse(text: &str) -> Result<Setting> {
        if let Some((name, variables)) = SETTINGS.iter().find(|(name, _)| *name == text) {
            return Ok(Setting::new(name, variables));
        }
        let variables: Option<Vec<_>> = text.split('+').map(|pair| pair.split_once('=')).collect();
        match variables {
            Some(pairs) if pairs.iter().all(|(name, _)| name.starts_with("TIERUP_")) => Ok(Setting::new(text, &pairs)),
            _ => Err(usage(format!("unknown setting '{text}'"))),
        }
    }

    /// The same, with more variables.
    pub fn with(mut self, variables: &[(&str, &str)]) -> Setting {
        self.variables.extend(Setting::new("", variables).variables);
        self
    }

    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether machine code runs.
    pub fn is_native(&self) -> bool {
        !self.variables.iter().any(|(name, value)| name == "TIERUP_TIER" && value != "2")
    }

    /// Whether a program of this kind must make a trace that runs.
    pub fn compiles(&self, native: Native) -> bool {
        let sets = |name: &str| self.variables.iter().any(|(n, _)| n == name);
        let tier_2 = self.is_native();
        match native {
            Native::No => false,
            Native::Yes => tier_2,
            Native::Stressed => tier_2 && (sets("TIERUP_THRESHOLD") || sets("TIERUP_STRESS")),
        }
    }
}

/// Whether a program's loops are to be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native {
    No,
    Yes,
    /// Under stress settings only: its loops mostly call C code, which default settings leave to tier 1.
    Stressed,
}

/// A program and what its header says.
#[derive(Clone)]
pub struct Program {
    path: PathBuf,
    pub native: Native,
    args: Vec<String>,
    stdin: String,
    exit: i32,
    /// Whether it executes the same instructions each time: no threads, no clock.
    pub deterministic: bool,
    /// Whether its exits are compared.
    pub exits: bool,
    /// Whether its reference counts are compared.
    pub counted: bool,
    limits: Limits,
}

impl Program {
    pub fn read(path: &Path) -> Result<Program> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut program = Program {
            path: path.to_owned(),
            native: Native::No,
            args: Vec::new(),
            stdin: String::new(),
            exit: 0,
            deterministic: true,
            exits: true,
            counted: true,
            limits: Limits::default(),
        };
        let header = text.lines().take_while(|line| line.starts_with('#')).count();
        for (n, line) in text.lines().enumerate() {
            let Some(line) = line.strip_prefix('#') else { continue };
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
                "exits" => match value {
                    "vary" => program.deterministic = false,
                    "differ" => program.exits = false,
                    _ => return Err(bad()),
                },
                "references" => program.counted = value != "differ",
                "exit" => program.exit = value.parse().map_err(|_| bad())?,
                _ => continue,
            }
            // It would say nothing there.
            if n >= header {
                return Err(bad());
            }
        }
        Ok(program)
    }

    /// A program without a header.
    pub fn plain(path: PathBuf, limits: Limits) -> Program {
        Program {
            path,
            native: Native::No,
            args: Vec::new(),
            stdin: String::new(),
            exit: 0,
            deterministic: true,
            exits: true,
            counted: true,
            limits,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A signal's end is written as in Python's subprocess: a negative number.
    pub fn expected_end(&self) -> End {
        if self.exit < 0 { End::Signal(-self.exit) } else { End::Exit(self.exit) }
    }

    pub fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap_or(&self.path).display().to_string()
    }
}

/// What a run of a program may use.
#[derive(Clone, Copy)]
pub struct Limits {
    pub time: Duration,
    /// Bytes of address space.
    pub memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time: Duration::from_secs(120), memory: None }
    }
}

/// What the package writes to `TIERUP_STATS_FILE`.
#[derive(Default, Deserialize)]
pub struct Stats {
    #[serde(rename = "events")]
    _events: Vec<String>,
    #[serde(flatten)]
    counters: BTreeMap<String, u64>,
}

impl Stats {
    /// What `TIERUP_STATS_FILE` is for a process whose statistics [`Stats::of`] reads: others that it starts write
    /// theirs beside them.
    pub fn file_in(folder: &Path) -> PathBuf {
        folder.join("stats-%p.json")
    }

    /// The statistics of a process that has ended.
    pub fn of(folder: &Path, outcome: &Outcome) -> Option<Stats> {
        Stats::read(&Stats::file_of(folder, outcome))
    }

    pub fn file_of(folder: &Path, outcome: &Outcome) -> PathBuf {
        folder.join(format!("stats-{}.json", outcome.process))
    }

    fn read(file: &Path) -> Option<Stats> {
        serde_json::from_str(&fs::read_to_string(file).ok()?).ok()
    }

    pub fn count(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }
}

/// Runs a program plainly.
pub fn run_plainly(venv: &Venv, program: &Program) -> Result<Outcome> {
    Ok(without_addresses(capture(&mut python(venv, program), &program.stdin, program.limits.time)?))
}

/// Runs a program under Tierup; no statistics are written by a process that a signal killed.
pub fn run_under(venv: &Venv, program: &Program, setting: &Setting) -> Result<(Outcome, Option<Stats>)> {
    let scratch = Scratch::new()?;
    let mut command = python(venv, program);
    command.env("TIERUP", "1").env("TIERUP_STATS_FILE", Stats::file_in(scratch.path()));
    command.envs(setting.variables());
    let outcome = capture(&mut command, &program.stdin, program.limits.time)?;
    let stats = Stats::of(scratch.path(), &outcome);
    Ok((without_addresses(outcome), stats))
}

/// Addresses differ between two plain runs too: `<generator object g at 0x7f5c>` becomes `<generator object g at 0x>`.
fn without_addresses(outcome: Outcome) -> Outcome {
    const BEFORE: &str = " at 0x";
    let clean = |text: String| {
        let mut parts = text.split(BEFORE);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            out += BEFORE;
            out += part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        }
        out
    };
    Outcome { stdout: clean(outcome.stdout), stderr: clean(outcome.stderr), ..outcome }
}

/// What the exit logs of two runs say, one with machine code, one that interprets: how many exits there were, and the
/// first that left another state than interpreting had then (empty where there is none).
pub fn compare_exits(venv: &Venv, program: &Program, setting: &Setting) -> Result<(usize, String)> {
    let scratch = Scratch::new()?;
    let (native, interpreted) = (scratch.path().join("native"), scratch.path().join("interpreted"));
    let run = |tier: &str, log: &Path, at: Option<&Path>| -> Result<String> {
        let mut command = python(venv, program);
        command.envs(setting.variables()).env("TIERUP", "1").env("TIERUP_TIER", tier).env("TIERUP_EXIT_LOG", log);
        if let Some(at) = at {
            command.env("TIERUP_EXIT_LOG_AT", at);
        }
        let outcome = capture(&mut command, &program.stdin, program.limits.time)?;
        if outcome.end != program.expected_end() {
            bail!("tier {tier}: {}, not {}\n{}", outcome.end, program.expected_end(), outcome.stderr);
        }
        Ok(fs::read_to_string(log)?)
    };
    let native_log = run("2", &native, None)?;
    let interpreted_log = run("1", &interpreted, Some(&native))?;
    Ok((native_log.lines().count(), first_wrong_exit(&native_log, &interpreted_log)))
}

/// Lines are an instruction count and frames, the innermost first, after tabulators. Several exits may happen at one
/// count, the interpreter is there once.
fn first_wrong_exit(native: &str, interpreted: &str) -> String {
    let interpreted: BTreeMap<&str, &str> = interpreted.lines().filter_map(|line| line.split_once('\t')).collect();
    let exits = native.lines().filter_map(|line| line.split_once('\t'));
    for (n, (count, state)) in exits.enumerate() {
        let found = interpreted.get(count).copied().unwrap_or("no instruction starts there");
        if !is_same_state(state, found) {
            let (found, state) = (readable(found), readable(state));
            return format!("exit {n}, after {count} instructions\n-interpreted {found}\n+native      {state}\n");
        }
    }
    String::new()
}

/// Between a frame's locals and its stack.
const STACK: char = '\u{1f}';

fn is_same_state(a: &str, b: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('\t').collect(), b.split('\t').collect());
    a.len() == b.len() && a[0] == b[0] && a.iter().zip(&b).all(|(a, b)| is_same_caller(a, b))
}

/// The operands of a call in progress may still be on the stack, or have gone to the callee.
fn is_same_caller(a: &str, b: &str) -> bool {
    match (a.split_once(STACK), b.split_once(STACK)) {
        (Some((a, above_a)), Some((b, above_b))) => {
            let (above_a, above_b) = (above_a.trim_end_matches(']'), above_b.trim_end_matches(']'));
            a == b && (above_a.starts_with(above_b) || above_b.starts_with(above_a))
        }
        _ => a == b,
    }
}

fn readable(state: &str) -> String {
    state.replace('\t', " < ").replace(STACK, " | ").replace(" | ]", "]")
}

/// When a program's objects died and how often they were referenced, beside what it did.
pub struct References {
    outcome: Outcome,
    log: String,
}

impl References {
    /// Runs a program, changed by tests/oracle/references.py, plainly or under Tierup.
    pub fn run(venv: &Venv, program: &Program, setting: Option<&Setting>) -> Result<References> {
        let scratch = Scratch::new()?;
        let log = scratch.path().join("references");
        let mut command = venv.python();
        command.arg(root().join("tests/oracle/references.py")).arg(&log);
        prepare(&mut command, program);
        if let Some(setting) = setting {
            command.env("TIERUP", "1").envs(setting.variables());
        }
        let outcome = capture(&mut command, &program.stdin, program.limits.time)?;
        Ok(References { outcome: without_addresses(outcome), log: fs::read_to_string(&log).unwrap_or_default() })
    }

    pub fn lines(&self) -> usize {
        self.log.lines().count()
    }

    /// What differs; of the logs the first line, with what led to it.
    pub fn difference(&self, tierup: &References) -> String {
        let mut text = difference(&self.outcome, &tierup.outcome);
        let (plain, tierup): (Vec<&str>, Vec<&str>) = (self.log.lines().collect(), tierup.log.lines().collect());
        let at = plain.iter().zip(&tierup).position(|(a, b)| a != b).unwrap_or(plain.len().min(tierup.len()));
        if at < plain.len() || at < tierup.len() {
            text += &format!("line {} of the log\n", at + 1);
            text.extend(plain[at.saturating_sub(2)..at].iter().map(|line| format!(" {line}\n")));
            text += &format!("-{}\n", plain.get(at).unwrap_or(&"nothing more"));
            text += &format!("+{}\n", tierup.get(at).unwrap_or(&"nothing more"));
        }
        text
    }
}

/// Fails unless Tierup can be switched on with these settings.
pub fn check_settings(venv: &Venv, settings: &[Setting]) -> Result<()> {
    for setting in settings {
        let mut enable = venv.python();
        enable.args(["-c", "import tierup; tierup.enable()"]);
        enable.envs(setting.variables());
        let outcome = capture(&mut enable, "", Limits::default().time)?;
        if outcome.end != End::Exit(0) || !outcome.stderr.is_empty() {
            let reason = outcome.stderr.lines().last().unwrap_or("it died");
            bail!("Tierup does not run with {}: {reason}", setting.name);
        }
    }
    Ok(())
}

fn python(venv: &Venv, program: &Program) -> Command {
    let mut command = venv.python();
    prepare(&mut command, program);
    command
}

fn prepare(command: &mut Command, program: &Program) {
    command.arg(&program.path).args(&program.args).current_dir(root());
    clear_settings(command);
    // Sets of strings print in one order in all runs.
    command.env("PYTHONHASHSEED", "0").env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(bytes) = program.limits.memory {
        limit_memory(command, bytes);
    }
}

/// What lies between two ends, as unified differences; empty where nothing does.
pub fn difference(plain: &Outcome, tierup: &Outcome) -> String {
    let mut text = String::new();
    if plain.end != tierup.end {
        text += &format!("{}, plainly {}\n", tierup.end, plain.end);
    }
    if matches!(tierup.end, End::Signal(_)) && plain.end != tierup.end && tierup.stdout.is_empty() {
        // Python's buffer was lost with the process: all of it would be missing.
        return text;
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

/// Why a program that is marked native did not run as machine code.
pub fn ran_no_trace(stats: Option<&Stats>) -> Option<String> {
    let Some(stats) = stats else { return Some("no statistics were written at exit".into()) };
    (stats.count("traces.entered") == 0)
        .then(|| format!("marked native, but no trace ran (traces.made {})", stats.count("traces.made")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(end: End, stdout: &str) -> Outcome {
        Outcome { end, stdout: stdout.into(), stderr: String::new(), process: 0 }
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
    fn the_first_wrong_exit_is_named() {
        let interpreted = "7\tf:2 [int 1]\n9\tf:3 [int 2\u{1f}]\tg:4 [int 5\u{1f}str 'a', int 6]\n";
        assert_eq!(first_wrong_exit("7\tf:2 [int 1]\n7\tf:2 [int 1]\n", interpreted), "");
        assert!(first_wrong_exit("7\tf:2 [int 3]\n", interpreted).contains("+native      f:2 [int 3]"));
        assert!(first_wrong_exit("8\tf:2 [int 1]\n", interpreted).contains("no instruction starts there"));
        // Operands of a call in progress.
        assert_eq!(first_wrong_exit("9\tf:3 [int 2\u{1f}]\tg:4 [int 5\u{1f}str 'a']\n", interpreted), "");
        let text = first_wrong_exit("9\tf:3 [int 2\u{1f}]\tg:4 [int 5\u{1f}str 'b']\n", interpreted);
        assert!(text.contains("+native      f:3 [int 2] < g:4 [int 5 | str 'b']"), "{text}");
        assert!(!first_wrong_exit("9\tf:3 [int 2\u{1f}int 1]\tg:4 [int 5\u{1f}]\n", interpreted).is_empty());
    }

    #[test]
    fn the_first_difference_of_references_is_shown() {
        let run = |log: &str| References { outcome: outcome(End::Exit(0), ""), log: log.into() };
        let plain = run("module:\nf starts, line 3 x=2\ndies: A in f:4\n");
        assert_eq!(plain.difference(&run("module:\nf starts, line 3 x=2\ndies: A in f:4\n")), "");
        let text = plain.difference(&run("module:\nf starts, line 3 x=3\ndies: A in f:4\n"));
        assert_eq!(text, "line 2 of the log\n module:\n-f starts, line 3 x=2\n+f starts, line 3 x=3\n");
        assert!(
            plain.difference(&run("module:\nf starts, line 3 x=2\n")).ends_with("-dies: A in f:4\n+nothing more\n")
        );
    }

    #[test]
    fn addresses_are_not_compared() {
        let run = without_addresses(outcome(End::Exit(0), "<f at 0x7f5cab>, <g at 0x12>\n0x33 at 0y"));
        assert_eq!(run.stdout, "<f at 0x>, <g at 0x>\n0x33 at 0y");
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
        let ran_no_trace = |file: &Path| ran_no_trace(Stats::read(file).as_ref());
        assert!(ran_no_trace(&file).is_some());
        fs::write(&file, r#"{"traces.made": 2, "traces.entered": 0, "events": ["x"]}"#).unwrap();
        assert!(ran_no_trace(&file).unwrap().contains("traces.made 2"));
        fs::write(&file, r#"{"traces.made": 2, "traces.entered": 5, "events": []}"#).unwrap();
        assert_eq!(ran_no_trace(&file), None);
    }

    #[test]
    fn headers_come_before_the_first_line_of_code() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("p.py");
        fs::write(&file, "# What it attacks: loops\n# native: yes\n# args: 1 b\n# exit: -2\n\n# a comment: no\n")
            .unwrap();
        let program = Program::read(&file).unwrap();
        assert_eq!(program.native, Native::Yes);
        assert_eq!(program.args, ["1", "b"]);
        assert!(program.expected_end() == End::Signal(2));
        fs::write(&file, "\"\"\"What it attacks.\"\"\"\n# native: yes\n").unwrap();
        assert!(Program::read(&file).is_err());
        fs::write(&file, "# native: maybe\n").unwrap();
        assert!(Program::read(&file).is_err());
    }
}
