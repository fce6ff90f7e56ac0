//! Loops: the preamble, the phis and the body.
//!
//! A *place* is something whose value the preamble's end knows: a slot, or memory that a load remembers. The plan
//! says how each place's value reaches the body. It starts hopeful (unboxed, invariant) and is weakened until the
//! body's end delivers what its start assumed:
//!
//! ```text
//! Same  ->  Raw (a virtual box: only its raw value is carried)
//!       ->  Object (with the facts and the raw twin that both ends know, each dropped when one end does not)
//!       ->  Unknown (memory is right: load it again)
//! ```
mod enter;
mod growth;
mod leave;
mod plan;
mod reach;

use std::collections::BTreeSet;

use ir::{EntrySource, Trace, Uop};

use crate::heap::{Write, all_writes};
use crate::state::Optimizer;
use crate::workspace::Workspace;
use crate::{Oracle, Reason};

use enter::enter_loop;
use leave::{boxes_carried, leave_loop};
use plan::places;

/// Iterations peeled at most. A value that moves through several variables (`a, b = b, a + b`) is unboxed in all of
/// them only after as many iterations.
const MAX_COPIES: usize = 3;
/// Rounds until the plan is given up. Each round weakens at least one place; nearly all loops need one.
const MAX_ROUNDS: usize = 16;

/// Optimizes a trace that does not loop.
pub(crate) fn straight(trace: &Trace, oracle: &dyn Oracle, lazy: bool, ws: &mut Workspace) -> Result<Trace, Reason> {
    let mut o = Optimizer::new(trace, oracle, lazy, ws);
    let fed = o.feed_entry().and_then(|()| o.feed(0..trace.insts.len()));
    Ok(o.done(fed, ws)?.0)
}

/// Optimizes a loop within one iteration: everything is in memory at the label.
pub(crate) fn simple_loop(trace: &Trace, oracle: &dyn Oracle, lazy: bool, ws: &mut Workspace) -> Result<Trace, Reason> {
    if !trace.entry.is_empty() {
        return Err(Reason::EntryState);
    }
    let mut o = Optimizer::new(trace, oracle, lazy, ws);
    let fed = feed_simple_loop(&mut o);
    Ok(o.done(fed, ws)?.0)
}

fn feed_simple_loop(o: &mut Optimizer<'_>) -> Result<(), Reason> {
    o.push(Uop::Label, &[], [0; 2])?;
    feed_iteration(o)?;
    o.flush_slots()?;
    o.flush_fields();
    o.push(Uop::Jump, &[], [0; 2])?;
    Ok(())
}

/// Feeds all but the jump, and checks the state there.
fn feed_iteration(o: &mut Optimizer<'_>) -> Result<(), Reason> {
    let end = o.input.insts.len() - 1;
    o.feed(0..end)?;
    o.snap_in = o.input.insts[end].snap;
    if !o.jump_state_is_plain() {
        return Err(Reason::JumpState);
    }
    let made = o.translate(o.snap_in.expect("a recorded jump has a snapshot"))?;
    o.out.snapshots.truncate(made.0 as usize);
    Ok(())
}

/// Peels an iteration, or as many as spare the loop boxes, and optimizes the loop behind.
pub(crate) fn peel(trace: &Trace, oracle: &dyn Oracle, lazy: bool, ws: &mut Workspace) -> Result<Trace, Reason> {
    if trace.entry.iter().any(|e| matches!(e.source, EntrySource::Parent(_))) {
        return Err(Reason::EntryState);
    }
    let written = all_writes(&trace.insts);
    let mut best: Option<Peeled> = None;
    for copies in 1..=MAX_COPIES {
        let mut o = Optimizer::new(trace, oracle, lazy, ws);
        let done = peel_copies(&mut o, &written, copies);
        let peeled = match o.done(done, ws) {
            Ok((trace, Some(boxes))) => Peeled { trace, boxes },
            Ok((given_up, None)) => {
                ws.keep_trace(given_up);
                Peeled { trace: simple_loop(trace, oracle, lazy, ws)?, boxes: 0 }
            }
            Err(_) if best.is_some() => break,
            Err(e) => return Err(e),
        };
        let boxes = peeled.boxes;
        let worse = match &best {
            Some(b) if boxes >= b.boxes => Some(peeled),
            _ => best.replace(peeled),
        };
        if let Some(worse) = worse {
            ws.keep_trace(worse.trace);
        }
        if boxes == 0 {
            break;
        }
    }
    best.map(|b| b.trace).ok_or(Reason::JumpState)
}

struct Peeled {
    trace: Trace,
    /// Boxes made at the end of each iteration only to be carried, in place of an object that came from memory.
    boxes: usize,
}

/// Makes the trace with so many iterations peeled; `Peeled::boxes`, or `None` if no plan was found.
fn peel_copies(o: &mut Optimizer<'_>, written: &[Write], copies: usize) -> Result<Option<usize>, Reason> {
    let escapes = written.iter().any(|w| w.classes == u32::MAX);
    feed_preamble(o, copies, escapes)?;
    let mut places = places(o, written);
    let fields = |o: &Optimizer<'_>| -> BTreeSet<_> { o.st.pending.iter().map(|s| (s.object, s.offset)).collect() };
    for round in 0..MAX_ROUNDS {
        if round > 0 {
            // One plan in twenty is wrong: less work than keeping a copy of the state for all.
            o.start_over();
            feed_preamble(o, copies, escapes)?;
        }
        let phis = enter_loop(o, &mut places, written)?;
        let entered = fields(o);
        feed_iteration(o)?;
        if escapes {
            o.forget_classes();
        }
        let boxes = boxes_carried(o, &places);
        if let Some(next) = leave_loop(o, &mut places)? {
            if fields(o) != entered {
                return Err(Reason::Pending);
            }
            debug_assert_eq!(next.len(), phis);
            o.push(Uop::Jump, &next, [0; 2])?;
            return Ok(Some(boxes));
        }
    }
    Ok(None)
}

fn feed_preamble(o: &mut Optimizer<'_>, copies: usize, escapes: bool) -> Result<(), Reason> {
    o.feed_entry()?;
    for _ in 0..copies {
        o.forget_inputs();
        feed_iteration(o)?;
    }
    if escapes {
        o.forget_classes();
    }
    Ok(())
}
