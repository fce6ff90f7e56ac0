//! What tier 1 calls: hot counters, recording steps, entries into executors; and what native code calls at exits.

use codegen::NativeFrame;
use cpython::abi as py;
use ir::{TraceKind, Uop};
use record::{Recorder, Start, Step};
use tier1::Inst;
use tier1::hooks::{Hooks, RecordStep, Resume, ResumeKind};

use crate::deopt::ExitPlan;
use crate::state::{JUDGED_ENTRIES, Place, Recording, STATUS_RESUME, State, gives_up, state};

/// What the runtime plugs into tier 1.
pub(crate) const HOOKS: Hooks = Hooks { on_hot, on_record, enter, ..Hooks::NONE };

fn normal(frame: *mut py::Frame, ip: *const Inst, sp: *mut py::StackRef) -> Resume {
    Resume { frame, ip, sp, kind: ResumeKind::Normal }
}

/// See `tier1::hooks::Hooks::on_hot`.
///
/// # Safety
/// Only tier 1 calls this.
pub(crate) unsafe fn on_hot(
    ts: *mut py::ThreadState,
    frame: *mut py::Frame,
    ip: *const Inst,
    sp: *mut py::StackRef,
) -> Resume {
    // SAFETY: tier 1 passes the running frame and an instruction of its code.
    unsafe {
        gives_up();
        let st = state();
        st.bury();
        let code = tier1::code_of_running(frame);
        let offset = (*code).offset_of(ip) as u32;
        st.hurry_recording(ts, (*code).code as usize);
        if !st.may_record((*code).code as usize, offset) || !tier1::hook_is_ours(ts) {
            st.cool(code, offset);
            return normal(frame, ip, sp);
        }
        if st.must_wait(code, offset) {
            return normal(frame, ip, sp);
        }
        let entry = (*code).base_op(offset as usize).opcode == py::op::RESUME;
        if entry && (*frame).owner as u32 != py::FRAME_OWNED_BY_THREAD {
            // A generator is resumed.
            st.given_up((*code).code as usize, offset, record::Abort::Unsupported("a generator's resumption"));
            return normal(frame, ip, sp);
        }
        let start = Start { kind: TraceKind::Root, offset, entry };
        st.counters.recordings += 1;
        let mut recorder = Recorder::new(start, frame, sp);
        st.brief(&mut recorder, false);
        st.recording = Some(Recording {
            recorder: Box::new(recorder),
            ts,
            code: (*code).code as usize,
            offset,
            back_edge: None,
            watched: 0,
            namespaces: ((*frame).f_globals as usize, (*frame).f_builtins as usize),
            suspended: false,
            wanted: 0,
            loop_end: st.strict_end(&*code, offset),
        });
        st.heed_results((*code).code as usize);
        Resume { frame, ip, sp, kind: ResumeKind::Record }
    }
}

