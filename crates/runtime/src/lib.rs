//! See docs/architecture.md.

pub mod options;

pub use options::Options;

use std::sync::atomic::{AtomicBool, Ordering};

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Switches the JIT on for the calling interpreter; the error is one sentence on why it cannot be.
/// Tier 0 is always possible.
pub fn enable(options: &Options) -> Result<(), String> {
    if options.tier > 0 {
        return Err("tier 1 is not built yet".into());
    }
    ENABLED.store(true, Ordering::Relaxed);
    Ok(())
}

/// Switches it off; code that is running in a tier leaves it at its next check.
pub fn disable() {
    ENABLED.store(false, Ordering::Relaxed);
}

/// Whether the JIT is on for the calling interpreter.
pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
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
