//! Every stencil uop against its body: on all pairs of edge values, or on made-up memory.
mod common;

use codegen::Options;
use common::Machine;
use common::eval::{Context, eval, same, value_uops};
use ir::{
    CodeId, Continuation, Count, Form, Frame, Inst, Kind, Resume, SlotVal, Snapshot, Source, Trace, TraceKind, Uop,
};

fn edges(kind: Kind) -> Vec<u64> {
    let ints: [i64; 20] = [
        0,
        1,
        2,
        3,
        7,
        62,
        63,
        64,
        -1,
        -2,
        -7,
        (1 << 30) - 1,
        1 << 31,
        (1 << 53) + 1,
        -(1 << 53),
        1 << 60,
        -(1 << 62),
        i64::MAX,
        i64::MIN + 1,
        i64::MIN,
    ];
    let floats = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        f64::MIN_POSITIVE,
        5e-324,
        1e308,
        -1e308,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        9007199254740993.0,
    ];
    match kind {
        Kind::F64 => floats.map(f64::to_bits).to_vec(),
        Kind::Bool => vec![0, 1],
        _ => ints.map(|i| i as u64).to_vec(),
    }
}

/// Immediates to try: those that every encoding takes, and for a reciprocal and divisor what codegen would choose.
fn immediates(uop: Uop) -> Vec<[u64; 2]> {
    match (uop, uop.facts().imms.len()) {
        (_, 0) => vec![[0; 2]],
        (Uop::IntModImm | Uop::IntFloordivImm, _) => {
            [3, 7, 10, 1000, 0x7FFF_FFFF].map(|d| [u64::MAX / d + 1, d]).to_vec()
        }
        (Uop::IntShlImm | Uop::IntShrImm, _) => (0..63).map(|n| [n, 0]).collect(),
        _ => [0, 1, 7, 0x7FFF_FFFF].map(|n| [n, 0]).to_vec(),
    }
}

fn trace(uop: Uop, imms: [u64; 2]) -> Trace {
    let mut t = Trace::new(TraceKind::Root);
    t.codes.push(0);
    let object = t.push(Inst::new(Uop::LoadSlot, &[]));
    let args: Vec<_> = uop
        .facts()
        .operands
        .iter()
        .enumerate()
        .map(|(n, kind)| {
            let at = Inst::new(if *kind == Kind::F64 { Uop::UnboxF64 } else { Uop::LoadFieldI64 }, &[object]);
            match kind {
                // A float operand is in an object of its own.
                Kind::F64 => {
                    let o = t.push(Inst::new(Uop::LoadSlot, &[]).imm(8 * (n as u64 + 1)));
                    t.push(Inst { args: [o].into_iter().collect(), ..at })
                }
                Kind::I64 => t.push(at.imm(8 * n as u64)),
                Kind::Obj => t.push(Inst::new(Uop::LoadFieldObj, &[object]).imm(8 * n as u64)),
                Kind::Ptr => t.push(Inst::new(Uop::LoadFieldPtr, &[object]).imm(8 * n as u64)),
                Kind::Bool => {
                    let i = t.push(at.imm(8 * n as u64));
                    t.push(Inst::new(Uop::IntIsTrue, &[i]))
                }
            }
        })
        .collect();
    let mut snapshot = |slots: Vec<SlotVal>| {
        let frame = Frame {
            code: CodeId(0),
            func: SlotVal::UNCHANGED,
            generator: false,
            pc: 0,
            slots,
            continuation: Continuation::Push,
        };
        t.push_snapshot(&Snapshot::new(Resume::Before, vec![frame]))
    };
    let before = snapshot(Vec::new());
    let mut inst = Inst::new(uop, &args);
    inst.imms = imms;
    inst.snap = uop.facts().exits.then_some(before);
    let v = t.push(inst);
    // A raw pointer cannot be in a frame: an escape shows it.
    if uop.facts().result == Some(Kind::Ptr) {
        let frame = t.snapshot(ir::SnapId(0)).frame(0).to_frame();
        let during = t.push_snapshot(&Snapshot::new(Resume::During, vec![frame]));
        t.push(Inst::new(Uop::Escape, &[v]).snap(during));
    }
    let slots = uop.facts().result.filter(|k| *k != Kind::Ptr).map(|k| {
        let source = match k {
            Kind::F64 => Source::BoxF64(v),
            Kind::I64 => Source::BoxI64(v),
            Kind::Bool => Source::BoxBool(v),
            _ => Source::Value(v),
        };
        SlotVal { source, count: Count::New }
    });
    let frame = Frame {
        code: CodeId(0),
        func: SlotVal::UNCHANGED,
        generator: false,
        pc: 1,
        slots: slots.into_iter().collect(),
        continuation: Continuation::Push,
    };
    let after = t.push_snapshot(&Snapshot::new(Resume::Before, vec![frame]));
    t.push(Inst::new(Uop::Exit, &[]).snap(after));
    t
}

