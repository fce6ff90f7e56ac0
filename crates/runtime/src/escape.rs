//! Escapes: running arbitrary code from native code, and deciding whether native code may go on.

use codegen::NativeFrame;
use cpython::abi as py;
use record::EscapeHelper;
use tier1::hooks::{Resume, ResumeKind};

use crate::deopt::{self, Materialized};
use crate::state::{STATUS_RESUME, state};

/// Operands of an escape, with the references that the trace hands over.
pub(crate) struct Operands<'a> {
    pub objects: &'a [*mut py::Object],
    /// One bit per operand: the reference is ours to release.
    pub owned: u32,
    /// The detail.
    pub arg: u64,
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
        let ex = st.executor(executor);
        let escape = &ex.compiled.escapes[index];
        let snapshot = ex.trace.snapshot(escape.snapshot);
        let objects: Vec<*mut py::Object> =
            escape.operands.iter().map(|loc| (*cx).value(*loc) as *mut py::Object).collect();
        let operands =
            Operands { objects: &objects, owned: (escape.arg >> 48) as u32, arg: escape.arg & 0xffff_ffff_ffff };
        let helper = EscapeHelper::from_number(escape.helper).expect("the recorder made the number");
        if st.options.dump.exits {
            let values: Vec<String> =
                escape.values.iter().map(|(v, loc)| format!("{v}={:#x}", (*cx).value(*loc))).collect();
            let text =
                format!("escape {index} of executor {executor}: {helper:?}, {}: {}", escape.snapshot, values.join(" "));
            state().log.line(&text);
        }
        let mut m = deopt::materialize(&*cx, &ex.trace, snapshot, &escape.values);
        let depth_before = m.frames.len();
        m.release_stale();
        let ts = (*cx).tstate as *mut py::ThreadState;
        let result = crate::helpers::run_escape(helper, &operands);

        let st = state();
        let ex = st.executor(executor);
        let tier1_code = tier1::code_of(m.top());
        let ip = (*tier1_code).ip_at(m.pc as usize);
        if result.is_null() {
            st.resume = Resume { frame: m.top(), ip, sp: m.sp, kind: ResumeKind::Error };
            (*cx).status = STATUS_RESUME;
            return 0;
        }
        let undisturbed = ex.valid
            && st.enabled
            && (*ts).eval_breaker == ex.breaker
            && (*(*ts).interp).eval_frame == st.eval_frame
            && m.reversible
            && m.frames[1..].iter().all(|f| (**f).frame_obj.is_null() && (**f).f_locals.is_null())
            && m.written.iter().all(|(at, value)| **at == *value);
        if undisturbed {
            take_back(ts, &m, depth_before);
            return result as u64;
        }
        st.counters.escape_exits += 1;
        let mut sp = m.sp;
        if helper.pushes() {
            *sp = py::StackRef::steal(result);
            sp = sp.add(1);
        }
        (*m.top()).stackpointer = sp;
        let next = m.pc as usize + (*tier1_code).base_op(m.pc as usize).len as usize;
        (*m.top()).instr_ptr = py::Code::units((*tier1_code).code).add(next);
        st.resume = Resume { frame: m.top(), ip: (*tier1_code).ip_at(next), sp, kind: ResumeKind::Normal };
        (*cx).status = STATUS_RESUME;
        0
    }
}

/// The pushed frames become virtual again; their references go back to the trace.
unsafe fn take_back(ts: *mut py::ThreadState, m: &Materialized, depth: usize) {
    // SAFETY: the frames are the topmost of the data stack and nothing refers to them.
    unsafe {
        let root = m.frames[0];
        (*ts).current_frame = root;
        if depth > 1 {
            for frame in m.frames[1..].iter().rev() {
                // The code reference that push_frame made; the function's is the trace's again.
                let executable = (**frame).f_executable;
                (**frame).f_executable = py::StackRef::NULL;
                py::_PyThreadState_PopFrame(ts, *frame);
                executable.close();
            }
            (*ts).py_recursion_remaining += (depth - 1) as i32;
        }
    }
}
