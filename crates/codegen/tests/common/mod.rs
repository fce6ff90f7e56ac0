//! A little runtime for tests: executors compiled from text, entered on a made-up interpreter frame, whose exits and
//! escapes are recorded.
#![allow(dead_code, reason = "each test file uses its part")]
pub mod eval;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use codegen::abi::Answer;
use codegen::escape::Recipe;
use codegen::{Arena, Callbacks, CompileError, Compiled, Env, LinkTarget, Loc, NativeFrame, Options};
use ir::{Trace, Uop, ValueId};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub executor: usize,
    pub snapshot: u32,
    pub uop: Uop,
    /// By value number.
    pub values: BTreeMap<u32, u64>,
}

/// What an escape saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escaped {
    pub helper: u32,
    pub arg: u64,
    pub operands: Vec<u64>,
    pub values: BTreeMap<u32, u64>,
}

type Locs = Vec<(ValueId, Loc)>;

#[derive(Default)]
struct State {
    /// By global id: executor, its exit, and where the values of that are.
    exits: Vec<(usize, codegen::Exit, Locs)>,
    escapes: Vec<codegen::Escape>,
    left: Option<Left>,
    escaped: Vec<Escaped>,
    /// Results of escapes to come; none left: the escape leaves with status 77.
    results: Vec<u64>,
    calls: Vec<(Uop, u64)>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
    /// One for all traces, as the runtime has it.
    static WORKSPACE: RefCell<codegen::Workspace> = RefCell::default();
}

pub struct Machine {
    pub arena: Arena,
    pub executors: Vec<Compiled>,
    pub options: Options,
    /// The frame as the code sees it: locals from byte 80 on.
    pub frame: Box<[u64; 64]>,
    pub eval_breaker: Box<u64>,
    pub tstate: Box<[u64; 64]>,
    helpers: HashMap<Uop, usize>,
    /// How machine code runs escapes, if it does.
    pub recipe: Option<fn(&Trace, u32) -> Recipe<ValueId>>,
}

struct TestEnv<'a> {
    machine: &'a Machine,
    entry: Option<Vec<Loc>>,
    first_exit: u32,
    first_escape: u32,
}

impl Env for TestEnv<'_> {
    fn helper(&self, uop: Uop) -> usize {
        *self.machine.helpers.get(&uop).unwrap_or_else(|| panic!("no helper for {}", uop.name()))
    }
    fn entry_locs(&self, _trace: &Trace) -> Option<Vec<Loc>> {
        self.entry.clone()
    }
    fn link_target(&self, executor: u32) -> Option<LinkTarget> {
        let e = self.machine.executors.get(executor as usize)?;
        Some(LinkTarget { addr: e.entry, locs: e.entry_locs.clone() })
    }
    fn first_exit_id(&self, _count: usize) -> u32 {
        self.first_exit
    }
    fn first_escape_id(&self, _count: usize) -> u32 {
        self.first_escape
    }
    fn recipe(&self, trace: &Trace, inst: u32) -> Option<Recipe<ValueId>> {
        self.machine.recipe.map(|make| make(trace, inst))
    }
}

unsafe extern "sysv64" fn on_call(_cx: *mut NativeFrame) -> Answer {
    unreachable!("the traces make no native calls")
}

unsafe extern "sysv64" fn on_link(_cx: *mut NativeFrame) {
    unreachable!("the traces make no native calls")
}

unsafe extern "sysv64" fn on_returned(_cx: *mut NativeFrame, _value: u64, _how: u64, _float: u64) -> Answer {
    unreachable!("the traces make no native calls")
}

unsafe extern "sysv64" fn on_return(_cx: *mut NativeFrame, _value: u64, _how: u64, _pc: u64) -> Answer {
    unreachable!("the traces do not return")
}

unsafe extern "sysv64" fn on_exit(cx: *mut NativeFrame, exit: u32) -> u64 {
    // SAFETY: the thunk passes its native frame.
    let cx = unsafe { &*cx };
    STATE.with_borrow_mut(|s| {
        let (executor, e, values) = &s.exits[exit as usize];
        let values = values.iter().map(|(v, l)| (v.0, cx.value(*l))).collect();
        s.left = Some(Left { executor: *executor, snapshot: e.snapshot.0, uop: e.uop, values });
    });
    0x1000 + u64::from(exit)
}

