//! Native code that calls native code.
//!
//! A call site names a [`Target`]: a function, and how its arguments are handed over. Its cell holds the address of an
//! entry made for just that, or of a thunk that runs the callee in tier 1. Such an entry makes a native frame of its
//! own and takes its interpreter frame's room off the data stack, but writes nothing there: nobody can see the frame.
//!
//! As soon as anybody could (an exit, an escape, a call of the runtime's), [`link`] writes the frames of all callers
//! from the snapshots of their calls in flight. A call after which that has happened says so; its caller takes its
//! frames back, where nobody kept hold of them, or goes on in tier 1.
//!
//! Native code that was called cannot go on in the tier 1 that its caller was entered from: [`leave`] runs a nested one
//! until the frame returns. Tier 1 enters native code only as long as the C stack has room for such nesting.

use codegen::abi::{self, Answer, CHUNK, ENTERED, LINKED};
use codegen::{CALL_FPRS, CALL_GPRS, CallSite, Loc, NativeFrame, Prologue};
use cpython::abi as py;
use ir::{Count, FrameRef, Inst, SnapshotRef, Source, Trace, Uop, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use tier1::hooks::{Resume, ResumeKind};

use crate::call_plan::{CallPlan, What};
use crate::compile::Job;
use crate::executor::Site;
use crate::link::{Handover, Signature};
use crate::state::{STATUS_RESUME, State, state};

/// Bytes of the C stack above its soft limit that native code leaves to others.
pub(crate) const C_STACK_RESERVE: usize = 128 << 10;
/// Calls of a target by the runtime before it gets an entry.
const HOT_TARGET: u32 = 2;
/// Entries of one function.
const MAX_ENTRIES: usize = 8;
/// Results of another kind than expected before a function's calls are recorded anew.
const MAX_SURPRISES: u32 = 16;

/// What a native call calls.
pub(crate) struct Target {
    /// Where the address to call is. Boxed: machine code names it.
    cell: Box<usize>,
    func: usize,
    code: usize,
    signature: Signature,
    executor: Option<u32>,
    calls: u32,
    /// An entry could not be made.
    failed: bool,
}

/// All targets.
#[derive(Default)]
pub(crate) struct Calls {
    targets: Vec<Target>,
    known: FxHashMap<(usize, usize, Signature), u32>,
    /// Results of another kind than expected, by the caller's code.
    surprises: FxHashMap<usize, u32>,
    /// Code whose calls return objects that somebody has seen.
    boxed_results: FxHashSet<usize>,
}

impl Calls {
    pub fn target(&self, id: u32) -> &Target {
        &self.targets[id as usize]
    }

    fn intern(&mut self, func: usize, code: usize, signature: Signature, thunk: usize) -> u32 {
        let next = self.targets.len() as u32;
        let id = *self.known.entry((func, code, signature.clone())).or_insert(next);
        if id == next {
            let cell = Box::new(thunk);
            self.targets.push(Target { cell, func, code, signature, executor: None, calls: 0, failed: false });
        }
        id
    }

    /// No call goes to this executor any more.
    pub fn forget_executor(&mut self, executor: u32, thunk: usize) {
        for t in self.targets.iter_mut().filter(|t| t.executor == Some(executor)) {
            t.executor = None;
            t.calls = 0;
            *t.cell = thunk;
        }
    }

    /// A code object dies; another may get its address.
    pub fn forget_code(&mut self, code: usize) {
        if !self.known.is_empty() {
            self.known.retain(|(_, c, _), _| *c != code);
        }
        self.surprises.remove(&code);
        self.boxed_results.remove(&code);
    }
}

impl Target {
    /// Where its arguments travel; `None` if there are more than registers.
    pub fn locs(&self) -> Option<Vec<Loc>> {
        let (mut gprs, mut fprs) = (CALL_GPRS.iter(), CALL_FPRS.iter());
        let place = |(_, how): &(u16, Handover)| match how {
            Handover::F64 => fprs.next().map(|r| Loc::Fpr(*r)),
            _ => gprs.next().map(|r| Loc::Reg(*r)),
        };
        self.signature.iter().map(place).collect()
    }

    /// What its entries do first.
    pub fn prologue(&self) -> Prologue {
        let (code, func) = (self.code as *mut py::Code, self.func as *mut py::Function);
        // SAFETY: both are alive: an entry for them is being compiled or entered.
        let (size, nlocals) = unsafe { ((*code).co_framesize as u32, (*code).co_nlocalsplus as usize) };
        // SAFETY: as above.
        let (globals, builtins) = unsafe { ((*func).func_globals as u64, (*func).func_builtins as u64) };
        let mut locals = vec![py::StackRef::NULL; nlocals];
        for (slot, _) in &self.signature {
            locals[usize::from(*slot)] = stale();
        }
        let at = |i: usize| (core::mem::offset_of!(py::Frame, localsplus) + 8 * i) as u32;
        let mut words: Vec<(u32, u64)> = locals.iter().enumerate().map(|(i, slot)| (at(i), slot.0 as u64)).collect();
        // What loops check that were recorded in frames of any origin.
        words.push((core::mem::offset_of!(py::Frame, f_globals) as u32, globals));
        words.push((core::mem::offset_of!(py::Frame, f_builtins) as u32, builtins));
        Prologue { bytes: 8 * size, words, c_stack_reserve: C_STACK_RESERVE as u32 }
    }
}

/// What a slot contains whose value native code has: something that needs no release.
fn stale() -> py::StackRef {
    py::StackRef::borrowed(py::_Py_NoneStruct())
}

/// Whether nobody can see an instance of exactly this type die.
pub(crate) fn dies_unseen(ty: *mut py::Type) -> bool {
    [py::PyLong_Type(), py::PyFloat_Type(), py::PyBool_Type(), py::PyUnicode_Type(), py::PyBytes_Type()].contains(&ty)
}

/// The slots in which memory owns no reference at instruction `at` of `trace`.
pub(crate) fn unowned_at(trace: &Trace, at: usize) -> u64 {
    let looping = trace.insts.iter().any(|i| i.op == Uop::Label);
    let before = if looping { &trace.insts[..] } else { &trace.insts[..at] };
    let mut unowned = trace.unowned;
    let mut clear = |slot: u64| {
        if slot < 64 {
            unowned &= !(1 << slot);
        }
    };
    for inst in before {
        match inst.op {
            Uop::StoreSlot => clear(inst.imms[0] / 8),
            Uop::SetSlot => clear(inst.imms[0]),
            Uop::Escape => {
                let frames = inst.snap.iter().flat_map(|s| trace.snapshot(*s).frames().next());
                for slot in frames.flat_map(|f| f.slots.changed()).filter(|s| s.count != Count::Borrow) {
                    clear(slot.number() as u64);
                }
            }
            _ => {}
        }
    }
    unowned
}

/// Takes the checks of the root frame's globals out of a recorded trace: native calls name the function.
pub(crate) fn drop_globals_guards(trace: &mut Trace) {
    for inst in trace.insts.iter_mut().filter(|i| i.op == Uop::GuardFrameGlobals) {
        *inst = Inst::new(Uop::ConstI64, &[]);
    }
}

/// Number of inlined frames at a call, and their size on the data stack in words.
fn inlined(trace: &Trace, snapshot: SnapshotRef<'_>) -> (usize, usize) {
    // All but the root's and the callee's.
    let frames = || snapshot.frames().take(snapshot.depth() - 1).skip(1);
    // SAFETY: the code objects of a valid trace are alive.
    let size = |f: FrameRef<'_>| unsafe { (*(trace.codes[f.code.0 as usize] as *mut py::Code)).co_framesize as usize };
    (frames().count(), frames().map(size).sum())
}

impl State {
    /// Chooses the target of each call of an optimized trace, and gives the call its operands.
    pub fn prepare_calls(&mut self, trace: &mut Trace) -> Result<(), String> {
        for n in 0..trace.insts.len() {
            if matches!(trace.insts[n].op, Uop::CallObj | Uop::CallI64 | Uop::CallF64) {
                self.prepare_call(trace, n)?;
            }
        }
        Ok(())
    }

    fn prepare_call(&mut self, trace: &mut Trace, at: usize) -> Result<(), String> {
        let snap = trace.insts[at].snap.ok_or("a call without snapshot")?;
        let mut snapshot = trace.snapshot(snap).to_snapshot();
        let callee = snapshot.frames.last_mut().ok_or("a call without callee")?;
        let func = match callee.func.source {
            Source::Value(v) if trace.inst(v).op == Uop::ConstObj => trace.inst(v).imms[0] as usize,
            _ => return Err("a call of no constant function".into()),
        };
        let code = trace.codes[callee.code.0 as usize] as usize;
        let mut signature = Signature::new();
        let mut args: SmallVec<[ValueId; 3]> = SmallVec::new();
        for (i, slot) in std::mem::take(&mut callee.slots).into_iter().enumerate() {
            let (v, how) = match (slot.source, slot.count) {
                (Source::Null, _) => continue,
                (Source::BoxI64(v), _) => (v, Handover::I64),
                (Source::BoxF64(v), _) => (v, Handover::F64),
                (Source::Value(v), Count::Steal) => (v, Handover::Owned),
                (Source::Value(v), Count::Borrow) => (v, Handover::Lent),
                _ => return Err("a call's argument is no plain value".into()),
            };
            signature.push((i as u16, how));
            args.push(v);
        }
        self.noted.add(code);
        let target = self.calls.intern(func, code, signature, self.arena.call_thunk());
        if self.calls.target(target).locs().is_none() {
            return Err("a call with many arguments".into());
        }
        let snap = trace.push_snapshot(&snapshot);
        let inst = &mut trace.insts[at];
        inst.args = args;
        inst.snap = Some(snap);
        inst.imms[0] = u64::from(target);
        Ok(())
    }

    /// What the code generator has to know of a prepared call.
    pub fn native_call(&self, trace: &Trace, inst: &Inst) -> Option<codegen::NativeCall> {
        let target = self.calls.target(inst.imms[0] as u32);
        let (frames, words) = inlined(trace, trace.snapshot(inst.snap?));
        Some(codegen::NativeCall {
            cell: &raw const *target.cell as usize,
            locs: target.locs()?,
            frames: frames as u32,
            bytes: 8 * words as u32,
        })
    }

    /// Makes an entry for a target that the runtime has called often enough, if the function has an executor.
    #[inline(never)]
    fn want_entry(&mut self, id: u32) {
        let hot = if self.stressed() { 1 } else { HOT_TARGET };
        let target = &mut self.calls.targets[id as usize];
        target.calls += 1;
        if target.calls < hot
            || target.failed
            || target.executor.is_some()
            || self.recording.is_some()
            || heap::exhausted()
        {
            return;
        }
        let (func, code) = (target.func as *mut py::Function, target.code);
        let signature = target.signature.clone();
        // SAFETY: the function is being called.
        let namespaces = unsafe { ((*func).func_globals as usize, (*func).func_builtins as usize) };
        let Some(root) = self.function_executor(code) else { return };
        let (root_id, full) = (root.id, root.entries.len() >= MAX_ENTRIES);
        let Some(recorded) = root.recorded.as_ref().filter(|_| root.namespaces == namespaces && !full) else {
            self.calls.targets[id as usize].failed = true;
            return;
        };
        let mut trace = crate::link::specialize(recorded, &signature);
        drop_globals_guards(&mut trace);
        // SAFETY: as above.
        let nlocals = unsafe { (*(code as *mut py::Code)).co_nlocalsplus };
        trace.unowned = u64::MAX >> (64 - nlocals.clamp(1, 64));
        let site = Site { installed: Vec::new(), ..root.site.clone() };
        let dependencies = root.dependencies.clone();
        let started = std::time::Instant::now();
        let job = Job { site, trace, dependencies, namespaces, target: Some(id) };
        let result = self.make(job, 0);
        self.counters.compile_ns += started.elapsed().as_nanos() as u64;
        match result {
            Ok((entry, _)) => {
                self.counters.variants += 1;
                self.executor_mut(entry).variant_of = Some(root_id);
                self.executor_mut(root_id).entries.push(entry);
                let address = self.executor(entry).compiled.entry;
                let target = &mut self.calls.targets[id as usize];
                target.executor = Some(entry);
                *target.cell = address;
            }
            Err(reason) => {
                self.calls.targets[id as usize].failed = true;
                if self.log.on() {
                    self.log.line(&format!("entry for native calls not compiled: {reason}"));
                }
            }
        }
    }

    /// Tells the recording in progress what is known of its calls' results.
    pub fn heed_results(&mut self, code: usize) {
        let boxed = self.calls.boxed_results.contains(&code);
        if let Some(r) = &mut self.recording {
            r.recorder.boxed_results = boxed;
        }
    }

    /// A call in `executor` answered with a result of another kind than expected.
    fn surprised(&mut self, executor: u32) {
        let code = self.executor(executor).site.code;
        let count = self.calls.surprises.entry(code).or_default();
        *count += 1;
        if *count == MAX_SURPRISES && self.calls.boxed_results.insert(code) {
            self.invalidate_code(code);
        }
    }

    /// The call in flight of `cx`: its executor and itself.
    fn call_in_flight(&self, cx: &NativeFrame) -> (&crate::executor::Executor, &CallSite) {
        let (executor, index) = self.call_site(cx.call);
        let ex = self.executor(executor);
        (ex, &ex.compiled.calls[index])
    }
}

/// Writes the frames that wait at the call in flight of `cx`, whose root frame is linked: inlined ones at `base`, or,
/// where that is null, on top of the data stack, to stay there. The innermost.
unsafe fn write_callers(cx: *mut NativeFrame, base: *mut py::Frame) -> *mut py::Frame {
    // SAFETY: the plan describes these frames; at a call its values are in memory.
    unsafe {
        let plan = plan_in_flight(cx);
        (*cx).data_top = base as u64;
        let mut frame = (*cx).frame as *mut py::Frame;
        let mut written: SmallVec<[*mut py::Frame; 8]> = SmallVec::new();
        let mut next = base;
        for (n, f) in plan.frames.iter().enumerate() {
            if n > 0 {
                let func = f.func.make(&*cx, |_, _| py::StackRef::NULL);
                if base.is_null() {
                    next = crate::deopt::push_uncounted((*cx).tstate as *mut py::ThreadState, func, f.code, frame);
                } else {
                    py::init_frame(next, func, f.code, frame);
                }
                frame = next;
                next = next.cast::<*mut py::Object>().add(f.size).cast();
            }
            written.push(frame);
            for (i, what) in &f.writes {
                let at = py::Frame::local(frame, usize::from(*i));
                let old = *at;
                *at = what.make(&*cx, |n, i| *py::Frame::local(written[usize::from(n)], usize::from(i)));
                // A local that a pending store left stale: its old value is of a harmless type.
                if n == 0 && usize::from(*i) < f.nlocals {
                    old.close();
                }
            }
            (*frame).stackpointer = py::Frame::local(frame, f.depth);
            (*frame).instr_ptr = f.instr_ptr;
            (*frame).return_offset = f.return_offset;
        }
        frame
    }
}

/// The plan of the call in flight.
unsafe fn plan_in_flight<'a>(cx: *mut NativeFrame) -> &'a CallPlan {
    // SAFETY: executors are boxed, and freed only when no activation is left in them: the plan stays.
    unsafe {
        let st = state();
        let (executor, index) = st.call_site((*cx).call);
        let plan: *const CallPlan = core::ptr::from_ref(&st.executor(executor).call_plans[index]);
        &*plan
    }
}

/// Makes every frame below native code at `cx`, and its own, visible: the thread's chain of frames is complete then,
/// but for the frames that `cx` itself has inlined.
///
/// # Safety
/// `cx` is the innermost native frame of the running thread.
#[inline(always)]
pub(crate) unsafe fn link(cx: *mut NativeFrame) {
    // SAFETY: the caller's.
    unsafe {
        if !is_linked(cx) {
            link_callers(cx);
        }
    }
}

/// See `codegen::abi::OnLink`.
///
/// # Safety
/// Only native code calls this.
pub(crate) unsafe extern "sysv64" fn on_link(cx: *mut NativeFrame) {
    // SAFETY: by this function's contract.
    unsafe { link_callers(cx) }
}

/// Whether the root frame of `cx` is in the thread's chain.
#[inline(always)]
unsafe fn is_linked(cx: *mut NativeFrame) -> bool {
    // SAFETY: the caller's: a native frame.
    unsafe { (*cx).linked & (LINKED | ENTERED) != 0 }
}

#[inline(never)]
unsafe fn link_callers(cx: *mut NativeFrame) {
    // SAFETY: a native frame that is not linked was called by the next one on the C stack, whose call is in flight.
    unsafe {
        let mut chain: SmallVec<[*mut NativeFrame; 32]> = SmallVec::new();
        let mut at = cx;
        while !is_linked(at) {
            chain.push(at);
            at = NativeFrame::caller(at);
        }
        for callee in chain.into_iter().rev() {
            let caller = NativeFrame::caller(callee);
            let frame = (*callee).frame as *mut py::Frame;
            let words = plan_in_flight(caller).words;
            if (*callee).linked & CHUNK != 0 {
                (*frame).previous = write_callers(caller, (*caller).data_top as *mut py::Frame);
                (*frame).frame_obj = core::ptr::null_mut();
            } else {
                let base = frame.cast::<*mut py::Object>().sub(words).cast();
                let previous = write_callers(caller, base);
                let (func, code) = callee_of(caller);
                py::init_frame(frame, func, code, previous);
            }
            (*callee).linked |= LINKED;
        }
        (*((*cx).tstate as *mut py::ThreadState)).current_frame = (*cx).frame as *mut py::Frame;
    }
}

/// The function of the call in flight, with the reference that the callee's frame has to it, and its code.
unsafe fn callee_of(caller: *mut NativeFrame) -> (py::StackRef, *mut py::Code) {
    // SAFETY: the function is alive: the trace watches it, and nothing has run since it was checked.
    unsafe {
        let st = state();
        let (_, site) = st.call_in_flight(&*caller);
        let target = st.calls.target(site.target);
        let func = target.func as *mut py::Object;
        let lent = plan_in_flight(caller).lent;
        let func = if lent { py::StackRef::borrowed(func) } else { py::StackRef::new(func) };
        (func, target.code as *mut py::Code)
    }
}

/// The frames that wait at the call in flight become invisible again, if nobody kept hold of one, or of an object made
/// for them. False if somebody did: then nothing changes.
unsafe fn take_back(cx: *mut NativeFrame) -> bool {
    // SAFETY: the call has just returned: its frames are as `write_callers` left them, but for what others did to them.
    unsafe {
        let plan = plan_in_flight(cx);
        let root = (*cx).frame as *mut py::Frame;
        let base = (*cx).data_top as *mut py::Frame;
        let ts = (*cx).tstate as *mut py::ThreadState;
        if plan.inlined() != 0 && (base.is_null() || py::frame_is_first_in_chunk(ts, base)) {
            // Tier 1 pops frames that have taken a new chunk.
            return false;
        }
        let each = || {
            let mut next = base.cast::<*mut py::Object>();
            plan.frames.iter().enumerate().map(move |(n, f)| {
                let frame = if n == 0 { root } else { next.cast() };
                if n > 0 {
                    next = next.add(f.size);
                }
                (n, f, frame)
            })
        };
        for (n, f, frame) in each() {
            if !(*frame).frame_obj.is_null() || n > 0 && !(*frame).f_locals.is_null() {
                return false;
            }
            for (i, what) in &f.writes {
                let uses = match *what {
                    What::I64(_, uses) | What::F64(_, uses) => Some(uses),
                    What::RangeIter(..) => Some(1),
                    _ => None,
                };
                if let Some(uses) = uses {
                    let object = (*py::Frame::local(frame, usize::from(*i))).object();
                    let others = !py::Object::is_immortal(object) && (*object).ob_refcnt != uses;
                    if others || crate::reserve::made(object) {
                        return false;
                    }
                }
            }
        }
        for (n, f, frame) in each() {
            for (i, what) in &f.writes {
                let at = py::Frame::local(frame, usize::from(*i));
                if what.is_new() {
                    (*at).close();
                }
                if n == 0 && usize::from(*i) < f.nlocals {
                    *at = stale();
                }
            }
            if n > 0 {
                if f.func.is_new() {
                    (*frame).f_funcobj.close();
                }
                (*frame).f_executable.close();
            }
        }
        (*ts).current_frame = root;
        true
    }
}

/// Leaves native code for tier 1: what an exit or escape answers.
///
/// # Safety
/// `cx` is the innermost native frame; its frames are written and linked as `to` says.
pub(crate) unsafe fn leave(cx: *mut NativeFrame, to: Resume) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        if (*cx).linked == ENTERED {
            state().resume = to;
            return STATUS_RESUME;
        }
        // A link that is not a jump yet: tier 1 finds the loop's executor itself.
        state().next_executor = None;
        tier1::run_nested((*cx).tstate as *mut py::ThreadState, (*cx).frame as *mut py::Frame, to) as u64
    }
}

