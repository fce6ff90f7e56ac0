//! The interpreters that are measured: Tierup's, and its peers, found on this machine or installed under `target/`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use super::plainly;
use crate::provision::{self, Package};
use crate::python::{self, Interpreter};
use crate::util::{note, quiet};
use crate::venv::Venv;

/// Pinned: results name it, and two of them can be compared.
const CINDERX: &str = "cinderx==2026.11.2.0";

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// The CPython that Tierup runs in, without it
    Plain,
    /// CPython's own JIT, in 3.14 and 3.15
    CpythonJit,
    Pypy,
    Cinderx,
    /// Kernels written in C, at -O1
    Gcc,
}

/// What the Python part is told of an interpreter.
#[derive(Serialize)]
pub struct Contestant {
    name: &'static str,
    title: String,
    python: PathBuf,
    variables: Value,
    origin: Value,
}

/// A peer that is not measured, and why.
#[derive(Serialize)]
pub struct Skipped {
    name: &'static str,
    reason: String,
}

/// Plain CPython first: it is the yardstick.
pub fn contestants(
    venv: &Venv,
    wanted: Option<&[Peer]>,
    tier: Option<u8>,
    install: bool,
) -> Result<(Vec<Contestant>, Vec<Skipped>)> {
    let interpreter = python::find()?;
    let wanted = wanted.unwrap_or(Peer::value_variants());
    let mut all = vec![plain(&interpreter)?, tierup(venv, tier)?];
    let mut skipped = Vec::new();
    let mut add = |name, result: Result<Contestant>| match result {
        Ok(contestant) => all.push(contestant),
        Err(error) => {
            let reason = format!("{error:#}").lines().next().unwrap_or_default().to_owned();
            note(format_args!("{name} is left out: {reason}"));
            skipped.push(Skipped { name, reason });
        }
    };
    for peer in wanted {
        match peer {
            Peer::Plain => {}
            Peer::CpythonJit => {
                add("cpython-jit", own_jit("cpython-jit", &interpreter));
                add("cpython-3.15-jit", cpython_3_15(install).and_then(|found| own_jit("cpython-3.15-jit", &found)));
            }
            Peer::Pypy => add("pypy", pypy(install)),
            Peer::Cinderx => add("cinderx", cinderx(&interpreter, install)),
            // The Python part compiles the kernels.
            Peer::Gcc => add("gcc", gcc(&interpreter)),
        }
    }
    Ok((all, skipped))
}

pub fn tierup(venv: &Venv, tier: Option<u8>) -> Result<Contestant> {
    let python = venv.bin("python");
    let variables = match tier {
        None => json!({ "TIERUP": "1" }),
        Some(tier) => json!({ "TIERUP": "1", "TIERUP_TIER": tier.to_string() }),
    };
    let works = quiet(plainly(&python).args(["-c", "import tierup; tierup.enable()"]));
    works.map_err(|error| anyhow!("Tierup does not run: {}", last_line(&error)))?;
    let origin = origin(&Interpreter::probe(&python)?, venv);
    let title = tier.map_or("Tierup".into(), |tier| format!("Tierup, tier {tier}"));
    Ok(Contestant { name: "tierup", title, python, variables, origin })
}

fn plain(interpreter: &Interpreter) -> Result<Contestant> {
    // Without Tierup's hook in its site-packages.
    let venv = Venv::named(interpreter, "-plain")?;
    let origin = origin(interpreter, &venv);
    Ok(Contestant { name: "plain", title: "CPython".into(), python: venv.bin("python"), variables: json!({}), origin })
}

fn own_jit(name: &'static str, interpreter: &Interpreter) -> Result<Contestant> {
    if !has_jit(interpreter) {
        bail!("{} was built without its JIT", interpreter.path.display());
    }
    let venv = Venv::named(interpreter, "-plain")?;
    let title = format!("JIT {}.{}", interpreter.version[0], interpreter.version[1]);
    let origin = origin(interpreter, &venv);
    Ok(Contestant { name, title, python: venv.bin("python"), variables: json!({ "PYTHON_JIT": "1" }), origin })
}

