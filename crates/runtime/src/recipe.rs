//! An escape's plan in the steps that machine code carries out; `escape` says what they must guarantee.

use core::mem::offset_of;

use codegen::escape::{Arg, Recipe, SlotRef, Step, Temp};
use cpython::abi as py;
use ir::{Inst, Trace, ValueId};
use record::EscapeHelper;
use uops::layout::{CX_EVAL_BREAKER, CX_FRAME, CX_TSTATE};

use crate::escape::{Control, FramePlan, frame_plans, return_offset};
use crate::operations::{Operation, operation};
use crate::quick::quick;

/// What the machine code of an executor compares with.
pub(crate) struct Expected {
    pub control: *const Control,
    /// The eval breaker word.
    pub breaker: u64,
    /// Root frames usually have a frame object: their locals are compared, instead.
    pub seen: bool,
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
    let (owned, detail) = helper.owned_and_detail(inst.imms[1]);
    let (operation, arg) = operation(helper, detail, inst.args.len());
    let frames = frame_plans(trace, trace.snapshot(inst.snap?), Ok).ok()?;
    let (root, inner) = frames.split_first()?;
    let pushed = || inner.iter().filter(|f| !f.generator);
    let words: i32 = pushed().map(size_in_words).sum();
    let depth = i8::try_from(inner.len()).ok()?;

    let locals = if expected.seen { u8::try_from(root.nlocals).ok().filter(|n| *n <= MAX_COMPARED)? } else { 0 };
    let mut guards = Vec::with_capacity(8);
    guards.extend([
        Step::Context(Temp::A, FRAME),
        match expected.seen {
            // What a frame has that nobody can see yet, which the runtime has to change first.
            true => Step::IsNot32(Temp::A, at!(Frame.frame_obj), 1),
            false => Step::Is(Temp::A, at!(Frame.frame_obj), 0),
        },
    ]);
    for f in inner.iter().filter(|f| f.generator) {
        guards.extend([value(f.func), Step::Is(Temp::A, GENERATOR_FRAME + at!(Frame.frame_obj), 0)]);
    }
    let mut before = Vec::with_capacity(16 + 32 * inner.len());
    if !inner.is_empty() {
        guards.extend([
            Step::Context(Temp::B, THREAD),
            Step::Load(Temp::A, Temp::B, at!(ThreadState.datastack_top)),
            Step::Address(Temp::A, Temp::A, 8 * words),
            Step::Below(Temp::A, Temp::B, at!(ThreadState.datastack_limit)),
        ]);
    }
    let stores = store_slots(root);
    before.push(Step::Context(Temp::A, FRAME));
    write_root(&mut before, root, inner.first());
    for i in 0..locals {
        before.extend([Step::Load(Temp::B, Temp::A, slot(i.into())), Step::Save(i, Temp::B)]);
    }
    let mut saved = locals;
    for (n, f) in inner.iter().enumerate() {
        if f.generator {
            link(&mut before, f, saved);
            saved += SAVED;
        } else {
            push(&mut before, f);
        }
        go_on_at(&mut before, f, inner.get(n + 1));
    }
    if !inner.is_empty() {
        before.extend([
            Step::Context(Temp::B, THREAD),
            Step::Store(Temp::B, at!(ThreadState.current_frame), Temp::A),
            Step::Add32(Temp::B, at!(ThreadState.py_recursion_remaining), -depth),
        ]);
    }
    let mut after = Vec::with_capacity(16 + 16 * inner.len());
    after.push(Step::Context(Temp::A, FRAME));
    if expected.seen {
        for i in 0..locals {
            after.extend([Step::Restore(Temp::B, i), Step::Same(Temp::A, slot(i.into()), Temp::B)]);
        }
    } else {
        after.push(Step::Is(Temp::A, at!(Frame.frame_obj), 0));
    }
    check(&mut after, expected);
    take_back(&mut after, inner, depth, words, locals);
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
    // What a generator's locals get stays there, too.
    let stays = |f: &FramePlan<ValueId>| f.generator && f.writes.iter().any(|w| usize::from(w.0) < f.nlocals);
    let quick = quick(helper, inst.args.len(), inner.len()).filter(|_| !inner.iter().any(stays));
    Some(Recipe { guards, root: stores, quick, before, saved, array, target, args, after })
}

