//! `cargo xtask bench`: kernels under several interpreters, paired and interleaved.
//!
//! Each interpreter runs a kernel in a process of its own that waits for commands, so that rounds
//! alternate and a slow spell of the machine hits all of them. A figure is the median over rounds of
//! (time of plain CPython) / (time of the other) of the same round.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;

use crate::build;
use crate::process::{End, capture};
use crate::provision;
use crate::python::on_path;
use crate::util::{note, root, usage};

const WORKER: &str = include_str!("bench_worker.py");
const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// The kernels of benches/kernels, warm and at their first call
    Kernels(Kernels),
}

#[derive(clap::Args)]
struct Kernels {
    /// Names of kernels [default: all]
    #[arg(value_name = "KERNEL")]
    names: Vec<String>,
    /// Timed rounds of each kernel
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Fresh processes of each kernel and interpreter for the first call
    #[arg(long, default_value_t = 3)]
    fresh: usize,
    /// Seconds of warm-up
    #[arg(long, default_value_t = 1.5)]
    warm_up: f64,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Leave the peers out: only plain CPython and Tierup
    #[arg(long)]
    no_peers: bool,
    /// Install PyPy from Debian's archive under target/ if there is none
    #[arg(long)]
    install_peers: bool,
    #[command(flatten)]
    profile: build::Profile,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    match &args.what {
        What::Kernels(args) => kernels(args),
    }
}

/// An interpreter and the variables that make it what it is.
struct Contestant {
    name: &'static str,
    python: PathBuf,
    variables: &'static [(&'static str, &'static str)],
}

