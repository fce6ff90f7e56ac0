//! `tests/opt/*.uop`: a recorded trace, `---`, the optimized trace.
//!
//! The first line may hold options: `# options: no-peel` or `# options: off`. An expected failure is `error: ` and
//! the reason. Write the results with `TIERUP_BLESS=1 cargo test -p tierup-opt`.
#[allow(dead_code, reason = "shared with other tests")]
mod common;

use std::path::PathBuf;

use common::TestOracle;
use ir::Trace;
use opt::Options;

fn optimized(input: &str) -> String {
    let mut options = Options { verify: true, ..Options::default() };
    if let Some(line) = input.lines().next().and_then(|l| l.strip_prefix("# options:")) {
        for word in line.split_whitespace() {
            match word {
                "no-peel" => options.peel = false,
                "off" => options.enabled = false,
                _ => panic!("no option {word}"),
            }
        }
    }
    let trace = Trace::parse(input).unwrap_or_else(|e| panic!("{e}"));
    match opt::optimize(&trace, &TestOracle, &options, &mut opt::Workspace::default()) {
        Ok(t) => {
            let text = t.to_string();
            assert_eq!(Trace::parse(&text).expect("its own text").to_string(), text);
            text
        }
        Err(e) => format!("error: {e}\n"),
    }
}

#[test]
fn golden_traces() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/opt");
    let bless = std::env::var_os("TIERUP_BLESS").is_some();
    let mut files: Vec<_> = std::fs::read_dir(&dir).expect("the folder is there").map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut failed = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable");
        let (input, expected) = text.split_once("---\n").unwrap_or((&text, ""));
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let found = std::panic::catch_unwind(|| optimized(input)).unwrap_or_else(|_| panic!("{name} panicked"));
        if found == expected {
            continue;
        }
        if bless {
            std::fs::write(&path, format!("{input}---\n{found}")).expect("writable");
        } else {
            failed.push(format!("{name}: expected\n{expected}found\n{found}"));
        }
    }
    assert!(failed.is_empty(), "{}\nif right: TIERUP_BLESS=1 cargo test -p tierup-opt", failed.join("\n"));
}
