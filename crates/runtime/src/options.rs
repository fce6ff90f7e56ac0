//! The one table of settings: `TIERUP_*` variables and the options of `python -m tierup`.

/// A parsed configuration. `Options::default()` is what an empty environment gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Highest tier that may run: 0 leaves everything to CPython.
    pub tier: u8,
    /// Executions of a loop or function before it is compiled; `None` is the tuned default.
    pub threshold: Option<u32>,
    /// Room for machine code, in KiB.
    pub code_kib: u32,
    /// Where the log goes: `stderr` or a path.
    pub log: Option<String>,
    /// Which stages of a compilation are written to the log.
    pub dump: Dump,
    /// Whether executed instructions are counted.
    pub count: bool,
    /// Stress settings, each a name of [`STRESS`].
    pub stress: Vec<String>,
    /// Where the state at each native exit goes.
    pub exit_log: Option<String>,
    /// An earlier exit log, at whose counts a run without tier 2 logs.
    pub exit_log_at: Option<String>,
}

/// The stages selected by `TIERUP_DUMP`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// The trace as recorded.
    pub trace: bool,
    /// The trace after the optimizer.
    pub opt: bool,
    /// The machine code.
    pub asm: bool,
    /// Every exit and escape as it happens.
    pub exits: bool,
    /// Which machine code is which uop and source line.
    pub map: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            tier: 2,
            threshold: None,
            code_kib: 64 << 10,
            log: None,
            dump: Dump::default(),
            count: false,
            stress: Vec::new(),
            exit_log: None,
            exit_log_at: None,
        }
    }
}

/// A row of the table.
pub struct Spec {
    /// The environment variable. The option of `python -m tierup` is the part after `TIERUP_`,
    /// in lower case with dashes.
    pub variable: &'static str,
    /// The accepted values, for people.
    pub values: &'static str,
    /// The value that stands for an unset variable.
    pub default: &'static str,
    /// What it does, one line.
    pub help: &'static str,
    /// Whether it is an option of `python -m tierup` too.
    pub command_line: bool,
    apply: fn(&mut Options, &str) -> Result<(), String>,
}

/// Every setting Tierup has.
pub static TABLE: &[Spec] = &[
    Spec {
        variable: "TIERUP",
        values: "0 or 1",
        default: "0",
        help: "switch Tierup on when Python starts",
        command_line: false,
        apply: |_, value| one_of(value, &["0", "1"]).map(drop),
    },
    Spec {
        variable: "TIERUP_TIER",
        values: "0, 1 or 2",
        default: "2",
        help: "highest tier: 0 CPython only, 1 the specializing interpreter, 2 machine code",
        command_line: true,
        apply: |options, value| {
            options.tier = one_of(value, &["0", "1", "2"])? as u8;
            Ok(())
        },
    },
    Spec {
        variable: "TIERUP_THRESHOLD",
        values: "a number from 1",
        default: "tuned",
        help: "executions before a loop or function is compiled",
        command_line: true,
        apply: |options, value| match value.parse() {
            Ok(0) | Err(_) => Err("a number from 1 to 4294967295".into()),
            Ok(n) => {
                options.threshold = Some(n);
                Ok(())
            }
        },
    },
    Spec {
        variable: "TIERUP_CODE_KIB",
        values: "a number from 16 to 1048576",
        default: "65536",
        help: "room for machine code, in KiB, as it is when Tierup is first switched on",
        command_line: true,
        apply: |options, value| match value.parse() {
            Ok(n @ 16..=1_048_576) => {
                options.code_kib = n;
                Ok(())
            }
            _ => Err("a number from 16 to 1048576".into()),
        },
    },
    Spec {
        variable: "TIERUP_LOG",
        values: "stderr or a path",
        default: "none",
        help: "where to write what was compiled, and why something was not",
        command_line: true,
        apply: |options, value| {
            options.log = (!value.is_empty()).then(|| value.to_owned());
            Ok(())
        },
    },
    Spec {
        variable: "TIERUP_DUMP",
        values: "a list of trace, opt, asm, exits, map",
        default: "none",
        help: "stages of each compilation to write to the log",
        command_line: true,
        apply: |options, value| {
            let mut dump = Dump::default();
            for item in items(value) {
                match one_of(item, &["trace", "opt", "asm", "exits", "map"])? {
                    0 => dump.trace = true,
                    1 => dump.opt = true,
                    2 => dump.asm = true,
                    3 => dump.exits = true,
                    _ => dump.map = true,
                }
            }
            options.dump = dump;
            Ok(())
        },
    },
    Spec {
        variable: "TIERUP_STRESS",
        values: "a list of exit-all, spill, no-opt, no-free-lists",
        default: "none",
        help: "test settings: every exit taken once, every value spilled, traces compiled as recorded, all that dies freed",
        command_line: true,
        apply: |options, value| {
            let mut stress = Vec::new();
            for item in items(value) {
                one_of(item, STRESS)?;
                stress.push(item.to_owned());
            }
            options.stress = stress;
            Ok(())
        },
    },
    Spec {
        variable: "TIERUP_COUNT",
        values: "0 or 1",
        default: "0",
        help: "count the instructions that each tier executes, for stats(); everything is slower",
        command_line: false,
        apply: |options, value| {
            options.count = one_of(value, &["0", "1"])? == 1;
            Ok(())
        },
    },
    Spec {
        variable: "TIERUP_EXIT_LOG",
        values: "a path",
        default: "none",
        help: "test setting: write there what frames hold at each exit of machine code, interpreting slowly",
        command_line: false,
        apply: |options, value| {
            options.exit_log = Some(value.to_owned());
            Ok(())
        },
    },
    Spec {
        variable: "TIERUP_EXIT_LOG_AT",
        values: "a path",
        default: "none",
        help: "test setting: an exit log at whose instruction counts a run without machine code logs",
        command_line: false,
        apply: |options, value| {
            options.exit_log_at = Some(value.to_owned());
            Ok(())
        },
    },
    Spec {
        variable: "TIERUP_STATS_FILE",
        values: "a path",
        default: "none",
        help: "write stats() there as JSON when Python exits; %p in it is the process's id",
        command_line: true,
        // The Python package writes the file.
        apply: |_, _| Ok(()),
    },
];

