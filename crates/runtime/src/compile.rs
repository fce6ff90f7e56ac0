//! From a recording to an executor: optimize, compile, dump.

use core::mem::offset_of;
use std::time::Instant;

use codegen::escape::Recipe;
use codegen::{Env, LinkTarget, Loc};
use cpython::abi as py;
use ir::{EntrySource, Inst, Trace, TraceKind, Uop, ValueId};
use record::{Dependency, Finished};

use crate::escape::Control;
use crate::executor::{Executor, NOBODY, Site};
use crate::link::{Signature, Truths};
use crate::recipe::{Expected, recipe};
use crate::state::{State, describe};

/// What the code generator asks.
struct CompileEnv<'a> {
    state: &'a State,
    kind: TraceKind,
    /// The executor that the trace's link may jump to.
    direct: Option<u32>,
    expected: Expected,
    /// The target of native calls that the trace is an entry of.
    target: Option<u32>,
}

impl Env for CompileEnv<'_> {
    fn helper(&self, uop: Uop) -> usize {
        crate::helpers::address(uop)
    }

    fn entry_locs(&self, trace: &Trace) -> Option<Vec<Loc>> {
        if let Some(target) = self.target {
            return self.state.calls.target(target).locs();
        }
        let TraceKind::Bridge { parent, exit } = self.kind else { return None };
        let values: Vec<_> = self.state.executor(parent).compiled.exit_values(exit as usize).collect();
        trace
            .entry
            .iter()
            .map(|p| match p.source {
                EntrySource::Parent(v) => values.iter().find(|(id, _)| *id == v).map(|(_, loc)| *loc),
                _ => None,
            })
            .collect()
    }

    fn link_target(&self, executor: u32) -> Option<LinkTarget> {
        // A link whose state is not one frame goes through the exit thunk, which writes the frames and re-enters.
        let target = self.state.executor(executor);
        (target.valid && self.direct == Some(executor))
            .then(|| LinkTarget { addr: target.compiled.entry, locs: target.compiled.entry_locs.clone() })
    }

    fn first_exit_id(&self, count: usize) -> u32 {
        self.state.exit_numbers.next(count)
    }

    fn first_escape_id(&self, count: usize) -> u32 {
        self.state.escape_numbers.next(count)
    }

    fn recipe(&self, trace: &Trace, inst: u32) -> Option<Recipe<ValueId>> {
        // A dump is written by the interpreted plan.
        if self.state.options.dump.exits {
            return None;
        }
        recipe(trace, &trace.insts[inst as usize], &self.expected)
    }

    fn first_call_id(&self, count: usize) -> u32 {
        self.state.call_numbers.next(count)
    }

    fn native_call(&self, trace: &Trace, inst: &Inst) -> Option<codegen::NativeCall> {
        self.state.native_call(trace, inst)
    }

    fn prologue(&self, _trace: &Trace) -> Option<codegen::Prologue> {
        self.target.map(|t| self.state.calls.target(t).prologue())
    }
}

/// What the optimizer asks.
struct PythonOracle {
    exits_are_forced: bool,
}

impl opt::Oracle for PythonOracle {
    fn known(&self) -> opt::Known {
        opt::Known {
            int: py::PyLong_Type() as u64,
            float: py::PyFloat_Type() as u64,
            bool_: py::PyBool_Type() as u64,
            true_: py::_Py_TrueStruct() as u64,
            false_: py::_Py_FalseStruct() as u64,
            range_iter: opt::RangeIter {
                ty: py::PyRangeIter_Type() as u64,
                start: offset_of!(py::RangeIter, start) as u64,
                len: offset_of!(py::RangeIter, len) as u64,
                step: offset_of!(py::RangeIter, step) as u64,
            },
        }
    }

    fn type_of(&self, object: u64) -> Option<u64> {
        // SAFETY: constants of a trace are alive while it is compiled.
        let ty = unsafe { py::Object::type_of(object as *mut py::Object) } as u64;
        self.class_is_fixed(ty).then_some(ty)
    }

