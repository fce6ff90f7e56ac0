//! `cargo xtask regrtest`: CPython's own test suite, file by file: what passes plainly must pass under Tierup.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::build;
use crate::compare::{Setting, Stats};
use crate::process::{End, Outcome, Scratch, capture, clear_settings};
use crate::util::{root, target, usage};
use crate::venv::Venv;

const JOBS: usize = 2;
/// For a file's plain run; under Tierup it gets `SLACK` times what it took plainly, and a minute.
const LIMIT: Duration = Duration::from_secs(900);
const SLACK: f64 = 5.0;
/// Lines of a failing run that are printed.
const TAIL: usize = 40;

/// The settings of [`Setting`] that are run if none is named.
const SETTINGS: [&str; 2] = ["default", "hot"];

#[derive(clap::Args)]
pub struct Args {
    /// Comma-separated, as for `cargo xtask diff`
    #[arg(long, value_delimiter = ',', value_name = "LIST", default_values = SETTINGS)]
    settings: Vec<String>,
    /// Only the files of tests/regrtest/ci.txt
    #[arg(long, conflicts_with = "files")]
    ci: bool,
    /// Run everything plainly again, also where a result is stored under target/
    #[arg(long)]
    fresh: bool,
    /// Files that run at the same time
    #[arg(long, value_name = "N", default_value_t = JOBS)]
    jobs: usize,
    #[command(flatten)]
    profile: build::Profile,
    /// Test files by name, such as test_list [default: all]
    #[arg(value_name = "FILE")]
    files: Vec<String>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let settings = args.settings.iter().map(|name| Setting::parse(name)).collect::<Result<Vec<_>>>()?;
    let venv = build::build(args.profile)?;
    let files = if args.ci { selection()? } else { args.files.clone() };
    Ok(if compare(&venv, files, &settings, args.fresh, args.jobs)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The part that CI runs, in all settings; returns whether it passed.
pub fn ci(venv: &Venv) -> Result<bool> {
    let settings = SETTINGS.iter().map(|name| Setting::parse(name)).collect::<Result<Vec<_>>>()?;
    compare(venv, selection()?, &settings, false, JOBS)
}

fn selection() -> Result<Vec<String>> {
    Ok(lines("ci.txt")?.into_iter().flat_map(|l| l.split_whitespace().map(String::from).collect::<Vec<_>>()).collect())
}

/// The lines of a file in tests/regrtest, without comments.
fn lines(name: &str) -> Result<Vec<String>> {
    let path = root().join("tests/regrtest").join(name);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim().to_owned());
    Ok(lines.filter(|line| !line.is_empty()).collect())
}

/// Tests that must differ: file, pattern of the test (as for regrtest's `--ignore`), reason.
fn exceptions() -> Result<BTreeMap<String, Vec<String>>> {
    let mut exceptions = BTreeMap::<_, Vec<_>>::new();
    for line in lines("differs.txt")? {
        let mut words = line.splitn(3, char::is_whitespace);
        let (Some(file), Some(pattern), Some(_reason)) = (words.next(), words.next(), words.next()) else {
            bail!("tests/regrtest/differs.txt: not a file, a pattern and a reason: {line}");
        };
        exceptions.entry(file.to_owned()).or_default().push(pattern.to_owned());
    }
    Ok(exceptions)
}

/// How a file's run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Plain {
    passed: bool,
    seconds: f64,
}

/// What a run under Tierup executed in its tiers.
#[derive(Clone, Copy, Debug, Default)]
struct Ran {
    tier1: u64,
    traces: u64,
}

