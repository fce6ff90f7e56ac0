//! `cargo xtask fuzz`: random programs run plainly and under Tierup must not differ. A failure is shrunk and saved.

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::build;
use crate::compare::{Limits, Program, Setting, Stats, check_settings, difference, run_plainly, run_under};
use crate::diff::print_difference;
use crate::process::{End, Outcome};
use crate::shrink::shrink;
use crate::util::{note, quiet, root, target, usage};
use crate::venv::Venv;

const WORKERS: usize = 2;
/// Programs that are generated at once.
const BATCH: u64 = 16;
/// Programs that CI runs.
const FIXED_PROGRAMS: u64 = 64;
/// Settings that each program runs in: so many of the list, another selection for each seed.
const SETTINGS_PER_PROGRAM: usize = 2;
/// Failures after which a run ends.
const MAX_FAILURES: usize = 5;
/// Lines of a difference that are printed.
const DIFF_LINES: usize = 30;
const LIMITS: Limits = Limits { time: Duration::from_secs(60), memory: Some(3 << 30) };

/// What programs run in unless told. Their loops make at most a few hundred turns, so thresholds are low.
const SETTINGS: &[(&str, &[(&str, &str)])] = &[
    ("warm", &[("TIERUP_THRESHOLD", "10")]),
    ("hot", &[("TIERUP_THRESHOLD", "1")]),
    ("warm-exit-all", &[("TIERUP_THRESHOLD", "5"), ("TIERUP_STRESS", "exit-all")]),
    ("warm-spill", &[("TIERUP_THRESHOLD", "20"), ("TIERUP_STRESS", "spill")]),
    ("warm-no-opt", &[("TIERUP_THRESHOLD", "10"), ("TIERUP_STRESS", "no-opt")]),
    ("tier1", &[("TIERUP_TIER", "1"), ("TIERUP_THRESHOLD", "1")]),
    ("default", &[]),
];

#[derive(clap::Args)]
pub struct Args {
    /// How long to go on
    #[arg(long, default_value_t = 60, value_name = "N", conflicts_with = "programs")]
    seconds: u64,
    /// A number of programs instead of a time
    #[arg(long, value_name = "N")]
    programs: Option<u64>,
    /// The first program's seed; the next ones follow
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// As for diff, and warm, warm-exit-all, warm-spill, warm-no-opt; each program runs in all of them [default: two of
    /// all]
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    settings: Vec<String>,
    /// Shrink this program, which fails in the settings given, instead of generating any
    #[arg(long, value_name = "PROGRAM")]
    shrink: Option<PathBuf>,
    /// Save failing programs as they are
    #[arg(long)]
    no_shrink: bool,
    #[command(flatten)]
    profile: build::Profile,
}

