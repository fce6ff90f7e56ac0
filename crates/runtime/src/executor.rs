//! Executors: compiled traces, their exits, what they depend on.

use codegen::Compiled;
use ir::{Inst, Trace, Uop};
use record::Dependency;

use crate::call_plan::CallPlan;
use crate::deopt::ExitPlan;
use crate::escape::{Control, Plan};
use crate::link::Signature;

/// Where an executor is entered from.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The code object.
    pub code: usize,
    /// Offset, in code units, of the loop header or `RESUME` where it starts (for a bridge: of the exit).
    pub offset: u32,
    /// The place is a function's `RESUME`.
    pub function: bool,
    /// Offsets of the instructions it is installed over.
    pub installed: Vec<u32>,
}

/// An exit's history.
#[derive(Debug, Default)]
pub(crate) struct ExitState {
    /// Times until it is to be looked at: for a bridge, or because it is none of the usual ones.
    pub countdown: u32,
    /// Uops that whoever leaves here has at least executed.
    pub weight: u32,
    /// How to leave; made when that happens first.
    pub plan: Option<Box<ExitPlan>>,
    /// How often it was taken to tier 1 in all.
    pub taken: u64,
    /// Attempts to record a bridge.
    pub attempts: u8,
    /// The bridge's executor.
    pub bridge: Option<u32>,
    /// Forced once already (stress).
    pub forced: bool,
}

/// The owner of code that never became an executor's.
pub(crate) const NOBODY: u32 = u32::MAX;

/// A compiled trace.
pub(crate) struct Executor {
    pub id: u32,
    pub site: Site,
    /// The optimized trace; snapshots and exits refer to it.
    pub trace: Trace,
    /// The recorded trace of a root, for entries with other signatures.
    pub recorded: Option<Trace>,
    /// Executors of the same loop entered with slots in registers, by signature.
    pub variants: Vec<(Signature, u32)>,
    /// Signatures with which it could not be compiled.
    pub refused: Vec<Signature>,
    /// The executor that has this one among its `variants` or `entries`.
    pub variant_of: Option<u32>,
    /// Executors whose code jumps here.
    pub linkers: Vec<u32>,
    /// Entries of the same function for native calls.
    pub entries: Vec<u32>,
    /// How to write the frames that wait at its native calls.
    pub call_plans: Vec<CallPlan>,
    /// Only native calls lead here: the root frame is a named function's.
    pub called: bool,
    /// The globals and builtins of the frame it was recorded in.
    pub namespaces: (usize, usize),
    pub compiled: Compiled,
    /// How to run its escapes.
    pub plans: Vec<Plan>,
    pub dependencies: Vec<Dependency>,
    pub valid: bool,
    /// What its machine code looks at.
    pub control: Box<Control>,
    /// The eval breaker word under which the trace was made.
    pub breaker: usize,
    /// Where its runs of numbers begin: of exits, escapes and native calls.
    pub first_exit: u32,
    pub first_escape: u32,
    pub first_call: u32,
    pub exits: Vec<ExitState>,
    /// Times it was entered from tier 1.
    pub entered: u64,
    /// Escapes that were interpreted because of a frame object.
    pub seen_escapes: u32,
    /// Uops executed in the entries since the last judgement.
    pub executed: u64,
    /// Escapes before that.
    pub escapes_judged: u64,
    /// Bridges were added since then.
    pub grown: bool,
}

/// Uops that an escape costs as much as.
const ESCAPE_COST_UOPS: u64 = 20;

/// The uops executed in stays in which each exit counted those before it, less what the escapes cost.
fn worth(insts: &[Inst], executed: u64, escapes: u64) -> u64 {
    // An exit does not know how many rounds there were, but each passed the loop's escapes.
    let label = insts.iter().position(|i| i.op == Uop::Label).unwrap_or(0);
    let round = &insts[label..];
    let passed = round.iter().filter(|i| i.op == Uop::Escape).count() as u64;
    let rounds = escapes.checked_div(passed).unwrap_or(0);
    executed.max(rounds * round.len() as u64).saturating_sub(ESCAPE_COST_UOPS * escapes)
}

