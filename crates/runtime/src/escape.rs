//! Escapes: running arbitrary code from native code, and deciding whether native code may go on.
//!
//! Every escape of an executor has a [`Plan`], made once: which frames to push, what to write where. Machine code
//! carries it out by itself (`recipe` translates it) as long as no frame object exists for the root frame. Where one
//! does, and for `TIERUP_DUMP=exits`, [`on_escape`] interprets the plan.
//!
//! # What can change under native code
//! * The root frame's locals, by writes through `f_locals` (PEP 667). They go through the frame object, which lives as
//!   long as the frame once it is made. So if there is none after the operation, nobody wrote a local. If there was one
//!   before it, all locals are compared with what they were. If it was made meanwhile, machine code leaves once.
//! * A pushed frame's, in the same way; one that has got a frame object is never taken back.
//! * What the trace relies on, and whether Tierup is on: [`Control::valid`].
//! * Tools, signals, other threads: the eval breaker. Another evaluator: the interpreter's hook.

use codegen::escape::SlotRef;
use codegen::{Compiled, Loc, NativeFrame};
use cpython::abi as py;
use ir::{Count, FrameRef, SlotVal, SnapshotRef, Source, Trace, ValueId};
use record::EscapeHelper;
use smallvec::SmallVec;
use tier1::hooks::{Resume, ResumeKind};

use crate::deopt::{self, Suspended};
use crate::operations::{Obj, Operation, operation};
use crate::state::state;

/// What machine code sees of its executor. It stays where it is as long as the code exists.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Control {
    /// One, until the executor is invalidated.
    pub valid: u64,
    /// Escapes that native code went on from.
    pub escapes: u64,
    /// Links that came in with everything in memory.
    pub linked: u64,
}

/// A frame during an escape.
#[derive(Debug)]
pub(crate) struct FramePlan<V> {
    pub code: *mut py::Code,
    pub nlocals: usize,
    pub depth: usize,
    pub pc: usize,
    /// The instruction at `pc`.
    pub op: tier1::BaseOp,
    /// Where the frame goes on to finish that, in units from there, if it has to.
    pub finish: Option<u16>,
    pub func: SlotRef<V>,
    /// The frame is that of the generator in `func`.
    pub generator: bool,
    pub writes: Vec<(u16, SlotRef<V>)>,
}

/// How to run an escape.
#[derive(Debug)]
pub(crate) struct Plan {
    helper: EscapeHelper,
    operation: Operation,
    owned: u64,
    arg: u64,
    operands: Vec<Loc>,
    /// Outermost (the root) first.
    frames: Vec<FramePlan<Loc>>,
}

/// The plans of a trace's escapes.
///
/// # Errors
/// An escape's snapshot asks for boxes or new references, which native code could not take back.
pub(crate) fn plans(trace: &Trace, compiled: &Compiled) -> Result<Vec<Plan>, String> {
    compiled
        .escapes
        .iter()
        .map(|e| {
            let helper = EscapeHelper::from_number(e.helper).ok_or("an escape of unknown number")?;
            let (owned, detail) = helper.owned_and_detail(e.arg);
            let (operation, arg) = operation(helper, detail, e.operands.len());
            let loc = |v: ValueId| {
                let found = e.values.iter().find(|(id, _)| *id == v);
                found.map(|(_, loc)| *loc).ok_or("an escape lost a value".to_string())
            };
            Ok(Plan {
                helper,
                operation,
                owned,
                arg,
                operands: e.operands.clone(),
                frames: frame_plans(trace, trace.snapshot(e.snapshot), loc)?,
            })
        })
        .collect()
}

