//! The one mutable state, its life cycle, and what the hooks ask of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use codegen::{Arena, Callbacks};
use cpython::abi as py;
use ir::{TraceKind, Uop};
use record::{Abort, Dependency, Finished, Recorder, Start};
use rustc_hash::{FxHashMap, FxHashSet};
use tier1::Tier1Code;
use tier1::hooks::{Resume, ResumeKind};

use crate::Options;
use crate::deopt::ExitPlan;
use crate::executor::{Executor, ExitState};
use crate::exit_log::ExitLog;
use crate::log::Log;
use crate::native::Calls;
use crate::noted::Noted;
use crate::numbers::Numbers;
use crate::pace::Pace;
use crate::watch::Watchers;

/// What executors return: [`State::resume`] says where to go on.
pub(crate) const STATUS_RESUME: u64 = 1;

/// Executions of a loop before it is recorded.
pub(crate) const HOT_LOOP: u32 = 200;
/// Entries of a function before it is recorded.
pub(crate) const HOT_FUNCTION: u32 = 300;
/// Times an exit is taken at least before a bridge is recorded.
const HOT_EXIT: u32 = 20;
/// Uops of a bridge whose compilation costs as much as leaving native code once.
const BRIDGE_UOPS_PER_EXIT: u32 = 1;
/// Executors of a code object that make another one half as urgent.
const CROWD: u32 = 64;
/// Recordings that fail at one place before it is left alone for long.
const MAX_FAILURES: u32 = 6;
/// Recordings of a loop that may leave it (a last iteration, a rare `break`) before the way out is taken for the usual
/// one.
const MAX_LEFT: u32 = 6;
/// Entries of an executor after which it is judged.
pub(crate) const JUDGED_ENTRIES: u64 = 1024;
/// A mean stay of fewer uops does not pay for entry and exit: tier 1 does as well.
const SHORT_STAY_UOPS: u64 = 24;
/// Executors of one place that may lose their assumptions before it stays in tier 1.
const MAX_INVALIDATED: u32 = 16;
/// Attempts to record a bridge at one exit.
const BRIDGE_ATTEMPTS: u8 = 3;
/// Executors of one code object.
const MAX_EXECUTORS_PER_CODE: usize = 64;
/// Places that may ask in vain while a recording waits for a call.
const PATIENCE: u32 = 64;

/// Where an exit belongs.
#[derive(Clone, Copy)]
pub(crate) struct ExitSite {
    pub executor: u32,
    pub index: u32,
    /// It lies in the executor.
    pub state: *mut ExitState,
}

/// A recording in progress.
pub(crate) struct Recording {
    pub recorder: Box<Recorder>,
    pub ts: *mut py::ThreadState,
    pub code: usize,
    pub offset: u32,
    /// The last back edge of the starting frame.
    pub back_edge: Option<u32>,
    /// How many of the recorder's dependencies are watched.
    pub watched: usize,
    /// The globals and builtins of the frame it started in.
    pub namespaces: (usize, usize),
    /// A call is being run that the recording does not follow.
    pub suspended: bool,
    /// How often another place wanted to be recorded or entered during a call that is not followed.
    pub wanted: u32,
    /// Offset of the loop's last back edge, while leaving the loop gives the recording up.
    pub loop_end: Option<u32>,
}

/// Where a recording started, and what frame that was.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub code: usize,
    pub offset: u32,
    pub back_edge: Option<u32>,
    pub namespaces: (usize, usize),
}

impl Recording {
    pub fn place(&self) -> Place {
        let Recording { code, offset, back_edge, namespaces, .. } = *self;
        Place { code, offset, back_edge, namespaces }
    }
}

/// Event counts, by what `stats()` calls them.
#[derive(Default)]
pub(crate) struct Counters {
    pub recordings: u64,
    pub made: u64,
    pub bridges: u64,
    pub variants: u64,
    pub links_by_memory: u64,
    /// Of executors that are freed.
    pub linked_by_memory: u64,
    pub forced_exits: u64,
    pub entered: u64,
    pub exits: u64,
    pub escapes: u64,
    pub escape_exits: u64,
    pub calls_by_runtime: u64,
    pub calls_answered: u64,
    pub invalidated: u64,
    pub dropped: u64,
    pub compile_ns: u64,
    pub optimize_ns: u64,
    pub generate_ns: u64,
    pub uops_recorded: u64,
    pub uops_optimized: u64,
}

