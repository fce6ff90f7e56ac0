//! `cargo xtask prove`: the optimizer's integer laws, on all ranges and values of small widths, and by Z3 at 64 bits.

use std::io::Write;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::python;
use crate::util::{command, note, quiet, root};
use crate::venv::{Venv, Z3};

/// Widths beyond take minutes.
const WIDTH: u32 = 5;

#[derive(clap::Args)]
pub struct Args {
    /// The largest width whose ranges and values are all tried
    #[arg(long, default_value_t = WIDTH, value_name = "BITS", value_parser = clap::value_parser!(u32).range(3..=8))]
    width: u32,
    /// Install Z3, which is used where it is installed
    #[arg(long)]
    z3: bool,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let laws = enumerate(args.width)?;
    for (law, cases) in &laws {
        println!("{law}: {cases} cases");
    }
    println!("{} laws hold on all ranges and values up to {} bits", laws.len(), args.width);
    let venv = Venv::of(&python::find()?)?;
    if args.z3 {
        venv.require(Z3)?;
    }
    if !venv.python().args(["-c", "import z3"]).stderr(Stdio::null()).status()?.success() {
        note("Z3 is not installed, so nothing was proved at 64 bits; cargo xtask prove --z3 installs it");
        return Ok(ExitCode::SUCCESS);
    }
    let mut z3 = venv.python();
    z3.arg("-B").arg(root().join("tests/oracle/laws.py")).stdin(Stdio::piped());
    let mut child = z3.spawn().context("cannot run Python")?;
    let names: String = laws.iter().map(|(law, _)| format!("{law}\n")).collect();
    child.stdin.take().expect("it is piped").write_all(names.as_bytes())?;
    Ok(if child.wait()?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tries everything; each law and in how many cases it applied.
fn enumerate(width: u32) -> Result<Vec<(String, String)>> {
    let mut cargo = command("cargo", ["test", "--release", "--quiet", "-p", "tierup-opt", "--test", "prove"]);
    cargo.args(["--", "--nocapture"]).env("TIERUP_PROVE_WIDTH", width.to_string()).current_dir(root());
    let laws = laws(&quiet(&mut cargo)?);
    if laws.is_empty() {
        bail!("no law was tried");
    }
    Ok(laws)
}

/// Lines of the test's output that say `law NAME: CASES`; the harness may have written before them.
fn laws(output: &str) -> Vec<(String, String)> {
    let parts = output.lines().filter_map(|line| line.split_once("law ")?.1.rsplit_once(": "));
    parts.map(|(law, cases)| (law.into(), cases.into())).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn laws_are_found_in_a_tests_output() {
        let output = "running 3 tests\n..law 0 <= x < m: x % m == x: 12\nlaw x - x == 0: 7\ntest result: ok\n";
        let laws = super::laws(output);
        assert_eq!(laws[0], ("0 <= x < m: x % m == x".into(), "12".into()));
        assert_eq!(laws.len(), 2);
    }
}