/// The frames of an escape's snapshot, with values as `place` names them.
///
/// # Errors
/// As [`plans`], or `place`'s own.
pub(crate) fn frame_plans<V>(
    trace: &Trace,
    snapshot: SnapshotRef<'_>,
    place: impl Fn(ValueId) -> Result<V, String>,
) -> Result<Vec<FramePlan<V>>, String> {
    let write = |slot: SlotVal| -> Result<SlotRef<V>, String> {
        Ok(match (slot.source, slot.count) {
            (Source::Null, _) => SlotRef::Null,
            (Source::Const(address), _) => SlotRef::Constant(address),
            (Source::Value(v), Count::Steal) => SlotRef::Owned(place(v)?),
            (Source::Value(v), Count::Borrow) => SlotRef::Borrowed(place(v)?),
            _ => return Err("an escape's frame is not made of plain objects".into()),
        })
    };
    let plan = |(n, frame): (usize, FrameRef<'_>)| {
        let code = trace.codes[frame.code.0 as usize] as *mut py::Code;
        let changed = frame.slots.changed().iter();
        // SAFETY: the recorder saw the code running in tier 1 a moment ago.
        let (nlocals, tier1_code) = unsafe { ((*code).co_nlocalsplus as usize, tier1::find_decoded(code)) };
        let (op, finish) = match tier1_code {
            Some(tier1_code) => {
                // SAFETY: decoded code lives as long as its code object.
                let tier1_code = unsafe { &*tier1_code };
                let finish = frame.continuation.finishes().then(|| deopt::returns_at(tier1_code, &frame, false));
                (tier1_code.base_op(frame.pc as usize), finish)
            }
            None if deopt::is_trampoline(code) => (tier1::BaseOp::default(), None),
            None => return Err("an escape of code that is not decoded".into()),
        };
        Ok(FramePlan {
            code,
            nlocals,
            depth: frame.slots.len(),
            pc: frame.pc as usize,
            op,
            finish,
            func: if n == 0 { SlotRef::Null } else { write(frame.func)? },
            generator: frame.generator,
            writes: changed.map(|s| Ok((s.number() as u16, write(s.slot())?))).collect::<Result<_, String>>()?,
        })
    };
    snapshot.frames().enumerate().map(plan).collect()
}

/// Where the frame goes on when its callee returns, in code units from its call.
pub(crate) fn return_offset<V>(f: &FramePlan<V>, into_generator: bool) -> u16 {
    f.finish.unwrap_or_else(|| deopt::return_offset(f.op, into_generator))
}

/// # Safety
/// The location is that of a live object, or null, at this very escape.
#[inline(always)]
unsafe fn slot_ref(what: SlotRef<Loc>, cx: &NativeFrame) -> py::StackRef {
    match what {
        SlotRef::Null => py::StackRef::NULL,
        SlotRef::Owned(loc) => match cx.value(loc) as Obj {
            object if object.is_null() => py::StackRef::NULL,
            // SAFETY: by this function's contract; the trace's reference goes to the slot.
            object => unsafe { py::StackRef::steal(object) },
        },
        SlotRef::Borrowed(loc) => py::StackRef::borrowed(cx.value(loc) as Obj),
        SlotRef::Constant(address) => py::StackRef::borrowed(address as Obj),
    }
}

/// Called by the common escape thunk; see `codegen::OnEscape`.
///
/// # Safety
/// Only native code calls this, at escape `id`, with its native frame.
pub(crate) unsafe extern "sysv64" fn on_escape(cx: *mut NativeFrame, id: u32) -> u64 {
    // SAFETY: the native frame outlives the call; the executor is kept alive by its activation.
    unsafe {
        let st = state();
        let (executor, index) = st.escape_site(id);
        st.counters.escapes += 1;
        crate::native::link(cx);
        if st.options.dump.exits {
            st.log_escape(&*cx, executor, index);
        }
        // The executor is boxed and never freed while an activation is in it: Python code may run in between.
        let plan = &raw const st.executor(executor).plans[index];
        let plan = &*plan;
        let ts = (*cx).tstate as *mut py::ThreadState;
        let mut operands: SmallVec<[Obj; 16]> = plan.operands.iter().map(|loc| (*cx).value(*loc) as Obj).collect();
        let mut frames: SmallVec<[*mut py::Frame; 12]> = SmallVec::new();
        let mut suspended = SmallVec::new();
        carry_out(plan, &*cx, ts, &mut frames, &mut suspended);
        // Machine code left this to us for a frame object, as a rule. Without one nobody can write a local.
        let before: Option<Vec<py::StackRef>> =
            (!unseen(&frames)).then(|| locals(plan, &frames).map(|at| *at).collect());
        let result = match plan.operation {
            Operation::Fixed(f) => {
                let operand = |i: usize| operands.get(i).copied().unwrap_or(core::ptr::null_mut());
                f(plan.arg, plan.owned, operand(0), operand(1), operand(2))
            }
            Operation::Variadic(f) => f(plan.arg, plan.owned, operands.as_mut_ptr(), operands.len()),
        };
        let st = state();
        if before.is_some() {
            st.note_seen(executor);
        }
        let ex = st.executor(executor);
        if !result.is_null()
            && ex.valid
            && st.enabled
            && (*ts).eval_breaker == ex.breaker
            && same_hook((*(*ts).interp).eval_frame, st.eval_frame)
            && untouched(plan, &frames, before.as_deref())
        {
            take_back(plan, ts, &frames, &suspended);
            return result as u64;
        }
        (*cx).status = crate::native::leave(cx, resumption(plan, frames[frames.len() - 1], result));
        0
    }
}

