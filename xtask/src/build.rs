//! Building the extension module and installing it, editable, into the virtual environment.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};

use crate::python;
use crate::util::{Lock, command, root};
use crate::venv::{MATURIN, Venv};

/// The extension module's name for the interpreters that are supported.
const MODULE: &str = "python/tierup/_native.cpython-314-x86_64-linux-gnu.so";

/// How to build.
#[derive(Clone, Copy, clap::Args)]
pub struct Profile {
    /// Build with cargo's dev profile
    #[arg(long)]
    pub dev: bool,
}

/// Finds Python, builds, installs. Cargo decides what is stale.
pub fn build(profile: Profile) -> Result<Venv> {
    let venv = Venv::of(&python::find()?)?;
    venv.require(MATURIN)?;
    let _lock = Lock::take("build")?;
    install(&venv, profile)?;
    refresh(profile)?;
    Ok(venv)
}

/// Installs, once, what an editable installation consists of: links to python/, and metadata.
fn install(venv: &Venv, profile: Profile) -> Result<()> {
    let metadata = ["pyproject.toml", "Cargo.toml", "python/data/platlib/tierup_autoload.pth"]
        .iter()
        .map(|file| fs::read_to_string(root().join(file)).with_context(|| (*file).to_owned()))
        .collect::<Result<String>>()?
        + &root().display().to_string();
    let stamp = venv.dir().join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == metadata) {
        return Ok(());
    }
    // maturin writes into the module's file: processes that have it mapped must keep the old one.
    if root().join(MODULE).exists() {
        fs::remove_file(root().join(MODULE))?;
    }
    let mut maturin = command(venv.bin("maturin"), ["develop"]);
    maturin.env("VIRTUAL_ENV", venv.dir());
    if !profile.dev {
        maturin.arg("--release");
    }
    narrated(&mut maturin)?;
    fs::write(stamp, metadata)?;
    Ok(())
}

/// Builds the module and, if it is another one, puts it in place in one step.
fn refresh(profile: Profile) -> Result<()> {
    put(profile, &[], root().join(MODULE))
}

/// Builds the module that can be told to fail allocations, into a folder of its own.
pub fn faulty(profile: Profile, package: &Path) -> Result<()> {
    let _lock = Lock::take("build")?;
    let name = Path::new(MODULE).file_name().expect("it is a file");
    put(profile, &["--features", "fault-injection"], package.join(name))
}

/// Builds the allocator that finds uses of freed memory.
pub fn guard() -> Result<PathBuf> {
    let mut cargo = command("cargo", ["build", "--release", "--package", "tierup-guard"]);
    cargo.arg("--message-format=json-render-diagnostics");
    library(&narrated(&mut cargo)?, "guard").ok_or_else(|| anyhow!("cargo built no library"))
}

fn put(profile: Profile, features: &[&str], module: PathBuf) -> Result<()> {
    let mut cargo = command("cargo", ["build", "--package", "tierup-py"]);
    cargo.arg("--message-format=json-render-diagnostics").args(features);
    if !profile.dev {
        cargo.arg("--release");
    }
    let built = library(&narrated(&mut cargo)?, "_native").ok_or_else(|| anyhow!("cargo built no extension module"))?;
    let fresh = fs::read(&built)?;
    if fs::read(&module).is_ok_and(|current| current == fresh) {
        return Ok(());
    }
    let next = module.with_extension("new");
    fs::write(&next, fresh)?;
    fs::rename(next, module)?;
    Ok(())
}

/// The library of this name among cargo's messages.
fn library(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    messages
        .filter(|message| message["reason"] == "compiler-artifact" && message["target"]["name"] == name)
        .find_map(|message| message["filenames"][0].as_str().map(PathBuf::from))
}

/// Runs a build and shows what is worth it; returns its standard output.
fn narrated(command: &mut Command) -> Result<String> {
    let mut child = command
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let mut stdout = child.stdout.take().expect("it is piped");
    // Read beside the other stream: a full pipe would stop the child.
    let stdout = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    for line in BufReader::new(child.stderr.take().expect("it is piped")).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if is_worth_showing(&line) {
            eprintln!("{line}");
        }
    }
    if !child.wait()?.success() {
        bail!("the build failed");
    }
    Ok(stdout.join().expect("it does not panic")?)
}

/// Drops maturin's own chatter, lines that begin with a symbol, and cargo's last line.
fn is_worth_showing(line: &str) -> bool {
    let text = line.trim_start();
    let chatter = text.chars().next().is_some_and(|first| !first.is_ascii() && first != '💥');
    !chatter && !text.starts_with("Finished")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_among_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"runtime"},"filenames":["/a"]}
not JSON
{"reason":"compiler-artifact","target":{"name":"_native"},"filenames":["/t/lib_native.so"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(library(messages, "_native"), Some(PathBuf::from("/t/lib_native.so")));
        assert_eq!(library("{}", "_native"), None);
    }

    #[test]
    fn errors_are_shown_and_chatter_is_not() {
        assert!(is_worth_showing("error[E0425]: cannot find value"));
        assert!(is_worth_showing("   Compiling tierup-py v0.1.0"));
        assert!(is_worth_showing("💥 maturin failed"));
        assert!(!is_worth_showing("🔗 Found pyo3-ffi bindings"));
        assert!(!is_worth_showing("    Finished `release` profile"));
    }
}
