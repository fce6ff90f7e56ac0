//! An escape's plan in the steps that machine code carries out; `escape` says what they must guarantee.

use core::mem::offset_of;

use codegen::escape::{Arg, Recipe, SlotRef, Step, Temp};
use cpython::abi as py;
use ir::{Inst, Trace, ValueId};
use record::EscapeHelper;
use uops::layout::{CX_EVAL_BREAKER, CX_FRAME, CX_TSTATE};

use crate::escape::{Control, FramePlan, frame_plans};
use crate::operations::{Operation, operation};

/// What the machine code of an executor compares with.
pub(crate) struct Expected {
    pub control: *const Control,
    /// The eval breaker word.
    pub breaker: u64,
    /// Where the interpreter keeps its evaluator, and which it is.
    pub eval_frame_at: u64,
    pub eval_frame: u64,
}

type Steps = Vec<Step<ValueId>>;

const FRAME: i32 = CX_FRAME as i32;
const THREAD: i32 = CX_TSTATE as i32;

macro_rules! at {
    ($ty:ident . $field:ident) => {
        offset_of!(py::$ty, $field) as i32
    };
}

/// Bytes from a frame to its slot `i`.
fn slot(i: usize) -> i32 {
    (offset_of!(py::Frame, localsplus) + 8 * i) as i32
}

/// The recipe for escape `inst` of `trace`; `None` where the interpreted plan must do.
pub(crate) fn recipe(trace: &Trace, inst: &Inst, expected: &Expected) -> Option<Recipe<ValueId>> {
    let helper = EscapeHelper::from_number(inst.imms[0] as u32)?;
    let (owned, detail) = (inst.imms[1] >> 48, inst.imms[1] & 0xffff_ffff_ffff);
    let (operation, arg) = operation(helper, detail, inst.args.len());
    let frames = frame_plans(trace, &trace.snapshot(inst.snap?).frames, Ok).ok()?;
    let (root, inner) = frames.split_first()?;
    if inner.iter().any(|f| f.generator) {
        return None;
    }
    let words: i32 = inner.iter().map(size_in_words).sum();
    let depth = i8::try_from(inner.len()).ok()?;

    let mut guards = vec![Step::Context(Temp::A, FRAME), Step::Is(Temp::A, at!(Frame.frame_obj), 0)];
    let mut before = Vec::new();
    if !inner.is_empty() {
        guards.extend([
            Step::Context(Temp::B, THREAD),
            Step::Load(Temp::A, Temp::B, at!(ThreadState.datastack_top)),
            Step::Address(Temp::A, Temp::A, 8 * words),
            Step::Below(Temp::A, Temp::B, at!(ThreadState.datastack_limit)),
        ]);
        before.push(Step::Context(Temp::A, FRAME));
    }
    write_root(&mut before, root, inner.is_empty());
    if !inner.is_empty() {
        for (n, f) in inner.iter().enumerate() {
            push(&mut before, inner, n, f);
        }
        before.extend([
            Step::Context(Temp::B, THREAD),
            Step::Store(Temp::B, at!(ThreadState.current_frame), Temp::A),
            Step::Address(Temp::A, Temp::A, 8 * size_in_words(inner.last()?)),
            Step::Store(Temp::B, at!(ThreadState.datastack_top), Temp::A),
            Step::Add32(Temp::B, at!(ThreadState.py_recursion_remaining), -depth),
        ]);
    }
    let mut after = check(expected);
    take_back(&mut after, inner, depth);
    after.extend([
        Step::Const(Temp::A, expected.control as u64),
        Step::Count(Temp::A, offset_of!(Control, escapes) as i32),
    ]);

    let operands = inst.args.iter().map(|&v| Arg::Value(v));
    let mut args = vec![Arg::Const(arg), Arg::Const(owned)];
    let (target, array) = match operation {
        Operation::Fixed(f) => {
            args.extend(operands);
            (f as usize, Vec::new())
        }
        Operation::Variadic(f) => {
            args.extend([Arg::Array, Arg::Const(inst.args.len() as u64)]);
            (f as usize, inst.args.to_vec())
        }
    };
    Some(Recipe { guards, before, array, target, args, after })
}

fn size_in_words<V>(f: &FramePlan<V>) -> i32 {
    // SAFETY: the recorder saw the code running a moment ago.
    unsafe { (*f.code).co_framesize }
}

fn instr_ptr<V>(f: &FramePlan<V>) -> u64 {
    // SAFETY: as above; `pc` is within the code.
    unsafe { py::Code::units(f.code).add(f.pc) as u64 }
}

/// Temp `A` is the root frame, before and after.
fn write_root(steps: &mut Steps, f: &FramePlan<ValueId>, innermost: bool) {
    for &(i, what) in &f.writes {
        let i = usize::from(i);
        // A local that a pending store left stale holds a value of a harmless type. Stack slots own nothing.
        steps.push(if i < f.nlocals { Step::Replace(slot(i), what) } else { Step::Write(Temp::A, slot(i), what) });
    }
    steps.extend([
        Step::Address(Temp::B, Temp::A, slot(f.depth)),
        Step::Store(Temp::A, at!(Frame.stackpointer), Temp::B),
        Step::Put(Temp::A, at!(Frame.instr_ptr), instr_ptr(f)),
    ]);
    if !innermost {
        steps.push(Step::Put16(Temp::A, at!(Frame.return_offset), f.op.len.into()));
    }
}