/// What CI runs: always the same programs. Whether all went well.
pub fn fixed(venv: &Venv) -> Result<bool> {
    let run = Run::new(venv, Vec::new(), 1..1 + FIXED_PROGRAMS, None)?;
    run.everything()?;
    Ok(run.report(false))
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let named = args.settings.iter().map(|name| parse(name)).collect::<Result<Vec<_>>>()?;
    let shrunk = match &args.shrink {
        Some(path) => {
            let path = path.canonicalize().map_err(|_| usage(format!("{} does not exist", path.display())))?;
            Some(Program::plain(path, LIMITS))
        }
        None => None,
    };
    let venv = build::build(args.profile)?;
    let seeds = args.seed..args.programs.map_or(u64::MAX, |n| args.seed.saturating_add(n));
    let time = args.programs.is_none().then(|| Duration::from_secs(args.seconds));
    let run = Run { shrink: !args.no_shrink, ..Run::new(&venv, named, seeds, time)? };
    match &shrunk {
        Some(program) => run.check(program, None)?,
        None => run.everything()?,
    }
    Ok(if run.report(shrunk.is_some()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn parse(name: &str) -> Result<Setting> {
    match SETTINGS.iter().find(|(known, _)| *known == name) {
        Some((name, variables)) => Ok(Setting::new(name, variables)),
        None => Setting::parse(name),
    }
}

/// What all programs of a run did.
#[derive(Default)]
struct Totals {
    programs: AtomicU64,
    skipped: AtomicU64,
    traces: AtomicU64,
    exits: AtomicU64,
    forced: AtomicU64,
    bridges: AtomicU64,
    escapes: AtomicU64,
    aborted: AtomicU64,
}

impl Totals {
    fn add(&self, stats: &Stats) {
        let counts = [
            (&self.traces, "traces.made"),
            (&self.exits, "traces.exits"),
            (&self.forced, "traces.forced_exits"),
            (&self.bridges, "traces.bridges"),
            (&self.escapes, "traces.escapes"),
            (&self.aborted, "traces.aborted"),
        ];
        for (total, name) in counts {
            total.fetch_add(stats.count(name), Relaxed);
        }
    }
}

/// How a run under Tierup was wrong; what shrinking keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Ended(End),
    Output { stdout: bool, stderr: bool },
}

impl Wrong {
    pub fn of(plain: &Outcome, tierup: &Outcome) -> Option<Wrong> {
        if plain.end != tierup.end {
            return Some(Wrong::Ended(tierup.end));
        }
        let (stdout, stderr) = (plain.stdout != tierup.stdout, plain.stderr != tierup.stderr);
        (stdout || stderr).then_some(Wrong::Output { stdout, stderr })
    }
}

struct Run<'a> {
    venv: &'a Venv,
    all: Vec<Setting>,
    named: Vec<Setting>,
    shrink: bool,
    seeds: Range<u64>,
    deadline: Option<Instant>,
    directory: PathBuf,
    totals: Totals,
    failures: Mutex<Vec<String>>,
}

impl Run<'_> {
    fn new(venv: &Venv, named: Vec<Setting>, seeds: Range<u64>, time: Option<Duration>) -> Result<Run<'_>> {
        let all: Vec<Setting> = SETTINGS.iter().map(|(name, variables)| Setting::new(name, variables)).collect();
        check_settings(venv, if named.is_empty() { &all } else { &named })?;
        Ok(Run {
            venv,
            all,
            named,
            shrink: true,
            seeds,
            deadline: time.map(|time| Instant::now() + time),
            directory: target().join("fuzz"),
            totals: Totals::default(),
            failures: Mutex::new(Vec::new()),
        })
    }

    fn everything(&self) -> Result<()> {
        fs::create_dir_all(&self.directory)?;
        let next = AtomicU64::new(self.seeds.start);
        let work = || -> Result<()> {
            while !self.is_over() {
                let from = next.fetch_add(BATCH, Relaxed);
                if from >= self.seeds.end {
                    break;
                }
                let until = self.seeds.end.min(from.saturating_add(BATCH));
                self.generate(from, until - from)?;
                for seed in from..until {
                    if !self.is_over() {
                        self.check(&Program::plain(self.program(seed), LIMITS), Some(seed))?;
                    }
                    // What failed was saved elsewhere.
                    fs::remove_file(self.program(seed))?;
                }
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("workers do not panic"))
        })
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() > deadline)
            || self.failures.lock().expect("no worker panics").len() >= MAX_FAILURES
    }

    fn program(&self, seed: u64) -> PathBuf {
        self.directory.join(format!("fuzz_{seed}.py"))
    }

    fn generate(&self, seed: u64, count: u64) -> Result<()> {
        let mut python = self.venv.python();
        python.arg("-B").arg(root().join("tests/fuzz/generate.py"));
        quiet(python.args([seed.to_string(), count.to_string()]).arg(&self.directory))?;
        Ok(())
    }

    /// The settings for one seed.
    fn settings(&self, seed: Option<u64>) -> Vec<Setting> {
        match (&self.named[..], seed) {
            ([], Some(seed)) => {
                // Neighbouring seeds take neighbouring settings, so all get their share.
                let n = self.all.len();
                let at = seed as usize * SETTINGS_PER_PROGRAM;
                (0..SETTINGS_PER_PROGRAM).map(|k| self.all[(at + k) % n].clone()).collect()
            }
            ([], None) => self.all.clone(),
            (named, _) => named.to_vec(),
        }
    }

    fn check(&self, program: &Program, seed: Option<u64>) -> Result<()> {
        let plain = run_plainly(self.venv, program)?;
        // A generator cannot know everything: what takes too long or too much plainly says nothing.
        if !matches!(plain.end, End::Exit(_))
            || plain.stdout.contains("MemoryError")
            || plain.stderr.contains("MemoryError")
        {
            self.totals.skipped.fetch_add(1, Relaxed);
            return Ok(());
        }
        self.totals.programs.fetch_add(1, Relaxed);
        for setting in self.settings(seed) {
            let (outcome, stats) = run_under(self.venv, program, &setting)?;
            if let Some(stats) = stats {
                self.totals.add(&stats);
            }
            let Some(wrong) = Wrong::of(&plain, &outcome) else { continue };
            self.fail(program, seed, &setting, wrong, &difference(&plain, &outcome))?;
            break;
        }
        Ok(())
    }

    /// Saves, shrinks and reports a failure.
    fn fail(
        &self,
        program: &Program,
        seed: Option<u64>,
        setting: &Setting,
        wrong: Wrong,
        difference: &str,
    ) -> Result<()> {
        let name = seed.map_or_else(
            || program.path().file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            |seed| format!("fail_{seed}"),
        );
        fs::create_dir_all(&self.directory)?;
        let saved = self.directory.join(format!("{name}_{}.py", setting.name.replace('=', "-")));
        fs::copy(program.path(), &saved).with_context(|| saved.display().to_string())?;
        let mut report = format!("FAIL {} in {}", shown(&saved), setting.name);
        if let Some(seed) = seed {
            write!(report, " (again: cargo xtask fuzz --programs 1 --seed {seed} --settings {})", setting.name)?;
        }
        self.failures.lock().expect("no worker panics").push(shown(&saved));
        println!("{report}");
        print_difference(difference, DIFF_LINES);
        if self.shrink {
            note(format_args!("shrinking {}", shown(&saved)));
            let small = saved.with_file_name(format!("{name}_min.py"));
            match shrink(self.venv, &saved, &small, setting, LIMITS, wrong)? {
                Some(lines) => println!("shrunk to {lines} lines: {}\n{}", shown(&small), fs::read_to_string(&small)?),
                None => println!("not shrunk: {} does not fail every time", shown(&saved)),
            }
        }
        Ok(())
    }

    /// Whether all went well.
    fn report(&self, shrinking: bool) -> bool {
        let t = &self.totals;
        let n = |counter: &AtomicU64| counter.load(Relaxed);
        let failures = self.failures.lock().expect("no worker panics");
        println!(
            "{} programs ({} skipped): {} traces ({} recordings given up), {} bridges, {} exits ({} forced), {} escapes; \
             {} failed",
            n(&t.programs),
            n(&t.skipped),
            n(&t.traces),
            n(&t.aborted),
            n(&t.bridges),
            n(&t.exits),
            n(&t.forced),
            n(&t.escapes),
            failures.len()
        );
        let idle: Vec<_> = [("traces", &t.traces), ("exits", &t.exits), ("bridges", &t.bridges)]
            .into_iter()
            .filter(|(_, counter)| n(counter) == 0)
            .map(|(name, _)| name)
            .collect();
        if !idle.is_empty() && !shrinking {
            println!("failed: no {} were made, so nothing was tested", idle.join(" and no "));
            return false;
        }
        failures.is_empty()
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
