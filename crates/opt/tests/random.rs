//! Random programs: interpreted throughout, and with their loop run as an optimized trace from the third iteration on.
//! Results, what opaque calls saw, and every reference count must agree; also where the trace is left by any of its
//! exits. `TIERUP_SEEDS=N` runs more of them, `TIERUP_SEED=N` one, verbosely.
#[allow(dead_code, reason = "shared with other tests")]
mod machine;

use std::cell::RefCell;

use exec::{Exit, OutOfFuel};
use ir::{EntryParam, EntrySource, Kind, Trace, Uop, ValueId};
use machine::heap::{BOOL, FLOAT, Heap, INT, Value};
use machine::native::Native;
use machine::record::Recorder;
use machine::state::State;
use machine::{BOUND, Bin, COUNTER, Cmp, End, LIST_SLOT, LOCALS, Machine, Op};
use opt::{Known, Options, Oracle, RangeIter};

struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

struct Generator {
    rng: Rng,
    out: Vec<Op>,
}

impl Generator {
    fn local(&mut self) -> usize {
        1 + self.rng.below(LOCALS as u64 - 1) as usize
    }

    fn number(&mut self) {
        let op = match self.rng.below(6) {
            0 => Op::Float(self.rng.pick(&[0.5, -1.25, 3.0, 0.0])),
            1 => Op::Int(self.rng.pick(&[1 << 20, 1000, -(1 << 31), 1 << 61])),
            _ => Op::Int(self.rng.below(12) as i64 - 3),
        };
        self.out.push(op);
    }

    fn expr(&mut self, depth: u32) {
        match if depth == 0 { self.rng.below(4) } else { self.rng.below(12) } {
            0 => self.number(),
            1..=3 => {
                let op = Op::Load(self.local(), self.rng.one_in(2));
                self.out.push(op);
            }
            4 => {
                self.expr(depth - 1);
                self.out.push(Op::Neg);
            }
            5 => {
                self.small_index();
                self.out.push(Op::Item);
            }
            6 if self.rng.one_in(3) => {
                self.expr(depth - 1);
                self.out.push(Op::Call);
            }
            _ => {
                self.expr(depth - 1);
                self.expr(depth - 1);
                let ops = [
                    Bin::Add,
                    Bin::Add,
                    Bin::Add,
                    Bin::Sub,
                    Bin::Sub,
                    Bin::Mul,
                    Bin::Mod,
                    Bin::FloorDiv,
                    Bin::And,
                    Bin::Or,
                    Bin::Xor,
                ];
                let op = self.rng.pick(&ops);
                self.out.push(Op::Bin(op));
            }
        }
    }

    fn small_index(&mut self) {
        if self.rng.one_in(2) {
            let x = self.rng.below(4) as i64 - 1;
            self.out.push(Op::Int(x));
        } else {
            self.out.extend([Op::Load(COUNTER, true), Op::Int(4), Op::Bin(Bin::Mod)]);
        }
    }

    fn condition(&mut self) {
        if self.rng.one_in(4) {
            self.out.extend([
                Op::Load(self.rng.below(5) as usize + 3, true),
                Op::Load(self.rng.below(5) as usize + 3, true),
                Op::Is,
            ]);
        } else {
            self.expr(1);
            self.expr(1);
            let op = self.rng.pick(&[Cmp::Lt, Cmp::Le, Cmp::Eq, Cmp::Ne]);
            self.out.push(Op::Cmp(op));
        }
        if self.rng.one_in(3) {
            self.out.push(Op::Not);
        }
    }

    fn statement(&mut self, depth: u32) {
        match self.rng.below(10) {
            0 if depth > 0 => {
                self.condition();
                let at = self.out.len();
                self.out.push(Op::Poll);
                for _ in 0..1 + self.rng.below(2) {
                    self.statement(depth - 1);
                }
                self.out[at] = Op::SkipUnless(self.out.len() - at - 1);
            }
            1 => {
                self.expr(1);
                self.small_index();
                self.out.push(Op::SetItem);
            }
            2 => {
                // A copy: two locals with one object.
                let (from, to) = (self.local(), 3 + self.rng.below(5) as usize);
                self.out.extend([Op::Load(from, self.rng.one_in(2)), Op::Store(to, true)]);
            }
            3 => {
                // A swap.
                let (a, b) = (3 + self.rng.below(5) as usize, 3 + self.rng.below(5) as usize);
                self.out.extend([Op::Load(a, false), Op::Load(b, false), Op::Store(a, true), Op::Store(b, true)]);
            }
            _ => {
                self.expr(2);
                let to = 3 + self.rng.below(5) as usize;
                let pending = !self.rng.one_in(6);
                self.out.push(Op::Store(to, pending));
            }
        }
    }