/// Called when an escape that machine code ran cannot go on; see `codegen::OnLeft`. Its frames are in memory, the
/// innermost is current.
///
/// # Safety
/// Only native code calls this, at escape `id`, with its native frame.
pub(crate) unsafe extern "sysv64" fn on_left(cx: *mut NativeFrame, id: u32, result: u64) -> u64 {
    // SAFETY: the executor is kept alive by its activation.
    unsafe {
        let st = state();
        st.counters.escapes += 1;
        let (executor, index) = st.escape_site(id);
        let ts = (*cx).tstate as *mut py::ThreadState;
        let plan = &raw const st.executor(executor).plans[index];
        let plan = &*plan;
        crate::native::leave(cx, resumption(plan, (*ts).current_frame, result as Obj))
    }
}

/// How tier 1 is to go on in `top`: after the escape, or raising.
unsafe fn resumption(plan: &Plan, top: *mut py::Frame, result: Obj) -> Resume {
    // SAFETY: `top` is the innermost of the plan's frames.
    unsafe {
        let st = state();
        // Whoever calls something stays long enough.
        st.executed = u32::MAX;
        let inner = plan.frames.last().expect("a snapshot has a frame");
        let mut sp = py::Frame::local(top, inner.depth);
        let code = tier1::code_of_running(top);
        let (ip, kind) = if result.is_null() {
            ((*code).ip_at(inner.pc), ResumeKind::Error)
        } else {
            st.counters.escape_exits += 1;
            let mut next = inner.pc + inner.finish.unwrap_or(u16::from(inner.op.len)) as usize;
            if plan.helper == EscapeHelper::ForIter && result == py::iteration_end() {
                // Behind END_FOR, where exhausted iterators go.
                next += inner.op.oparg as usize + 1;
            } else if plan.helper == EscapeHelper::FinishGenerator {
                next = inner.pc + usize::from(return_offset(inner, true));
                *sp = py::StackRef::steal(result);
                sp = sp.add(1);
            } else if plan.helper.pushes() {
                *sp = py::StackRef::steal(result);
                sp = sp.add(1);
                if plan.helper.pushes_null() {
                    *sp = py::StackRef::NULL;
                    sp = sp.add(1);
                }
            }
            (*top).stackpointer = sp;
            // What is left to finish is so at the same instruction.
            let here = if inner.finish.is_some() { inner.pc } else { next };
            (*top).instr_ptr = py::Code::units((*code).code).add(here);
            ((*code).ip_at(next), ResumeKind::Normal)
        };
        let resume = Resume { frame: top, ip, sp, kind };
        if st.exit_log.is_some() && kind == ResumeKind::Normal {
            crate::exit_log::after_escape(py::PyThreadState_Get(), &resume);
        }
        resume
    }
}

/// Whether two evaluator hooks are the same function.
pub(crate) fn same_hook(a: Option<py::EvalFrameFn>, b: Option<py::EvalFrameFn>) -> bool {
    a.map(|f| f as usize) == b.map(|f| f as usize)
}

/// Writes and pushes the plan's frames and makes the innermost current.
#[inline(always)]
unsafe fn carry_out(
    plan: &Plan,
    cx: &NativeFrame,
    ts: *mut py::ThreadState,
    frames: &mut SmallVec<[*mut py::Frame; 12]>,
    suspended: &mut SmallVec<[Suspended; 4]>,
) {
    // SAFETY: the plan describes these very frames.
    unsafe {
        let mut frame = cx.frame as *mut py::Frame;
        for (n, f) in plan.frames.iter().enumerate() {
            if f.generator {
                let generator: *mut py::Generator = slot_ref(f.func, cx).object().cast();
                suspended.push(Suspended::of(generator));
                frame = deopt::link_generator(ts, generator, frame);
            } else if n > 0 {
                frame = deopt::push(ts, slot_ref(f.func, cx), f.code, frame);
            }
            for (i, write) in &f.writes {
                let at = py::Frame::local(frame, usize::from(*i));
                let old = *at;
                *at = slot_ref(*write, cx);
                // A local that a pending store left stale: its old value is of a harmless type. Stack slots own
                // nothing.
                if n == 0 && usize::from(*i) < f.nlocals {
                    old.close();
                }
            }
            (*frame).stackpointer = py::Frame::local(frame, f.depth);
            (*frame).instr_ptr = py::Code::units(f.code).add(f.pc);
            if let Some(callee) = plan.frames.get(n + 1) {
                (*frame).return_offset = return_offset(f, callee.generator);
            }
            frames.push(frame);
        }
        (*ts).current_frame = frame;
    }
}

