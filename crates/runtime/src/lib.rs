//! See docs/architecture.md.

pub mod options;

pub use options::Options;

/// Switches the JIT on for the calling interpreter; the error is one sentence on why it cannot be.
pub fn enable(_options: &Options) -> Result<(), String> {
    Err("tier 1 is not built yet".into())
}

/// Switches it off; code that is running in a tier leaves it at its next check.
pub fn disable() {}

/// Whether the JIT is on for the calling interpreter.
pub fn is_enabled() -> bool {
    false
}

/// Counters by dotted name. `traces.made` and `traces.entered` (times an executor was entered)
/// are read by `cargo xtask diff`.
pub fn stats() -> Vec<(&'static str, u64)> {
    Vec::new()
}

/// Aborts and delegations with their reasons and counts, as text.
pub fn events() -> Vec<String> {
    Vec::new()
}