    fn int_value(&self, object: u64) -> Option<i64> {
        let object = object as *mut py::Object;
        // SAFETY: as above; the type is compared first.
        unsafe { if py::Object::type_of(object) == py::PyLong_Type() { py::Long::to_i64(object.cast()) } else { None } }
    }

    fn float_value(&self, object: u64) -> Option<f64> {
        let object = object as *mut py::Object;
        // SAFETY: as above; the type is compared first.
        unsafe { (py::Object::type_of(object) == py::PyFloat_Type()).then(|| (*object.cast::<py::Float>()).ob_fval) }
    }

    fn is_immortal(&self, object: u64) -> bool {
        // SAFETY: as above.
        unsafe { py::Object::is_immortal(object as *mut py::Object) }
    }

    fn is_small_int(&self, value: i64) -> bool {
        py::is_small_int(value)
    }

    fn dies_unseen(&self, ty: u64) -> bool {
        crate::native::dies_unseen(ty as *mut py::Type)
    }

    fn exits_are_failures(&self) -> bool {
        !self.exits_are_forced
    }

    fn class_is_fixed(&self, ty: u64) -> bool {
        // `object.__class__` can be assigned between heap types, and between modules.
        // SAFETY: types named by a trace are alive while it is compiled.
        unsafe {
            let ty = ty as *mut py::Type;
            ty != py::PyModule_Type()
                && (!py::Type::has_flag(ty, py::TPFLAGS_HEAPTYPE) || py::Type::has_flag(ty, py::TPFLAGS_IMMUTABLETYPE))
        }
    }
}

/// Instructions that machine code must save to make up for one escape.
const ESCAPE_COST: usize = 7;
/// Instructions of tier 1 that leaving native code and coming back, again and again, costs as much as.
const EXIT_STEPS: usize = 50;
/// The same for an escape in a recursion, which writes the frames of the callers; each takes its frames back when it is
/// returned to.
const RECURSION_ESCAPE_COST: usize = 60;
/// Variants of one executor.
const MAX_VARIANTS: usize = 6;

/// What an executor is made from.
pub(crate) struct Job {
    pub site: Site,
    pub trace: Trace,
    pub dependencies: Vec<Dependency>,
    pub namespaces: (usize, usize),
    /// The target of native calls that it becomes an entry of.
    pub target: Option<u32>,
}

impl State {
    /// Optimizes and compiles `finished`, and takes the executor in.
    pub(crate) fn compile(
        &mut self,
        code: usize,
        offset: u32,
        namespaces: (usize, usize),
        finished: Finished,
    ) -> Result<u32, String> {
        if finished.stale {
            return Err("what it relied on changed while it was recorded".into());
        }
        if let TraceKind::Bridge { parent, .. } = finished.trace.kind
            && !self.executor(parent).valid
        {
            return Err("the trace it belongs to was invalidated meanwhile".into());
        }
        let called = match finished.trace.kind {
            TraceKind::Bridge { parent, .. } => self.executor(parent).called,
            TraceKind::Root => false,
        };
        let count = |wanted: fn(Uop) -> bool| finished.trace.insts.iter().filter(|i| wanted(i.op)).count();
        let recursive = called || count(|op| matches!(op, Uop::CallObj | Uop::CallI64 | Uop::CallF64)) > 0;
        let cost = if recursive { RECURSION_ESCAPE_COST } else { ESCAPE_COST };
        let saved = match finished.trace.kind {
            TraceKind::Bridge { .. } => EXIT_STEPS,
            TraceKind::Root => 0,
        };
        if finished.steps + saved < cost * count(|op| op == Uop::Escape) && !self.stressed() {
            return Err("most of it runs in C code".into());
        }
        let Finished { mut trace, dependencies, entry, .. } = finished;
        if called {
            crate::native::drop_globals_guards(&mut trace);
        }
        // One that ends where its generator yields is no loop to link to.
        let yields = trace.insts.last().is_some_and(|i| i.op == Uop::Exit);
        let keep = trace.kind == TraceKind::Root && !yields;
        let site = Site { code, offset, function: entry, installed: Vec::new() };
        let (id, mut trace) = self.make(Job { site, trace, dependencies, namespaces, target: None }, 0)?;
        self.executor_mut(id).called |= called;
        if keep {
            trace.shrink_to_fit();
            self.executor_mut(id).recorded = Some(trace);
        }
        Ok(id)
    }

