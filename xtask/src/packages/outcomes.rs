//! What became of a package's tests, and what differs between two runs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Each test's outcome in words, with the end of its traceback.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Outcomes {
    pub tests: BTreeMap<String, (String, String)>,
    pub seconds: f64,
}

impl Outcomes {
    /// From what `outcomes.py` writes. Of a process that died (`death` says how) the test that had not ended is its
    /// victim.
    pub fn read(log: &str, death: &str, seconds: f64) -> Result<Outcomes> {
        let mut tests = BTreeMap::new();
        let mut running = None;
        for line in log.lines() {
            let words: Vec<String> =
                serde_json::from_str(line).with_context(|| format!("a line of outcomes: {line}"))?;
            match &words[..] {
                [kind, test] if kind == "start" => running = Some(test.clone()),
                [kind, test, outcome, text] if kind == "end" => {
                    running = None;
                    tests.insert(unused(&tests, without_addresses(test)), (outcome.clone(), text.clone()));
                }
                _ => anyhow::bail!("a line of outcomes: {line}"),
            }
        }
        if !death.is_empty() {
            let victim = running.unwrap_or_else(|| "(between tests)".into());
            tests.insert(unused(&tests, without_addresses(&victim)), (death.into(), String::new()));
        }
        Ok(Outcomes { tests, seconds })
    }

    pub fn count(&self, outcome: &str) -> usize {
        self.tests.values().filter(|(o, _)| o == outcome).count()
    }

    fn of(&self, test: &str) -> &str {
        self.tests.get(test).map_or("not run", |(outcome, _)| outcome)
    }
}

/// Tests in folders that are given one by one may have the same id: they get numbers.
fn unused(tests: &BTreeMap<String, (String, String)>, test: String) -> String {
    if !tests.contains_key(&test) {
        return test;
    }
    (2..).map(|n| format!("{test} ({n})")).find(|name| !tests.contains_key(name)).expect("there are enough numbers")
}

/// Parametrized tests have ids with the parameters' addresses in them, now and then.
fn without_addresses(test: &str) -> String {
    let mut parts = test.split("0x");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        // An address has many digits; a test may well be about 0x10.
        if part.len() - rest.len() >= 8 { text + "0x" + rest } else { text + "0x" + part }
    })
}

/// A test that came out differently.
pub(super) struct Difference {
    plain: String,
    tierup: String,
    text: String,
}

pub(super) struct Comparison {
    pub differing: BTreeMap<String, Difference>,
    /// Tests that come out differently plainly, too.
    pub flaky: BTreeSet<String>,
}

impl Comparison {
    /// Tests that match a pattern of `differ` (a part of their id) are left out.
    pub fn of(plain: &Outcomes, tierup: &Outcomes, differ: &BTreeMap<String, String>) -> Comparison {
        let all: BTreeSet<&String> = plain.tests.keys().chain(tierup.tests.keys()).collect();
        let differing = all
            .into_iter()
            .filter(|test| plain.of(test) != tierup.of(test) && !differ.keys().any(|part| test.contains(part)))
            .map(|test| {
                let (_, text) = tierup.tests.get(test).cloned().unwrap_or_default();
                (test.clone(), Difference { plain: plain.of(test).into(), tierup: tierup.of(test).into(), text })
            })
            .collect();
        Comparison { differing, flaky: BTreeSet::new() }
    }

    pub fn set_flaky_apart(&mut self, plain: &Outcomes, again: &Outcomes) {
        self.flaky = Comparison::of(plain, again, &BTreeMap::new()).differing.into_keys().collect();
        self.differing.retain(|test, _| !self.flaky.contains(test));
    }

    pub fn print(&self, name: &str, shown: usize) {
        for (test, difference) in self.differing.iter().take(shown) {
            println!("{name}: {test}: {}, plainly {}", difference.tierup, difference.plain);
            for line in difference.text.lines() {
                println!("    {line}");
            }
        }
        if self.differing.len() > shown {
            println!("{name}: and {} more", self.differing.len() - shown);
        }
        for test in &self.flaky {
            println!("{name}: flaky plainly: {test}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"["start", "a"]
["end", "a", "passed", ""]
["start", "b[<o at 0x7f00aa001122>-0x10]"]
["end", "b[<o at 0x7f00aa001122>-0x10]", "failed", "line\nAssertionError"]
["start", "c"]
"#;

    fn read(log: &str, death: &str) -> Outcomes {
        Outcomes::read(log, death, 1.0).unwrap()
    }

    fn differing(comparison: &Comparison) -> Vec<&str> {
        comparison.differing.keys().map(String::as_str).collect()
    }

    #[test]
    fn the_test_in_which_the_process_died_is_named() {
        let run = read(LOG, "killed by signal 11");
        assert_eq!(run.of("a"), "passed");
        assert_eq!(run.of("b[<o at 0x>-0x10]"), "failed");
        assert_eq!(run.of("c"), "killed by signal 11");
        assert_eq!(read(LOG, "").of("c"), "not run");
        assert_eq!(read("", "exit status 2").of("(between tests)"), "exit status 2");
        assert!(Outcomes::read("[1]", "", 1.0).is_err());
    }

    #[test]
    fn tests_with_one_id_are_all_there() {
        let run = read(
            r#"["end", "a", "passed", ""]
["end", "a", "failed", ""]
["end", "a", "skipped", ""]
"#,
            "",
        );
        assert_eq!(["a", "a (2)", "a (3)"].map(|test| run.of(test)), ["passed", "failed", "skipped"]);
    }

    #[test]
    fn what_differs_is_found_and_flaky_tests_are_apart() {
        let (plain, tierup) = (read(LOG, ""), read(&LOG.replace("passed", "failed"), "killed by signal 11"));
        let none = BTreeMap::new();
        assert!(Comparison::of(&plain, &plain, &none).differing.is_empty());
        let mut comparison = Comparison::of(&plain, &tierup, &none);
        assert_eq!(differing(&comparison), ["a", "c"]);
        comparison.set_flaky_apart(&plain, &read(&LOG.replace("passed", "error"), ""));
        assert_eq!(differing(&comparison), ["c"]);
        assert_eq!(comparison.flaky.len(), 1);
        let except = BTreeMap::from([("c".to_owned(), "a reason".to_owned())]);
        assert_eq!(differing(&Comparison::of(&plain, &tierup, &except)), ["a"]);
    }
}