impl ExitState {
    /// The states of a trace's exits. `before` uops are executed before it is reached.
    pub fn all(trace: &Trace, compiled: &Compiled, before: u32) -> Vec<ExitState> {
        let label = trace.insts.iter().position(|i| i.op == Uop::Label);
        // Uops before each instruction and in all, but for those that count instructions: what is judged must not
        // depend on whether it is counted.
        let (mut total, mut counts) = (0, Vec::with_capacity(trace.insts.len()));
        for inst in &trace.insts {
            counts.push(total);
            total += u32::from(!matches!(inst.op, Uop::CountInstructions | Uop::CountInstruction));
        }
        let weight = |inst: u32| match label {
            Some(label) if inst as usize > label => total,
            _ => counts[inst as usize],
        };
        compiled.exits.iter().map(|e| ExitState { weight: before + weight(e.inst), ..ExitState::default() }).collect()
    }
}

impl Executor {
    /// One without a place among the others, which [`State::adopt`](crate::state::State::adopt) gives it. Before it is
    /// reached, `before` uops are executed.
    pub fn new(
        site: Site,
        trace: Trace,
        compiled: Compiled,
        control: Box<Control>,
        breaker: usize,
        before: u32,
    ) -> Result<Executor, String> {
        let exits = ExitState::all(&trace, &compiled, before);
        let plans = crate::escape::plans(&trace, &compiled)?;
        let call_plans = crate::call_plan::plans(&trace, &compiled)?;
        Ok(Executor {
            id: 0,
            site,
            trace,
            recorded: None,
            variants: Vec::new(),
            refused: Vec::new(),
            variant_of: None,
            linkers: Vec::new(),
            entries: Vec::new(),
            call_plans,
            called: false,
            namespaces: (0, 0),
            compiled,
            plans,
            dependencies: Vec::new(),
            valid: true,
            control,
            breaker,
            first_exit: 0,
            first_escape: 0,
            first_call: 0,
            exits,
            entered: 0,
            seen_escapes: 0,
            executed: 0,
            escapes_judged: 0,
            grown: false,
        })
    }

    /// Whether it is what tier 1 enters at a function's start.
    pub fn starts_function(&self) -> bool {
        self.site.function && self.recorded.is_some()
    }

    /// What the stays since the last judgement were worth, in uops.
    pub fn worth(&mut self) -> u64 {
        let executed = std::mem::take(&mut self.executed);
        let escapes = self.control.escapes - std::mem::replace(&mut self.escapes_judged, self.control.escapes);
        worth(&self.trace.insts, executed, escapes)
    }

    /// Whether exit `i` may get a bridge: not a poll, a link or the end of the trace's last resort.
    pub fn may_bridge(&self, i: usize) -> bool {
        let uop = self.compiled.exits[i].uop;
        !matches!(uop, Uop::GuardEvalBreaker | Uop::Link | Uop::GuardRecursion | Uop::Exit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loop of `plain` uops that call nothing and `escapes` that do.
    fn looping(plain: usize, escapes: usize) -> Vec<Inst> {
        let uops = [(Uop::Label, 1), (Uop::ConstI64, plain), (Uop::Escape, escapes)];
        uops.into_iter().flat_map(|(op, n)| std::iter::repeat_with(move || Inst::new(op, &[])).take(n)).collect()
    }

    #[test]
    fn stays_without_escapes_are_worth_what_they_execute() {
        assert_eq!(worth(&looping(30, 0), 1234, 0), 1234);
    }

    #[test]
    fn few_rounds_with_escapes_are_worth_little() {
        // Three rounds of 29 uops, and six escapes.
        assert_eq!(worth(&looping(26, 2), 58, 6), 0);
    }

    #[test]
    fn many_rounds_count_though_the_exit_knows_of_one() {
        // A thousand rounds, of which each saves a little.
        assert_eq!(worth(&looping(57, 2), 120, 2000), 60_000 - 40_000);
    }
}