    /// The executor, and what it was made from.
    pub(crate) fn make(&mut self, job: Job, depth: usize) -> Result<(u32, Trace), String> {
        let Job { site, trace, dependencies, namespaces, target } = job;
        let (code, offset) = (site.code, site.offset);
        let kind = trace.kind;
        if self.options.dump.trace {
            self.dump("recorded", code, offset, &trace.to_string());
        }
        let options = opt::Options { enabled: !self.stress_no_opt, ..opt::Options::default() };
        let started = Instant::now();
        let oracle = PythonOracle { exits_are_forced: self.stress_exits };
        let optimized = opt::optimize(&trace, &oracle, &options, &mut self.optimizing);
        self.counters.optimize_ns += started.elapsed().as_nanos() as u64;
        let mut optimized = optimized.map_err(|e| format!("optimizer: {e}"))?;
        let direct = self.link(&mut optimized, depth);
        self.prepare_calls(&mut optimized)?;
        if self.options.dump.opt {
            self.dump("optimized", code, offset, &optimized.to_string());
        }
        self.counters.uops_recorded += trace.insts.len() as u64;
        self.counters.uops_optimized += optimized.insts.len() as u64;
        self.pace.compiled(trace.insts.len());
        let started = Instant::now();
        let compiled = self.generate(&optimized, kind, direct, target);
        self.counters.generate_ns += started.elapsed().as_nanos() as u64;
        let (compiled, control) = compiled.map_err(|e| e.to_string())?;
        if self.options.dump.map {
            let text = crate::map::map(&optimized, &compiled);
            self.dump("map", code, offset, &text);
        }
        if self.options.dump.asm {
            let text = codegen::dump(&compiled, &self.arena);
            self.dump("machine code", code, offset, &text);
        }
        // SAFETY: the running thread's state.
        let breaker = unsafe { (*py::PyThreadState_Get()).eval_breaker } & !0xff;
        let before = match optimized.kind {
            TraceKind::Bridge { parent, exit } => self.executor(parent).exits[exit as usize].weight,
            TraceKind::Root => 0,
        };
        let written = compiled.code;
        let executor = Executor::new(site, optimized, compiled, control, breaker, before)
            .inspect_err(|_| self.arena.retire(written, NOBODY))?;
        // It must go when the executor that it leads to goes.
        let leads_to = executor.trace.insts.last().filter(|i| i.op == Uop::Link).map(|i| i.imms[0] as u32);
        if leads_to.is_some_and(|target| !self.executor(target).valid) {
            self.arena.retire(executor.compiled.code, NOBODY);
            return Err("the loop that it leads to is gone".into());
        }
        let id = self.adopt(Executor { called: target.is_some(), namespaces, dependencies, ..executor });
        if let Some(target) = leads_to {
            self.executor_mut(target).linkers.push(id);
        }
        Ok((id, trace))
    }

    /// For a trace that ends in a link: the executor to jump to with slots in registers, compiled if need be.
    fn link(&mut self, trace: &mut Trace, depth: usize) -> Option<u32> {
        if trace.insts.last()?.op != Uop::Link {
            return None;
        }
        if depth <= 1
            && let Some((target, signature)) = crate::link::prepare(trace)
            && let Some(id) = self.variant(target, signature, depth)
        {
            trace.insts.last_mut()?.imms[0] = u64::from(id);
            return Some(id);
        }
        self.link_by_memory(trace)
    }