fn compare(venv: &Venv, files: Vec<String>, settings: &[Setting], fresh: bool, jobs: usize) -> Result<bool> {
    let known = list(venv)?;
    if let Some(unknown) = files.iter().find(|file| !known.contains(file)) {
        return Err(usage(format!("this CPython has no test file {unknown}")));
    }
    let files = if files.is_empty() { known } else { files };
    let exceptions = exceptions()?;
    let store = target().join("regrtest").join(venv.dir().file_name().unwrap_or_default()).with_extension("json");
    let stored: BTreeMap<String, Plain> = match fs::read_to_string(&store) {
        Ok(text) if !fresh => serde_json::from_str(&text).unwrap_or_default(),
        _ => BTreeMap::new(),
    };
    // The longest first, so that no worker is left with it at the end.
    let mut order = files;
    order.sort_by(|a, b| {
        let seconds = |file| stored.get(file).map_or(0.0, |plain: &Plain| plain.seconds);
        seconds(b).total_cmp(&seconds(a))
    });
    let queue = Mutex::new(VecDeque::from(order));
    let stored = Mutex::new(stored);
    let totals = Mutex::new(Totals::default());
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let Some(file) = queue.lock().expect("no worker panics").pop_front() else { break };
                    let ignored = exceptions.get(&file).map_or(&[][..], |patterns| patterns);
                    let plain = stored.lock().expect("no worker panics").get(&file).cloned();
                    let result = one(venv, &file, ignored, settings, plain);
                    let mut stored = stored.lock().expect("no worker panics");
                    if let Ok((plain, _)) = &result {
                        stored.insert(file.clone(), plain.clone());
                        // After each file: a run that is stopped has not been for nothing.
                        let _ = save(&store, &stored);
                    }
                    totals.lock().expect("no worker panics").add(&file, result);
                }
            });
        }
    });
    Ok(totals.into_inner()?.report(exceptions.values().map(Vec::len).sum()))
}

fn save(store: &Path, results: &BTreeMap<String, Plain>) -> Result<()> {
    fs::create_dir_all(store.parent().expect("it lies under target/"))?;
    Ok(fs::write(store, serde_json::to_string_pretty(results)?)?)
}

#[derive(Default)]
struct Totals {
    passed: usize,
    failed: Vec<String>,
    plainly: Vec<String>,
    ran: Ran,
}

/// A setting's failure in words, or what ran.
type Results = Vec<(String, Result<Ran, String>)>;

impl Totals {
    fn add(&mut self, file: &str, result: Result<(Plain, Results)>) {
        match result {
            Err(error) => {
                println!("FAIL {file}: {error:#}");
                self.failed.push(file.into());
            }
            Ok((plain, _)) if !plain.passed => self.plainly.push(file.into()),
            Ok((_, results)) => {
                let mut failed = false;
                let mut words = Vec::new();
                for (setting, result) in results {
                    match result {
                        Ok(ran) => {
                            self.ran.tier1 += ran.tier1;
                            self.ran.traces += ran.traces;
                            words.push(format!("{setting}: {} frames, {} trace entries", ran.tier1, ran.traces));
                        }
                        Err(text) => {
                            failed = true;
                            println!("FAIL {file} in {setting}: {text}");
                        }
                    }
                }
                if failed {
                    self.failed.push(file.into());
                } else {
                    println!("ok {file} ({})", words.join("; "));
                    self.passed += 1;
                }
            }
        }
    }

    fn report(&self, exceptions: usize) -> bool {
        for (what, names) in [("failed", &self.failed), ("do not pass plainly either", &self.plainly)] {
            if !names.is_empty() {
                println!("{what}: {}", names.join(" "));
            }
        }
        println!(
            "{} files passed, {} failed, {} do not pass plainly; {} frames entered tier 1, {} entries into traces; \
             {exceptions} tests differ for a reason (tests/regrtest/differs.txt)",
            self.passed,
            self.failed.len(),
            self.plainly.len(),
            self.ran.tier1,
            self.ran.traces
        );
        if self.passed > 0 && (self.ran.tier1 == 0 || self.ran.traces == 0) {
            println!("nothing ran in Tierup's tiers: this proves nothing");
            return false;
        }
        self.failed.is_empty()
    }
}

