//! `cargo xtask tidy`: formatting, lints, and the rules that no tool knows.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::python;
use crate::util::{command, note, quiet, root};
use crate::venv::{RUFF, Venv};

#[derive(clap::Args)]
pub struct Args {
    /// Format, and apply what the linters can apply
    #[arg(long)]
    fix: bool,
}

/// The Python that ruff looks at. Test programs are odd on purpose.
const PYTHON: &[&str] =
    &["python", "tests/python", "tests/fuzz", "tests/oracle", "tests/packages", "xtask", "examples", "benches"];

pub fn run(args: &Args) -> Result<ExitCode> {
    let venv = Venv::of(&python::find()?)?;
    venv.require(RUFF)?;
    let ruff = || {
        let mut ruff = Command::new(venv.bin("ruff"));
        ruff.current_dir(root());
        ruff
    };
    let cargo = |arguments: &[&str]| {
        let mut cargo = command("cargo", arguments);
        cargo.current_dir(root());
        cargo
    };
    let steps = if args.fix {
        vec![
            cargo(&["clippy", "--workspace", "--all-targets", "--fix", "--allow-dirty", "--allow-staged", "--quiet"]),
            cargo(&["fmt", "--all"]),
            command_with(ruff(), &["check", "--quiet", "--fix"], PYTHON),
            command_with(ruff(), &["format", "--quiet"], PYTHON),
        ]
    } else {
        vec![
            cargo(&["fmt", "--all", "--check"]),
            cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
            command_with(ruff(), &["check", "--quiet"], PYTHON),
            command_with(ruff(), &["format", "--quiet", "--diff"], PYTHON),
        ]
    };
    let mut clean = true;
    for mut step in steps {
        let status = step.status().with_context(|| format!("cannot run {}", step.get_program().display()))?;
        if !status.success() {
            note(format_args!("not tidy: {} {}", step.get_program().display(), words(&step)));
            clean = false;
        }
    }
    for line in version_leaks()? {
        println!("{line}: only crates/cpython may know CPython's versions");
        clean = false;
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn command_with(mut command: Command, arguments: &[&str], paths: &[&str]) -> Command {
    command.args(arguments).args(paths.iter().filter(|path| root().join(path).exists()));
    command
}

fn words(command: &Command) -> String {
    command.get_args().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Lines outside `crates/cpython` that name one of its per-version folders.
fn version_leaks() -> Result<Vec<String>> {
    let files =
        quiet(command("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]).current_dir(root()))?;
    let mut leaks = Vec::new();
    for file in files.lines().filter(|file| !file.starts_with("crates/cpython/")) {
        // A deleted file is still listed until the deletion is staged.
        let Ok(text) = fs::read_to_string(root().join(file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if names_a_version(line) {
                leaks.push(format!("{file}:{}", number + 1));
            }
        }
    }
    Ok(leaks)
}

fn names_a_version(line: &str) -> bool {
    line.match_indices(concat!("v", "3_"))
        .any(|(at, found)| line[at + found.len()..].starts_with(|next: char| next.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::names_a_version;

    #[test]
    fn version_folders_are_recognized() {
        assert!(names_a_version(concat!("use cpython::v", "3_14::layout;")));
        assert!(names_a_version(concat!("mod v", "3_x; mod v", "3_15;")));
        assert!(!names_a_version("let v3 = v3_of(x);"));
    }
}
