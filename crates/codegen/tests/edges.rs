//! Each uop that touches no memory, on all pairs of edge values: machine code against its body.
mod common;

use codegen::Options;
use common::Machine;
use common::eval::{KNOWN, eval, same};
use ir::{CodeId, Continuation, Count, Frame, Inst, Kind, Resume, SlotVal, Snapshot, Source, Trace, TraceKind, Uop};

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
        let frame = Frame { code: CodeId(0), func: SlotVal::UNCHANGED, pc: 0, slots, continuation: Continuation::Push };
        t.push_snapshot(Snapshot { resume: Resume::Before, frames: vec![frame] })
    };
    let before = snapshot(Vec::new());
    let mut inst = Inst::new(uop, &args);
    inst.imms = imms;
    inst.snap = uop.facts().exits.then_some(before);
    let v = t.push(inst);
    let slots = uop.facts().result.map(|k| {
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
        pc: 1,
        slots: slots.into_iter().collect(),
        continuation: Continuation::Push,
    };
    let after = t.push_snapshot(Snapshot { resume: Resume::Before, frames: vec![frame] });
    t.push(Inst::new(Uop::Exit, &[]).snap(after));
    t
}

#[test]
fn machine_code_equals_bodies_on_edge_values() {
    for &uop in KNOWN {
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
                let words: Vec<u64> =
                    [a, b][..facts.operands.len()].iter().chain(&imms[..facts.imms.len()]).copied().collect();
                let expected = eval(uop, &words);
                let left = m.run(executor);
                let what = format!("{} of {words:x?}: {left:x?}\n{}", uop.name(), m.dump(executor));
                assert_eq!(left.snapshot, u32::from(expected.is_some()), "{what}");
                if let (Some(expected), Some(&found)) = (expected, left.values.values().next()) {
                    assert!(same(facts.result, found, expected), "expected {expected:#x}: {what}");
                }
            }
        }
    }
}
