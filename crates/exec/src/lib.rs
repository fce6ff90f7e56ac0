//! The reference executor: runs a trace with the uops' own bodies and no machine code.
//!
//! It is the oracle for everything that turns traces into something faster: optimizer and code generator must agree
//! with it. Values are 64-bit patterns (`f64` by its bits). Uops without a body are asked of a [`Host`].
use ir::{Form, Kind, SnapId, Trace, Uop, ValueId};
use uops::Step;

include!(concat!(env!("OUT_DIR"), "/body.rs"));

/// What the executor cannot do itself.
pub trait Host {
    /// Calls the helper that a `Form::Call` uop stands for. A uop that may leave the trace leaves where this is 0.
    fn call(&mut self, op: Uop, args: &[u64], imms: [u64; 2]) -> u64;

    /// Runs an escape; `None` leaves the trace. `value` reads the trace's values, for the "during" snapshot.
    fn escape(&mut self, site: &Escape<'_>, value: &dyn Fn(ValueId) -> u64) -> Option<u64>;

    /// Whether the trace is to be left at this uop, which can leave it, although nothing fails: before it, or after an
    /// escape. `iterations` as in [`Exit`].
    fn leaves(&mut self, _at: ValueId, _iterations: u64) -> bool {
        false
    }
}

/// An escape about to run.
#[derive(Debug)]
pub struct Escape<'a> {
    pub trace: &'a Trace,
    pub snap: SnapId,
    pub helper: u32,
    pub arg: u64,
    pub operands: &'a [u64],
}

/// How a trace was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The uop that left it: one whose condition failed, an `escape`, `exit` or `link`.
    pub at: ValueId,
    pub snap: SnapId,
    /// Values by number; those not made (yet) are 0. The result of an escape is one where it succeeded.
    pub values: Vec<u64>,
    /// Times that the jump was taken.
    pub iterations: u64,
}

/// The loop ran longer than it was allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfFuel;

/// Runs `trace` from its start until it leaves, or until the jump was taken more than `fuel` times.
///
/// # Errors
/// [`OutOfFuel`].
///
/// # Safety
/// The trace is verified; `cx` is the base pointer of a native frame (`uops::layout`); `entry` are its entry
/// parameters; all memory that the uops touch is as their contracts ask.
pub unsafe fn run(trace: &Trace, cx: u64, entry: &[u64], host: &mut dyn Host, fuel: u64) -> Result<Exit, OutOfFuel> {
    let mut values = vec![0u64; trace.insts.len()];
    let mut label = 0;
    let mut phis: Vec<u64> = Vec::new();
    let mut iterations = 0;
    let mut n = 0;
    loop {
        let inst = &trace.insts[n];
        let args: Vec<u64> = inst.args.iter().map(|a| values[a.0 as usize]).collect();
        let imms = inst.imms;
        let facts = inst.op.facts();
        let leaves = inst.snap.is_some() && host.leaves(ValueId(n as u32), iterations);
        let step = match (facts.form, inst.op) {
            (_, op) if leaves && op != Uop::Escape => Step::Exit,
            // SAFETY: by this function's contract.
            (Form::Stencil, op) => unsafe { body(op, cx, &args, imms) },
            (Form::Call, op) => match host.call(op, &args, imms) {
                0 if facts.exits => Step::Exit,
                v => Step::Next(v),
            },
            (_, Uop::ConstI64 | Uop::ConstF64 | Uop::ConstObj | Uop::ConstPtr | Uop::ConstBool) => Step::Next(imms[0]),
            (_, Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64) => Step::Next(entry[imms[0] as usize]),
            (_, Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64) => Step::Next(phis[imms[0] as usize]),
            (_, Uop::Label) => {
                (label, phis) = (n, args);
                Step::Next(0)
            }
            (_, Uop::Jump) => {
                if iterations == fuel {
                    return Err(OutOfFuel);
                }
                iterations += 1;
                phis = args;
                n = label + 1;
                continue;
            }
            (_, Uop::DecrefDead) => {
                // SAFETY: by this function's contract.
                unsafe { decref_dead(args[0], host) };
                Step::Next(0)
            }
            (_, Uop::SetSlot) => {
                // SAFETY: by this function's contract.
                unsafe {
                    let held = uops::slot_reference(cx, 8 * imms[0] as i32, 0);
                    uops::store_slot(cx, args[0], 8 * imms[0] as i32);
                    if held != 0 {
                        decref_dead(held, host);
                    }
                }
                Step::Next(0)
            }
            (_, Uop::DropSlot) => {
                // SAFETY: by this function's contract.
                unsafe {
                    let held = uops::slot_reference(cx, imms[0] as i32, 0);
                    uops::clear_slot(cx, imms[0] as i32);
                    if held != 0 {
                        decref_dead(held, host);
                    }
                }
                Step::Next(0)
            }
            (_, Uop::Escape) => {
                let snap = inst.snap.expect("the trace is verified");
                let site = Escape { trace, snap, helper: imms[0] as u32, arg: imms[1], operands: &args };
                match host.escape(&site, &|v| values[v.0 as usize]) {
                    Some(v) => {
                        values[n] = v;
                        if leaves { Step::Exit } else { Step::Next(v) }
                    }
                    None => Step::Exit,
                }
            }
            (_, Uop::Exit | Uop::Link) => Step::Exit,
            (form, op) => unreachable!("{op:?}, {form:?}: no way to execute it"),
        };
        match step {
            Step::Next(v) => values[n] = if facts.result == Some(Kind::Bool) { v & 1 } else { v },
            Step::Exit => {
                let snap = inst.snap.expect("the trace is verified");
                return Ok(Exit { at: ValueId(n as u32), snap, values, iterations });
            }
        }
        n += 1;
    }
}

/// One reference less, and the end of the object where it was the last.
unsafe fn decref_dead(object: u64, host: &mut dyn Host) {
    // SAFETY: the caller's: `object` is alive.
    if unsafe { uops::decref_is_last(object) } != 0 {
        host.call(Uop::DeallocHarmless, &[object], [0; 2]);
    }
}