fn size_in_words<V>(f: &FramePlan<V>) -> i32 {
    // SAFETY: the recorder saw the code running a moment ago.
    unsafe { (*f.code).co_framesize }
}

fn instr_ptr<V>(f: &FramePlan<V>) -> u64 {
    // SAFETY: as above; `pc` is within the code.
    unsafe { py::Code::units(f.code).add(f.pc) as u64 }
}

/// Temp `A` gets the object in a frame's `func`.
fn value(func: SlotRef<ValueId>) -> Step<ValueId> {
    match func {
        SlotRef::Owned(v) | SlotRef::Borrowed(v) => Step::Value(Temp::A, v),
        SlotRef::Constant(c) => Step::Const(Temp::A, c),
        SlotRef::Null => unreachable!("a frame below the root has a function or generator"),
    }
}

/// Writes the root frame's slots, which are in memory from then on.
fn store_slots(f: &FramePlan<ValueId>) -> Steps {
    // A local that a pending store left stale holds a value of a harmless type. Stack slots own nothing.
    let stores = f.writes.iter().map(|&(i, what)| match usize::from(i) {
        i if i < f.nlocals => Step::Replace(slot(i), what),
        i => Step::Write(Temp::A, slot(i), what),
    });
    core::iter::once(Step::Context(Temp::A, FRAME)).chain(stores).collect()
}

/// Where the root frame is. Temp `A` is that, before and after.
fn write_root(steps: &mut Steps, f: &FramePlan<ValueId>, callee: Option<&FramePlan<ValueId>>) {
    steps.extend([
        Step::Address(Temp::B, Temp::A, slot(f.depth)),
        Step::Store(Temp::A, at!(Frame.stackpointer), Temp::B),
        Step::Put(Temp::A, at!(Frame.instr_ptr), instr_ptr(f)),
    ]);
    if let Some(callee) = callee {
        steps.push(Step::Put16(Temp::A, at!(Frame.return_offset), return_offset(f, callee.generator)));
    }
}

