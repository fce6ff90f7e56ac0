//! What `stats()` tells. `docs/stats.md` says what each number means.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::state::{State, maybe_state};

/// Instructions that machine code executed, where they are counted (`TIERUP_COUNT=1`): the uop `count_instructions`
/// adds.
pub(crate) static NATIVE_INSTRUCTIONS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn stats() -> Vec<(&'static str, u64)> {
    let n = |counter: &AtomicU64| counter.load(Relaxed);
    let t = tier1::counts();
    let (tier1_instructions, cpython_ns) = tier1::instructions_counted();
    let unsupported: u64 = tier1::unsupported_counts().iter().map(|(_, n)| n).sum();
    let mut out = vec![
        ("instructions.native", n(&NATIVE_INSTRUCTIONS)),
        ("instructions.tier1", tier1_instructions),
        ("cpython.ns", cpython_ns),
        ("cpython.frames_watched", n(&t.watched)),
        ("cpython.frames_watched_midway", n(&t.midway) - unsupported),
        ("cpython.frames_thrown_into", n(&t.thrown)),
        ("cpython.frames_undecodable", n(&t.undecodable)),
        ("cpython.frames_unsupported", unsupported),
        ("tier1.entered", n(&t.entered)),
        ("tier1.decoded", n(&t.decoded)),
    ];
    if let Some(st) = maybe_state() {
        let c = &st.counters;
        out.extend([
            ("traces.recorded", c.recordings),
            ("traces.made", c.made),
            ("traces.bridges", c.bridges),
            ("traces.variants", c.variants),
            ("links.by_memory_made", c.links_by_memory),
            ("links.by_memory", c.linked_by_memory + st.live().map(|e| e.control.linked).sum::<u64>()),
            ("traces.entered", c.entered),
            ("traces.forced_exits", c.forced_exits),
            ("traces.exits", c.exits),
            ("traces.escapes", c.escapes + st.live().map(|e| e.control.escapes).sum::<u64>()),
            ("traces.escape_exits", c.escape_exits),
            ("calls.by_runtime", c.calls_by_runtime),
            ("calls.answered_late", c.calls_answered),
            ("traces.invalidated", c.invalidated),
            ("traces.dropped", c.dropped),
            ("traces.kept", st.live().count() as u64),
            ("traces.aborted", st.aborts.values().sum()),
            ("traces.uops_recorded", c.uops_recorded),
            ("traces.uops_optimized", c.uops_optimized),
            ("compile.ns", c.compile_ns),
            ("compile.optimize_ns", c.optimize_ns),
            ("compile.generate_ns", c.generate_ns),
            ("compile.factor", st.pace.factor().into()),
            ("code.bytes", st.arena.used() as u64),
        ]);
    }
    out
}

pub(crate) fn events() -> Vec<String> {
    let mut out: Vec<String> = tier1::unsupported_counts()
        .into_iter()
        .map(|(opcode, n)| format!("frame left to CPython, {opcode}: {n}"))
        .collect();
    if let Some(st) = maybe_state() {
        let mut aborts: Vec<_> = st.aborts.iter().collect();
        aborts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        out.extend(aborts.into_iter().map(|(reason, n)| format!("trace not made, {reason}: {n}")));
        if st.gave_up > 0 {
            out.push(format!("switched off, out of memory: {}", st.gave_up));
        }
        out.extend(st.exits_taken());
    }
    out
}

/// Exits that `stats()` names.
const EXITS_TOLD: usize = 100;

impl State {
    /// The exits taken to tier 1 most often.
    fn exits_taken(&self) -> impl Iterator<Item = String> {
        let mut exits: Vec<_> = self
            .live()
            .flat_map(|ex| ex.exits.iter().enumerate().map(move |(n, exit)| (exit.taken, ex, n)))
            .filter(|(taken, ..)| *taken > 0)
            .collect();
        exits.sort_by_key(|&(taken, ex, n)| (std::cmp::Reverse(taken), ex.id, n));
        exits.truncate(EXITS_TOLD);
        exits.into_iter().map(|(taken, ex, n)| {
            let uop = ex.compiled.exits[n].uop.name();
            format!("exit {n} of executor {} taken, {uop}: {taken}", ex.id)
        })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_number_is_explained() {
        let page = include_str!("../../../docs/stats.md");
        let explained: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        // The numbers of the state are there once Tierup is on: their names are in this file too.
        let source = include_str!("stats.rs");
        let names = source.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next());
        let names: Vec<&str> = names.collect();
        assert!(names.len() > 20);
        assert_eq!(names, explained, "docs/stats.md lists the numbers in this order");
    }
}