/// Where tier 1 goes on when it is for `frame` to say.
fn in_caller(frame: *mut py::Frame, kind: ResumeKind) -> Resume {
    Resume { frame, ip: core::ptr::null(), sp: core::ptr::null_mut(), kind }
}

/// See `codegen::abi::OnCall`.
///
/// # Safety
/// Only native code calls this, through the cell of a target.
pub(crate) unsafe extern "sysv64" fn on_call(cx: *mut NativeFrame) -> Answer {
    // SAFETY: the caller's native frame is the next one; its call is in flight.
    unsafe {
        let ts = (*cx).tstate as *mut py::ThreadState;
        let caller = NativeFrame::caller(cx);
        let st = state();
        st.counters.calls_by_runtime += 1;
        let (_, site) = st.call_in_flight(&*caller);
        let id = site.target;
        let words = plan_in_flight(caller).words;
        if let Some(body) = enter_in_new_chunk(cx, id) {
            return Answer { value: body as u64, how: u64::from(abi::ENTERS) };
        }
        link(caller);
        let previous = write_before_call(caller, ts, (*ts).datastack_top.sub(words));
        (*ts).current_frame = previous;
        let st = state();
        st.want_entry(id);
        let target = st.calls.target(id);
        let (func, code) = callee_of(caller);
        let frame = crate::deopt::push_uncounted(ts, func, code, previous);
        let locs = target.locs().expect("the call was compiled");
        for ((slot, how), loc) in target.signature.iter().zip(locs) {
            let bits = (*cx).value(loc);
            *py::Frame::local(frame, usize::from(*slot)) = match how {
                Handover::I64 => py::StackRef::steal(crate::helpers::box_i64(bits as i64) as *mut py::Object),
                Handover::F64 => py::StackRef::steal(crate::helpers::box_f64(f64::from_bits(bits)) as *mut py::Object),
                Handover::Owned => py::StackRef::steal(bits as *mut py::Object),
                Handover::Lent => py::StackRef::borrowed(bits as *mut py::Object),
                Handover::RangeIter { .. } => unreachable!("an argument that does not exist"),
            };
        }
        let value = tier1::evaluate(ts, frame);
        Answer { value: value as u64, how: u64::from(abi::RETURNS_WRITTEN) }
    }
}