unsafe extern "sysv64" fn on_escape(cx: *mut NativeFrame, escape: u32) -> u64 {
    clobber();
    // SAFETY: the thunk passes its native frame.
    let cx = unsafe { &mut *cx };
    STATE.with_borrow_mut(|s| {
        let e = &s.escapes[escape as usize];
        s.escaped.push(Escaped {
            helper: e.helper,
            arg: e.arg,
            operands: e.operands.iter().map(|l| cx.value(*l)).collect(),
            values: e.values.iter().map(|(v, l)| (v.0, cx.value(*l))).collect(),
        });
        if s.results.is_empty() {
            cx.status = 77;
            return 0;
        }
        s.results.remove(0)
    })
}

unsafe extern "sysv64" fn on_left(_cx: *mut NativeFrame, escape: u32, result: u64) -> u64 {
    (0x2000 + u64::from(escape)).wrapping_add(result << 32)
}

const CALLBACKS: Callbacks = Callbacks { on_exit, on_escape, on_left, on_call, on_returned, on_return, on_link };

/// Overwrites every register that C functions may overwrite.
pub fn clobber() {
    // SAFETY: all changed registers are declared.
    unsafe {
        std::arch::asm!(
            "mov eax, 0x7a7a7a7a", "mov ecx, eax", "mov edx, eax", "mov esi, eax", "mov edi, eax",
            "mov r8d, eax", "mov r9d, eax", "mov r10d, eax", "mov r11d, eax",
            "movd xmm0, eax", "movaps xmm1, xmm0", "movaps xmm2, xmm0", "movaps xmm3, xmm0", "movaps xmm4, xmm0",
            "movaps xmm5, xmm0", "movaps xmm6, xmm0", "movaps xmm7, xmm0", "movaps xmm8, xmm0", "movaps xmm9, xmm0",
            "movaps xmm10, xmm0", "movaps xmm11, xmm0", "movaps xmm12, xmm0", "movaps xmm13, xmm0",
            "movaps xmm14, xmm0", "movaps xmm15, xmm0",
            out("rax") _, out("rcx") _, out("rdx") _, out("rsi") _, out("rdi") _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _, out("xmm6") _,
            out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _, out("xmm12") _,
            out("xmm13") _, out("xmm14") _, out("xmm15") _,
        );
    }
}

fn called(uop: Uop, arg: u64) {
    STATE.with_borrow_mut(|s| s.calls.push((uop, arg)));
    clobber();
}

extern "sysv64" fn box_i64(v: i64) -> u64 {
    called(Uop::BoxI64, v as u64);
    (v as u64) << 4 | 1
}

extern "sysv64" fn box_f64(v: f64) -> u64 {
    called(Uop::BoxF64, v.to_bits());
    v.to_bits() ^ 0xF0F0
}

extern "sysv64" fn float_pow(x: f64, y: f64) -> f64 {
    called(Uop::FloatPow, x.to_bits());
    x.powf(y)
}

extern "sysv64" fn dealloc_harmless(v: u64) {
    called(Uop::DeallocHarmless, v);
}

extern "sysv64" fn list_append(list: u64, item: u64) -> u64 {
    called(Uop::ListAppend, list ^ item << 32);
    1
}

extern "sysv64" fn big_int_op(a: u64, b: u64, op: i64) -> u64 {
    clobber();
    if op == 7 && b == 8 { 0 } else { (a ^ b << 1).wrapping_mul(op as u64).wrapping_sub(1) }
}

impl Machine {
    pub fn new(options: Options) -> Machine {
        STATE.with_borrow_mut(|s| *s = State::default());
        Machine {
            arena: Arena::new(1 << 20, CALLBACKS).unwrap(),
            executors: Vec::new(),
            options,
            frame: Box::new([0; 64]),
            eval_breaker: Box::new(0),
            tstate: Box::new([0; 64]),
            helpers: HashMap::from([
                (Uop::BoxI64, box_i64 as *const () as usize),
                (Uop::BoxF64, box_f64 as *const () as usize),
                (Uop::FloatPow, float_pow as *const () as usize),
                (Uop::DeallocHarmless, dealloc_harmless as *const () as usize),
                (Uop::BigIntOp, big_int_op as *const () as usize),
                (Uop::ListAppend, list_append as *const () as usize),
            ]),
            recipe: None,
        }
    }

