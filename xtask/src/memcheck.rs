//! `cargo xtask memcheck`: the code generator's tests, and a program that is compiled and left in every way, under
//! valgrind; or programs with an allocator that finds uses of freed memory.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::build;
use crate::compare::Setting;
use crate::diff;
use crate::process::{End, capture, clear_settings};
use crate::util::{command, note, root};
use crate::venv::Venv;

/// Crates whose tests run machine code or hand out memory.
const CRATES: [&str; 2] = ["tierup-codegen", "tierup-heap"];
/// Random traces: valgrind takes thirty times as long.
const CASES: &str = "40";
const ERROR: i32 = 9;
/// What is run under CPython: `tests/faults/scenario.py`, whose results must not change.
const PROGRAM: &str = "import tierup, scenario\nwant = scenario.cycle()\ntierup.enable()\nassert scenario.cycle() == want\n\
                       assert tierup.stats()['traces.made'] > 0";

/// Reads memory that it has freed.
const LATE: &str = "import ctypes\nmalloc, free = ctypes.pythonapi.PyMem_Malloc, ctypes.pythonapi.PyMem_Free\n\
                    malloc.restype, free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]\n\
                    block = malloc(100)\nfree(block)\nctypes.string_at(block, 1)";

#[derive(clap::Args)]
pub struct Args {
    /// Compare programs as `cargo xtask diff` does, with an allocator under which a use of freed memory is fatal
    #[arg(long)]
    guard: bool,
    /// As for `cargo xtask diff`
    #[arg(long, value_delimiter = ',', value_name = "LIST", requires = "guard", default_values = ["default", "hot", "exit-all"])]
    settings: Vec<String>,
    #[command(flatten)]
    profile: build::Profile,
    /// Programs, or directories of programs [default: tests/programs]
    #[arg(value_name = "PROGRAM", requires = "guard")]
    programs: Vec<PathBuf>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    if args.guard { guarded(args) } else { valgrind_finds_nothing(args) }
}

fn guarded(args: &Args) -> Result<ExitCode> {
    let venv = build::build(args.profile)?;
    let library = build::guard()?;
    let library = library.to_str().context("the path of the build is no UTF-8")?;
    let variables = [("LD_PRELOAD", library), ("PYTHONMALLOC", "malloc"), ("PYTHONFAULTHANDLER", "1")];
    let mut late = venv.python();
    late.args(["-c", LATE]);
    clear_settings(&mut late);
    let outcome = capture(late.envs(variables), "", Duration::from_secs(60))?;
    if outcome.end != End::Signal(libc::SIGSEGV) {
        bail!(
            "the allocator does not work here: a program that reads freed memory: {}\n{}",
            outcome.end,
            outcome.stderr
        );
    }
    let settings = args.settings.iter().map(|name| {
        let setting = Setting::parse(name)?.with(&variables);
        let own =
            setting.variables().find(|(name, _)| *name == "TIERUP_STRESS").map(|(_, stress)| format!("{stress},"));
        let stress = own.unwrap_or_default() + "no-free-lists";
        Ok(setting.with(&[("TIERUP_STRESS", &stress)]))
    });
    diff::run_slowly(&venv, &args.programs, &settings.collect::<Result<Vec<_>>>()?)
}

fn valgrind_finds_nothing(args: &Args) -> Result<ExitCode> {
    let mut passed = true;
    for test in tests()? {
        let name = test.file_name().unwrap_or_default().to_string_lossy().into_owned();
        note(format_args!("memcheck: {name}"));
        let mut valgrind = valgrind();
        valgrind.arg(&test).args(["--test-threads=1", "--quiet"]).env("PROPTEST_CASES", CASES);
        passed &= valgrind.status().context("valgrind")?.success();
    }
    let venv = build::build(args.profile)?;
    for stress in ["", "exit-all", "spill"] {
        passed &= program(&venv, stress)?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn valgrind() -> Command {
    let suppressions = root().join("tests/faults/memcheck.supp");
    let mut valgrind = command("valgrind", ["--quiet", "--smc-check=all-non-file", "--num-callers=30"]);
    valgrind.arg(format!("--error-exitcode={ERROR}")).arg(format!("--suppressions={}", suppressions.display()));
    valgrind
}

/// The crates' test executables.
fn tests() -> Result<Vec<PathBuf>> {
    let mut cargo = command("cargo", ["test", "--no-run", "--message-format=json-render-diagnostics"]);
    for name in CRATES {
        cargo.args(["--package", name]);
    }
    let output = cargo.current_dir(root()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("the build failed");
    }
    let messages = String::from_utf8(output.stdout)?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let tests: Vec<_> = messages
        .filter(|message| message["profile"]["test"] == true)
        .filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .collect();
    if tests.is_empty() {
        bail!("cargo built no tests");
    }
    Ok(tests)
}

/// Whether the program runs without an error; also where valgrind cannot run this interpreter.
fn program(venv: &Venv, stress: &str) -> Result<bool> {
    note(format_args!("memcheck: tests/faults/scenario.py, TIERUP_STRESS={stress}"));
    let mut valgrind = valgrind();
    valgrind.arg(venv.bin("python")).args(["-c", PROGRAM]);
    clear_settings(&mut valgrind);
    valgrind.envs([("TIERUP_THRESHOLD", "1"), ("TIERUP_STRESS", stress), ("PYTHONMALLOC", "malloc")]);
    valgrind.env("PYTHONPATH", root().join("tests/faults"));
    let output = valgrind.output().context("valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    if text.contains("Fatal error at startup") {
        note("valgrind cannot run this interpreter: it has no debug symbols of its libc (uncompressed); left out");
        return Ok(true);
    }
    eprint!("{text}");
    Ok(output.status.success())
}