/// As [`write_callers`], with inlined frames from `base` on if they fit into the data stack's chunk. The data stack
/// ends behind them.
unsafe fn write_before_call(
    cx: *mut NativeFrame,
    ts: *mut py::ThreadState,
    base: *mut *mut py::Object,
) -> *mut py::Frame {
    // SAFETY: as the callers'.
    unsafe {
        let end = base.wrapping_add(plan_in_flight(cx).words);
        if end < (*ts).datastack_limit {
            (*ts).datastack_top = end;
            return write_callers(cx, base.cast());
        }
        (*ts).datastack_top = base;
        write_callers(cx, core::ptr::null_mut())
    }
}

/// Where a target's entry refused only because the data stack's chunk is full: makes the native frame at `cx` the
/// callee's, in a new chunk. The address to go on at.
unsafe fn enter_in_new_chunk(cx: *mut NativeFrame, id: u32) -> Option<usize> {
    // SAFETY: as for `on_call`.
    unsafe {
        let ts = (*cx).tstate as *mut py::ThreadState;
        let caller = NativeFrame::caller(cx);
        let st = state();
        let target = st.calls.target(id);
        let body = st.executor(target.executor?).compiled.body;
        if (*ts).py_recursion_remaining <= 1 || !py::has_c_stack(ts, C_STACK_RESERVE + size_of::<NativeFrame>()) {
            return None;
        }
        let contents = target.prologue().words;
        let (func, code) = callee_of(caller);
        let words = plan_in_flight(caller).words;
        let frame;
        if (*ts).datastack_top < (*ts).datastack_limit {
            (*caller).data_top = (*ts).datastack_top.sub(words) as u64;
            frame = crate::deopt::push_uncounted(ts, func, code, core::ptr::null_mut());
        } else {
            // The inlined frames do not fit either: they get their room in the new chunk, below the callee's frame.
            let size = (*code).co_framesize;
            (*code).co_framesize = size + words as i32;
            let first = crate::deopt::push_uncounted(ts, func, code, core::ptr::null_mut());
            (*code).co_framesize = size;
            (*caller).data_top = first as u64;
            frame = first.cast::<*mut py::Object>().add(words).cast::<py::Frame>();
            let (func, executable) = ((*first).f_funcobj, (*first).f_executable);
            py::init_frame(frame, func, code, core::ptr::null_mut());
            executable.close();
        }
        (*ts).py_recursion_remaining -= 1;
        for (at, word) in contents {
            frame.cast::<u64>().byte_add(at as usize).write(word);
        }
        (*cx).frame = frame as u64;
        (*cx).linked = CHUNK;
        Some(body)
    }
}