    /// `while counter < bound: statements; counter += 1`
    fn program(mut self) -> Vec<Op> {
        self.out.extend([Op::Load(COUNTER, true), Op::Load(BOUND, true), Op::Cmp(Cmp::Lt), Op::EndUnless]);
        for _ in 0..1 + self.rng.below(5) {
            self.statement(2);
        }
        self.out.extend([
            Op::Load(COUNTER, true),
            Op::Int(1),
            Op::Bin(Bin::Add),
            Op::Store(COUNTER, true),
            Op::Poll,
            Op::Loop,
        ]);
        self.out
    }
}

fn start(seed: u64) -> Machine {
    let mut rng = Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut heap = Heap::new();
    let items: Vec<u64> = (0..4).map(|n| if n < 2 { heap.int(1000 * n) } else { heap.float(n as f64) }).collect();
    let frame = vec![0; uops::layout::FRAME_LOCALS as usize / 8 + LOCALS];
    let mut m = Machine { heap, frame, stack: Vec::new(), pc: 0, log: Vec::new(), steps: 0 };
    for n in 0..LOCALS {
        let object = match n {
            LIST_SLOT => m.heap.list(&items),
            COUNTER => m.heap.int(0),
            BOUND => m.heap.int(40),
            _ if rng.one_in(3) => m.heap.float(rng.below(9) as f64 - 2.5),
            _ => m.heap.int(rng.pick(&[0, 1, 7, -300, 1 << 29, 1 << 40])),
        };
        *m.local_mut(n) = object;
    }
    m
}

struct MachineOracle<'a> {
    heap: &'a Heap,
    /// Whether exits are taken although nothing failed.
    forces_exits: bool,
}

impl Oracle for MachineOracle<'_> {
    fn known(&self) -> Known {
        let (true_, false_) = (self.heap.bool_(true), self.heap.bool_(false));
        // The machine has none.
        let range_iter = RangeIter { ty: 1, start: 0, len: 0, step: 0 };
        Known { int: INT, float: FLOAT, bool_: BOOL, true_, false_, range_iter }
    }

    fn type_of(&self, object: u64) -> Option<u64> {
        Some(self.heap.ty(object))
    }

    fn int_value(&self, object: u64) -> Option<i64> {
        match self.heap.value(object) {
            Value::Int(x) => x.try_into().ok(),
            _ => None,
        }
    }

    fn float_value(&self, object: u64) -> Option<f64> {
        match self.heap.value(object) {
            Value::Float(x) => Some(x),
            _ => None,
        }
    }

    fn is_immortal(&self, object: u64) -> bool {
        self.heap.is_immortal(object)
    }

    fn exits_are_failures(&self) -> bool {
        !self.forces_exits
    }

    fn class_is_fixed(&self, _ty: u64) -> bool {
        true
    }
}

/// What a run showed: how it ended, the values of locals, which are the same object, and the log.
#[derive(Debug, PartialEq)]
struct Outcome {
    end: End,
    locals: Vec<Value>,
    items: Vec<Value>,
    log: Vec<State>,
}

const STEPS: usize = 20_000;

thread_local! {
    /// One for all traces, as the runtime has it.
    static WORKSPACE: RefCell<opt::Workspace> = RefCell::default();
}

fn interpret(m: &mut Machine, program: &[Op]) -> End {
    loop {
        let end = m.step(program);
        if end != End::Running || m.steps > STEPS {
            return end;
        }
    }
}

fn outcome(m: &mut Machine, end: End) -> (Outcome, Vec<(usize, usize)>) {
    let locals: Vec<u64> = m.locals().to_vec();
    let same = (0..LOCALS).flat_map(|a| (0..a).map(move |b| (a, b))).filter(|&(a, b)| locals[a] == locals[b]).collect();
    let items = m.heap.items(locals[LIST_SLOT]);
    let outcome = Outcome {
        end,
        locals: locals.iter().map(|&o| m.heap.value(o)).collect(),
        items: items.iter().map(|&o| m.heap.value(o)).collect(),
        log: m.log.clone(),
    };
    m.finish();
    assert_eq!(m.heap.live(), 0, "references leak");
    (outcome, same)
}

/// Interprets up to an instruction of an iteration.
fn interpret_to(m: &mut Machine, program: &[Op], iteration: u64, pc: usize) {
    let mut passes = 0;
    while passes < iteration || m.pc != pc {
        assert!(passes <= iteration, "interpreting is not at {pc} in iteration {iteration}");
        assert_eq!(m.step(program), End::Running, "interpreting does not come to {pc} in iteration {iteration}");
        passes += u64::from(m.pc == 0);
    }
}

