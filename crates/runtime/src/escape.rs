//! Escapes: running arbitrary code from native code, and deciding whether native code may go on.
//!
//! Every escape of an executor has a [`Plan`], made once: which frames to push, what to write where. Carrying one out
//! allocates nothing.

use codegen::{Compiled, Loc, NativeFrame};
use cpython::abi as py;
use ir::{Count, Frame, SlotVal, Source, Trace, ValueId};
use record::EscapeHelper;
use smallvec::SmallVec;
use tier1::hooks::{Resume, ResumeKind};

use crate::deopt;
use crate::state::{STATUS_RESUME, state};

/// Operands of an escape, with the references that the trace hands over.
pub(crate) struct Operands<'a> {
    pub objects: &'a [*mut py::Object],
    /// One bit per operand: the reference is ours to release.
    pub owned: u32,
    /// The detail.
    pub arg: u64,
}

/// What one slot gets.
#[derive(Clone, Copy, Debug)]
enum Write {
    Null,
    /// The trace's own reference.
    Steal(Loc),
    /// No reference.
    Borrow(Loc),
    /// A constant that its code object or a watched slot keeps alive.
    Constant(u64),
}

#[derive(Debug)]
struct FramePlan {
    code: *mut py::Code,
    nlocals: usize,
    depth: usize,
    pc: usize,
    func: Write,
    writes: Vec<(u16, Write)>,
}

/// How to run an escape.
#[derive(Debug)]
pub(crate) struct Plan {
    helper: EscapeHelper,
    owned: u32,
    arg: u64,
    operands: Vec<Loc>,
    /// Outermost (the root) first.
    frames: Vec<FramePlan>,
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
            let frames = trace.snapshot(e.snapshot).frames.iter().enumerate();
            Ok(Plan {
                helper,
                owned: (e.arg >> 48) as u32,
                arg: e.arg & 0xffff_ffff_ffff,
                operands: e.operands.clone(),
                frames: frames.map(|(n, f)| frame_plan(trace, f, n, &e.values)).collect::<Result<_, String>>()?,
            })
        })
        .collect()
}

fn frame_plan(trace: &Trace, frame: &Frame, n: usize, locs: &[(ValueId, Loc)]) -> Result<FramePlan, String> {
    let code = trace.codes[frame.code.0 as usize] as *mut py::Code;
    let write = |slot: SlotVal| -> Result<Write, String> {
        let loc = |v: ValueId| {
            locs.iter().find(|(id, _)| *id == v).map(|(_, loc)| *loc).ok_or("an escape lost a value".to_string())
        };
        Ok(match (slot.source, slot.count) {
            (Source::Null, _) => Write::Null,
            (Source::Const(address), _) => Write::Constant(address),
            (Source::Value(v), Count::Steal) => Write::Steal(loc(v)?),
            (Source::Value(v), Count::Borrow) => Write::Borrow(loc(v)?),
            _ => return Err("an escape's frame is not made of plain objects".into()),
        })
    };
    let changed = frame.slots.iter().enumerate().filter(|(_, s)| s.source != Source::Unchanged);
    Ok(FramePlan {
        code,
        // SAFETY: the recorder saw the code running a moment ago.
        nlocals: unsafe { (*code).co_nlocalsplus } as usize,
        depth: frame.slots.len(),
        pc: frame.pc as usize,
        func: if n == 0 { Write::Null } else { write(frame.func)? },
        writes: changed.map(|(i, s)| Ok((i as u16, write(*s)?))).collect::<Result<_, String>>()?,
    })
}

