//! Random traces as machine code against the uops' own bodies, under random register pools and forced spills: as they
//! come, and left before each of their exits in turn, with its snapshot.
mod common;

use codegen::Options;
use common::Machine;
use common::eval::{Context, escape_result, eval, helper, interpret, same, value_uops};
use ir::{
    CodeId, Continuation, Count, Frame, Inst, Kind, Resume, SlotVal, SnapId, Snapshot, Source, Trace, TraceKind, Uop,
    ValueId,
};
use proptest::prelude::*;

const INTS: [u64; 8] = [3, 1 << 40, -7i64 as u64, i64::MAX as u64, i64::MIN as u64, 0, 62, (1 << 53) + 1];
const FLOATS: [f64; 6] = [0.5, -0.0, 1e300, -3.25, f64::INFINITY, 7.0];
/// Iterations of a random loop.
const ROUNDS: u64 = 5;

/// Choices made by consuming words, so that proptest can shrink them.
struct Choices<'a>(std::slice::Iter<'a, u64>);

impl Choices<'_> {
    fn next(&mut self) -> Option<u64> {
        self.0.next().copied()
    }
}

/// A trace in the making, executed as it grows (its first iteration).
struct Builder {
    trace: Trace,
    now: Vec<u64>,
    values: Vec<(ValueId, Kind)>,
    escapes: usize,
    operations: Vec<Uop>,
    /// Where the trace is left for certain: before its exit of this number, in a loop in this iteration.
    cut: Option<(usize, u64)>,
    exits: usize,
    /// The loop's counter.
    counter: Option<ValueId>,
    /// The last exit's snapshot.
    last: Option<SnapId>,
}

impl Builder {
    fn push(&mut self, inst: Inst) -> ValueId {
        let args: Vec<u64> = inst.args.iter().map(|a| self.now[a.0 as usize]).collect();
        let now = match inst.op {
            Uop::ConstI64 | Uop::ConstF64 => inst.imms[0],
            Uop::LoadFieldI64 => INTS[inst.imms[0] as usize / 8],
            // Of the slot loaded just before.
            Uop::UnboxF64 => FLOATS[self.trace.inst(inst.args[0]).imms[0] as usize / 8 - 1].to_bits(),
            Uop::Escape => escape_result(self.escapes),
            Uop::BoxI64 | Uop::BoxF64 | Uop::FloatPow => helper(inst.op, &args),
            op if self.operations.contains(&op) => eval(op, &args, inst.imms).unwrap_or(0),
            _ => 0,
        };
        self.now.push(now);
        self.escapes += usize::from(inst.op == Uop::Escape);
        // Slots hold addresses: no operands for others.
        let kind = inst.op.facts().result.filter(|_| inst.op != Uop::LoadSlot);
        let v = self.trace.push(inst);
        self.values.extend(kind.map(|k| (v, k)));
        v
    }

    /// A value of this kind, chosen by `word`: recent ones and any.
    fn pick(&self, kind: Kind, word: u64) -> Option<ValueId> {
        let all: Vec<ValueId> = self.values.iter().filter(|(_, k)| *k == kind).map(|(v, _)| *v).collect();
        let n = (word >> 8) as usize % all.len().max(1);
        let n = if word & 3 == 0 { n } else { all.len().saturating_sub(1 + n % 6) };
        all.get(n).copied()
    }

    /// A snapshot of some values.
    fn snapshot(&mut self, word: u64, resume: Resume) -> SnapId {
        let slots = (0..word % 7).map(|n| {
            let at = (word >> 8).wrapping_mul(2 * n + 1) as usize % self.values.len();
            let (v, kind) = self.values[at];
            let source = match kind {
                Kind::I64 => Source::BoxI64(v),
                Kind::F64 => Source::BoxF64(v),
                Kind::Bool => Source::BoxBool(v),
                Kind::Obj | Kind::Ptr => Source::Value(v),
            };
            SlotVal { source, count: Count::New }
        });
        let slots = slots.collect();
        let frame = Frame {
            code: CodeId(0),
            func: SlotVal::UNCHANGED,
            generator: false,
            pc: 0,
            slots,
            continuation: Continuation::Push,
        };
        self.trace.push_snapshot(&Snapshot::new(resume, vec![frame]))
    }