/// Failures at one place.
#[derive(Default, Clone, Copy)]
pub(crate) struct Heat {
    pub failures: u32,
    /// Recordings that left the loop.
    left: u32,
    /// Executors whose assumptions did not last.
    pub invalidated: u32,
    /// Iterations or calls that led to questions, in all: what loses its executor need not get hot again. And those
    /// until the next question.
    pub ticks: u32,
    pub wait: u32,
}

pub(crate) struct State {
    pub enabled: bool,
    pub options: Options,
    pub stress_exits: bool,
    pub stress_spill: bool,
    pub stress_no_opt: bool,
    pub log: Log,
    pub exit_log: Option<ExitLog>,
    pub arena: Arena,
    /// Memory to optimize in, and to generate code in.
    pub optimizing: opt::Workspace,
    pub generating: codegen::Workspace,
    /// Boxed: a running one stays where it is when others are added.
    pub executors: Vec<Option<Box<Executor>>>,
    /// Ids without an executor.
    pub free_executors: Vec<u32>,
    pub exit_numbers: Numbers<ExitSite>,
    /// Executor and index.
    pub escape_numbers: Numbers<(u32, u32)>,
    pub call_numbers: Numbers<(u32, u32)>,
    pub calls: Calls,
    pub recording: Option<Recording>,
    pub counters: Counters,
    pub pace: Pace,
    pub aborts: FxHashMap<String, u64>,
    /// By code and offset. Ordered: a dying code object, of which there are many, takes its own with it.
    pub heat: BTreeMap<(usize, u32), Heat>,
    pub per_code: FxHashMap<usize, usize>,
    /// All code objects that any of the tables has.
    pub noted: Noted,
    pub dependents: FxHashMap<Dependency, Vec<u32>>,
    pub watchers: Watchers,
    /// Names that executors or recordings depend on, by dict.
    pub watched_keys: FxHashMap<usize, Vec<usize>>,
    /// Keys of dicts (dict, name) that are assigned: recorders do not take them for constant.
    pub varying: std::rc::Rc<rustc_hash::FxHashSet<(usize, usize)>>,
    /// How often a key changed that executors relied on.
    pub changes: FxHashMap<(usize, usize), u32>,
    pub eval_frame: Option<py::EvalFrameFn>,
    pub resume: Resume,
    pub next_executor: Option<u32>,
    /// Code whose frames usually have frame objects when they escape from native code.
    pub seen: FxHashSet<usize>,
    /// Uops executed at least before native code was left.
    pub executed: u32,
    /// Times Tierup switched itself off for lack of memory.
    pub gave_up: u32,
}

static mut STATE: Option<Box<State>> = None;

/// The state; the hooks run only once it exists.
pub(crate) fn state() -> &'static mut State {
    // SAFETY: every caller runs under the GIL and drops the reference before anything that could come back here
    // (running Python code) and take it again; see the calls of `state()` after such points.
    unsafe { (&raw mut STATE).as_mut_unchecked().as_deref_mut().expect("the hooks run only when enabled") }
}

pub(crate) fn maybe_state() -> Option<&'static mut State> {
    // SAFETY: as above.
    unsafe { (&raw mut STATE).as_mut_unchecked().as_deref_mut() }
}

/// Switched on with everything left to CPython.
static TIER_ZERO: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_enabled() -> bool {
    TIER_ZERO.load(Relaxed) || maybe_state().is_some_and(|s| s.enabled)
}