/// The names of all test files of this CPython.
fn list(venv: &Venv) -> Result<Vec<String>> {
    let mut command = venv.python();
    command.args(["-m", "test", "--list-tests"]);
    let outcome = capture(&mut command, "", LIMIT)?;
    if outcome.end != End::Exit(0) {
        bail!("this CPython comes without its test suite (on Debian: libpython3.14-testsuite)");
    }
    // Files of a package are printed as test.test_asyncio.test_events.
    Ok(outcome.stdout.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}

fn one(
    venv: &Venv,
    file: &str,
    ignored: &[String],
    settings: &[Setting],
    plain: Option<Plain>,
) -> Result<(Plain, Results)> {
    let plain = match plain {
        Some(plain) => plain,
        None => {
            let start = Instant::now();
            let (outcome, _) = test(venv, file, ignored, &[], LIMIT)?;
            Plain { passed: outcome.end == End::Exit(0), seconds: start.elapsed().as_secs_f64() }
        }
    };
    let mut results = Vec::new();
    if plain.passed {
        let limit = Duration::from_secs_f64(plain.seconds * SLACK + 60.0);
        for setting in settings {
            let mut result = under_tierup(venv, file, ignored, setting, limit)?;
            if result.is_err() {
                // Some tests are flaky plainly too: what fails twice in a row, and not plainly beside it, is ours.
                let (again, _) = test(venv, file, ignored, &[], LIMIT)?;
                if again.end != End::Exit(0) {
                    return Ok((Plain { passed: false, ..plain }, Vec::new()));
                }
                result = under_tierup(venv, file, ignored, setting, limit)?;
            }
            results.push((setting.name.clone(), result));
        }
    }
    Ok((plain, results))
}

fn under_tierup(
    venv: &Venv,
    file: &str,
    ignored: &[String],
    setting: &Setting,
    limit: Duration,
) -> Result<Result<Ran, String>> {
    let variables: Vec<_> = [("TIERUP", "1")].into_iter().chain(setting.variables()).collect();
    let (outcome, stats) = test(venv, file, ignored, &variables, limit)?;
    Ok(match outcome.end {
        End::Exit(0) => Ok(stats),
        end => Err(format!("{end}\n{}", excerpt(&outcome))),
    })
}

/// The last lines, and which tests failed.
fn excerpt(outcome: &Outcome) -> String {
    let text = format!("{}{}", outcome.stdout, outcome.stderr);
    let lines: Vec<_> = text.lines().collect();
    let failing = lines.iter().filter(|line| line.starts_with("FAIL: ") || line.starts_with("ERROR: "));
    let tail = lines[lines.len().saturating_sub(TAIL)..].iter();
    failing.chain(tail).map(|line| format!("  {line}\n")).collect()
}

fn test(
    venv: &Venv,
    file: &str,
    ignored: &[String],
    variables: &[(&str, &str)],
    limit: Duration,
) -> Result<(Outcome, Ran)> {
    let scratch = Scratch::new()?;
    let mut command = venv.python();
    command.args(["-u", "-m", "test", "-q", "-W", "--tempdir"]).arg(scratch.path());
    for pattern in ignored {
        command.args(["--ignore", pattern]);
    }
    command.arg(file);
    clear_settings(&mut command);
    command.env("TIERUP_STATS_FILE", Stats::file_in(scratch.path())).envs(variables.iter().copied());
    let outcome = capture(&mut command, "", limit)?;
    let stats = Stats::of(scratch.path(), &outcome).unwrap_or_default();
    let ran = Ran { tier1: stats.count("tier1.entered"), traces: stats.count("traces.entered") };
    Ok((outcome, ran))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(result: Result<Ran, String>) -> Result<(Plain, Results)> {
        Ok((Plain { passed: true, seconds: 1.0 }, vec![("default".into(), result)]))
    }

    #[test]
    fn a_run_in_which_nothing_ran_fails() {
        let mut totals = Totals::default();
        totals.add("test_list", results(Ok(Ran { tier1: 5, traces: 0 })));
        assert!(!totals.report(0));
        totals.add("test_dict", results(Ok(Ran { tier1: 5, traces: 1 })));
        assert!(totals.report(0));
    }

    #[test]
    fn one_failing_file_fails_the_run() {
        let mut totals = Totals::default();
        totals.add("test_dict", results(Ok(Ran { tier1: 5, traces: 1 })));
        totals.add("test_list", results(Err("exit status 2".into())));
        assert!(!totals.report(0));
    }

    #[test]
    fn the_lists_are_well_formed() {
        let exceptions = exceptions().expect("differs.txt parses");
        assert!(exceptions.values().map(Vec::len).sum::<usize>() <= 40, "the list no longer fits one screen");
        assert!(!selection().expect("ci.txt parses").is_empty());
    }
}