    fn is_complete(&self) -> bool {
        self.trace.insts.last().is_some_and(|i| i.op == Uop::Exit)
    }

    fn operation(&mut self, choices: &mut Choices<'_>) -> Option<()> {
        let word = choices.next()?;
        let calls = [Uop::BoxI64, Uop::BoxF64, Uop::FloatPow, Uop::Escape];
        let op = match word % 16 {
            0 => calls[(word >> 8) as usize % 4],
            1 => {
                let c = choices.next()?;
                let c = if c & 1 == 0 { c as i64 >> 40 } else { c as i64 };
                self.push(Inst::new(Uop::ConstI64, &[]).imm(c as u64));
                return Some(());
            }
            2 => {
                let c = f64::from(choices.next()? as i32) / 8.0;
                self.push(Inst::new(Uop::ConstF64, &[]).imm(c.to_bits()));
                return Some(());
            }
            _ => self.operations[(word >> 8) as usize % self.operations.len()],
        };
        let facts = op.facts();
        let kinds: Vec<Kind> = if op == Uop::Escape { vec![Kind::I64, Kind::I64] } else { facts.operands.to_vec() };
        let mut args = Vec::new();
        for kind in kinds {
            let Some(v) = self.pick(kind, choices.next()?) else { return Some(()) };
            args.push(v);
        }
        let mut inst = Inst::new(op, &args);
        for (n, bits) in facts.imms.iter().enumerate() {
            // The forms for constants take unsigned 32-bit immediates in part.
            let c = choices.next()?;
            inst.imms[n] = if *bits == 32 { c >> 34 } else { c };
        }
        match op {
            Uop::IntModImm | Uop::IntFloordivImm => {
                let divisor = inst.imms[1] | 3;
                inst.imms = [u64::MAX / divisor + 1, divisor];
            }
            Uop::IntShlImm | Uop::IntShrImm => inst.imms[0] %= 63,
            _ => {}
        }
        let words: Vec<u64> = args.iter().map(|a| self.now[a.0 as usize]).collect();
        let leaves = self.operations.contains(&op) && eval(op, &words, inst.imms).is_none();
        if leaves && word & 0x70 != 0 {
            return Some(());
        }
        if facts.exits {
            let resume = if op == Uop::Escape { Resume::During } else { Resume::Before };
            let choice = choices.next()?;
            let snap = match self.last {
                // Guards in a row share one.
                Some(last) if resume == Resume::Before && choice >> 60 < 6 => last,
                _ => self.snapshot(choice, resume),
            };
            inst = inst.snap(snap);
            if resume == Resume::Before {
                self.last = Some(snap);
                self.cut_here(snap)?;
            }
        }
        self.push(inst);
        Some(())
    }

    /// Makes sure that the trace is left with this snapshot, if it is the one that was asked for. `None` at the trace's
    /// end.
    fn cut_here(&mut self, snap: SnapId) -> Option<()> {
        self.exits += 1;
        match (self.cut, self.counter) {
            (Some((exit, iteration)), counter) if exit + 1 == self.exits => {
                let Some(counter) = counter else {
                    self.push(Inst::new(Uop::Exit, &[]).snap(snap));
                    return None;
                };
                let limit = self.push(Inst::new(Uop::ConstI64, &[]).imm(iteration));
                self.push(Inst::new(Uop::GuardIntLt, &[counter, limit]).snap(snap));
            }
            _ => {}
        }
        Some(())
    }
}