/// See `tier1::hooks::Hooks::on_record`.
///
/// # Safety
/// Only tier 1 calls this, in recording mode.
pub(crate) unsafe fn on_record(
    ts: *mut py::ThreadState,
    frame: *mut py::Frame,
    ip: *const Inst,
    sp: *mut py::StackRef,
) -> RecordStep {
    // SAFETY: tier 1 passes the running frame and an instruction of its code.
    unsafe {
        let st = state();
        if gives_up() || st.recording.as_ref().is_none_or(|r| r.ts != ts) {
            return RecordStep::Stop;
        }
        if ip.is_null() {
            st.abort_recording(record::Abort::LeftLoop);
            return RecordStep::Stop;
        }
        if !tier1::hook_is_ours(ts) {
            st.abort_recording(record::Abort::Unsupported("another evaluator"));
            return RecordStep::Stop;
        }
        let code = tier1::code_of_running(frame);
        let offset = (*code).offset_of(ip) as u32;
        let op = (*code).base_op(offset as usize);
        if let Some(id) = st.link_at(code, offset, op.opcode, frame) {
            let recording = st.recording.take().expect("checked above");
            let place = Place { back_edge: None, ..recording.place() };
            match recording.recorder.finish_link(frame, sp, offset, id) {
                Ok(finished) => {
                    st.finish(place, finished);
                }
                Err(reason) => st.given_up(recording.code, recording.offset, reason),
            }
            return RecordStep::Stop;
        }
        let recording = st.recording.as_mut().expect("checked above");
        if recording.recorder.in_root() && recording.recorder.is_root(frame) {
            if op.opcode == py::op::JUMP_BACKWARD {
                recording.back_edge = Some(offset);
            }
            if recording.loop_end.is_some_and(|end| offset > end || offset < recording.offset) {
                st.left_loop();
                return RecordStep::Stop;
            }
        }
        match recording.recorder.step(frame, sp, offset, op.opcode, op.oparg) {
            Step::Continue if st.watch_recording() => RecordStep::Go,
            Step::Continue => {
                st.abort_recording(record::Abort::Value("a dict or type that cannot be watched"));
                RecordStep::Stop
            }
            Step::Enter(callee) => {
                let ip = ip.cast_mut();
                let negated = callee.continuation == ir::Continuation::FinishNegated;
                let returns = match callee.continuation {
                    ir::Continuation::Push => Some(u16::from(op.len)),
                    _ => (*code).finish_offset(offset as usize, negated),
                };
                let function = callee.function.cast();
                let entered = returns
                    .filter(|_| st.watch_recording())
                    .and_then(|r| tier1::enter_function(frame, ip, sp, function, &callee.args, callee.moved, r));
                match entered {
                    Some(resume) if resume.kind == ResumeKind::Record => RecordStep::Jump(resume),
                    other => {
                        state().abort_recording(record::Abort::Value("a special method that cannot be entered"));
                        other.map_or(RecordStep::Stop, RecordStep::Jump)
                    }
                }
            }
            Step::Abort(reason) => {
                st.abort_recording(reason);
                RecordStep::Stop
            }
            Step::Call => {
                let caller = (*frame).previous;
                RecordStep::Jump(crate::native::run_unrecorded(ts, frame, ip, sp, caller, true))
            }
            Step::Outside { caller } => {
                RecordStep::Jump(crate::native::run_unrecorded(ts, frame, ip, sp, caller, false))
            }
            Step::Finished if st.returned_at_once() => RecordStep::Stop,
            Step::Finished => {
                let recording = st.recording.take().expect("checked above");
                let place = recording.place();
                let returned = recording.recorder.has_returned();
                match st.finish(place, recording.recorder.finish_loop()) {
                    Some(id) if !returned => RecordStep::Jump(*enter(ts, frame, ip, sp, id)),
                    _ => RecordStep::Stop,
                }
            }
        }
    }
}

/// See `tier1::hooks::Hooks::enter`.
///
/// # Safety
/// Only tier 1 calls this, at a site where executor `id` was installed.
pub(crate) unsafe fn enter(
    ts: *mut py::ThreadState,
    frame: *mut py::Frame,
    ip: *const Inst,
    sp: *mut py::StackRef,
    id: u32,
) -> *const Resume {
    // SAFETY: tier 1 passes the running frame, saved; the executor starts at this instruction.
    unsafe {
        let mut id = id;
        let mut st = state();
        st.resume = normal(frame, ip, sp);
        loop {
            let breaker = (*ts).eval_breaker;
            let at = st.resume;
            let recording = st.recording_here(ts);
            let ex = st.executor_mut(id);
            if !ex.valid
                || breaker != ex.breaker
                || recording
                // Somebody else's evaluator is to see each call.
                || !tier1::hook_is_ours(ts)
                // The same code in another module; or a recursion that has to go on without the C stack.
                || ex.namespaces != ((*at.frame).f_globals as usize, (*at.frame).f_builtins as usize)
                || !py::has_c_stack(ts, crate::native::C_STACK_RESERVE)
                || !crate::reserve::is_full()
                || gives_up()
            {
                if recording {
                    st.hurry_recording(ts, (*tier1::code_of_running(at.frame)).code as usize);
                }
                st.declined(id, breaker);
                return &raw const st.resume;
            }
            ex.entered += 1;
            let mut entry = ex.compiled.entry;
            st.counters.entered += 1;
            if st.stress_exits {
                entry = st.forced_exit_entry(id).unwrap_or(entry);
            }
            (*at.frame).stackpointer = at.sp;
            let activation = st.begin_activation();
            let thunk = st.enter_thunk();
            let status = thunk(entry, at.frame as u64, ts as u64, &raw const (*ts).eval_breaker as u64);
            st = state();
            let returned = status != STATUS_RESUME;
            let executed = st.executed as usize;
            let ex = st.executor_mut(id);
            ex.executed += if returned { ex.trace.insts.len() } else { executed } as u64;
            if ex.entered.is_multiple_of(JUDGED_ENTRIES) {
                st.judge(id);
            }
            // A link that is not a jump yet: go on in the executor it names.
            let next = st.next_executor.take().filter(|next| st.executor(*next).valid);
            st.end_activation(activation);
            st.bury();
            if returned {
                // The frame returned this object to whoever called it.
                st.resume.frame = (*ts).current_frame;
                st.resume.kind = ResumeKind::CalleeReturned(status as *mut py::Object);
                return &raw const st.resume;
            }
            match next {
                Some(next) if st.resume.kind == ResumeKind::Normal => id = next,
                _ => return &raw const st.resume,
            }
        }
    }
}

