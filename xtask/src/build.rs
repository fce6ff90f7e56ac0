//! Building the extension module and installing it, editable, into the virtual environment.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::python;
use crate::util::{Lock, command, root};
use crate::venv::{MATURIN, Venv};

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
    // What is installed is a link to python/ and the metadata; the module itself lies in python/.
    let metadata = ["pyproject.toml", "Cargo.toml", "python/data/platlib/tierup_autoload.pth"]
        .iter()
        .map(|file| fs::read_to_string(root().join(file)).with_context(|| (*file).to_owned()))
        .collect::<Result<String>>()?
        + &root().display().to_string();
    let stamp = venv.dir().join("installed");
    let installed = fs::read_to_string(&stamp).is_ok_and(|text| text == metadata);

    let mut maturin = command(venv.bin("maturin"), ["develop"]);
    maturin.env("VIRTUAL_ENV", venv.dir()).current_dir(root());
    if !profile.dev {
        maturin.arg("--release");
    }
    if installed {
        maturin.arg("--skip-install");
    }
    let mut child = maturin
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run maturin")?;
    let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    for line in stderr.split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if is_worth_showing(&line) {
            eprintln!("{line}");
        }
    }
    if !child.wait()?.success() {
        bail!("the build failed");
    }
    fs::write(stamp, metadata)?;
    Ok(venv)
}

/// Drops maturin's own chatter, lines that begin with a symbol, and cargo's last line.
fn is_worth_showing(line: &str) -> bool {
    let text = line.trim_start();
    let chatter = text.chars().next().is_some_and(|first| !first.is_ascii() && first != '💥');
    !chatter && !text.starts_with("Finished")
}
