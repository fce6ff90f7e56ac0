//! Escapes that run as machine code, by a recipe, under every allocator setting.
mod common;

use codegen::escape::{Arg, Recipe, SlotRef, Step, Temp};
use common::{Machine, all_options};
use ir::{Trace, Uop, ValueId};

/// What a callee makes of what it got.
fn answer(tag: u64, a: u64, b: u64, n: u64, x: u64) -> u64 {
    tag ^ a ^ b << 8 ^ n << 16 ^ x << 24
}

/// A callee of escapes: overwrites what it may, and answers with what it got.
extern "sysv64" fn callee(tag: u64, array: *mut u64, n: u64, x: u64) -> u64 {
    // SAFETY: the recipe passes an array of two words, which is the callee's.
    let (a, b) = unsafe { (*array, std::mem::replace(&mut *array.add(1), 0)) };
    common::clobber();
    if tag == 0 { 0 } else { answer(tag, a, b, n, x) }
}

/// Writes slots 2 to 5 and releases what slot 3 held; conditions look at slots 6 to 9.
fn recipe(trace: &Trace, inst: u32) -> Recipe<ValueId> {
    let inst = &trace.insts[inst as usize];
    let slot = |n: i32| 80 + 8 * n;
    let [a, b, x] = inst.args[..] else { panic!("three operands") };
    let root = || Step::Context(Temp::A, uops::layout::CX_FRAME as i32);
    Recipe {
        guards: vec![root(), Step::Is(Temp::A, slot(6), 0)],
        root: vec![root(), Step::Replace(slot(3), SlotRef::Owned(a))],
        quick: None,
        before: vec![
            root(),
            Step::Write(Temp::A, slot(2), SlotRef::Borrowed(a)),
            Step::Write(Temp::A, slot(4), SlotRef::Owned(b)),
            Step::Write(Temp::A, slot(5), SlotRef::Constant(0x7_0000_0000)),
            Step::Address(Temp::B, Temp::A, slot(12)),
            Step::Store(Temp::A, slot(10), Temp::B),
            Step::Put(Temp::B, 0, u64::MAX - 1),
            Step::Put32(Temp::B, 8, 0x8000_0001),
            Step::Put16(Temp::B, 12, 0x8002),
            Step::Add32(Temp::B, 8, -1),
            Step::Load(Temp::A, Temp::B, 0),
            Step::Store(Temp::B, 16, Temp::A),
            Step::Save(0, Temp::B),
            Step::Put8(Temp::B, 15, 0x81),
            Step::Load8(Temp::A, Temp::B, 13),
            Step::Store8(Temp::B, 14, Temp::A),
        ],
        saved: 1,
        array: vec![a, x],
        target: callee as *const () as usize,
        args: vec![Arg::Const(inst.imms[1]), Arg::Array, Arg::Const(2), Arg::Value(x)],
        after: vec![
            root(),
            Step::Is(Temp::A, slot(7), 0),
            Step::Const(Temp::B, 0x1_2345_6789),
            Step::Same(Temp::A, slot(8), Temp::B),
            Step::IsNot32(Temp::A, slot(9), 1),
            Step::Below(Temp::B, Temp::A, slot(9)),
            Step::Count(Temp::A, slot(11)),
            Step::Restore(Temp::B, 0),
            Step::Add(Temp::B, 16, -1000),
        ],
    }
}

/// Does the escape's work, or nothing where `x` says so; overwrites what it may in either case.
extern "sysv64" fn quick(tag: u64, array: *mut u64, n: u64, x: u64) -> u64 {
    // SAFETY: as for `callee`.
    let (a, b) = unsafe { (*array, std::mem::replace(&mut *array.add(1), 0)) };
    common::clobber();
    if x == 2.0f64.to_bits() { 0 } else { !answer(tag, a, b, n, x) }
}

fn quick_recipe(trace: &Trace, inst: u32) -> Recipe<ValueId> {
    Recipe { quick: Some(quick as *const () as usize), ..recipe(trace, inst) }
}

/// An escape, and all that is alive around it.
const TEXT: &str = "\
root code=0x1
  va = load_slot 0
  vn = load_slot 8
  vx = load_field_i64 va, 16
  vf = unbox_f64 va
  ve = escape 3, 5, va, vn, vx ; s0
  vh = float_add vf, vf
  exit ; s1
s0: during c0@3 [va:new, vn:new, box_f64 vf]
s1: before c0@5 [va:new, vn:new, box_i64 vx, box_f64 vh, ve:steal]
";

