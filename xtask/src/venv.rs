//! The virtual environment under `target/` that Tierup is installed into.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::python::Interpreter;
use crate::util::{Lock, command, note, quiet, target};

/// The tools that are installed into it. Pinned: a new release must not change a check.
pub const MATURIN: &str = "maturin==1.16.0";
pub const PYTEST: &str = "pytest==9.2.0";
/// Reads the extension, for what its machine code must be like.
pub const PYELFTOOLS: &str = "pyelftools==0.32";
pub const PYSOURCE_MINIMIZE: &str = "pysource-minimize==0.10.1";
pub const RUFF: &str = "ruff==0.17.5";
pub const UNEARTH: &str = "unearth==0.19.0";
pub const Z3: &str = "z3-solver==5.4.0.0";

pub struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// The environment of an interpreter; made at the first call.
    pub fn of(interpreter: &Interpreter) -> Result<Venv> {
        Venv::named(interpreter, "")
    }

    /// One of several environments of an interpreter.
    pub fn named(interpreter: &Interpreter, purpose: &str) -> Result<Venv> {
        let _lock = Lock::take("venv")?;
        let [major, minor, micro] = interpreter.version;
        let mut hasher = DefaultHasher::new();
        interpreter.path.canonicalize()?.hash(&mut hasher);
        let name =
            format!("{}-{major}.{minor}.{micro}-{:08x}{purpose}", interpreter.implementation, hasher.finish() as u32);
        let venv = Venv { dir: target().join("venv").join(name) };
        let stamp = venv.dir.join("made");
        if !stamp.exists() {
            if venv.dir.exists() {
                fs::remove_dir_all(&venv.dir)?;
            }
            note(format_args!("making a virtual environment for {}", interpreter.path.display()));
            quiet(command(&interpreter.path, ["-I", "-m", "venv", "--without-pip"]).arg(&venv.dir))?;
            venv.bootstrap_pip(&interpreter.base_prefix)?;
            fs::write(stamp, "")?;
        }
        Ok(venv)
    }

    /// Debian's ensurepip takes pip from the system's /usr/share, whatever root Python is in;
    /// so the wheel beside the interpreter goes first.
    fn bootstrap_pip(&self, base_prefix: &Path) -> Result<()> {
        let wheels = base_prefix.join("share/python-wheels");
        let pip = fs::read_dir(&wheels)
            .ok()
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path())
            .find(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"pip-")));
        match pip {
            Some(wheel) => quiet(
                self.python()
                    .arg(wheel.join("pip"))
                    .args(["install", "--quiet", "--no-index", "--find-links"])
                    .arg(&wheels)
                    .arg("pip"),
            )?,
            None => quiet(self.python().args(["-I", "-m", "ensurepip"]))?,
        };
        Ok(())
    }

    /// Installs a tool unless it is there.
    pub fn require(&self, requirement: &str) -> Result<()> {
        let _lock = Lock::take("venv")?;
        let stamp = self.dir.join(format!("has-{requirement}"));
        if !stamp.exists() {
            note(format_args!("installing {requirement}"));
            quiet(self.pip().args(["install", requirement]))?;
            fs::write(stamp, "")?;
        }
        Ok(())
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A tool's executable.
    pub fn bin(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }

    pub fn python(&self) -> Command {
        Command::new(self.bin("python"))
    }

    pub fn pip(&self) -> Command {
        command(self.bin("python"), ["-m", "pip", "--quiet", "--disable-pip-version-check"])
    }
}
