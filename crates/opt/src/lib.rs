//! The trace optimizer: a recorded trace in, an optimized trace out. Pure: it never reads Python memory.
//!
//! # Input
//! A *recorded* trace is one iteration (`jump` with a snapshot and no label), or a stretch that ends in `link` or
//! `exit`. Root frame locals appear as `load_slot` (first use), `set_slot` (harmless values) and `store_slot`
//! (others); snapshots call a local that the trace assigned either `=` or the value assigned. The jump's snapshot
//! is the state at the loop header; it has one frame, and only assigned locals differ from memory.
//!
//! # How it works
//! 1. `feed`: the recorded uops are fed one by one through the rules (`fold`, `heap`, `slots`, `virtuals`) into a new
//!    trace. Rules drop what is known, fold, share equal values, and keep boxes *virtual*: a `box_*` is emitted only
//!    where something needs the object; snapshots say how to make it otherwise.
//! 2. `peel`: a loop is fed twice. The first copy (preamble) runs once; its final state names the phis; the second
//!    copy is the loop body, fed with the facts of the preamble that every iteration re-establishes. Guards and loads
//!    that do not change thereby stay in the preamble. Where the second copy's end disagrees with the plan for what the
//!    loop carries, both are fed again by a weaker one, which is seldom.
//! 3. `refcount`: increments are delayed until something could notice, and cancel against decrements.
//! 4. `dce`: that is carried out, and what nothing uses is removed, phis included.
//!
//! # Pending stores
//! `set_slot` is not executed: the slot's memory goes stale, snapshots carry the new value, and whoever leaves the
//! trace writes it and releases what memory still holds. An escape materializes its snapshot, so after it memory is
//! right; the objects made for it have identity from then on.
//!
//! `set_field_i64` is put off in the same way: only iterators' positions are set by it, which nobody reads but their
//! own methods. Snapshots list such stores; an escape, a call, a link or a uop that may read the field comes after
//! them.
//!
//! # Range iterators
//! A range iterator that the trace makes, or is entered with as three integers, is virtual like a box, though its
//! fields change. It is in one place only: whatever makes a second reference makes the object.
//!
//! # Identity
//! A value loaded from memory stays that object. A computed value is boxed at most once, and all slots that share it
//! get one object; two equal results stay two objects.
#![forbid(unsafe_code)]

mod baseline;
mod calls;
mod dce;
#[doc(hidden)]
pub mod facts;
mod feed;
mod fold;
mod guards;
mod heap;
#[doc(hidden)]
pub mod int_rules;
mod oracle;
mod peel;
mod ranges;
mod refcount;
mod slot_map;
mod slots;
mod snaps;
mod state;
mod virtuals;
mod workspace;

use std::fmt::{self, Display, Formatter};

use ir::{Trace, Uop};

pub use oracle::{Known, Oracle, RangeIter};
pub use workspace::Workspace;

/// Receives the name and the result of each pass.
pub type Dump<'a> = &'a dyn Fn(&'static str, &Trace);

/// What to do, and what to report.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Off: the trace is only given a label, so that it can be compiled as recorded.
    pub enabled: bool,
    /// Off: loops are optimized within one iteration only.
    pub peel: bool,
    /// Verify the trace after each pass.
    pub verify: bool,
    /// Called with each pass's name and result.
    pub dump: Option<Dump<'a>>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { enabled: true, peel: true, verify: cfg!(debug_assertions), dump: None }
    }
}

/// Why a trace was not optimized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A guard of the trace can never pass.
    Contradiction,
    /// A snapshot disagrees with the stores before it about this slot.
    SlotMismatch(usize),
    /// The state at the jump is not that of the loop header.
    JumpState,
    /// A loop whose entry parameters are not the values of slots.
    EntryState,
    /// What is put off is not the same at both ends of a loop.
    Pending,
    /// A pass broke an IR rule, or the input did: a bug.
    Invalid(Box<Violation>),
}

/// What rule was broken. (Every rule of the optimizer may fail; so what it answers is to be small.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

impl Reason {
    #[cold]
    fn invalid(rule: impl Into<String>) -> Reason {
        Reason::Invalid(Box::new(Violation(rule.into())))
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Contradiction => write!(f, "a guard of the trace can never pass"),
            Reason::SlotMismatch(slot) => write!(f, "a snapshot and the stores disagree about slot {slot}"),
            Reason::JumpState => write!(f, "the state at the jump is not that of the loop header"),
            Reason::Pending => write!(f, "what is put off differs between the ends of a loop"),
            Reason::EntryState => write!(f, "a loop with entry parameters that are no slots"),
            Reason::Invalid(e) => write!(f, "invalid trace: {}", e.0),
        }
    }
}

impl std::error::Error for Reason {}

/// Optimizes a recorded trace in `ws`.
///
/// # Errors
/// Why the trace cannot be optimized; then it should not be compiled either (`Contradiction`: it would leave at once).
pub fn optimize(
    trace: &Trace,
    oracle: &dyn Oracle,
    options: &Options<'_>,
    ws: &mut Workspace,
) -> Result<Trace, Reason> {
    let log = |name: &'static str, t: Trace| -> Result<Trace, Reason> {
        if let Some(dump) = options.dump {
            dump(name, &t);
        }
        if options.verify {
            t.verify().map_err(|e| Reason::invalid(format!("after {name}: {e}")))?;
        }
        Ok(t)
    };
    if options.verify {
        trace.verify().map_err(|e| Reason::invalid(format!("as recorded: {e}")))?;
    }
    if !options.enabled {
        return log("baseline", baseline::baseline(trace, oracle)?);
    }
    let looping = trace.insts.last().is_some_and(|i| i.op == Uop::Jump);
    let mut feed = |lazy: bool| match looping {
        true if options.peel => match peel::peel(trace, oracle, lazy, ws) {
            // A body whose guards contradict the preamble: a loop within one iteration may still run.
            Err(Reason::Contradiction) if trace.entry.is_empty() => peel::simple_loop(trace, oracle, lazy, ws),
            other => other,
        },
        true => peel::simple_loop(trace, oracle, lazy, ws),
        false => peel::straight(trace, oracle, lazy, ws),
    };
    let t = match feed(true) {
        Err(Reason::Pending) => feed(false)?,
        other => other?,
    };
    let mut t = log("feed", t)?;
    let cancelled = refcount::cancel(&mut t);
    let made = dce::remove_dead(&mut t, &cancelled);
    ws.keep_trace(t);
    log("dce", made)
}