/// See `codegen::abi::OnReturned`.
///
/// # Safety
/// Only native code calls this, after the call in flight of `cx` has returned.
pub(crate) unsafe extern "sysv64" fn on_returned(cx: *mut NativeFrame, value: u64, how: u64, float: u64) -> Answer {
    // SAFETY: the native frame is alive; an object comes with a reference.
    unsafe {
        let ts = (*cx).tstate as *mut py::ThreadState;
        let st = state();
        st.counters.calls_answered += 1;
        let (ex, site) = st.call_in_flight(&*cx);
        let plan = plan_in_flight(cx);
        let (frames, words) = (plan.inlined(), plan.words);
        let (executor, expected) = (ex.id, site.returns);
        // Frames that were inlined at the call are real now.
        let leave_with = |kind: ResumeKind| {
            let ts = (*cx).tstate as *mut py::ThreadState;
            (*ts).py_recursion_remaining -= frames as i32;
            (*ts).datastack_top = (*ts).datastack_top.add(words);
            Answer { value: leave(cx, in_caller((*ts).current_frame, kind)), how: 1 }
        };
        let how = how as u8;
        if how == abi::RETURNS_WRITTEN {
            if value == 0 {
                return leave_with(ResumeKind::CalleeFailed);
            }
            let go_on = ex.valid
                && st.enabled
                && (*ts).eval_breaker == ex.breaker
                && crate::escape::same_hook((*(*ts).interp).eval_frame, st.eval_frame)
                && take_back(cx);
            if !go_on {
                return leave_with(ResumeKind::CalleeReturned(value as *mut py::Object));
            }
        }
        let object = match how {
            abi::RETURNS_I64 => crate::helpers::box_i64(value as i64) as *mut py::Object,
            abi::RETURNS_F64 => crate::helpers::box_f64(f64::from_bits(float)) as *mut py::Object,
            _ => value as *mut py::Object,
        };
        if expected == abi::RETURNS_OBJ {
            return Answer { value: object as u64, how: 0 };
        }
        if expected == abi::RETURNS_I64
            && py::Object::type_of(object) == py::PyLong_Type()
            && py::Object::is_immortal(object)
            && let Some(value) = py::Long::to_i64(object.cast())
            && py::is_small_int(value)
        {
            // There is but one object of this value.
            return Answer { value: value as u64, how: 0 };
        }
        state().surprised(executor);
        link(cx);
        (*ts).current_frame = write_before_call(cx, ts, (*ts).datastack_top);
        // As it would be had the call's frames been written before the call.
        (*ts).datastack_top = (*ts).datastack_top.sub(words);
        leave_with(ResumeKind::CalleeReturned(object))
    }
}