pub(crate) fn enable(options: &Options) -> Result<(), String> {
    if is_enabled() {
        // SAFETY: Python calls this with the GIL held.
        unsafe { tier1::stop_waiting() };
        return Ok(());
    }
    if options.tier == 0 {
        TIER_ZERO.store(true, Relaxed);
        return Ok(());
    }
    if !heap::recover() {
        return Err("there is no memory".into());
    }
    // SAFETY: Python calls this with the GIL held.
    unsafe {
        cpython::probe()?;
        if maybe_state().is_none() {
            let callbacks = Callbacks {
                on_exit: crate::hooks::on_exit,
                on_escape: crate::escape::on_escape,
                on_left: crate::escape::on_left,
                on_call: crate::native::on_call,
                on_returned: crate::native::on_returned,
                on_return: crate::native::on_return,
                on_link: crate::native::on_link,
            };
            let arena = Arena::new((options.code_kib as usize) << 10, callbacks).map_err(|e| e.to_string())?;
            let exit_log = ExitLog::open(options)?;
            let watchers = Watchers::register()?;
            STATE = Some(Box::new(State {
                enabled: false,
                options: options.clone(),
                stress_exits: false,
                stress_spill: false,
                stress_no_opt: false,
                log: Log::Off,
                exit_log,
                arena,
                optimizing: opt::Workspace::default(),
                generating: codegen::Workspace::default(),
                executors: Vec::new(),
                free_executors: Vec::new(),
                exit_numbers: Numbers::default(),
                escape_numbers: Numbers::default(),
                call_numbers: Numbers::default(),
                calls: Calls::default(),
                recording: None,
                counters: Counters::default(),
                pace: Pace::default(),
                aborts: FxHashMap::default(),
                heat: BTreeMap::new(),
                per_code: FxHashMap::default(),
                noted: Noted::default(),
                dependents: FxHashMap::default(),
                watchers,
                watched_keys: FxHashMap::default(),
                varying: std::rc::Rc::default(),
                changes: FxHashMap::default(),
                eval_frame: None,
                resume: Resume {
                    frame: core::ptr::null_mut(),
                    ip: core::ptr::null(),
                    sp: core::ptr::null_mut(),
                    kind: ResumeKind::Normal,
                },
                next_executor: None,
                seen: FxHashSet::default(),
                executed: 0,
                gave_up: 0,
            }));
            tier1::hooks::set_hooks(if state().exit_log.is_some() {
                crate::exit_log::HOOKS
            } else {
                crate::hooks::HOOKS
            });
        }
        let st = state();
        st.options = options.clone();
        let stress = |name: &str| options.stress.iter().any(|s| s == name);
        st.stress_exits = stress("exit-all");
        st.stress_spill = stress("spill");
        st.stress_no_opt = stress("no-opt");
        st.log = Log::open(options);
        let hot = |n: u32| if options.tier < 2 { u32::MAX } else { options.threshold.unwrap_or(n) };
        tier1::count_instructions(options.count || st.exit_log.is_some());
        tier1::set_hot_thresholds(hot(HOT_LOOP), hot(HOT_FUNCTION));
        tier1::enable()?;
        let interp = (*py::PyThreadState_Get()).interp;
        st.eval_frame = (*interp).eval_frame;
        crate::helpers::set_interpreter(interp);
        if stress("no-free-lists") {
            py::disable_free_lists(interp);
        }
        st.enabled = true;
    }
    Ok(())
}

pub(crate) fn disable() {
    TIER_ZERO.store(false, Relaxed);
    let Some(st) = maybe_state() else { return };
    if !st.enabled {
        return;
    }
    st.enabled = false;
    st.recording = None;
    st.invalidate_all();
    // Where memory was short, they may lie in the reserve.
    st.optimizing = opt::Workspace::default();
    st.generating = codegen::Workspace::default();
    // SAFETY: Python calls this with the GIL held.
    unsafe { tier1::disable() }
}

/// Switches off if the system has refused memory, before more is asked for. Whether it has.
#[inline(always)]
pub(crate) fn gives_up() -> bool {
    heap::exhausted() && give_up()
}

#[cold]
#[inline(never)]
fn give_up() -> bool {
    if let Some(st) = maybe_state().filter(|st| st.enabled) {
        st.gave_up += 1;
        st.log.line("out of memory: switched off");
        disable();
    }
    true
}

impl State {
    pub fn executor(&self, id: u32) -> &Executor {
        self.executors[id as usize].as_ref().expect("nothing names an executor that is freed")
    }

    pub fn executor_mut(&mut self, id: u32) -> &mut Executor {
        self.executors[id as usize].as_mut().expect("nothing names an executor that is freed")
    }

    /// The executor that a function's code starts with, if there is one.
    pub fn function_executor(&self, code: usize) -> Option<&Executor> {
        self.live().find(|e| e.valid && e.site.code == code && e.starts_function())
    }

    /// The executors that exist, by id.
    pub fn live(&self) -> impl Iterator<Item = &Executor> {
        self.executors.iter().flatten().map(|e| &**e)
    }

    pub fn exit_site(&self, id: u32) -> (u32, usize) {
        let ExitSite { executor, index, .. } = self.exit_numbers.get(id);
        (executor, index as usize)
    }