/// `py::push_frame` or `py::push_trampoline`, without what [`go_on_at`] sets. Temp `A` is the frame that calls it; `B`
/// gets the new one.
fn push(steps: &mut Steps, f: &FramePlan<ValueId>) {
    steps.extend([
        Step::Context(Temp::B, THREAD),
        Step::Load(Temp::B, Temp::B, at!(ThreadState.datastack_top)),
        Step::Store(Temp::B, at!(Frame.previous), Temp::A),
        // The guard saw room for all of them in one chunk.
        Step::Context(Temp::A, THREAD),
        Step::Add(Temp::A, at!(ThreadState.datastack_top), 8 * size_in_words(f)),
    ]);
    if crate::deopt::is_trampoline(f.code) {
        steps.push(Step::Write(Temp::B, at!(Frame.f_funcobj), SlotRef::Constant(py::_Py_NoneStruct() as u64)));
    } else {
        steps.push(Step::Write(Temp::B, at!(Frame.f_funcobj), f.func));
        for (field, from) in
            [(at!(Frame.f_builtins), at!(Function.func_builtins)), (at!(Frame.f_globals), at!(Function.func_globals))]
        {
            steps.extend([value(f.func), Step::Load(Temp::A, Temp::A, from), Step::Store(Temp::B, field, Temp::A)]);
        }
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
    steps.extend([
        Step::Put(Temp::B, at!(Frame.f_locals), 0),
        Step::Put(Temp::B, at!(Frame.frame_obj), 0),
        Step::Put32(Temp::B, at!(Frame.return_offset), py::thread_owned_word(0)),
    ]);
    let written = |i: usize| f.writes.iter().any(|w| usize::from(w.0) == i);
    steps.extend((0..f.nlocals).filter(|i| !written(*i)).map(|i| Step::Write(Temp::B, slot(i), SlotRef::Null)));
}

/// Locals beyond which the runtime compares them.
const MAX_COMPARED: u8 = 32;

/// Words that [`link`] saves: the generator, and how it was suspended.
const SAVED: u8 = 4;
/// Bytes from a generator to its frame.
const GENERATOR_FRAME: i32 = at!(Generator.gi_iframe);
/// Bytes from a generator to the link of its chain of handled exceptions.
const PREVIOUS_ITEM: i32 = at!(Generator.gi_exc_state) + at!(ErrStackItem.previous_item);

/// `deopt::link_generator`, without what [`go_on_at`] sets, saving how the generator was suspended. Temp `A` is the
/// frame that resumes it; `B` gets the generator's.
fn link(steps: &mut Steps, f: &FramePlan<ValueId>, saved: u8) {
    steps.extend([
        // The caller's frame waits here for the generator.
        Step::Save(saved, Temp::A),
        value(f.func),
        Step::Address(Temp::B, Temp::A, 0),
        Step::Restore(Temp::A, saved),
        Step::Store(Temp::B, GENERATOR_FRAME + at!(Frame.previous), Temp::A),
        Step::Save(saved, Temp::B),
        Step::Load(Temp::A, Temp::B, GENERATOR_FRAME + at!(Frame.instr_ptr)),
        Step::Save(saved + 1, Temp::A),
        Step::Load(Temp::A, Temp::B, GENERATOR_FRAME + at!(Frame.stackpointer)),
        Step::Save(saved + 2, Temp::A),
        Step::Load8(Temp::A, Temp::B, at!(Generator.gi_frame_state)),
        Step::Save(saved + 3, Temp::A),
        Step::Put8(Temp::B, at!(Generator.gi_frame_state), py::GEN_EXECUTING as u8),
        Step::Context(Temp::A, THREAD),
        Step::Load(Temp::A, Temp::A, at!(ThreadState.exc_info)),
        Step::Store(Temp::B, PREVIOUS_ITEM, Temp::A),
        Step::Address(Temp::B, Temp::B, at!(Generator.gi_exc_state)),
        Step::Context(Temp::A, THREAD),
        Step::Store(Temp::A, at!(ThreadState.exc_info), Temp::B),
        Step::Address(Temp::B, Temp::B, GENERATOR_FRAME - at!(Generator.gi_exc_state)),
    ]);
}

/// Writes the slots of a frame below the root, in temp `B`, and where it is. Temp `A` is the frame then.
fn go_on_at(steps: &mut Steps, f: &FramePlan<ValueId>, callee: Option<&FramePlan<ValueId>>) {
    steps.extend(f.writes.iter().map(|&(i, what)| Step::Write(Temp::B, slot(usize::from(i)), what)));
    steps.extend([
        Step::Put(Temp::B, at!(Frame.instr_ptr), instr_ptr(f)),
        Step::Address(Temp::A, Temp::B, slot(f.depth)),
        Step::Store(Temp::B, at!(Frame.stackpointer), Temp::A),
    ]);
    if let Some(callee) = callee {
        steps.push(Step::Put16(Temp::B, at!(Frame.return_offset), return_offset(f, callee.generator)));
    }
    steps.push(Step::Address(Temp::A, Temp::B, 0));
}

fn is_mortal(code: *mut py::Code) -> bool {
    // SAFETY: a live code object.
    unsafe { !py::Object::is_immortal(code.cast()) }
}

/// Whether native code may go on.
fn check(steps: &mut Steps, expected: &Expected) {
    steps.extend([
        Step::Const(Temp::A, expected.control as u64),
        Step::Is(Temp::A, offset_of!(Control, valid) as i32, 1),
        Step::Context(Temp::A, CX_EVAL_BREAKER as i32),
    ]);
    match i32::try_from(expected.breaker) {
        Ok(word) => steps.push(Step::Is(Temp::A, 0, word)),
        Err(_) => steps.extend([Step::Const(Temp::B, expected.breaker), Step::Same(Temp::A, 0, Temp::B)]),
    }
    steps.extend([
        Step::Const(Temp::A, expected.eval_frame_at),
        Step::Const(Temp::B, expected.eval_frame),
        Step::Same(Temp::A, 0, Temp::B),
    ]);
}

/// Frames below the root become virtual again, if nobody holds on to them; their references go back to the trace.
fn take_back(steps: &mut Steps, inner: &[FramePlan<ValueId>], depth: i8, words: i32, first_saved: u8) {
    if inner.is_empty() {
        return;
    }
    let pushed = || inner.iter().filter(|f| !f.generator);
    steps.extend([Step::Context(Temp::B, THREAD), Step::Load(Temp::A, Temp::B, at!(ThreadState.current_frame))]);
    for (n, f) in inner.iter().enumerate().rev() {
        steps.push(Step::Is(Temp::A, at!(Frame.frame_obj), 0));
        if !f.generator {
            steps.push(Step::Is(Temp::A, at!(Frame.f_locals), 0));
            if is_mortal(f.code) {
                // The frames' references to their code are not the last ones: releasing them runs nothing.
                let same = pushed().filter(|g| g.code == f.code).count() as i32;
                steps
                    .extend([Step::Const(Temp::B, f.code as u64), Step::IsNot32(Temp::B, at!(Object.ob_refcnt), same)]);
            }
        }
        if n > 0 {
            steps.push(Step::Load(Temp::A, Temp::A, at!(Frame.previous)));
        }
    }
    // Nothing was undone so far.
    for f in pushed().filter(|f| is_mortal(f.code)) {
        steps.extend([Step::Const(Temp::B, f.code as u64), Step::Add32(Temp::B, at!(Object.ob_refcnt), -1)]);
    }
    let generators = inner.len() - pushed().count();
    for saved in (0..generators as u8).rev().map(|n| first_saved + n * SAVED) {
        suspend(steps, saved);
    }
    steps.extend([
        Step::Context(Temp::B, THREAD),
        Step::Context(Temp::A, FRAME),
        Step::Store(Temp::B, at!(ThreadState.current_frame), Temp::A),
        Step::Add32(Temp::B, at!(ThreadState.py_recursion_remaining), depth),
    ]);
    if words > 0 {
        steps.push(Step::Add(Temp::B, at!(ThreadState.datastack_top), -8 * words));
    }
}

/// `deopt::unlink_generator`.
fn suspend(steps: &mut Steps, saved: u8) {
    steps.extend([
        Step::Restore(Temp::A, saved),
        Step::Restore(Temp::B, saved + 1),
        Step::Store(Temp::A, GENERATOR_FRAME + at!(Frame.instr_ptr), Temp::B),
        Step::Restore(Temp::B, saved + 2),
        Step::Store(Temp::A, GENERATOR_FRAME + at!(Frame.stackpointer), Temp::B),
        Step::Restore(Temp::B, saved + 3),
        Step::Store8(Temp::A, at!(Generator.gi_frame_state), Temp::B),
        Step::Load(Temp::B, Temp::A, PREVIOUS_ITEM),
        Step::Put(Temp::A, PREVIOUS_ITEM, 0),
        Step::Put(Temp::A, GENERATOR_FRAME + at!(Frame.previous), 0),
        Step::Context(Temp::A, THREAD),
        Step::Store(Temp::A, at!(ThreadState.exc_info), Temp::B),
    ]);
}