fn has_jit(interpreter: &Interpreter) -> bool {
    let is_on = "import sys; sys.exit(not sys._jit.is_enabled())";
    quiet(plainly(&interpreter.path).args(["-c", is_on]).env("PYTHON_JIT", "1")).is_ok()
}

fn cpython_3_15(install: bool) -> Result<Interpreter> {
    let name = "python3.15";
    obtain(name, &provision::CPYTHON_3_15, install, |found| found.version[..2] == [3, 15] && has_jit(found))
}

fn pypy(install: bool) -> Result<Contestant> {
    let interpreter = obtain("pypy3", &provision::PYPY, install, |found| found.implementation == "pypy")?;
    let venv = Venv::named(&interpreter, "-plain")?;
    let origin = origin(&interpreter, &venv);
    Ok(Contestant { name: "pypy", title: "PyPy".into(), python: venv.bin("python"), variables: json!({}), origin })
}

/// The one that was installed under `target/`, else one of this machine, else a new one under `target/`.
fn obtain(name: &str, package: &Package, install: bool, wanted: impl Fn(&Interpreter) -> bool) -> Result<Interpreter> {
    if let Some(path) = provision::installed(package) {
        return Interpreter::probe(&path);
    }
    if let Some(found) = python::peer(name, &wanted) {
        return Ok(found);
    }
    if !install {
        bail!("there is no {name} on this machine");
    }
    let path =
        provision::install(package).with_context(|| format!("there is no {name}, and it cannot be installed"))?;
    let interpreter = Interpreter::probe(&path)?;
    if !wanted(&interpreter) {
        bail!("{} is not what is wanted", path.display());
    }
    Ok(interpreter)
}

fn cinderx(interpreter: &Interpreter, install: bool) -> Result<Contestant> {
    let venv = Venv::named(interpreter, "-cinderx")?;
    if install {
        venv.require(CINDERX).map_err(|error| anyhow!("{CINDERX} cannot be installed: {}", last_line(&error)))?;
    }
    let python = venv.bin("python");
    let site = quiet(plainly(&python).args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]))?;
    // Child processes have its JIT too, as they have Tierup.
    fs::write(PathBuf::from(site.trim()).join("cinderx_jit.pth"), "import cinderx.jit; cinderx.jit.auto()\n")?;
    let is_on = "import cinderx.jit, sys; sys.exit(not cinderx.jit.is_enabled())";
    quiet(plainly(&python).args(["-c", is_on])).map_err(|error| anyhow!("it does not run: {}", last_line(&error)))?;
    let mut origin = origin(interpreter, &venv);
    origin["package"] = json!(CINDERX);
    Ok(Contestant { name: "cinderx", title: "CinderX".into(), python, variables: json!({}), origin })
}

fn gcc(interpreter: &Interpreter) -> Result<Contestant> {
    let version = quiet(&mut crate::util::command("gcc", ["--version"])).map_err(|_| anyhow!("there is no gcc"))?;
    let venv = Venv::named(interpreter, "-plain")?;
    let origin = json!({ "version": version.lines().next(), "options": ["-O1"], "abi": "c" });
    let title = "gcc -O1".into();
    Ok(Contestant { name: "gcc", title, python: venv.bin("python"), variables: json!({}), origin })
}

/// What lets a figure be placed: the exact build, and the archive it came from.
fn origin(interpreter: &Interpreter, venv: &Venv) -> Value {
    let version = quiet(plainly(&venv.bin("python")).args(["-c", "import sys; print(sys.version)"]));
    let base = provision::origin(&interpreter.path).or_else(|| {
        let base = python::find().ok()?;
        (base.base_prefix == interpreter.base_prefix).then(|| provision::origin(&base.path)).flatten()
    });
    let abi = venv.dir().file_name().unwrap_or_default().to_string_lossy();
    json!({
        "version": version.unwrap_or_default().trim(),
        "abi": abi.split(['-']).take(3).collect::<Vec<_>>().join("-"),
        "base_prefix": interpreter.base_prefix,
        "installed_from": base.map_or(json!("found on this machine"), |origin| json!(origin)),
    })
}

fn last_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}