fn build(words: &[u64], looping: bool, cut: Option<(usize, u64)>) -> Trace {
    let mut choices = Choices(words.iter());
    let mut b = Builder {
        trace: Trace::new(TraceKind::Root),
        now: Vec::new(),
        values: Vec::new(),
        escapes: 0,
        operations: value_uops(),
        cut,
        exits: 0,
        counter: None,
        last: None,
    };
    b.trace.codes.push(0);
    let object = b.push(Inst::new(Uop::LoadSlot, &[]));
    for n in 0..INTS.len() {
        b.push(Inst::new(Uop::LoadFieldI64, &[object]).imm(8 * n as u64));
    }
    for n in 0..FLOATS.len() {
        let o = b.push(Inst::new(Uop::LoadSlot, &[]).imm(8 * (n as u64 + 1)));
        b.push(Inst::new(Uop::UnboxF64, &[o]));
    }
    let _ = (0..8).try_for_each(|_| b.operation(&mut choices));
    if b.is_complete() {
        return b.trace;
    }
    // The values that go around, and a counter.
    let mut phis: Vec<(ValueId, Kind)> = Vec::new();
    if looping {
        let zero = b.push(Inst::new(Uop::ConstI64, &[]));
        let mut firsts = vec![zero];
        let mut kinds = vec![Kind::I64];
        for _ in 0..choices.next().unwrap_or(0) % 24 {
            let word = choices.next().unwrap_or(0);
            let kind = if word & 4 == 0 { Kind::I64 } else { Kind::F64 };
            if let Some(v) = b.pick(kind, word) {
                firsts.push(v);
                kinds.push(kind);
            }
        }
        b.push(Inst::new(Uop::Label, &firsts));
        for (n, &kind) in kinds.iter().enumerate() {
            let op = if kind == Kind::F64 { Uop::PhiF64 } else { Uop::PhiI64 };
            let v = b.push(Inst::new(op, &[]).imm(n as u64));
            b.now[v.0 as usize] = b.now[firsts[n].0 as usize];
            phis.push((v, kind));
        }
        b.counter = Some(phis[0].0);
        let limit = b.push(Inst::new(Uop::ConstI64, &[]).imm(ROUNDS));
        let snap = b.snapshot(choices.next().unwrap_or(5), Resume::Before);
        b.push(Inst::new(Uop::GuardIntLt, &[phis[0].0, limit]).snap(snap));
    }
    while b.operation(&mut choices).is_some() {}
    if b.is_complete() {
        return b.trace;
    }
    if looping {
        let one = b.push(Inst::new(Uop::ConstI64, &[]).imm(1));
        let next = b.push(Inst::new(Uop::IntAddNowrap, &[phis[0].0, one]));
        let mut nexts = vec![next];
        for (n, &(phi, kind)) in phis.iter().enumerate().skip(1) {
            let word = words[n % words.len()].rotate_left(n as u32);
            nexts.push(b.pick(kind, word).unwrap_or(phi));
        }
        b.push(Inst::new(Uop::Jump, &nexts));
    } else {
        let snap = b.snapshot(words[0] | 6, Resume::Before);
        b.push(Inst::new(Uop::Exit, &[]).snap(snap));
    }
    b.trace
}

/// How many exits that can be taken before they do anything a random trace has.
fn exits(words: &[u64], looping: bool) -> usize {
    let exits = |i: &&Inst| i.op.facts().exits && !matches!(i.op, Uop::Escape | Uop::Exit);
    build(words, looping, None).insts.iter().filter(exits).count() - usize::from(looping)
}

/// What a snapshot puts into the interpreter's frame.
fn materialized(trace: &Trace, snap: SnapId, value: &dyn Fn(ValueId) -> u64) -> Vec<(SlotVal, Vec<u64>)> {
    let slots = trace.snapshot(snap).frames().flat_map(|f| f.slots.iter());
    slots.map(|slot| (slot, slot.source.values().map(value).collect())).collect()
}

