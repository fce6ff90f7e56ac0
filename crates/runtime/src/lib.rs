//! The state machine around the tiers: hotness, recording, executors, exits and deoptimization, invalidation,
//! options, statistics.
//!
//! Everything here runs under the GIL, in one interpreter. A failure in this crate is never a Python error: every
//! entry point returns to tier 1 and counts a reason.

mod call_plan;
mod compile;
mod deopt;
mod escape;
mod executor;
mod exit_log;
mod helpers;
mod hooks;
mod leaf;
mod lifetime;
mod link;
mod log;
mod map;
mod native;
mod noted;
mod numbers;
mod operations;
pub mod options;
mod pace;
mod quick;
mod recipe;
mod reserve;
mod state;
mod stats;
mod stress;
mod watch;

pub use options::Options;

/// Switches the JIT on for the calling interpreter; the error is one sentence on why it cannot be.
///
/// # Errors
/// The interpreter is not supported, or somebody else holds what Tierup needs.
pub fn enable(options: &Options) -> Result<(), String> {
    state::enable(options)
}

/// After [`enable`]: nothing runs in the tiers until the program has started, if that is not so yet.
pub fn wait_for_program() {
    if state::maybe_state().is_some_and(|st| st.enabled) {
        // SAFETY: Python calls this with the GIL held.
        unsafe { tier1::wait_for_program() }
    }
}

/// Switches it off; code that is running in a tier leaves it at its next check.
pub fn disable() {
    state::disable();
}

/// Whether the JIT is on for the calling interpreter.
pub fn is_enabled() -> bool {
    state::is_enabled()
}

/// Counters by dotted name. `traces.made` and `traces.entered` (times an executor was entered)
/// are read by `cargo xtask diff`.
pub fn stats() -> Vec<(&'static str, u64)> {
    stats::stats()
}

/// Aborts and delegations with their reasons and counts, as text.
pub fn events() -> Vec<String> {
    stats::events()
}