impl Write {
    #[inline(always)]
    unsafe fn value(self, cx: &NativeFrame) -> py::StackRef {
        // SAFETY: the locations are those of live objects at this very escape.
        unsafe {
            match self {
                Write::Null => py::StackRef::NULL,
                Write::Steal(loc) => match cx.value(loc) as *mut py::Object {
                    object if object.is_null() => py::StackRef::NULL,
                    object => py::StackRef::steal(object),
                },
                Write::Borrow(loc) => py::StackRef::borrowed(cx.value(loc) as *mut py::Object),
                Write::Constant(address) => py::StackRef::borrowed(address as *mut py::Object),
            }
        }
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
        if st.options.dump.exits {
            st.log_escape(&*cx, executor, index);
        }
        // The executor is boxed and never freed while an activation is in it: Python code may run in between.
        let plan = &raw const st.executor(executor).plans[index];
        let plan = &*plan;
        let mut objects: SmallVec<[*mut py::Object; 16]> = SmallVec::new();
        objects.extend(plan.operands.iter().map(|loc| (*cx).value(*loc) as *mut py::Object));
        let operands = Operands { objects: &objects, owned: plan.owned, arg: plan.arg };
        let ts = (*cx).tstate as *mut py::ThreadState;
        let mut frames: SmallVec<[*mut py::Frame; 12]> = SmallVec::new();
        carry_out(plan, &*cx, ts, &mut frames);
        let top = frames[frames.len() - 1];
        let result = crate::helpers::run_escape(plan.helper, &operands);

        let st = state();
        let ex = st.executor(executor);
        if !result.is_null()
            && ex.valid
            && st.enabled
            && (*ts).eval_breaker == ex.breaker
            && same_hook((*(*ts).interp).eval_frame, st.eval_frame)
            && untouched(plan, &*cx, &frames)
        {
            take_back(ts, &frames);
            return result as u64;
        }
        let inner = &plan.frames[frames.len() - 1];
        let mut sp = py::Frame::local(top, inner.depth);
        let code = tier1::code_of(top);
        let (ip, kind) = if result.is_null() {
            ((*code).ip_at(inner.pc), ResumeKind::Error)
        } else {
            st.counters.escape_exits += 1;
            let op = (*code).base_op(inner.pc);
            let mut next = inner.pc + op.len as usize;
            if plan.helper == EscapeHelper::ForIter && result == py::iteration_end() {
                // Behind END_FOR, where exhausted iterators go.
                next += op.oparg as usize + 1;
            } else if plan.helper.pushes() {
                *sp = py::StackRef::steal(result);
                sp = sp.add(1);
            }
            (*top).stackpointer = sp;
            (*top).instr_ptr = py::Code::units((*code).code).add(next);
            ((*code).ip_at(next), ResumeKind::Normal)
        };
        st.resume = Resume { frame: top, ip, sp, kind };
        (*cx).status = STATUS_RESUME;
        0
    }
}

/// Whether two evaluator hooks are the same function.
fn same_hook(a: Option<py::EvalFrameFn>, b: Option<py::EvalFrameFn>) -> bool {
    a.map(|f| f as usize) == b.map(|f| f as usize)
}

/// Writes and pushes the plan's frames and makes the innermost current.
#[inline(always)]
unsafe fn carry_out(
    plan: &Plan,
    cx: &NativeFrame,
    ts: *mut py::ThreadState,
    frames: &mut SmallVec<[*mut py::Frame; 12]>,
) {
    // SAFETY: the plan describes these very frames.
    unsafe {
        let mut frame = cx.frame as *mut py::Frame;
        for (n, f) in plan.frames.iter().enumerate() {
            if n > 0 {
                frame = deopt::push(ts, f.func.value(cx), f.code, frame);
            }
            for (i, write) in &f.writes {
                let at = py::Frame::local(frame, usize::from(*i));
                let old = *at;
                *at = write.value(cx);
                // A local that a pending store left stale: its old value is of a harmless type. Stack slots own nothing.
                if n == 0 && usize::from(*i) < f.nlocals {
                    old.close();
                }
            }
            (*frame).stackpointer = py::Frame::local(frame, f.depth);
            (*frame).instr_ptr = py::Code::units(f.code).add(f.pc);
            if n + 1 < plan.frames.len() {
                (*frame).return_offset = u16::from((*tier1::code_of(frame)).base_op(f.pc).len);
            }
            frames.push(frame);
        }
        (*ts).current_frame = frame;
    }
}

/// Whether the frames are as [`carry_out`] left them, and nobody holds on to those that were pushed.
#[inline(always)]
unsafe fn untouched(plan: &Plan, cx: &NativeFrame, frames: &[*mut py::Frame]) -> bool {
    // SAFETY: the frames are alive: this thread runs them.
    unsafe {
        plan.frames.iter().zip(frames).enumerate().all(|(n, (f, frame))| {
            (n == 0 || ((**frame).frame_obj.is_null() && (**frame).f_locals.is_null()))
                && f.writes.iter().all(|(i, write)| *py::Frame::local(*frame, usize::from(*i)) == write.value(cx))
        })
    }
}

/// The pushed frames become virtual again; their references go back to the trace.
#[inline(always)]
unsafe fn take_back(ts: *mut py::ThreadState, frames: &[*mut py::Frame]) {
    // SAFETY: the frames are the topmost of the data stack and nothing refers to them.
    unsafe {
        (*ts).current_frame = frames[0];
        for frame in frames[1..].iter().rev() {
            // The code reference that push_frame made; the function's is the trace's again.
            let executable = (**frame).f_executable;
            (**frame).f_executable = py::StackRef::NULL;
            py::_PyThreadState_PopFrame(ts, *frame);
            executable.close();
            (*ts).py_recursion_remaining += 1;
        }
    }
}

impl crate::state::State {
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