/// See `codegen::abi::OnReturn`.
///
/// # Safety
/// Only native code calls this, where the root frame of `cx` returns.
pub(crate) unsafe extern "sysv64" fn on_return(cx: *mut NativeFrame, value: u64, how: u64, pc: u64) -> Answer {
    // SAFETY: the native frame is alive, and nothing but its root frame is left to be popped.
    unsafe {
        let ts = (*cx).tstate as *mut py::ThreadState;
        let frame = (*cx).frame as *mut py::Frame;
        if !is_linked(cx) {
            let (_, site) = state().call_in_flight(&*NativeFrame::caller(cx));
            let code = state().calls.target(site.target).code as *mut py::Code;
            let chunk = (*cx).linked & CHUNK != 0;
            // What the chunk's frame holds must outlive it.
            let shared = |slot: py::StackRef| !slot.is_counted() || (*slot.object()).ob_refcnt > 1;
            if !(chunk && !(shared((*frame).f_funcobj) && shared((*frame).f_executable))) && release_unseen(frame, code)
            {
                if chunk {
                    (*frame).f_funcobj.close();
                    (*frame).f_executable.close();
                    let first = if py::frame_is_first_in_chunk(ts, frame) {
                        frame
                    } else {
                        (*NativeFrame::caller(cx)).data_top as *mut py::Frame
                    };
                    py::_PyThreadState_PopFrame(ts, first);
                } else {
                    (*ts).datastack_top = frame.cast();
                }
                (*ts).py_recursion_remaining += 1;
                return Answer { value, how };
            }
            link(cx);
        }
        let object = match how as u8 {
            abi::RETURNS_I64 => crate::helpers::box_i64(value as i64),
            abi::RETURNS_F64 => crate::helpers::box_f64(f64::from_bits(value)),
            _ => value,
        };
        let code = py::Frame::code(frame);
        (*frame).instr_ptr = py::Code::units(code).add(pc as usize);
        (*frame).stackpointer = py::Frame::stack_base(frame);
        (*ts).py_recursion_remaining += 1;
        (*ts).current_frame = (*frame).previous;
        py::clear_and_pop_frame(ts, frame);
        Answer { value: object, how: u64::from(abi::RETURNS_WRITTEN) }
    }
}