/// The locals that are in memory for good: those of the root frame and of generators, which may have frame objects.
unsafe fn locals(plan: &Plan, frames: &[*mut py::Frame]) -> impl Iterator<Item = *mut py::StackRef> {
    let in_memory = plan.frames.iter().zip(frames).enumerate().filter(|(n, (f, _))| *n == 0 || f.generator);
    // SAFETY: the frames are alive: this thread runs them.
    in_memory.flat_map(|(_, (f, frame))| (0..f.nlocals).map(|i| unsafe { py::Frame::local(*frame, i) }))
}

/// Whether none of the frames has a frame object.
unsafe fn unseen(frames: &[*mut py::Frame]) -> bool {
    // SAFETY: the frames are alive: this thread runs them.
    frames.iter().all(|f| unsafe { (**f).frame_obj.is_null() })
}

/// Whether the locals of frames that may have frame objects are as they were `before` (if there were any), and
/// nobody holds on to the frames that were pushed.
#[inline(always)]
unsafe fn untouched(plan: &Plan, frames: &[*mut py::Frame], before: Option<&[py::StackRef]>) -> bool {
    // SAFETY: the frames are alive: this thread runs them.
    unsafe {
        let mut all = plan.frames.iter().zip(frames).enumerate();
        all.all(|(n, (f, frame))| {
            n == 0 || f.generator || (**frame).frame_obj.is_null() && (**frame).f_locals.is_null()
        }) && (unseen(frames)
            || before.is_some_and(|before| locals(plan, frames).zip(before).all(|(at, was)| *at == *was)))
    }
}

/// The pushed frames become virtual again; their references go back to the trace.
#[inline(always)]
unsafe fn take_back(plan: &Plan, ts: *mut py::ThreadState, frames: &[*mut py::Frame], suspended: &[Suspended]) {
    // SAFETY: the frames are the topmost of the data stack and nothing refers to them.
    unsafe {
        (*ts).current_frame = frames[0];
        let mut suspended = suspended.iter().rev();
        for (f, frame) in plan.frames.iter().zip(frames).skip(1).rev() {
            if f.generator {
                let was = *suspended.next().expect("carry_out noted it");
                deopt::unlink_generator(ts, py::Frame::generator(*frame), was);
                continue;
            }
            // The code reference that push_frame made; the function's is the trace's again.
            let executable = (**frame).f_executable;
            (**frame).f_executable = py::StackRef::NULL;
            py::_PyThreadState_PopFrame(ts, *frame);
            executable.close();
            (*ts).py_recursion_remaining += 1;
        }
    }
}

/// Interpreted escapes of an executor after which it is made again, with a recipe that compares locals.
const MAX_SEEN: u32 = 64;

impl crate::state::State {
    /// An escape found a frame object. (A function that handles an exception has one from then on.)
    fn note_seen(&mut self, executor: u32) {
        let ex = self.executor_mut(executor);
        ex.seen_escapes += 1;
        if ex.seen_escapes == MAX_SEEN && ex.valid && !self.options.dump.exits {
            let code = self.executor(executor).trace.codes[0] as usize;
            if self.seen.insert(code) {
                self.invalidate_code(code);
            }
        }
    }

    #[cold]
    fn log_escape(&mut self, cx: &NativeFrame, executor: u32, index: usize) {
        let escape = &self.executor(executor).compiled.escapes[index];
        let values: Vec<String> = escape.values.iter().map(|(v, loc)| format!("{v}={:#x}", cx.value(*loc))).collect();
        let helper = EscapeHelper::from_number(escape.helper);
        let text =
            format!("escape {index} of executor {executor}: {helper:?}, {}: {}", escape.snapshot, values.join(" "));
        self.log.line(&text);
    }
}
