//! Finding an interpreter that Tierup supports.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::provision;
use crate::util::{command, quiet, usage};

const HOW_TO_GET_ONE: &str = "no CPython 3.14 (with the GIL, x86-64 Linux) found: install one (pyenv install 3.14, \
     uv python install 3.14, apt install python3.14-venv) or name it in TIERUP_PYTHON";

/// What an interpreter says about itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Interpreter {
    #[serde(skip)]
    pub path: PathBuf,
    pub implementation: String,
    pub version: [u32; 3],
    release: String,
    gil: bool,
    debug: bool,
    platform: String,
    machine: String,
    /// Where its own files are, virtual environment or not.
    pub base_prefix: PathBuf,
    has_venv: bool,
    has_pip: bool,
}

const PROBE: &str = r#"
import importlib.util as u, json, platform, sys, sysconfig
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": sys.version_info[:3],
    "release": sys.version_info[3],
    "gil": not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "debug": hasattr(sys, "gettotalrefcount"),
    "platform": sys.platform,
    "machine": platform.machine(),
    "base_prefix": sys.base_prefix,
    "has_venv": u.find_spec("venv") is not None,
    "has_pip": u.find_spec("ensurepip") is not None,
}))
"#;

impl Interpreter {
    /// Asks an executable.
    pub fn probe(path: &Path) -> Result<Interpreter> {
        let text = quiet(&mut command(path, ["-I", "-c", PROBE]))?;
        let mut interpreter: Interpreter =
            serde_json::from_str(&text).with_context(|| format!("{} is no Python 3", path.display()))?;
        interpreter.path = path.to_owned();
        Ok(interpreter)
    }

    /// `CPython 3.14.10` and the like.
    pub fn name(&self) -> String {
        let [major, minor, micro] = self.version;
        let name = match self.implementation.as_str() {
            "cpython" => "CPython",
            "pypy" => "PyPy (Python)",
            other => other,
        };
        format!("{name} {major}.{minor}.{micro}")
    }

    /// Why Tierup does not support it, or None.
    pub fn unsupported(&self) -> Option<String> {
        let what = if self.implementation != "cpython" || self.version[..2] != [3, 14] {
            self.name()
        } else if !self.gil {
            "free-threaded CPython".into()
        } else if self.debug {
            "a debug build".into()
        } else if self.platform != "linux" || self.machine != "x86_64" {
            format!("for {} on {}", self.platform, self.machine)
        } else if !(self.has_venv && self.has_pip) {
            return Some(format!("{} cannot make virtual environments (no venv or ensurepip)", self.path.display()));
        } else {
            return None;
        };
        Some(format!("{} is {what}; Tierup needs CPython 3.14 with the GIL on x86-64 Linux", self.path.display()))
    }
}

/// The interpreter in `TIERUP_PYTHON`, else the newest supported one of this machine, else one
/// that is installed under `target/`.
pub fn find() -> Result<Interpreter> {
    if let Some(named) = env::var_os("TIERUP_PYTHON").filter(|v| !v.is_empty()) {
        let path = on_path(Path::new(&named))
            .ok_or_else(|| usage(format!("TIERUP_PYTHON: {} does not exist", named.display())))?;
        let interpreter = Interpreter::probe(&path)
            .map_err(|_| usage(format!("TIERUP_PYTHON: {} is no working Python 3", path.display())))?;
        return match interpreter.unsupported() {
            None => Ok(interpreter),
            Some(reason) => Err(usage(format!("TIERUP_PYTHON: {reason}"))),
        };
    }
    if let Some(best) = newest(installed(&["python3.14", "python3", "python"], &["python3.14"])) {
        return Ok(best);
    }
    if provision::possible() {
        let path = provision::cpython()?;
        return Interpreter::probe(&path);
    }
    Err(usage(HOW_TO_GET_ONE))
}

/// Interpreters of this machine that Tierup must refuse: the newest of each kind.
pub fn others() -> Vec<PathBuf> {
    let mut best: Vec<Interpreter> = Vec::new();
    for path in installed(&["python3", "python3.14t", "pypy3"], &["python3", "pypy3"])
        .into_iter()
        .chain(provision::installed(&provision::PYPY))
    {
        let Ok(next) = Interpreter::probe(&path) else { continue };
        if next.version < [3, 10, 0] || !next.has_venv || next.unsupported().is_none() {
            continue;
        }
        match best.iter_mut().find(|known| known.implementation == next.implementation && known.gil == next.gil) {
            Some(known) if known.version >= next.version => {}
            Some(known) => *known = next,
            None => best.push(next),
        }
    }
    best.into_iter().map(|interpreter| interpreter.path).collect()
}

/// The first interpreter of that name on PATH, or in pyenv's or uv's folders, that is as wanted.
pub fn peer(name: &str, wanted: impl Fn(&Interpreter) -> bool) -> Option<Interpreter> {
    installed(&[name], &[name]).iter().filter_map(|path| Interpreter::probe(path).ok()).find(wanted)
}

fn newest(candidates: Vec<PathBuf>) -> Option<Interpreter> {
    let mut seen = HashSet::new();
    let supported = candidates.into_iter().filter_map(|path| {
        // The same file under several names; pyenv's shims are scripts and stay apart.
        if !seen.insert(path.canonicalize().ok()?) {
            return None;
        }
        Interpreter::probe(&path).ok().filter(|i| i.unsupported().is_none())
    });
    // The first of equals: PATH goes before pyenv and uv.
    supported.fold(None, |best: Option<Interpreter>, next| match best {
        Some(best) if best.rank() >= next.rank() => Some(best),
        _ => Some(next),
    })
}

impl Interpreter {
    fn rank(&self) -> ([u32; 3], bool) {
        (self.version, self.release == "final")
    }
}

/// The interpreters of these names on PATH, and of those names in pyenv's and uv's folders.
fn installed(on_path: &[&str], in_folders: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        found.extend(on_path.iter().map(|name| dir.join(name)));
    }
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let var = |name| env::var_os(name).map(PathBuf::from);
    let pyenv = var("PYENV_ROOT").unwrap_or_else(|| home.join(".pyenv")).join("versions");
    let uv = var("UV_PYTHON_INSTALL_DIR")
        .unwrap_or_else(|| var("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("uv/python"));
    for folder in [pyenv, uv] {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        let mut versions: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        versions.sort();
        found.extend(versions.iter().flat_map(|dir| in_folders.iter().map(|name| dir.join("bin").join(name))));
    }
    found.retain(|path| path.is_file());
    found
}

/// A path as given, or a bare command name looked up on PATH.
pub fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
}