/// Releases the locals of a frame that nobody can see, the last one first, as long as nobody can see them die either.
unsafe fn release_unseen(frame: *mut py::Frame, code: *mut py::Code) -> bool {
    // SAFETY: the slots are the frame's; their references are ours to release.
    unsafe {
        for i in (0..(*code).co_nlocalsplus as usize).rev() {
            let at = py::Frame::local(frame, i);
            let slot = *at;
            if slot.is_counted() {
                let object = slot.object();
                if (*object).ob_refcnt == 1 && !dies_unseen(py::Object::type_of(object)) {
                    return false;
                }
                *at = py::StackRef::NULL;
                slot.close();
            }
        }
        true
    }
}

/// Runs a call that the recording in progress does not follow, and reports its result: that of a call that stays one,
/// or of an escape. Where to go on.
///
/// # Safety
/// `frame`, above `caller`, is about to begin at `ip`; the recorder waits for its result.
pub(crate) unsafe fn run_unrecorded(
    ts: *mut py::ThreadState,
    frame: *mut py::Frame,
    ip: *const tier1::Inst,
    sp: *mut py::StackRef,
    caller: *mut py::Frame,
    stays_a_call: bool,
) -> Resume {
    // SAFETY: by this function's contract.
    unsafe {
        let mut bottom = frame;
        while (*bottom).previous != caller {
            bottom = (*bottom).previous;
        }
        let seen_before = !(*caller).frame_obj.is_null() && !stays_a_call;
        if let Some(r) = &mut state().recording {
            r.suspended = true;
        }
        let value = tier1::run_nested(ts, bottom, Resume { frame, ip, sp, kind: ResumeKind::Normal });
        let st = state();
        if value.is_null() {
            st.abort_recording(record::Abort::Exception);
            return in_caller(caller, ResumeKind::CalleeFailed);
        }
        let code = tier1::code_of_running(caller);
        let seen = !(*caller).frame_obj.is_null() && !seen_before || (*ts).eval_breaker != (*code).breaker;
        match &mut st.recording {
            Some(r) if r.ts == ts && r.suspended && !seen => {
                r.suspended = false;
                if stays_a_call {
                    r.recorder.returned(value);
                } else {
                    r.recorder.ran_outside();
                }
            }
            Some(r) if r.ts == ts && r.suspended => {
                st.abort_recording(record::Abort::FrameMismatch);
                return in_caller(caller, ResumeKind::CalleeReturned(value));
            }
            _ => return in_caller(caller, ResumeKind::CalleeReturned(value)),
        }
        let next = py::Frame::lasti(caller) + (*caller).return_offset as usize;
        let sp = (*caller).stackpointer;
        *sp = py::StackRef::steal(value);
        Resume { frame: caller, ip: (*code).ip_at(next), sp: sp.add(1), kind: ResumeKind::Record }
    }
}