impl Contestant {
    fn worker(&self, kernel: &Path, warm_up: f64) -> Result<Worker> {
        let mut command = self.command();
        command.args(["-c", WORKER]).arg(kernel).args([warm_up.to_string(), "0.03".into()]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", self.python.display()))?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Worker { name: self.name, child, stdin, stdout })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        for (name, _) in std::env::vars_os() {
            // Settings of Tierup (TIERUP_TIER and so on) are the user's to choose.
            if name == "TIERUP" || name.to_string_lossy().starts_with("PYTHON") {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().copied());
        command
    }
}

/// A process that times a kernel on command.
struct Worker {
    name: &'static str,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Worker {
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            bail!("{} ended early ({})", self.name, self.child.wait()?);
        }
        Ok(line.trim_end().to_owned())
    }

    fn seconds(&mut self) -> Result<f64> {
        let line = self.line()?;
        line.parse().map_err(|_| anyhow!("{}: {line}", self.name))
    }

    fn round(&mut self) -> Result<f64> {
        writeln!(self.stdin.as_mut().expect("open until dropped"))?;
        self.seconds()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input ends a waiting worker; one that is busy is not waited for.
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The figures of one kernel; the first contestant is the yardstick.
struct Row {
    kernel: String,
    /// Seconds of a round of plain CPython.
    plain: f64,
    /// Speedups of the others, warm. `None`: it failed.
    warm: Vec<Option<f64>>,
    /// Speedups of the others in the first call of a fresh process.
    first: Vec<Option<f64>>,
}

fn kernels(args: &Kernels) -> Result<ExitCode> {
    if args.rounds == 0 || args.fresh == 0 {
        return Err(usage("--rounds and --fresh need a number from 1"));
    }
    let paths = select(&args.names)?;
    let contestants = contestants(args)?;
    let mut rows = Vec::new();
    for path in &paths {
        let kernel = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !args.json {
            note(&kernel);
        }
        rows.push(measure(kernel, path, &contestants, args)?);
    }
    if args.json {
        println!("{:#}", to_json(&contestants, &rows));
    } else {
        print!("{}", table(&contestants, &rows));
    }
    let complete = rows.iter().all(|row| row.warm.iter().chain(&row.first).all(Option::is_some));
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn select(names: &[String]) -> Result<Vec<PathBuf>> {
    let dir = root().join("benches/kernels");
    if names.is_empty() {
        let mut all: Vec<_> = fs::read_dir(dir)?.flatten().map(|entry| entry.path()).collect();
        all.retain(|path| path.extension().is_some_and(|e| e == "py"));
        all.sort();
        return Ok(all);
    }
    names
        .iter()
        .map(|name| {
            let path = dir.join(name).with_extension("py");
            if path.exists() { Ok(path) } else { Err(usage(format!("no kernel '{name}' in benches/kernels"))) }
        })
        .collect()
}

fn contestants(args: &Kernels) -> Result<Vec<Contestant>> {
    let venv = build::build(args.profile)?;
    let python = venv.bin("python");
    let mut all = vec![
        Contestant { name: "plain", python: python.clone(), variables: &[] },
        Contestant { name: "Tierup", python: python.clone(), variables: &[("TIERUP", "1")] },
    ];
    let enable = capture(all[1].command().args(["-c", "import tierup; tierup.enable()"]), "", LIMIT)?;
    if enable.end != End::Exit(0) {
        bail!("Tierup does not run: {}", enable.stderr.lines().last().unwrap_or("it died"));
    }
    if args.no_peers {
        return Ok(all);
    }
    let jit = Contestant { name: "CPython's JIT", python, variables: &[("PYTHON_JIT", "1")] };
    let is_on = "import sys; sys.exit(not sys._jit.is_enabled())";
    if capture(jit.command().args(["-c", is_on]), "", LIMIT)?.end == End::Exit(0) {
        all.push(jit);
    } else {
        note("this CPython was built without its JIT; left out");
    }
    match pypy(args.install_peers)? {
        Some(python) => all.push(Contestant { name: "PyPy", python, variables: &[] }),
        None => note("no pypy3 found; left out (--install-peers gets one)"),
    }
    Ok(all)
}

fn pypy(install: bool) -> Result<Option<PathBuf>> {
    if let Some(path) = on_path(Path::new("pypy3")).or_else(|| provision::installed(&provision::PYPY)) {
        return Ok(Some(path));
    }
    if install { provision::install(&provision::PYPY).map(Some) } else { Ok(None) }
}

fn measure(kernel: String, path: &Path, contestants: &[Contestant], args: &Kernels) -> Result<Row> {
    let mut first = vec![Vec::new(); contestants.len()];
    for _ in 0..args.fresh {
        for (contestant, times) in contestants.iter().zip(&mut first) {
            times.push(report(contestant.worker(path, 0.0)?.seconds()));
        }
    }
    let mut workers = Vec::new();
    for contestant in contestants {
        // One after the other: nobody warms up beside somebody else.
        let mut worker = contestant.worker(path, args.warm_up)?;
        let ready = worker.seconds().and_then(|_| worker.line());
        workers.push(report(ready.map(|_| worker)));
    }
    let mut warm = vec![Vec::new(); contestants.len()];
    for round in 0..args.rounds {
        for i in 0..workers.len() {
            // Nobody always follows the same neighbour.
            let i = (i + round) % workers.len();
            let time = workers[i].as_mut().and_then(|worker| report(worker.round()));
            warm[i].push(time);
        }
    }
    let plain: Option<Vec<f64>> = warm[0].iter().copied().collect();
    let mut plain = plain.ok_or_else(|| anyhow!("{kernel} does not run plainly"))?;
    let speedups =
        |times: &[Vec<Option<f64>>]| times[1..].iter().map(|other| median_ratio(&times[0], other)).collect::<Vec<_>>();
    Ok(Row { kernel, warm: speedups(&warm), first: speedups(&first), plain: median(&mut plain) })
}

/// Says what went wrong with one contestant; the others go on.
fn report<T>(result: Result<T>) -> Option<T> {
    result.map_err(|error| note(format_args!("{error:#}"))).ok()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

fn median_ratio(plain: &[Option<f64>], other: &[Option<f64>]) -> Option<f64> {
    let ratios: Option<Vec<f64>> = plain.iter().zip(other).map(|(p, o)| Some((*p)? / (*o)?)).collect();
    Some(median(&mut ratios?))
}

fn geometric_mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let logs: Vec<f64> = values.map(|value| value.map(f64::ln)).collect::<Option<_>>()?;
    Some((logs.iter().sum::<f64>() / logs.len() as f64).exp())
}

fn table(contestants: &[Contestant], rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.kernel.len()).max().unwrap_or(0).max("geometric mean".len());
    let mut text = format!("Speedup over plain CPython (higher is faster)\n{:width$}  plain ms", "");
    for when in ["", " 1st"] {
        for other in &contestants[1..] {
            let _ = write!(text, "  {:>13}", format!("{}{when}", other.name));
        }
    }
    text.push('\n');
    let mut line = |name: &str, plain: &str, figures: &mut dyn Iterator<Item = Option<f64>>| {
        let _ = write!(text, "{name:width$}  {plain:>8}");
        for figure in figures {
            let figure = figure.map_or("failed".into(), |figure| format!("{figure:.2}"));
            let _ = write!(text, "  {figure:>13}");
        }
        text.push('\n');
    };
    for row in rows {
        let plain = format!("{:.1}", row.plain * 1e3);
        line(&row.kernel, &plain, &mut row.warm.iter().chain(&row.first).copied());
    }
    let columns = 0..contestants.len() - 1;
    let warm = columns.clone().map(|i| geometric_mean(rows.iter().map(|row| row.warm[i])));
    let first = columns.map(|i| geometric_mean(rows.iter().map(|row| row.first[i])));
    line("geometric mean", "", &mut warm.chain(first));
    text
}

fn to_json(contestants: &[Contestant], rows: &[Row]) -> serde_json::Value {
    let by_name = |figures: &[Option<f64>]| -> serde_json::Value {
        contestants[1..].iter().zip(figures).map(|(c, f)| (c.name.to_owned(), json!(f))).collect()
    };
    rows.iter()
        .map(|row| {
            let figures = json!({
                "plain_seconds": row.plain,
                "warm_speedup": by_name(&row.warm),
                "first_call_speedup": by_name(&row.first),
            });
            (row.kernel.clone(), figures)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn ratios_are_taken_per_round() {
        // The medians of the columns would give 1: the pairs say 2.
        let plain = [Some(2.0), Some(20.0), Some(4.0)];
        let other = [Some(1.0), Some(10.0), Some(2.0)];
        assert_eq!(median_ratio(&plain, &other), Some(2.0));
        assert_eq!(median_ratio(&plain, &[Some(1.0), None, Some(2.0)]), None);
    }

    #[test]
    fn geometric_means() {
        let mean = geometric_mean([Some(1.0), Some(4.0)].into_iter()).unwrap();
        assert!((mean - 2.0).abs() < 1e-12, "{mean}");
        assert_eq!(geometric_mean([Some(1.0), None].into_iter()), None);
    }
}