    pub fn escape_site(&self, id: u32) -> (u32, usize) {
        let (executor, index) = self.escape_numbers.get(id);
        (executor, index as usize)
    }

    pub fn call_site(&self, id: u32) -> (u32, usize) {
        let (executor, index) = self.call_numbers.get(id);
        (executor, index as usize)
    }

    /// The id that the next executor will get.
    pub fn next_executor_id(&self) -> u32 {
        self.free_executors.last().copied().unwrap_or(self.executors.len() as u32)
    }

    /// Takes a compiled executor in, whose machine code has the numbers that come next.
    pub fn adopt(&mut self, mut executor: Executor) -> u32 {
        let id = self.next_executor_id();
        self.free_executors.pop();
        executor.id = id;
        let exits = executor.exits.iter_mut().enumerate();
        let exits = exits.map(|(n, state)| ExitSite { executor: id, index: n as u32, state: &raw mut *state });
        executor.first_exit = self.exit_numbers.take(exits);
        let sites = |n: usize| (0..n).map(move |i| (id, i as u32));
        executor.first_escape = self.escape_numbers.take(sites(executor.compiled.escapes.len()));
        executor.first_call = self.call_numbers.take(sites(executor.compiled.calls.len()));
        for d in &executor.dependencies {
            if let Dependency::Code(code) = *d {
                self.noted.add(code);
            }
            self.dependents.entry(*d).or_default().push(id);
        }
        self.noted.add(executor.site.code);
        *self.per_code.entry(executor.site.code).or_default() += 1;
        if id as usize == self.executors.len() {
            self.executors.push(None);
        }
        self.executors[id as usize] = Some(Box::new(executor));
        id
    }

    pub fn recording_here(&self, ts: *mut py::ThreadState) -> bool {
        self.recording.as_ref().is_some_and(|r| r.ts == ts && !r.suspended)
    }

    pub fn begin_activation(&mut self) -> codegen::Activation {
        self.arena.begin_activation()
    }

    pub fn end_activation(&mut self, activation: codegen::Activation) {
        self.arena.end_activation(activation);
    }

    pub fn enter_thunk(&self) -> codegen::abi::Enter {
        self.arena.enter_thunk()
    }

    /// An executor that is usually left at once is dropped for good. Asked every [`JUDGED_ENTRIES`] entries.
    #[cold]
    pub fn judge(&mut self, id: u32) {
        let stressed = self.stressed();
        let ex = self.executor_mut(id);
        let (worth, grown) = (ex.worth(), std::mem::take(&mut ex.grown));
        // While bridges are added, the exits that they replace tell nothing of the stays to come.
        if worth >= SHORT_STAY_UOPS * JUDGED_ENTRIES || grown || stressed {
            return;
        }
        let (site, function) = ((ex.site.code, ex.site.offset), ex.starts_function());
        self.counters.dropped += 1;
        if self.log.on() {
            let at = describe(site.0, site.1);
            self.log.line(&format!("executor {id} of {at} dropped: a stay is worth {} uops", worth / JUDGED_ENTRIES));
        }
        if function {
            // Native code may still call it.
            self.uninstall(id);
            return;
        }
        self.heat_at(site.0, site.1).failures = MAX_FAILURES;
        self.invalidate(id);
    }

    /// Called where tier 1 does not record: a recording in progress then waits for a call that it does not follow. It
    /// is given up if it keeps others waiting for too long: the call may be the whole program. Recursion asks again and
    /// again for what is being recorded; that does not count.
    pub fn hurry_recording(&mut self, ts: *mut py::ThreadState, code: usize) {
        let Some(r) = self.recording.as_mut().filter(|r| r.ts == ts && r.code != code) else { return };
        r.wanted += 1;
        if r.wanted > PATIENCE {
            self.abort_recording(Abort::Unsupported("a call that takes long"));
        }
    }

    /// Whether a recording may start here.
    pub fn may_record(&self, code: usize, offset: u32) -> bool {
        self.enabled
            && self.options.tier >= 2
            && self.recording.is_none()
            && !heap::exhausted()
            && !self.arena.is_closed()
            && self.per_code.get(&code).copied().unwrap_or(0) < MAX_EXECUTORS_PER_CODE
            && self
                .heat
                .get(&(code, offset))
                .is_none_or(|h| h.failures < MAX_FAILURES && h.invalidated < MAX_INVALIDATED)
    }