    /// For a trace that ends in a link whose state the target does not take in registers.
    fn link_by_memory(&mut self, trace: &mut Trace) -> Option<u32> {
        let truths = Truths { true_: py::_Py_TrueStruct() as u64, false_: py::_Py_FalseStruct() as u64 };
        // SAFETY: the code objects of a trace are alive while it is compiled.
        let nlocals = unsafe { (*(trace.codes[0] as *mut py::Code)).co_nlocalsplus } as usize;
        let target = crate::link::write_back(trace, nlocals, &truths)?;
        let link = trace.insts.pop()?;
        let ex = self.executor(target);
        if ex.valid {
            let counter = &raw const ex.control.linked;
            trace.push(Inst::new(Uop::Count, &[]).imm(counter as u64));
            self.counters.links_by_memory += 1;
        }
        trace.push(link);
        Some(target)
    }

    fn variant(&mut self, target: u32, signature: Signature, depth: usize) -> Option<u32> {
        let ex = self.executor(target);
        if signature.is_empty() || ex.refused.contains(&signature) {
            return signature.is_empty().then_some(target);
        }
        let known = ex.variants.iter().find(|(s, id)| *s == signature && self.executor(*id).valid).map(|v| v.1);
        if known.is_some() {
            return known;
        }
        let recorded = ex.recorded.as_ref()?;
        if ex.variants.len() >= MAX_VARIANTS {
            return None;
        }
        let trace = crate::link::specialize(recorded, &signature);
        let site = Site { installed: Vec::new(), ..ex.site.clone() };
        let (dependencies, namespaces) = (ex.dependencies.clone(), ex.namespaces);
        let result = self.make(Job { site, trace, dependencies, namespaces, target: None }, depth + 1);
        match result {
            Ok((id, _)) => {
                self.counters.variants += 1;
                self.executor_mut(id).variant_of = Some(target);
                self.executor_mut(target).variants.push((signature, id));
                Some(id)
            }
            Err(reason) => {
                if self.log.on() {
                    self.log.line(&format!("entry with registers not compiled: {reason}"));
                }
                self.executor_mut(target).refused.push(signature);
                None
            }
        }
    }

    pub(crate) fn generate(
        &mut self,
        trace: &Trace,
        kind: TraceKind,
        direct: Option<u32>,
        target: Option<u32>,
    ) -> Result<(codegen::Compiled, Box<Control>), codegen::CompileError> {
        let dump = &self.options.dump;
        let marks = dump.asm || dump.map;
        let options = codegen::Options { force_spills: self.stress_spill, marks, ..codegen::Options::default() };
        // The arena is lent out for the call: the environment only reads the rest of the state.
        let arena = &raw mut self.arena;
        let control = Box::new(Control { valid: 1, escapes: 0, linked: 0 });
        // SAFETY: the running thread's state and its interpreter.
        let expected = unsafe {
            let ts = py::PyThreadState_Get();
            Expected {
                control: &raw const *control,
                breaker: ((*ts).eval_breaker & !0xff) as u64,
                seen: self.seen.contains(&(trace.codes[0] as usize)),
                eval_frame_at: &raw const (*(*ts).interp).eval_frame as u64,
                eval_frame: self.eval_frame.map_or(0, |f| f as usize as u64),
            }
        };
        let mut workspace = std::mem::take(&mut self.generating);
        let env = CompileEnv { state: self, kind, direct, expected, target };
        // SAFETY: `CompileEnv` never touches the arena, so the two borrows do not overlap.
        let arena = unsafe { &mut *arena };
        let compiled = codegen::compile(trace, arena, &env, &options, &mut workspace);
        self.generating = workspace;
        compiled.map(|compiled| (compiled, control))
    }

    pub(crate) fn dump(&mut self, what: &str, code: usize, offset: u32, text: &str) {
        let at = describe(code, offset);
        let id = self.next_executor_id();
        self.log.line(&format!("{what}, to be executor {id}: {at}\n{text}"));
    }
}