fn check(words: &[u64], looping: bool, options: Options, cut: Option<(usize, u64)>) -> Result<(), TestCaseError> {
    let trace = build(words, looping, cut);
    prop_assert!(trace.verify().is_ok(), "{:?}\n{trace}", trace.verify());
    let mut m = Machine::new(options);
    let ints = Box::new(INTS);
    m.set_local(0, ints.as_ptr() as u64);
    let objects = FLOATS.map(|f| Box::new([1, 0, f.to_bits(), 0]));
    for (n, o) in objects.iter().enumerate() {
        m.set_local(n + 1, o.as_ptr() as u64);
    }
    let [frame, tstate, breaker] = m.context();
    let (expected, world) = interpret(&trace, &Context::new(frame, tstate, breaker));
    let executor = m.try_compile(&trace, None);
    prop_assert!(executor.is_ok(), "{executor:?}\n{trace}");
    let results: Vec<u64> = (0..world.escapes.len()).map(escape_result).collect();
    m.escape_results(&results);
    let left = m.run(0);
    let context = || format!("{trace}\n{}", m.dump(0));
    prop_assert_eq!(SnapId(left.snapshot), expected.snap, "{}", context());
    for (&v, &found) in &left.values {
        let op = trace.insts[v as usize].op;
        let expected = expected.values[v as usize];
        let equal = same(op.facts().result, found, expected);
        prop_assert!(equal, "v{v} is {found:#x}, not {expected:#x}\n{}", context());
    }
    let found = materialized(&trace, expected.snap, &|v| match trace.inst(v).op {
        Uop::ConstI64 | Uop::ConstF64 => trace.inst(v).imms[0],
        _ => left.values[&v.0],
    });
    let expected = materialized(&trace, expected.snap, &|v| expected.values[v.0 as usize]);
    for ((slot, found), (_, expected)) in found.iter().zip(&expected) {
        let kind = if matches!(slot.source, Source::BoxF64(_)) { Kind::F64 } else { Kind::I64 };
        let equal = found.iter().zip(expected).all(|(a, b)| same(Some(kind), *a, *b));
        prop_assert!(equal, "{slot} is {found:x?}, not {expected:x?}\n{}", context());
    }
    let escaped = m.escaped();
    prop_assert_eq!(escaped.len(), world.escapes.len(), "{}", context());
    for (found, expected) in escaped.iter().zip(&world.escapes) {
        prop_assert_eq!(&found.operands, expected, "{}", context());
    }
    Ok(())
}

fn settings() -> impl Strategy<Value = Options> {
    (any::<u16>(), any::<u16>(), 0..4).prop_map(|(gprs, fprs, spills)| Options {
        gpr_pool: Some(gprs),
        fpr_pool: Some(fprs),
        force_spills: spills == 0,
        marks: false,
    })
}

/// How many, if nobody asks for another number.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn straight_traces_agree(words in prop::collection::vec(any::<u64>(), 1..400), options in settings()) {
        check(&words, false, options, None)?;
    }

    #[test]
    fn loops_agree(words in prop::collection::vec(any::<u64>(), 1..400), options in settings()) {
        check(&words, true, options, None)?;
    }

    #[test]
    fn loops_agree_with_all_registers(words in prop::collection::vec(any::<u64>(), 1..200)) {
        check(&words, true, Options::default(), None)?;
    }
}

proptest! {
    // Each case is as many traces as it has exits.
    #![proptest_config(ProptestConfig { cases: cases() / 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_snapshot_is_materialized(words in prop::collection::vec(any::<u64>(), 1..250), options in settings()) {
        for exit in 0..exits(&words, false) {
            check(&words, false, options.clone(), Some((exit, 0)))?;
        }
    }

    #[test]
    fn every_snapshot_of_a_loop_is_materialized(
        words in prop::collection::vec(any::<u64>(), 1..250),
        options in settings(),
        iteration in 0..ROUNDS,
    ) {
        for exit in 0..exits(&words, true) {
            check(&words, true, options.clone(), Some((exit, iteration)))?;
        }
    }
}