    /// Whether everything that can be compiled is to be.
    pub fn stressed(&self) -> bool {
        self.options.threshold.is_some() || !self.options.stress.is_empty()
    }

    pub fn hot_loop(&self) -> u32 {
        self.options.threshold.unwrap_or(HOT_LOOP)
    }

    /// Times exit `index` of an executor is taken before it is worth a bridge. A long bridge costs more to make, and
    /// where there are many already, of code that branches much, each pays less.
    fn hot_exit(&self, executor: u32, index: usize, crowd: usize) -> u32 {
        if let Some(threshold) = self.options.threshold {
            return threshold.min(HOT_EXIT);
        }
        let ex = self.executor(executor);
        let factor = if self.stressed() { 1 } else { self.pace.exit_factor() };
        let left = ex.trace.insts.len() as u32 - ex.compiled.exits[index].inst;
        HOT_EXIT.max(left / BRIDGE_UOPS_PER_EXIT) * (CROWD + crowd as u32) / CROWD * factor
    }

    /// Starts watching what the recording in progress has come to rely on.
    pub fn watch_recording(&mut self) -> bool {
        let new = {
            let Some(recording) = &mut self.recording else { return true };
            let all = recording.recorder.dependencies();
            let new = all[recording.watched..].to_vec();
            recording.watched = all.len();
            new
        };
        for d in new {
            // SAFETY: the recorder sees these objects alive.
            if !unsafe { self.watchers.watch(d) } {
                return false;
            }
            if let Dependency::GlobalStore { dict, key } = d {
                self.assigns(dict, key);
                continue;
            }
            if let Dependency::DictKey { dict, key } = d {
                let keys = self.watched_keys.entry(dict).or_default();
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        true
    }

    /// Ends the recording in progress without a trace.
    pub fn abort_recording(&mut self, reason: Abort) {
        let Some(recording) = self.recording.take() else { return };
        self.pace.recorded(recording.recorder.len());
        self.given_up(recording.code, recording.offset, reason);
    }

    /// Notes that a recording was given up.
    pub fn given_up(&mut self, code: usize, offset: u32, reason: Abort) {
        let text = reason.text();
        if self.log.on() {
            let at = describe(code, offset);
            self.log.line(&format!("recording of {at} given up: {text}"));
        }
        self.fail(code, offset, text);
    }

    /// Counts a failure at a place.
    pub fn fail(&mut self, code: usize, offset: u32, reason: String) {
        *self.aborts.entry(reason).or_default() += 1;
        self.heat_at(code, offset).failures += 1;
        // SAFETY: the code was running a moment ago, so it is alive and decoded.
        unsafe {
            if let Some(tier1_code) = tier1::find_decoded(code as *mut py::Code) {
                self.cool(tier1_code, offset);
            }
        }
    }

    /// How far a loop at a place reaches, if a recording that leaves it is to be given up.
    pub fn strict_end(&self, code: &Tier1Code, offset: u32) -> Option<u32> {
        let left = self.heat.get(&(code.code as usize, offset)).map_or(0, |h| h.left);
        if left >= MAX_LEFT { None } else { back_edges(code, offset).into_iter().max() }
    }

    /// The recording in progress left its loop: it was not a usual iteration. Another one is tried soon.
    pub fn left_loop(&mut self) {
        let Some(recording) = self.recording.take() else { return };
        self.pace.recorded(recording.recorder.len());
        *self.aborts.entry(Abort::LeftLoop.text()).or_default() += 1;
        let heat = self.heat_at(recording.code, recording.offset);
        heat.left += 1;
        // Not a round number: loops with a fixed trip count would leave at the same iteration again.
        let wait = 5 + 8 * heat.left;
        self.record_again(&recording, wait);
    }

    /// The function being recorded returned without a call: tier 1 had better run it, since it costs more to enter and
    /// to leave than it saves. But it may have been the end of a recursion. Whether the recording is given up.
    pub fn returned_at_once(&mut self) -> bool {
        let Some(recording) = &self.recording else { return false };
        if !recording.recorder.is_short_function() || self.stressed() {
            return false;
        }
        let recording = self.recording.take().expect("just seen");
        self.pace.recorded(recording.recorder.len());
        let heat = self.heat_at(recording.code, recording.offset);
        heat.left += 1;
        let wait = 3 + 4 * heat.left;
        if heat.left > MAX_LEFT {
            self.given_up(recording.code, recording.offset, Abort::Short);
        } else {
            self.record_again(&recording, wait);
        }
        true
    }

    fn record_again(&mut self, recording: &Recording, wait: u32) {
        // SAFETY: the code was running a moment ago, so it is alive and decoded.
        unsafe {
            if let Some(code) = tier1::find_decoded(recording.code as *mut py::Code) {
                self.ask_again(code, recording.offset, wait);
            }
        }
    }

    /// The executor to link to instead of recording the back edge at `offset`, if there is one.
    ///
    /// # Safety
    /// `code` is the running frame's.
    pub unsafe fn link_at(&self, code: *mut Tier1Code, offset: u32, opcode: u8, frame: *mut py::Frame) -> Option<u32> {
        if opcode != py::op::JUMP_BACKWARD {
            return None;
        }
        // SAFETY: by this function's contract.
        let (address, header) = unsafe { ((*code).code as usize, jump_target(&*code, offset)) };
        let recording = self.recording.as_ref()?;
        if !recording.recorder.in_root() || !recording.recorder.is_root(frame) {
            return None;
        }
        if recording.offset == header && recording.code == address && recording.recorder.is_loop() {
            return None;
        }
        self.live()
            .find(|e| e.valid && e.recorded.is_some() && e.site.code == address && e.site.offset == header)
            .map(|e| e.id)
    }

    /// Whether exit `index` of `executor`, whose countdown is at zero, is to get a bridge now. Sets the next countdown.
    pub fn wants_bridge(&mut self, executor: u32, index: usize) -> bool {
        let crowd = self.per_code.get(&self.executor(executor).site.code).copied().unwrap_or(0);
        self.pace.exits(self.counters.exits);
        let hot = self.hot_exit(executor, index, crowd);
        let closed = crowd >= MAX_EXECUTORS_PER_CODE || heap::exhausted() || self.arena.is_closed();
        let possible = !closed && self.enabled && self.options.tier >= 2 && self.recording.is_none();
        let ex = self.executor_mut(executor);
        let (may, valid) = (ex.may_bridge(index), ex.valid);
        let exit = &mut ex.exits[index];
        if !may || exit.bridge.is_some() || exit.attempts >= BRIDGE_ATTEMPTS {
            exit.countdown = u32::MAX;
            return false;
        }
        let wanted = u64::from(hot) * (1 + u64::from(exit.attempts));
        if exit.taken < wanted {
            // The last time is not counted down.
            exit.countdown = (wanted - exit.taken - 1) as u32;
            return false;
        }
        // Should this fail, or not be possible now: as many times once more.
        exit.countdown = hot.saturating_sub(1);
        if !valid || !possible {
            return false;
        }
        exit.attempts += 1;
        true
    }

    /// Starts recording a bridge from an exit whose frames were just materialized.
    ///
    /// # Safety
    /// `resume` is what exit `index` of `executor` left, by `plan`.
    pub unsafe fn start_bridge(
        &mut self,
        executor: u32,
        index: usize,
        ts: *mut py::ThreadState,
        plan: &ExitPlan,
        resume: &Resume,
    ) {
        let ex = self.executor(executor);
        let exit = &ex.compiled.exits[index];
        let snapshot = ex.trace.snapshot(exit.snapshot);
        let kind = TraceKind::Bridge { parent: executor, exit: index as u32 };
        let start = Start { kind, offset: plan.pc(), entry: false };
        // SAFETY: by this function's contract.
        let mut recorder =
            unsafe { Recorder::bridge(start, &ex.trace, snapshot, &plan.frames(resume.frame), resume.sp) };
        recorder.set_unowned(crate::native::unowned_at(&ex.trace, exit.inst as usize));
        if exit.uop == Uop::IterNext {
            recorder.decline_step();
        }
        let namespaces = ex.namespaces;
        self.brief(&mut recorder, crate::exit_log::is_started(resume));
        // The place is named in the outermost frame's code, where failures are counted.
        let (code, offset) = (ex.site.code, snapshot.frame(0).pc);
        self.counters.recordings += 1;
        self.recording = Some(Recording {
            recorder: Box::new(recorder),
            ts,
            code,
            offset,
            back_edge: None,
            watched: 0,
            namespaces,
            suspended: false,
            wanted: 0,
            loop_end: None,
        });
        self.heed_results(code);
    }

    /// Compiles a finished recording. Its executor, if all went well. (`cargo xtask bench compiling` counts what runs
    /// in here, and in `want_entry`.)
    #[inline(never)]
    pub fn finish(&mut self, place: Place, finished: Finished) -> Option<u32> {
        let Place { code, offset, back_edge, namespaces } = place;
        self.pace.recorded(finished.trace.insts.len());
        let started = std::time::Instant::now();
        let result = self.compile(code, offset, namespaces, finished);
        self.counters.compile_ns += started.elapsed().as_nanos() as u64;
        match result {
            Ok(id) => {
                self.counters.made += 1;
                // SAFETY: the code was running a moment ago.
                unsafe { self.install(id, code, offset, back_edge) };
                Some(id)
            }
            Err(reason) => {
                if self.log.on() {
                    let at = describe(code, offset);
                    self.log.line(&format!("trace of {at} not compiled: {reason}"));
                }
                self.fail(code, offset, reason);
                None
            }
        }
    }

    /// Puts a root executor over every back edge of its loop, or patches the parent's exit.
    unsafe fn install(&mut self, id: u32, code: usize, offset: u32, back_edge: Option<u32>) {
        // SAFETY: the code is alive and decoded.
        unsafe {
            if let TraceKind::Bridge { parent, exit } = self.executor(id).trace.kind {
                self.counters.bridges += 1;
                let entry = self.executor(id).compiled.entry;
                self.executor_mut(parent).exits[exit as usize].bridge = Some(id);
                let mut at = parent;
                while let TraceKind::Bridge { parent, .. } = self.executor(at).trace.kind {
                    at = parent;
                }
                self.executor_mut(at).grown = true;
                let parent = self.executors[parent as usize].as_ref().expect("it has a bridge");
                if !self.stress_exits
                    && let Err(e) = self.arena.patch_exit(&parent.compiled, exit, entry)
                {
                    self.log.line(&format!("exit not patched: {e}"));
                }
                return;
            }
            let Some(tier1_code) = tier1::find_decoded(code as *mut py::Code) else { return };
            let mut edges = back_edges(&*tier1_code, offset);
            if self.executor(id).starts_function() {
                edges = vec![offset];
            } else if edges.is_empty() {
                edges.extend(back_edge);
            }
            for edge in edges {
                if tier1::hooks::install_executor(tier1_code, edge as usize, id) {
                    self.executor_mut(id).site.installed.push(edge);
                }
            }
        }
    }

    /// What is known of a place, to be changed.
    pub fn heat_at(&mut self, code: usize, offset: u32) -> &mut Heat {
        self.noted.add(code);
        self.heat.entry((code, offset)).or_default()
    }

    /// Forgets a code object that dies.
    pub fn forget_code(&mut self, code: usize) {
        while let Some((&place, _)) = self.heat.range((code, 0)..=(code, u32::MAX)).next() {
            self.heat.remove(&place);
        }
        self.per_code.remove(&code);
        self.seen.remove(&code);
        self.calls.forget_code(code);
    }
}

/// Where the back edge at `offset` jumps to.
pub(crate) fn jump_target(code: &Tier1Code, offset: u32) -> u32 {
    let op = code.base_op(offset as usize);
    offset + u32::from(op.len) - op.oparg
}

/// Offsets of every back edge to the loop header `header`.
pub(crate) fn back_edges(code: &Tier1Code, header: u32) -> Vec<u32> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let op = code.base_op(at);
        if op.opcode == py::op::JUMP_BACKWARD && jump_target(code, at as u32) == header {
            out.push(at as u32);
        }
        at += usize::from(op.len.max(1));
    }
    out
}

/// A code position for people: `function (file.py:12)`.
pub(crate) fn describe(code: usize, offset: u32) -> String {
    // SAFETY: callers pass the address of a live code object.
    unsafe {
        let code = code as *mut py::Code;
        let name = text_of((*code).co_qualname);
        let file = text_of((*code).co_filename);
        format!("{name} ({file}:{}+{offset})", (*code).co_firstlineno)
    }
}

/// The text of an exact str.
pub(crate) unsafe fn text_of(object: *mut py::Object) -> String {
    // SAFETY: a live str; the text lives as long as it.
    unsafe {
        let text = py::PyUnicode_AsUTF8(object);
        if text.is_null() {
            py::PyErr_Clear();
            return "?".into();
        }
        core::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}
