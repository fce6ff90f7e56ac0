//! Making a failing program small: pysource-minimize proposes programs, this says which still fail the same way.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::compare::{Limits, Program, Setting, run_plainly, run_under};
use crate::fuzz::Wrong;
use crate::process::{End, Scratch};
use crate::util::root;
use crate::venv::{PYSOURCE_MINIMIZE, Venv};

/// After this the best so far has to do.
const PATIENCE: Duration = Duration::from_secs(240);
/// Who proposes ends by itself, after the answer it waits for.
const GRACE: Duration = Duration::from_secs(60);

/// Writes a small program that is wrong in the same way to `small`, and returns how many lines it has; `None` if
/// `program` is not wrong each time.
pub fn shrink(
    venv: &Venv,
    program: &Path,
    small: &Path,
    setting: &Setting,
    limits: Limits,
    wrong: Wrong,
) -> Result<Option<usize>> {
    venv.require(PYSOURCE_MINIMIZE)?;
    let start = Instant::now();
    let plain = Program::plain(program.to_owned(), limits);
    if run_plainly(venv, &plain)?.end == End::TimedOut {
        return Ok(None);
    }
    // What becomes an endless loop is to be noticed soon.
    let time = (start.elapsed() * 20).clamp(Duration::from_secs(2), limits.time);
    let scratch = Scratch::new()?;
    let candidate = Program::plain(scratch.path().join("candidate.py"), Limits { time, ..limits });
    let fails = |text: &str| -> Result<bool> {
        fs::write(candidate.path(), text)?;
        let plain = run_plainly(venv, &candidate)?;
        if plain.end == End::TimedOut {
            return Ok(false);
        }
        let (outcome, _) = run_under(venv, &candidate, setting)?;
        if Wrong::of(&plain, &outcome) != Some(wrong) {
            return Ok(false);
        }
        // Without an address or a time in its output, it says the same again.
        let again = run_plainly(venv, &candidate)?;
        Ok(Wrong::of(&plain, &again).is_none())
    };
    if !fails(&fs::read_to_string(program)?)? {
        return Ok(None);
    }
    let mut child = venv
        .python()
        .arg("-B")
        .arg(root().join("tests/fuzz/shrink.py"))
        .args([program, scratch.path()])
        .arg(PATIENCE.as_secs().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run the minimizer")?;
    let mut answers = child.stdin.take().expect("it is piped");
    let mut best = fs::read_to_string(program)?;
    for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
        if start.elapsed() > PATIENCE + GRACE {
            child.kill()?;
            break;
        }
        let proposal = fs::read_to_string(line?)?;
        let good = fails(&proposal)?;
        if good {
            best = proposal;
        }
        writeln!(answers, "{}", u8::from(good))?;
    }
    child.wait()?;
    fs::write(small, &best)?;
    Ok(Some(best.lines().count()))
}
