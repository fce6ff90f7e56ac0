//! A package, what its tests need, and Tierup, in an environment of their own; and the tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::{DIR, Program, Spec};
use crate::python::Interpreter;
use crate::util::{Lock, command, note, quiet, root, target};
use crate::venv::{UNEARTH, Venv};

pub(super) struct Installed {
    venv: Venv,
    pub version: String,
    /// All that was asked for, with versions.
    pub requirements: String,
    sdist: Option<PathBuf>,
}

/// The versions in constraints.txt.
pub(super) fn pins() -> Result<BTreeMap<String, String>> {
    let path = root().join(DIR).join("constraints.txt");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (name, version) = line.split_once("==").ok_or_else(|| anyhow!("constraints.txt: not a pin: {line}"))?;
            Ok((name.to_owned(), version.to_owned()))
        })
        .collect()
}

impl Installed {
    /// Installed at the first call.
    pub fn new(interpreter: &Interpreter, run: &str, spec: &Spec) -> Result<Installed> {
        let pins = pins()?;
        let pinned = |name: &str| -> Result<String> {
            let version = pins.get(name).ok_or_else(|| anyhow!("{name} has no version in constraints.txt"))?;
            Ok(format!("{name}=={version}"))
        };
        let package = spec.package(run);
        let mut names: Vec<&str> = spec.requires.iter().map(String::as_str).chain([package]).collect();
        if spec.program == Program::Pytest && package != "pytest" {
            names.push("pytest");
        }
        let requirements = names.iter().map(|name| pinned(name)).collect::<Result<Vec<_>>>()?;
        let venv = Venv::named(interpreter, &format!("-package-{run}"))?;
        let stamp = venv.dir().join("requirements");
        let all = requirements.join(" ");
        if !fs::read_to_string(&stamp).is_ok_and(|stamped| stamped == all) {
            note(format_args!("installing {all}"));
            let constraints = root().join(DIR).join("constraints.txt");
            // Wheels: a package that has none for this CPython would be built from source for an hour.
            quiet(
                venv.pip().args(["install", "--prefer-binary", "--constraint"]).arg(constraints).args(&requirements),
            )?;
            fs::write(stamp, &all)?;
        }
        add_tierup(&venv)?;
        let sdist = spec.sdist.then(|| sdist(interpreter, &pinned(package)?)).transpose()?;
        Ok(Installed { venv, version: pins[package].clone(), requirements: all, sdist })
    }

    pub fn bin(&self) -> PathBuf {
        self.venv.dir().join("bin")
    }

    /// A directory to run the tests in, as new: the unpacked sdist, else an empty one.
    pub fn unpack(&self, spec: &Spec, run: &str) -> Result<PathBuf> {
        let dir = target().join("packages").join(run);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        if let Some(sdist) = &self.sdist {
            quiet(command("tar", ["--extract", "--strip-components=1", "--file"]).arg(sdist).arg("-C").arg(&dir))?;
        }
        for path in &spec.without {
            let path = dir.join(path);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("packages.toml: {}", path.display()))?;
        }
        Ok(dir)
    }
}

/// As an editable installation has it; and the plugin that writes outcomes.
fn add_tierup(venv: &Venv) -> Result<()> {
    let site = quiet(venv.python().args(["-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]))?;
    let site = Path::new(site.trim());
    let paths = format!("{}\n{}\n", root().join("python").display(), root().join(DIR).display());
    fs::write(site.join("tierup.pth"), paths)?;
    fs::copy(root().join("python/data/platlib/tierup_autoload.pth"), site.join("tierup_autoload.pth"))?;
    Ok(())
}

/// Downloads a source distribution. Not by pip, which would start to build it.
fn sdist(interpreter: &Interpreter, requirement: &str) -> Result<PathBuf> {
    let _lock = Lock::take("sdists")?;
    let dir = target().join("packages/sdists").join(requirement);
    let found = |dir: &Path| {
        let mut files = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
        files.find(|path| path.to_string_lossy().ends_with(".tar.gz"))
    };
    if let Some(file) = found(&dir) {
        return Ok(file);
    }
    note(format_args!("downloading the source of {requirement}"));
    let tools = Venv::named(interpreter, "-unearth")?;
    tools.require(UNEARTH)?;
    let partial = dir.with_extension("partial");
    fs::create_dir_all(&partial)?;
    quiet(command(tools.bin("unearth"), ["--no-binary", "--download"]).arg(&partial).arg(requirement))?;
    fs::rename(partial, &dir)?;
    found(&dir).ok_or_else(|| anyhow!("{requirement} has no source distribution"))
}
