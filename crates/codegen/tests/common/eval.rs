//! The uops' own bodies as an interpreter: what machine code is compared with. Only uops that touch no memory.
use ir::{Inst, Kind, Trace, Uop, ValueId};
use uops::Step;

/// A value passed in 64 bits.
trait Word: Copy {
    fn from_word(w: u64) -> Self;
    fn to_word(self) -> u64;
}

impl Word for u64 {
    fn from_word(w: u64) -> u64 {
        w
    }
    fn to_word(self) -> u64 {
        self
    }
}

impl Word for i64 {
    fn from_word(w: u64) -> i64 {
        w as i64
    }
    fn to_word(self) -> u64 {
        self as u64
    }
}

impl Word for i32 {
    fn from_word(w: u64) -> i32 {
        w as i32
    }
    fn to_word(self) -> u64 {
        self as i64 as u64
    }
}

impl Word for f64 {
    fn from_word(w: u64) -> f64 {
        f64::from_bits(w)
    }
    fn to_word(self) -> u64 {
        self.to_bits()
    }
}

/// What a body may return, as: leave, or go on with a result (0 where there is none).
trait Outcome {
    fn outcome(self) -> Option<u64>;
}

impl<T: Word> Outcome for T {
    fn outcome(self) -> Option<u64> {
        Some(self.to_word())
    }
}

impl<T: Word> Outcome for Step<T> {
    fn outcome(self) -> Option<u64> {
        match self {
            Step::Next(v) => Some(v.to_word()),
            Step::Exit => None,
        }
    }
}

/// A guard's outcome.
struct Passed(Step<()>);

impl Outcome for Passed {
    fn outcome(self) -> Option<u64> {
        match self.0 {
            Step::Next(()) => Some(0),
            Step::Exit => None,
        }
    }
}

macro_rules! bodies {
    ($($uop:ident = $f:ident($($n:literal),*) $($guard:ident)?;)*) => {
        /// The uops `eval` knows.
        pub const KNOWN: &[Uop] = &[$(Uop::$uop),*];

        /// Executes a uop on operands followed by immediates; `None` when it leaves.
        pub fn eval(uop: Uop, words: &[u64]) -> Option<u64> {
            match uop {
                $(Uop::$uop => bodies!(@call $($guard)? uops::$f($(Word::from_word(words[$n])),*)).outcome(),)*
                _ => panic!("{} is not known here", uop.name()),
            }
        }
    };
    (@call guard $e:expr) => { Passed($e) };
    (@call $e:expr) => { $e };
}

bodies! {
    IntAdd = int_add(0, 1);
    IntSub = int_sub(0, 1);
    IntMul = int_mul(0, 1);
    IntAddNowrap = int_add_nowrap(0, 1);
    IntSubNowrap = int_sub_nowrap(0, 1);
    IntMulNowrap = int_mul_nowrap(0, 1);
    IntNeg = int_neg(0);
    IntFloordiv = int_floordiv(0, 1);
    IntMod = int_mod(0, 1);
    IntAnd = int_and(0, 1);
    IntOr = int_or(0, 1);
    IntXor = int_xor(0, 1);
    IntInvert = int_invert(0);
    IntShl = int_shl(0, 1);
    IntShr = int_shr(0, 1);
    IntLt = int_lt(0, 1);
    IntLe = int_le(0, 1);
    IntEq = int_eq(0, 1);
    IntNe = int_ne(0, 1);
    IntToFloat = int_to_float(0);
    IntIsTrue = int_is_true(0);
    WrapIndex = wrap_index(0, 1);
    GuardIntLt = guard_int_lt(0, 1) guard;
    GuardIntLe = guard_int_le(0, 1) guard;
    GuardIntEq = guard_int_eq(0, 1) guard;
    GuardIntNe = guard_int_ne(0, 1) guard;
    GuardInRange = guard_in_range(0, 1) guard;
    GuardIntIs = guard_int_is(0, 1) guard;
    IntAddImm = int_add_imm(0, 1);
    IntMulImm = int_mul_imm(0, 1);
    IntAddNowrapImm = int_add_nowrap_imm(0, 1);
    IntMulNowrapImm = int_mul_nowrap_imm(0, 1);
    IntShlImm = int_shl_imm(0, 1);
    IntShrImm = int_shr_imm(0, 1);
    IntModImm = int_mod_imm(0, 1, 2);
    IntFloordivImm = int_floordiv_imm(0, 1, 2);
    IntAndImm = int_and_imm(0, 1);
    IntOrImm = int_or_imm(0, 1);
    IntXorImm = int_xor_imm(0, 1);
    IntLtImm = int_lt_imm(0, 1);
    IntGtImm = int_gt_imm(0, 1);
    IntEqImm = int_eq_imm(0, 1);
    IntNeImm = int_ne_imm(0, 1);
    GuardIntLtImm = guard_int_lt_imm(0, 1) guard;
    GuardIntGtImm = guard_int_gt_imm(0, 1) guard;
    GuardIntEqImm = guard_int_eq_imm(0, 1) guard;
    GuardIntNeImm = guard_int_ne_imm(0, 1) guard;
    BoolNot = bool_not(0);
    GuardTrue = guard_true(0) guard;
    GuardFalse = guard_false(0) guard;
    SameObject = same_object(0, 1);
    GuardIs = guard_is(0, 1) guard;
    GuardIsNot = guard_is_not(0, 1) guard;
    GuardNonNull = guard_non_null(0) guard;
    FloatAdd = float_add(0, 1);
    FloatSub = float_sub(0, 1);
    FloatMul = float_mul(0, 1);
    FloatDiv = float_div(0, 1);
    FloatNeg = float_neg(0);
    FloatAbs = float_abs(0);
    FloatLt = float_lt(0, 1);
    FloatLe = float_le(0, 1);
    FloatEq = float_eq(0, 1);
    FloatNe = float_ne(0, 1);
    GuardFloatLt = guard_float_lt(0, 1) guard;
    GuardFloatLe = guard_float_le(0, 1) guard;
    GuardFloatNotLt = guard_float_not_lt(0, 1) guard;
    GuardFloatNotLe = guard_float_not_le(0, 1) guard;
}

