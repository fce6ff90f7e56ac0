//! The reference executor in the tests' made-up world.
use exec::{Escape, Host};
use ir::{Form, Kind, Trace, Uop, ValueId};
use uops::Step;

/// The uops that compute with values alone: any operands will do.
pub fn value_uops() -> Vec<Uop> {
    let by_name = [
        Uop::SameObject,
        Uop::GuardIs,
        Uop::GuardIsNot,
        Uop::GuardNonNull,
        Uop::GuardIsSmall,
        Uop::GuardIsNotSmall,
        Uop::UnboxBoolSmall,
    ];
    let on_numbers = |u: &Uop| {
        let f = u.facts();
        let numbers = f.operands.iter().all(|k| matches!(k, Kind::I64 | Kind::F64 | Kind::Bool));
        f.form == Form::Stencil
            && f.reads | f.writes == 0
            && numbers
            && !f.operands.is_empty()
            && f.result != Some(Kind::Ptr)
    };
    Uop::all().filter(|u| on_numbers(u) || by_name.contains(u)).collect()
}

/// Executes one of [`value_uops`]; `None` when it leaves.
pub fn eval(uop: Uop, args: &[u64], imms: [u64; 2]) -> Option<u64> {
    // SAFETY: it touches no memory.
    match unsafe { exec::body(uop, 0, args, imms) } {
        Step::Next(v) => Some(v),
        Step::Exit => None,
    }
}

/// The `n`-th escape's result.
pub fn escape_result(n: usize) -> u64 {
    0xE5C0 + n as u64
}

/// What the test runtime's helpers return.
pub fn helper(op: Uop, args: &[u64]) -> u64 {
    match op {
        Uop::BoxI64 => args[0] << 4 | 1,
        Uop::BoxF64 => args[0] ^ 0xF0F0,
        Uop::FloatPow => f64::from_bits(args[0]).powf(f64::from_bits(args[1])).to_bits(),
        _ => panic!("no {} here", op.name()),
    }
}

/// Records escapes' operands and answers as [`helper`] and [`escape_result`] do.
#[derive(Default)]
pub struct World {
    pub escapes: Vec<Vec<u64>>,
}

impl Host for World {
    fn call(&mut self, op: Uop, args: &[u64], _imms: [u64; 2]) -> u64 {
        helper(op, args)
    }

    fn escape(&mut self, site: &Escape<'_>, _value: &dyn Fn(ValueId) -> u64) -> Option<u64> {
        self.escapes.push(site.operands.to_vec());
        Some(escape_result(self.escapes.len() - 1))
    }
}

/// The words below a base pointer that a trace looks at.
pub struct Context([u64; 8]);

impl Context {
    pub fn new(frame: u64, tstate: u64, eval_breaker: u64) -> Box<Context> {
        let mut words = [0; 8];
        let word = |offset: isize| (8 + offset / 8) as usize;
        words[word(uops::layout::CX_FRAME)] = frame;
        words[word(uops::layout::CX_TSTATE)] = tstate;
        words[word(uops::layout::CX_EVAL_BREAKER)] = eval_breaker;
        // In the upper half of its word; not zero, as for any frame that tier 1 enters with.
        words[word(uops::layout::CX_LINKED - 4)] = 1 << 32;
        Box::new(Context(words))
    }

    pub fn base(&self) -> u64 {
        self.0.as_ptr_range().end as u64
    }
}

/// Interprets a trace; where it leaves and what it did.
pub fn interpret(trace: &Trace, cx: &Context) -> (exec::Exit, World) {
    let mut world = World::default();
    // SAFETY: the tests verify traces, and prepare the memory that they touch.
    let exit = unsafe { exec::run(trace, cx.base(), &[], &mut world, 1000) }.expect("it leaves");
    (exit, world)
}

/// Whether two words are the same value: bit for bit, but any NaN for any NaN.
pub fn same(kind: Option<Kind>, a: u64, b: u64) -> bool {
    let nan = |w| f64::from_bits(w).is_nan();
    a == b || kind == Some(Kind::F64) && nan(a) && nan(b)
}