/// Interprets two iterations, records the third while interpreting it, and compiles the trace.
fn record(m: &mut Machine, program: &[Op]) -> Result<Trace, End> {
    let mut passes = 0;
    while passes < 2 {
        match m.step(program) {
            End::Running if m.pc == 0 => passes += 1,
            End::Running => {}
            end => return Err(end),
        }
    }
    let mut recorder = Recorder::new();
    loop {
        if recorder.record(m, program).is_err() {
            return Err(interpret(m, program));
        }
        match m.step(program) {
            End::Running if m.pc == 0 => return Ok(recorder.finish()),
            End::Running => {}
            end => return Err(end),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Peeled,
    Simple,
    Baseline,
    /// Entered with some locals in registers.
    Entry,
}

/// Hands some number locals over as entry parameters: memory keeps what it has, as something stale.
fn hand_over(m: &mut Machine, trace: &mut Trace, rng: &mut Rng) -> Vec<u64> {
    let mut values = Vec::new();
    for n in COUNTER..LOCALS {
        if rng.one_in(3) {
            continue;
        }
        let object = m.locals()[n];
        // An object that somebody else has cannot become a box of its own.
        let alone = m.heap.is_alone(object);
        let (kind, bits) = match m.heap.value(object) {
            Value::Int(x) if alone && !rng.one_in(4) && i64::try_from(x).is_ok() => (Kind::I64, x as u64),
            Value::Float(x) if alone && !rng.one_in(4) => (Kind::F64, x.to_bits()),
            Value::Int(_) | Value::Float(_) => {
                m.heap.incref(object);
                (Kind::Obj, object)
            }
            _ => continue,
        };
        // What is stale is some other harmless object.
        if kind != Kind::Obj {
            let stale = m.heap.float(99.5);
            m.heap.decref(object);
            *m.local_mut(n) = stale;
        }
        trace.entry.push(EntryParam { kind, source: EntrySource::Slot(n as u16) });
        values.push(bits);
    }
    values
}

/// What becomes of a program.
enum Run {
    /// No trace was made.
    Interpreted,
    /// Its trace took the jump so often.
    Traced(u64),
    /// Its trace has no such exit.
    NoExit,
}

/// An exit of a trace by number, and the iteration of the loop in which it is to be taken.
#[derive(Clone, Copy, Debug)]
struct Forced {
    exit: usize,
    iteration: u64,
}

/// Runs the program of a seed by interpreting, then with a trace, and compares: what the trace's exit leaves with what
/// interpreting has at that instruction, and what both come to. `forced`: the trace is left there, if it comes there,
/// whether or not something fails.
fn check(seed: u64, mode: Mode, forced: Option<Forced>, verbose: bool) -> Run {
    let program = Generator { rng: Rng(seed.wrapping_mul(0xd129_0ddf_53bd_5a83) | 1), out: Vec::new() }.program();
    let mut reference = start(seed);
    let end = interpret(&mut reference, &program);
    let (wanted, same) = outcome(&mut reference, end);

    let mut m = start(seed);
    let mut trace = match record(&mut m, &program) {
        Ok(trace) => trace,
        Err(end) => {
            assert_eq!(outcome(&mut m, end).0, wanted, "the recorder disturbs the interpreter");
            return Run::Interpreted;
        }
    };
    let mut rng = Rng(seed.wrapping_mul(0xa076_1d64_78bd_642f) | 1);
    if verbose {
        println!("{program:?}\n{trace}");
    }
    let enabled = mode != Mode::Baseline;
    let options = Options { enabled, peel: mode != Mode::Simple, verify: true, dump: None };
    let entry = if mode == Mode::Entry { hand_over(&mut m, &mut trace, &mut rng) } else { Vec::new() };
    let oracle = MachineOracle { heap: &m.heap, forces_exits: forced.is_some() };
    let optimized = WORKSPACE.with_borrow_mut(|ws| opt::optimize(&trace, &oracle, &options, ws));
    let optimized = match optimized {
        Ok(t) => t,
        Err(opt::Reason::Contradiction | opt::Reason::EntryState | opt::Reason::JumpState) => return Run::Interpreted,
        Err(e) => panic!("{e}"),
    };
    let leave = match forced.map(|forced| (nth_exit(&optimized, forced.exit), forced.iteration)) {
        Some((None, _)) => return Run::NoExit,
        Some((Some(at), iteration)) => Some((at, iteration)),
        None => None,
    };
    if verbose {
        println!("{optimized}");
    }
    let mut native = [0u64; 8];
    let cx = native.as_mut_ptr() as u64 + 64;
    let breaker = 0u64;
    let mut put = |at: isize, v: u64| native[(64 + at) as usize / 8] = v;
    put(uops::layout::CX_FRAME, m.frame.as_mut_ptr() as u64);
    put(uops::layout::CX_EVAL_BREAKER, &raw const breaker as u64);
    std::hint::black_box(&native);
    let mut host = Native { machine: &mut m, leave };
    // SAFETY: the recorder's guards keep every access within the machine's heap and frame.
    let run = unsafe { exec::run(&optimized, cx, &entry, &mut host, 1000) };
    let exit = run.unwrap_or_else(|OutOfFuel| panic!("the loop does not end"));
    if verbose {
        println!("left at {} after {} iterations", optimized.line(exit.at), exit.iterations);
    }
    host.leave(&optimized, &exit);
    let mut reference = start(seed);
    interpret_to(&mut reference, &program, iteration(&optimized, &exit), m.pc);
    assert_eq!(State::of(&m), State::of(&reference), "at {}", optimized.line(exit.at));
    let end = interpret(&mut m, &program);
    let (found, found_same) = outcome(&mut m, end);
    assert_eq!(found, wanted);
    assert_eq!(found_same, same, "which locals are one object");
    Run::Traced(exit.iterations)
}

fn nth_exit(trace: &Trace, n: usize) -> Option<ValueId> {
    let exits = trace.insts.iter().enumerate().filter(|(_, inst)| inst.snap.is_some() && inst.op != Uop::Jump);
    exits.map(|(at, _)| ValueId(at as u32)).nth(n)
}

/// The program's iteration in which a trace was left. It was entered in the fourth; where it is peeled there are one or
/// two before the loop.
fn iteration(trace: &Trace, exit: &Exit) -> u64 {
    let mut pc = 0;
    let mut peeled = 0;
    for inst in &trace.insts[..=exit.at.0 as usize] {
        if inst.op == Uop::Label {
            peeled += u64::from(pc > 0);
            break;
        }
        if let Some(snap) = inst.snap {
            // What the loop needs checked but once is checked before it, as its first instruction would be.
            peeled += u64::from(trace.snapshot(snap).frame(0).pc < pc);
            pc = trace.snapshot(snap).frame(0).pc;
        }
    }
    3 + exit.iterations + peeled
}

fn check_all(mode: Mode) {
    if let Some(seed) = std::env::var("TIERUP_SEED").ok().and_then(|s| s.parse().ok()) {
        check(seed, mode, None, true);
        return;
    }
    let seeds = std::env::var("TIERUP_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3000);
    let mut ran = 0;
    for seed in 1..=seeds {
        match std::panic::catch_unwind(|| check(seed, mode, None, false)) {
            Ok(Run::Traced(1..)) => ran += 1,
            Ok(_) => {}
            Err(_) => panic!("{mode:?} fails with TIERUP_SEED={seed}"),
        }
    }
    println!("{mode:?}: {ran} of {seeds} looped");
    assert!(ran * 10 > seeds, "too few programs loop in their trace: {ran} of {seeds}");
}

#[test]
fn peeled_loops_agree() {
    check_all(Mode::Peeled);
}

#[test]
fn simple_loops_agree() {
    check_all(Mode::Simple);
}

#[test]
fn baseline_loops_agree() {
    check_all(Mode::Baseline);
}

#[test]
fn loops_entered_with_registers_agree() {
    check_all(Mode::Entry);
}

/// Every snapshot is materialized: interpreting goes on from each exit, forced in the first iteration and in a later
/// one, of optimized and unoptimized traces.
#[test]
fn every_exit_leaves_what_interpreting_has() {
    let seeds = std::env::var("TIERUP_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3000) / 10;
    let only: Option<u64> = std::env::var("TIERUP_SEED").ok().and_then(|s| s.parse().ok());
    let mut left = 0;
    for seed in only.map_or(1..=seeds, |seed| seed..=seed) {
        for mode in [Mode::Peeled, Mode::Simple, Mode::Baseline, Mode::Entry] {
            for n in 0.. {
                let forced = Forced { exit: n / 2, iteration: if n % 2 == 0 { 0 } else { 1 + seed % 5 } };
                match std::panic::catch_unwind(|| check(seed, mode, Some(forced), only.is_some())) {
                    Ok(Run::Traced(_)) => left += 1,
                    Ok(_) => break,
                    Err(_) => panic!("{mode:?}, {forced:?} fails with TIERUP_SEED={seed}"),
                }
            }
        }
    }
    println!("{left} exits");
    assert!(only.is_some() || left > 20 * seeds, "too few exits: {left}");
}