/// What a run of a trace does.
#[derive(Default)]
pub struct Run {
    /// The instruction that leaves.
    pub at: usize,
    pub values: Vec<u64>,
    /// Operands of each escape on the way.
    pub escapes: Vec<Vec<u64>>,
}

/// The `n`-th escape's result.
pub fn escape_result(n: usize) -> u64 {
    0xE5C0 + n as u64
}

/// Interprets a trace. `load_slot` gives its offset, `load_field_i64` reads `ints` by offset, `unbox_f64` of slot `n`
/// reads `floats[n - 1]`; helpers do what the test runtime's do.
pub fn interpret(trace: &Trace, ints: &[u64], floats: &[u64]) -> Run {
    let mut run = Run { at: 0, values: vec![0u64; trace.insts.len()], escapes: Vec::new() };
    let (mut label, mut phis) = (0, Vec::new());
    loop {
        let inst = &trace.insts[run.at];
        let args: Vec<u64> = inst.args.iter().map(|a: &ValueId| run.values[a.0 as usize]).collect();
        match step(inst, &args, ints, floats, run.escapes.len()) {
            Some(v) => run.values[run.at] = v,
            None => match inst.op {
                Uop::Label => (label, phis) = (run.at, args),
                Uop::PhiI64 | Uop::PhiF64 | Uop::PhiObj => run.values[run.at] = phis[inst.imms[0] as usize],
                Uop::Jump => (run.at, phis) = (label, args),
                _ => return run,
            },
        }
        if inst.op == Uop::Escape {
            run.escapes.push(args_of(inst, &run.values));
        }
        run.at += 1;
    }
}

fn args_of(inst: &Inst, values: &[u64]) -> Vec<u64> {
    inst.args.iter().map(|a| values[a.0 as usize]).collect()
}

/// One instruction's result; `None` for control flow and where it leaves.
pub fn step(inst: &Inst, args: &[u64], ints: &[u64], floats: &[u64], escapes: usize) -> Option<u64> {
    match inst.op {
        Uop::ConstI64 | Uop::ConstF64 | Uop::ConstBool | Uop::ConstObj | Uop::ConstPtr => Some(inst.imms[0]),
        Uop::LoadSlot => Some(inst.imms[0]),
        Uop::LoadFieldI64 => Some(ints[inst.imms[0] as usize / 8]),
        Uop::UnboxF64 => Some(floats[args[0] as usize / 8 - 1]),
        Uop::BoxI64 => Some(args[0] << 4 | 1),
        Uop::BoxF64 => Some(args[0] ^ 0xF0F0),
        Uop::FloatPow => Some(f64::from_bits(args[0]).powf(f64::from_bits(args[1])).to_bits()),
        Uop::Escape => Some(escape_result(escapes)),
        op if KNOWN.contains(&op) => {
            let words: Vec<u64> = args.iter().chain(&inst.imms).copied().collect();
            eval(op, &words)
        }
        _ => None,
    }
}

/// Whether two words are the same value: bit for bit, but any NaN for any NaN.
pub fn same(kind: Option<Kind>, a: u64, b: u64) -> bool {
    let nan = |w| f64::from_bits(w).is_nan();
    a == b || kind == Some(Kind::F64) && nan(a) && nan(b)
}
