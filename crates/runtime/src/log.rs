//! The log (`TIERUP_LOG`): one line per event, and the dumps chosen by `TIERUP_DUMP`.

use std::fs::File;
use std::io::Write;

use crate::Options;
use crate::options::Dump;

/// Where log lines go.
pub(crate) enum Log {
    Off,
    Stderr,
    File(File),
}

impl Log {
    /// Opens the log that the options name; a file that cannot be opened means no log and one warning line.
    pub fn open(options: &Options) -> Log {
        match options.log.as_deref() {
            None if options.dump != Dump::default() => Log::Stderr,
            None => Log::Off,
            Some("stderr") => Log::Stderr,
            Some(path) => match File::options().create(true).append(true).open(path) {
                Ok(file) => Log::File(file),
                Err(e) => {
                    let _ = writeln!(std::io::stderr(), "tierup: TIERUP_LOG: {path}: {e}");
                    Log::Off
                }
            },
        }
    }

    /// Whether anybody listens.
    pub fn on(&self) -> bool {
        !matches!(self, Log::Off)
    }

    /// Writes one event.
    pub fn line(&mut self, text: &str) {
        // A log that cannot be written must not disturb the program.
        let _ = match self {
            Log::Off => Ok(()),
            Log::Stderr => writeln!(std::io::stderr(), "tierup: {text}"),
            Log::File(file) => writeln!(file, "tierup: {text}"),
        };
    }
}