/// The words that the recipe and its conditions find, with objects in slots 0 and 3.
fn fill(m: &mut Machine, a: u64, old: u64) {
    for (n, word) in [a, 1, 0, old, 0, 0, 0, 0, 0x1_2345_6789, u64::MAX - 1, 0, 0].into_iter().enumerate() {
        m.set_local(n, word);
    }
}

#[test]
fn escapes_do_without_frames_where_they_can() {
    for options in all_options() {
        for (x, quickly) in [(1.5f64, true), (2.0, false)] {
            let mut m = Machine::new(options.clone());
            m.recipe = Some(quick_recipe);
            let object = Box::new([1u64, 0, x.to_bits()]);
            let dying = Box::new([1u64, 0, 0]);
            let (a, old) = (object.as_ptr() as u64, dying.as_ptr() as u64);
            fill(&mut m, a, old);
            let root = m.root(TEXT);
            let left = m.run(root);
            assert_eq!(left.snapshot, 1, "{}", m.dump(root));
            let answer = answer(5, a, x.to_bits(), 2, x.to_bits());
            let found: Vec<u64> = left.values.values().copied().collect();
            let expected = if quickly { !answer } else { answer };
            assert_eq!(found, [a, 0, x.to_bits(), expected, (2.0 * x).to_bits()], "{}", m.dump(root));
            // The root frame's slot is written for good, the rest only for the call.
            assert_ne!(m.local(3), old);
            assert_eq!(m.local(5) == 0, quickly, "{}", m.dump(root));
        }
    }
}

#[test]
fn escapes_run_as_machine_code() {
    for options in all_options() {
        let mut m = Machine::new(options);
        m.recipe = Some(recipe);
        // A counted object, whose type's flags are 0, and an immortal one.
        let object = Box::new([1u64, 0, 1.5f64.to_bits()]);
        let immortal = Box::new([1u64 << 48, 0, 0]);
        let dying = Box::new([1u64, 0, 0]);
        let (a, old) = (object.as_ptr() as u64, dying.as_ptr() as u64);
        fill(&mut m, a, old);
        let root = m.root(TEXT);
        let left = m.run(root);
        assert_eq!(left.snapshot, 1, "{}", m.dump(root));
        let x = 1.5f64.to_bits();
        let result = answer(5, a, x, 2, x);
        let found: Vec<u64> = left.values.values().copied().collect();
        assert_eq!(found, [a, 0, x, result, 3.0f64.to_bits()], "{}", m.dump(root));
        let at = m.context()[0] + 80;
        let words: Vec<u64> = (2..15).map(|n| m.local(n)).collect();
        let expected = [a | 1, a, 1, 0x7_0000_0001, 0, 0, 0x1_2345_6789, u64::MAX - 1, at + 96, 1, u64::MAX - 1];
        assert_eq!(words[..11], expected, "{}", m.dump(root));
        assert_eq!(words[11..], [0x8180_8002_8000_0000, u64::MAX - 1001]);
        assert_eq!(m.calls(), [(Uop::DeallocHarmless, old)]);
        // An immortal object is tagged as borrowed, and what is not counted is not released.
        fill(&mut m, a, old);
        m.set_local(1, immortal.as_ptr() as u64);
        m.set_local(3, 1);
        m.run(root);
        assert_eq!(m.local(4), immortal.as_ptr() as u64 | 1);
        assert!(m.calls().is_empty());
        // A guard that does not hold: the runtime runs it, with everything where the escape says.
        fill(&mut m, a, old);
        m.set_local(6, 1);
        m.escape_results(&[0xE1]);
        let left = m.run(root);
        let found: Vec<u64> = left.values.values().copied().collect();
        assert_eq!(found, [a, 0, x, 0xE1, 3.0f64.to_bits()], "{}", m.dump(root));
        assert_eq!(m.escaped()[0].operands, [a, 0, x]);
        assert_eq!(m.local(3), old);
        // Each condition afterwards, alone, leaves with the result.
        for (n, word) in [(7, 1), (8, 0x2345_6789), (9, 1), (9, 0x1_2345_6789)] {
            fill(&mut m, a, old);
            m.set_local(3, 1);
            m.set_local(n, word);
            let status = m.enter(root);
            assert_eq!(status, 0x2000u64.wrapping_add(result << 32), "{n}\n{}", m.dump(root));
            assert_eq!(m.local(11), 0);
        }
        // So does a null result.
        fill(&mut m, a, old);
        m.set_local(3, 1);
        let failing = m.root(&TEXT.replace("escape 3, 5", "escape 3, 0"));
        assert_eq!(m.enter(failing), 0x2001, "{}", m.dump(failing));
    }
}