    pub fn set_local(&mut self, n: usize, value: u64) {
        self.frame[10 + n] = value;
    }

    pub fn local(&self, n: usize) -> u64 {
        self.frame[10 + n]
    }

    pub fn try_compile(&mut self, trace: &Trace, entry: Option<Vec<Loc>>) -> Result<usize, CompileError> {
        let (first_exit, first_escape) = STATE.with_borrow(|s| (s.exits.len() as u32, s.escapes.len() as u32));
        let mut arena = std::mem::replace(&mut self.arena, Arena::new(4096, CALLBACKS).unwrap());
        let env = TestEnv { machine: self, entry, first_exit, first_escape };
        let options = Options { marks: true, ..self.options.clone() };
        let compiled = WORKSPACE.with_borrow_mut(|ws| codegen::compile(trace, &mut arena, &env, &options, ws));
        self.arena = arena;
        let compiled = compiled?;
        let executor = self.executors.len();
        STATE.with_borrow_mut(|s| {
            let exits = compiled.exits.iter().enumerate();
            s.exits.extend(exits.map(|(n, e)| (executor, e.clone(), compiled.exit_values(n).collect())));
            s.escapes.extend(compiled.escapes.iter().cloned());
        });
        self.executors.push(compiled);
        Ok(executor)
    }

    /// Parses, verifies and compiles a root.
    pub fn root(&mut self, text: &str) -> usize {
        self.compile(text, None)
    }

    pub fn compile(&mut self, text: &str, entry: Option<Vec<Loc>>) -> usize {
        let trace = Trace::parse(text).unwrap_or_else(|e| panic!("{e}"));
        trace.verify().unwrap_or_else(|e| panic!("{e}"));
        self.try_compile(&trace, entry).unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn dump(&self, executor: usize) -> String {
        codegen::dump(&self.executors[executor], &self.arena)
    }

    /// Addresses of the frame, the thread state and the eval breaker.
    pub fn context(&mut self) -> [u64; 3] {
        [self.frame.as_mut_ptr() as u64, self.tstate.as_mut_ptr() as u64, &raw mut *self.eval_breaker as u64]
    }

    /// Enters an executor; the raw result.
    pub fn enter(&mut self, executor: usize) -> u64 {
        let code = self.executors[executor].entry;
        let [frame, tstate, breaker] = self.context();
        // SAFETY: the tests' traces only touch this frame and what its locals point to.
        unsafe { self.arena.enter(code, frame, tstate, breaker) }
    }

    /// Enters an executor that leaves through an exit.
    pub fn run(&mut self, executor: usize) -> Left {
        let result = self.enter(executor);
        let left = STATE.with_borrow_mut(|s| s.left.take()).expect("it left through an exit");
        assert!(result >= 0x1000, "the result of on_exit comes through");
        left
    }

    pub fn escape_results(&self, results: &[u64]) {
        STATE.with_borrow_mut(|s| s.results = results.to_vec());
    }

    pub fn escaped(&self) -> Vec<Escaped> {
        STATE.with_borrow_mut(|s| std::mem::take(&mut s.escaped))
    }

    pub fn calls(&self) -> Vec<(Uop, u64)> {
        STATE.with_borrow_mut(|s| std::mem::take(&mut s.calls))
    }
}

/// A made-up exact int.
pub fn int_object(value: i64) -> Box<[u64; 4]> {
    let tag = if value < 0 { 2 } else { u64::from(value == 0) } | if value == 0 { 0 } else { 8 };
    Box::new([1, 0x1111, tag, value.unsigned_abs()])
}

/// Every setting under which a trace must behave the same.
pub fn all_options() -> Vec<Options> {
    let plain = Options::default;
    vec![
        plain(),
        Options { force_spills: true, ..plain() },
        // rbx rsi rdi r8 r12: five of eleven.
        Options { gpr_pool: Some(0x11C8), fpr_pool: Some(0xF008), ..plain() },
        // The callee-saved ones, and r9.
        Options { gpr_pool: Some(0xF208), fpr_pool: Some(0x00F8), ..plain() },
        Options { gpr_pool: Some(0x11C8), force_spills: true, ..plain() },
    ]
}