#[test]
fn machine_code_equals_bodies_on_edge_values() {
    for uop in value_uops() {
        let facts = uop.facts();
        for imms in immediates(uop) {
            let trace = trace(uop, imms);
            trace.verify().unwrap_or_else(|e| panic!("{}: {e}", uop.name()));
            let mut m = Machine::new(Options::default());
            let mut ints = Box::new([0u64; 2]);
            let mut floats = [Box::new([0u64; 3]), Box::new([0u64; 3])];
            m.set_local(0, ints.as_ptr() as u64);
            m.set_local(1, floats[0].as_ptr() as u64);
            m.set_local(2, floats[1].as_ptr() as u64);
            let executor = m.try_compile(&trace, None).unwrap_or_else(|e| panic!("{}: {e}", uop.name()));
            let firsts = facts.operands.first().map_or(vec![0], |k| edges(*k));
            let seconds = facts.operands.get(1).map_or(vec![0], |k| edges(*k));
            for (&a, &b) in firsts.iter().flat_map(|a| seconds.iter().map(move |b| (a, b))) {
                *ints = [a, b];
                floats[0][2] = a;
                floats[1][2] = b;
                let words = &[a, b][..facts.operands.len()];
                let expected = eval(uop, words, imms);
                let left = m.run(executor);
                let what = format!("{} of {words:x?}, {imms:x?}: {left:x?}\n{}", uop.name(), m.dump(executor));
                assert_eq!(left.snapshot, u32::from(expected.is_some()), "{what}");
                if let (Some(expected), Some(&found)) = (expected, left.values.values().next()) {
                    assert!(same(facts.result, found, expected), "expected {expected:#x}: {what}");
                }
            }
        }
    }
}

/// Words of a made-up object. Word 0 is a reference count, word 2 a small number, all others are addresses of objects:
/// uops follow pointers wherever their contracts say there are some.
const WORDS: usize = 64;
type Block = [u64; WORDS];

#[test]
fn machine_code_equals_bodies_on_memory() {
    let values = value_uops();
    let mut seed = 0x0123_4567_89AB_CDEFu64;
    let mut random = move |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n as u64) as usize
    };
    for uop in Uop::all().filter(|u| u.facts().form == Form::Stencil && !values.contains(u)) {
        let facts = uop.facts();
        for round in 0..200 {
            let mut blocks = Box::new([[0u64; WORDS]; 5]);
            let addresses: Vec<u64> = blocks.iter().map(|b| b.as_ptr() as u64).collect();
            let mut m = Machine::new(Options::default());
            let fill = |block: &mut Block, random: &mut dyn FnMut(usize) -> usize| {
                for (n, word) in block.iter_mut().enumerate() {
                    *word = match n {
                        0 => [1, 2, 3, 0x7FFF_FFFF, 0x8000_0000, 0xC000_0000][random(6)],
                        2 => [0, 1, 2, 8, 10, 16, 18][random(7)],
                        _ => addresses[random(5)],
                    };
                }
            };
            for b in blocks.iter_mut() {
                fill(b, &mut random);
            }
            if uop == Uop::GuardTypeSmall {
                // Types at small addresses, which nobody follows.
                blocks.iter_mut().for_each(|b| b[1] = 8);
            }
            if uop == Uop::GuardGenSlotOwned {
                // Tagged references in some slots.
                blocks.iter_mut().for_each(|b| b[3] |= random(2) as u64);
            }
            fill(&mut m.tstate, &mut random);
            fill(&mut m.frame, &mut random);
            *m.eval_breaker = [0, 1, 0x500][random(3)];

            let operands: Vec<u64> = facts
                .operands
                .iter()
                .map(|k| match k {
                    Kind::Obj | Kind::Ptr => addresses[random(5)],
                    Kind::I64 => random(6) as u64,
                    Kind::Bool => random(2) as u64,
                    Kind::F64 => 1.5f64.to_bits(),
                })
                .collect();
            let mut imms = [0; 2];
            for (n, bits) in facts.imms.iter().enumerate() {
                // 64-bit ones are addresses or what memory is compared with, 32-bit ones offsets or small numbers.
                let word = blocks[random(5)][random(3)];
                imms[n] = match bits {
                    64 if uop == Uop::GuardEvalBreaker => *m.eval_breaker ^ random(2) as u64,
                    64 if facts.operands.is_empty() || uop == Uop::StoreAt => addresses[random(5)],
                    64 => [word, addresses[random(5)], u64::from(word as u32)][random(3)],
                    _ if uop == Uop::GuardGenSlotOwned => [8, 24][random(2)],
                    _ => [0, 8, 16, 24][random(4)],
                };
            }
            let trace = trace(uop, imms);
            trace.verify().unwrap_or_else(|e| panic!("{}: {e}", uop.name()));
            // Operands come from an object and floats that the uop does not know.
            let arguments: Vec<u64> = operands.clone();
            let floats: Vec<[u64; 3]> = operands.iter().map(|o| [1, 0, *o]).collect();
            m.set_local(0, arguments.as_ptr() as u64);
            for (n, f) in floats.iter().enumerate() {
                m.set_local(n + 1, f.as_ptr() as u64);
            }
            let executor = m.try_compile(&trace, None).unwrap_or_else(|e| panic!("{}: {e}", uop.name()));

            let before = (blocks.clone(), m.frame.clone());
            m.escape_results(&[1]);
            let left = m.run(executor);
            let shown = m.escaped().first().map(|e| e.operands[0]);
            let after = (blocks.clone(), m.frame.clone());
            (*blocks, *m.frame) = (*before.0, *before.1);
            let [frame, tstate, breaker] = m.context();
            let cx = Context::new(frame, tstate, breaker);
            // SAFETY: operands and memory are what the uop's contract asks for, as far as it looks.
            let expected = match unsafe { exec::body(uop, cx.base(), &operands, imms) } {
                uops::Step::Next(v) => Some(v),
                uops::Step::Exit => None,
            };
            let what = format!("{}, round {round}: {operands:x?} {imms:x?}\n{}", uop.name(), m.dump(executor));
            assert_eq!(left.snapshot != 0, expected.is_some(), "{what}");
            let found = left.values.values().next().copied().or(shown);
            if let (Some(expected), Some(found)) = (expected, found) {
                assert!(same(facts.result, found, expected), "{found:#x}, not {expected:#x}: {what}");
            }
            assert!(after == (blocks.clone(), m.frame.clone()), "memory differs: {what}");
        }
    }
}