/// `py::push_frame` for frame `n` of those below the root. Temp `A` is the frame that calls it, then the new one.
fn push(steps: &mut Steps, inner: &[FramePlan<ValueId>], n: usize, f: &FramePlan<ValueId>) {
    match n {
        0 => {
            steps.extend([Step::Context(Temp::B, THREAD), Step::Load(Temp::B, Temp::B, at!(ThreadState.datastack_top))])
        }
        // The guard saw room for all of them in one chunk.
        _ => steps.push(Step::Address(Temp::B, Temp::A, 8 * size_in_words(&inner[n - 1]))),
    }
    steps.push(Step::Store(Temp::B, at!(Frame.previous), Temp::A));
    steps.push(Step::Write(Temp::B, at!(Frame.f_funcobj), f.func));
    for (field, from) in
        [(at!(Frame.f_builtins), at!(Function.func_builtins)), (at!(Frame.f_globals), at!(Function.func_globals))]
    {
        steps.push(match f.func {
            SlotRef::Owned(v) | SlotRef::Borrowed(v) => Step::Value(Temp::A, v),
            SlotRef::Constant(c) => Step::Const(Temp::A, c),
            SlotRef::Null => unreachable!("a frame below the root has a function"),
        });
        steps.extend([Step::Load(Temp::A, Temp::A, from), Step::Store(Temp::B, field, Temp::A)]);
    }
    if is_mortal(f.code) {
        steps.extend([
            Step::Const(Temp::A, f.code as u64),
            Step::Add32(Temp::A, at!(Object.ob_refcnt), 1),
            Step::Store(Temp::B, at!(Frame.f_executable), Temp::A),
        ]);
    } else {
        steps.push(Step::Write(Temp::B, at!(Frame.f_executable), SlotRef::Constant(f.code as u64)));
    }
    let return_offset = if n + 1 < inner.len() { f.op.len.into() } else { 0 };
    steps.extend([
        Step::Put(Temp::B, at!(Frame.f_locals), 0),
        Step::Put(Temp::B, at!(Frame.frame_obj), 0),
        Step::Put(Temp::B, at!(Frame.instr_ptr), instr_ptr(f)),
        Step::Address(Temp::A, Temp::B, slot(f.depth)),
        Step::Store(Temp::B, at!(Frame.stackpointer), Temp::A),
        Step::Put32(Temp::B, at!(Frame.return_offset), py::thread_owned_word(return_offset)),
    ]);
    let written = |i: usize| f.writes.iter().any(|w| usize::from(w.0) == i);
    steps.extend((0..f.nlocals).filter(|i| !written(*i)).map(|i| Step::Write(Temp::B, slot(i), SlotRef::Null)));
    steps.extend(f.writes.iter().map(|&(i, what)| Step::Write(Temp::B, slot(usize::from(i)), what)));
    steps.push(Step::Address(Temp::A, Temp::B, 0));
}

fn is_mortal(code: *mut py::Code) -> bool {
    // SAFETY: a live code object.
    unsafe { !py::Object::is_immortal(code.cast()) }
}

/// Whether native code may go on.
fn check(expected: &Expected) -> Steps {
    let mut steps = vec![
        Step::Context(Temp::A, FRAME),
        Step::Is(Temp::A, at!(Frame.frame_obj), 0),
        Step::Const(Temp::A, expected.control as u64),
        Step::Is(Temp::A, offset_of!(Control, valid) as i32, 1),
        Step::Context(Temp::A, CX_EVAL_BREAKER as i32),
    ];
    match i32::try_from(expected.breaker) {
        Ok(word) => steps.push(Step::Is(Temp::A, 0, word)),
        Err(_) => steps.extend([Step::Const(Temp::B, expected.breaker), Step::Same(Temp::A, 0, Temp::B)]),
    }
    steps.extend([
        Step::Const(Temp::A, expected.eval_frame_at),
        Step::Const(Temp::B, expected.eval_frame),
        Step::Same(Temp::A, 0, Temp::B),
    ]);
    steps
}

/// Pushed frames become virtual again, if nobody holds on to them; their references go back to the trace.
fn take_back(steps: &mut Steps, inner: &[FramePlan<ValueId>], depth: i8) {
    if inner.is_empty() {
        return;
    }
    steps.extend([Step::Context(Temp::B, THREAD), Step::Load(Temp::A, Temp::B, at!(ThreadState.current_frame))]);
    for (n, f) in inner.iter().enumerate().rev() {
        steps.extend([Step::Is(Temp::A, at!(Frame.frame_obj), 0), Step::Is(Temp::A, at!(Frame.f_locals), 0)]);
        if is_mortal(f.code) {
            // The frame's reference to its code is not the last one: releasing it runs nothing.
            steps.extend([
                Step::Const(Temp::B, f.code as u64),
                Step::IsNot32(Temp::B, at!(Object.ob_refcnt), inner.iter().filter(|g| g.code == f.code).count() as i32),
            ]);
        }
        if n > 0 {
            steps.push(Step::Load(Temp::A, Temp::A, at!(Frame.previous)));
        }
    }
    // Nothing was undone so far.
    for f in inner.iter().filter(|f| is_mortal(f.code)) {
        steps.extend([Step::Const(Temp::B, f.code as u64), Step::Add32(Temp::B, at!(Object.ob_refcnt), -1)]);
    }
    steps.extend([
        Step::Context(Temp::B, THREAD),
        Step::Store(Temp::B, at!(ThreadState.datastack_top), Temp::A),
        Step::Load(Temp::A, Temp::A, at!(Frame.previous)),
        Step::Store(Temp::B, at!(ThreadState.current_frame), Temp::A),
        Step::Add32(Temp::B, at!(ThreadState.py_recursion_remaining), depth),
    ]);
}
