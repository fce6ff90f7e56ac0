//! Every developer command: `cargo xtask --help`.

mod bench;
mod build;
mod compare;
mod diff;
mod faults;
mod fuzz;
mod memcheck;
mod nightly;
mod packages;
mod process;
mod prove;
mod provision;
mod python;
mod regrtest;
mod run;
mod shrink;
mod test;
mod tidy;
mod util;
mod venv;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tierup's developer commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build Tierup and run a Python program under it
    Run(run::Args),
    /// Run every test: cargo's, pytest, and the differential programs
    Test(test::Args),
    /// Compare programs under Tierup, in stress settings, with plain runs
    Diff(diff::Args),
    /// Run CPython's own test suite under Tierup
    Regrtest(regrtest::Args),
    /// Run real packages' own tests plainly and under Tierup
    Packages(packages::Args),
    /// Run random programs under Tierup, in stress settings, and plainly
    Fuzz(fuzz::Args),
    /// Take memory, permissions and ids from the JIT, and look for leaks
    Faults(faults::Args),
    /// Run machine code, and what makes and leaves it, under valgrind
    Memcheck(memcheck::Args),
    /// Check the optimizer's integer laws: all cases of small widths, and by Z3
    Prove(prove::Args),
    /// Measure against plain CPython, its own JIT, PyPy, CinderX and gcc
    Bench(bench::Args),
    /// Show where a program's time goes under Tierup: by tier, trace, uop and line
    Profile(bench::ProfileArgs),
    /// The checks that need longer than CI has
    Nightly(nightly::Args),
    /// Check formatting, lints and the project's own rules
    Tidy(tidy::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // clap adds usage and tips; its first paragraph says what is wrong.
            let text = error.to_string();
            let words = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
            let line = words.collect::<Vec<_>>().join(" ");
            if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                eprint!("{text}");
            } else {
                eprintln!("{line}; see cargo xtask --help");
            }
            return ExitCode::from(2);
        }
        Err(help) => {
            print!("{help}");
            return ExitCode::SUCCESS;
        }
    };
    // A shell that starts us in the background leaves SIGINT ignored, which Python and our children would inherit: the
    // programs that interrupt themselves would then never end.
    // SAFETY: sets a default disposition before any thread or handler exists.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
    let result = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Regrtest(args) => regrtest::run(&args),
        Command::Packages(args) => packages::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Faults(args) => faults::run(&args),
        Command::Memcheck(args) => memcheck::run(&args),
        Command::Prove(args) => prove::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Profile(args) => bench::profile(&args),
        Command::Nightly(args) => nightly::run(&args),
        Command::Tidy(args) => tidy::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<util::Usage>() { 2 } else { 1 })
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn commands_are_well_formed() {
        // clap finds clashing names only when the command is used.
        Cli::command().debug_assert();
    }
}