/// The stress settings. A name listed here must change what the runtime does.
pub const STRESS: &[&str] = &["exit-all", "spill", "no-opt", "no-free-lists"];

/// Variables that the repository's own tools read; they are no settings, but no mistakes either.
const TOOL_VARIABLES: &[&str] = &["TIERUP_PYTHON", "TIERUP_CPYTHON_INCLUDE", "TIERUP_ARCHIVE"];

impl Options {
    /// Reads settings, later ones winning. A bad one is skipped and described in one line.
    pub fn parse<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Options, Vec<String>) {
        let mut options = Options::default();
        let mut warnings = Vec::new();
        for (name, value) in settings {
            let Some(spec) = TABLE.iter().find(|spec| spec.variable == name) else {
                if name.starts_with("TIERUP_") && !TOOL_VARIABLES.contains(&name) {
                    warnings.push(format!("{name}: unknown setting; ignored"));
                }
                continue;
            };
            if value.is_empty() {
                continue;
            }
            if let Err(expected) = (spec.apply)(&mut options, value) {
                warnings.push(format!("{name}: expected {expected}, got '{value}'; ignored"));
            }
        }
        (options, warnings)
    }
}

fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn one_of(value: &str, names: &[&str]) -> Result<usize, String> {
    names.iter().position(|name| *name == value).ok_or_else(|| match names {
        [only] => format!("'{only}'"),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
        [] => unreachable!("every option has a value"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(Options::parse([]), (Options::default(), vec![]));
        assert_eq!(Options::parse([("TIERUP_TIER", ""), ("PATH", "x")]), (Options::default(), vec![]));
    }

    #[test]
    fn values_are_read() {
        let (options, warnings) = Options::parse([
            ("TIERUP", "1"),
            ("TIERUP_TIER", "1"),
            ("TIERUP_THRESHOLD", "7"),
            ("TIERUP_CODE_KIB", "16"),
            ("TIERUP_LOG", "stderr"),
            ("TIERUP_DUMP", "trace, asm"),
            ("TIERUP_STRESS", "exit-all"),
            ("TIERUP_PYTHON", "/usr/bin/python3.14"),
        ]);
        assert_eq!(warnings, Vec::<String>::new());
        let expected = Options {
            tier: 1,
            threshold: Some(7),
            code_kib: 16,
            log: Some("stderr".into()),
            dump: Dump { trace: true, asm: true, ..Dump::default() },
            count: false,
            stress: vec!["exit-all".into()],
            ..Options::default()
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn each_bad_value_is_one_warning_and_changes_nothing() {
        let bad = [
            ("TIERUP", "yes"),
            ("TIERUP_TIER", "3"),
            ("TIERUP_THRESHOLD", "0"),
            ("TIERUP_THRESHOLD", "-1"),
            ("TIERUP_CODE_KIB", "15"),
            ("TIERUP_DUMP", "trace,ops"),
            ("TIERUP_STRESS", "everything"),
            ("TIERUP_THRESHHOLD", "1"),
        ];
        let (options, warnings) = Options::parse(bad);
        assert_eq!(options, Options::default());
        assert_eq!(warnings.len(), bad.len());
        for ((name, _), warning) in bad.iter().zip(&warnings) {
            assert!(warning.starts_with(&format!("{name}: ")), "{warning}");
        }
        assert_eq!(warnings[1], "TIERUP_TIER: expected 0, 1 or 2, got '3'; ignored");
    }
}
