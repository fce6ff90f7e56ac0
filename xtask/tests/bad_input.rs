//! Bad input gets one clear line and exit code 2, before anything is built or installed.

use std::process::Command;

fn refused(args: &[&str], python: Option<&str>) -> String {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.args(args);
    if let Some(python) = python {
        xtask.env("TIERUP_PYTHON", python);
    }
    let output = xtask.output().expect("xtask runs");
    let stderr = String::from_utf8(output.stderr).expect("messages are UTF-8");
    assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
    stderr
}

#[test]
fn command_lines() {
    assert!(refused(&["fly"], None).contains("'fly'"));
    assert!(refused(&["run"], None).contains("PROGRAM"));
    assert!(refused(&["run", "--fast", "x.py"], None).contains("--fast"));
    assert!(refused(&["diff", "--settings", "cold"], None).contains("'cold'"));
    assert!(refused(&["fuzz", "--settings", "cold"], None).contains("'cold'"));
    assert!(refused(&["fuzz", "--seed", "x"], None).contains("'x'"));
    assert!(refused(&["bench", "kernels", "--rounds", "many"], None).contains("many"));
}

#[test]
fn missing_files() {
    assert!(refused(&["run", "missing.py"], None).contains("missing.py does not exist"));
    assert!(refused(&["diff", "missing.py"], None).contains("missing.py does not exist"));
    assert!(refused(&["fuzz", "--shrink", "missing.py"], None).contains("missing.py does not exist"));
    assert!(refused(&["bench", "kernels", "missing"], None).contains("'missing'"));
    assert!(refused(&["bench", "kernels", "--against", "javascript"], None).contains("javascript"));
    assert!(refused(&["bench", "--processes", "0"], None).contains("from 1"));
    assert!(refused(&["bench", "compare", "missing.json", "missing.json"], None).contains("missing.json"));
    assert!(refused(&["profile", "--with", "gprof", "fib"], None).contains("gprof"));
}

#[test]
fn wrong_pythons() {
    let run = ["run", "-c", "pass"];
    assert!(refused(&run, Some("/nowhere/python")).contains("/nowhere/python does not exist"));
    assert!(refused(&run, Some("false")).contains("is no working Python 3"));
    assert!(refused(&run, Some("/dev/null")).contains("/dev/null does not exist"));
}