/// Called by the common exit thunk; see `codegen::OnExit`.
///
/// # Safety
/// Only native code calls this, at exit `id`, with its native frame.
pub(crate) unsafe extern "sysv64" fn on_exit(cx: *mut NativeFrame, id: u32) -> u64 {
    // SAFETY: the native frame outlives the call; the executor is kept alive by its activation.
    unsafe {
        crate::native::link(cx);
        let st = state();
        st.counters.exits += 1;
        let exit = &mut *st.exit_numbers.get(id).state;
        exit.taken += 1;
        st.executed = exit.weight;
        let resume = match &exit.plan {
            Some(plan) if exit.countdown != 0 => {
                exit.countdown -= 1;
                plan.carry_out(&*cx)
            }
            _ => on_special_exit(cx, id),
        };
        crate::native::leave(cx, resume)
    }
}

/// An exit that is taken for the first time, may get a bridge, links to another executor or is to be dumped.
#[cold]
#[inline(never)]
unsafe fn on_special_exit(cx: *mut NativeFrame, id: u32) -> Resume {
    // SAFETY: as `on_exit`.
    unsafe {
        let st = state();
        let (executor, index) = st.exit_site(id);
        if st.options.dump.exits {
            st.log_exit(&*cx, executor, index);
        }
        let ex = st.executor_mut(executor);
        let (exit, compiled) = (&ex.compiled.exits[index], &ex.compiled);
        let plan = ex.exits[index].plan.get_or_insert_with(|| {
            let values: Vec<_> = compiled.exit_values(index).collect();
            Box::new(ExitPlan::new(&ex.trace, ex.trace.snapshot(exit.snapshot), &values))
        });
        let plan = &raw const **plan;
        let (uop, inst) = (exit.uop, exit.inst as usize);
        let mut resume = (*plan).carry_out(&*cx);
        if uop == Uop::Link {
            let target = st.executor(executor).trace.insts[inst].imms[0] as u32;
            let target_ex = st.executor(target);
            let header = target_ex.site.offset as usize;
            let code = tier1::code_of_running(resume.frame);
            if target_ex.valid && target_ex.site.code == (*code).code as usize {
                (*resume.frame).instr_ptr = py::Code::units((*code).code).add(header);
                resume.ip = (*code).ip_at(header);
                st.next_executor = Some(target);
            }
        } else if st.wants_bridge(executor, index) {
            let ts = (*cx).tstate as *mut py::ThreadState;
            if (*ts).eval_breaker == st.executor(executor).breaker {
                st.start_bridge(executor, index, ts, &*plan, &resume);
                resume.kind = ResumeKind::Record;
            }
        }
        let st = state();
        if st.exit_log.is_some() && st.next_executor.is_none() {
            crate::exit_log::at_exit((*cx).tstate as *mut py::ThreadState, &resume);
        }
        if st.options.dump.exits || st.exit_log.is_some() {
            st.executor_mut(executor).exits[index].countdown = 0;
        }
        resume
    }
}

impl State {
    /// Tier 1 is to go on by itself where executor `id` is installed.
    #[cold]
    fn declined(&mut self, id: u32, breaker: usize) {
        if breaker & !0xff != self.executor(id).breaker {
            // Tools came and went: the trace polls for a version that will not come back.
            self.invalidate(id);
        }
    }

    #[cold]
    fn log_exit(&mut self, cx: &NativeFrame, executor: u32, index: usize) {
        let compiled = &self.executor(executor).compiled;
        let exit = &compiled.exits[index];
        let values: Vec<String> =
            compiled.exit_values(index).map(|(v, loc)| format!("{v}={:#x}", cx.value(loc))).collect();
        let (uop, snapshot) = (exit.uop.name(), exit.snapshot);
        let text = format!("exit {index} of executor {executor}: {uop}, {snapshot}: {}", values.join(" "));
        self.log.line(&text);
    }
}
