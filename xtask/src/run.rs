//! `cargo xtask run`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{IsTerminal, Seek, copy, stdin};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::build;
use crate::util::{exit_code, target, usage};
use crate::venv::Venv;

#[derive(clap::Args)]
pub struct Args {
    /// Run it plainly first, and print both times and their ratio
    #[arg(long)]
    compare: bool,
    #[command(flatten)]
    profile: build::Profile,
    /// A script, or -m MODULE, or -c CODE, or -, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let program = Path::new(&args.program[0]);
    if program.as_os_str().as_encoded_bytes()[..].first() != Some(&b'-') && !program.exists() {
        return Err(usage(format!("{} does not exist", program.display())));
    }
    if let Some(option) = program.to_str().filter(|text| text.starts_with("--")) {
        return Err(usage(format!("unknown option {option}; see cargo xtask run --help")));
    }
    let venv = build::build(args.profile)?;
    if !args.compare {
        let (status, _) = timed(&mut under_tierup(&venv, &args.program))?;
        return Ok(exit_code(status));
    }
    let input = Input::read()?;
    let (plain_status, plain) = timed(venv.python().args(&args.program).stdin(input.again()?))?;
    let (status, tierup) = timed(under_tierup(&venv, &args.program).stdin(input.again()?))?;
    if status != plain_status {
        eprintln!("the ends differ: plain {plain_status}, Tierup {status}");
    }
    eprintln!(
        "plain {:.3} s, Tierup {:.3} s: {:.2} times as fast",
        plain.as_secs_f64(),
        tierup.as_secs_f64(),
        plain.as_secs_f64() / tierup.as_secs_f64()
    );
    Ok(exit_code(status))
}

fn under_tierup(venv: &Venv, program: &[OsString]) -> Command {
    let mut command = venv.python();
    command.args(["-m", "tierup"]).args(program);
    command
}

fn timed(command: &mut Command) -> Result<(ExitStatus, Duration)> {
    let start = Instant::now();
    let status = command.status().with_context(|| command.get_program().display().to_string())?;
    Ok((status, start.elapsed()))
}

/// Standard input for two runs of one program.
struct Input(Option<File>);

impl Input {
    fn read() -> Result<Input> {
        if stdin().is_terminal() {
            return Ok(Input(None));
        }
        let path = target().join(format!("stdin-{}", std::process::id()));
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        fs::remove_file(path)?;
        copy(&mut stdin(), &mut file)?;
        Ok(Input(Some(file)))
    }

    fn again(&self) -> Result<Stdio> {
        let Some(file) = &self.0 else { return Ok(Stdio::null()) };
        let mut file = file.try_clone()?;
        file.rewind()?;
        Ok(file.into())
    }
}
