//! Every law of `int_rules` on every range and every value of small widths, and on samples of the real one.
//! `TIERUP_PROVE_WIDTH=N` goes on to that width; `cargo xtask prove` does, and shows the cases of each law.
use std::collections::BTreeMap;

use ir::Uop;
use opt::facts::Range;
use opt::int_rules::{self, Arg, Rewrite, Width};
use uops::Step;

const BINARY: &[Uop] = &[
    Uop::IntAdd,
    Uop::IntSub,
    Uop::IntMul,
    Uop::IntAddNowrap,
    Uop::IntSubNowrap,
    Uop::IntMulNowrap,
    Uop::IntFloordiv,
    Uop::IntMod,
    Uop::IntAnd,
    Uop::IntOr,
    Uop::IntXor,
    Uop::IntShl,
    Uop::IntShr,
    Uop::IntLt,
    Uop::IntLe,
    Uop::IntEq,
    Uop::IntNe,
    Uop::WrapIndex,
];
const UNARY: &[Uop] = &[Uop::IntNeg, Uop::IntInvert, Uop::IntIsTrue];
const GUARDS: &[Uop] = &[Uop::GuardIntLt, Uop::GuardIntLe, Uop::GuardIntEq, Uop::GuardIntNe, Uop::GuardInRange];

/// What a uop does at some width.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Value(i64),
    Leaves,
    /// Its operands are not what it was promised.
    Undefined,
}

/// The uops' meaning at any width; at 64 bits it is that of their bodies, which a test below checks.
fn eval(op: Uop, a: i64, b: i64, w: Width) -> Outcome {
    let fits = |v: i128| i128::from(w.min()) <= v && v <= i128::from(w.max());
    let or = |v: i128, otherwise| if fits(v) { Outcome::Value(v as i64) } else { otherwise };
    let (x, y) = (i128::from(a), i128::from(b));
    let bits = i128::from(w.0);
    match op {
        Uop::IntAdd => or(x + y, Outcome::Leaves),
        Uop::IntSub => or(x - y, Outcome::Leaves),
        Uop::IntMul => or(x * y, Outcome::Leaves),
        Uop::IntNeg => or(-x, Outcome::Leaves),
        Uop::IntAddNowrap => or(x + y, Outcome::Undefined),
        Uop::IntSubNowrap => or(x - y, Outcome::Undefined),
        Uop::IntMulNowrap => or(x * y, Outcome::Undefined),
        Uop::IntFloordiv | Uop::IntMod if y == 0 || y == -1 => Outcome::Leaves,
        Uop::IntFloordiv => Outcome::Value((x.div_euclid(y) - i128::from(y < 0 && x.rem_euclid(y) != 0)) as i64),
        Uop::IntMod => {
            let r = x.rem_euclid(y);
            Outcome::Value(if y < 0 && r != 0 { r + y } else { r } as i64)
        }
        Uop::IntAnd => Outcome::Value(a & b),
        Uop::IntOr => Outcome::Value(a | b),
        Uop::IntXor => Outcome::Value(a ^ b),
        Uop::IntInvert => Outcome::Value(!a),
        Uop::IntShl if y < 0 || y > bits - 2 => Outcome::Leaves,
        Uop::IntShl => or(x << y, Outcome::Leaves),
        Uop::IntShr if y < 0 || y > bits - 1 => Outcome::Leaves,
        Uop::IntShr => Outcome::Value((x >> y) as i64),
        Uop::IntLt => Outcome::Value((a < b).into()),
        Uop::IntLe => Outcome::Value((a <= b).into()),
        Uop::IntEq => Outcome::Value((a == b).into()),
        Uop::IntNe => Outcome::Value((a != b).into()),
        Uop::IntIsTrue => Outcome::Value((a != 0).into()),
        // A length that is negative does not occur.
        Uop::WrapIndex if b < 0 => Outcome::Undefined,
        Uop::WrapIndex => Outcome::Value(if a < 0 { a + b } else { a }),
        _ => panic!("{op:?} is not modelled"),
    }
}

/// Whether a guard passes.
fn passes(op: Uop, a: i64, b: i64) -> bool {
    match op {
        Uop::GuardIntLt => a < b,
        Uop::GuardIntLe => a <= b,
        Uop::GuardIntEq => a == b,
        Uop::GuardIntNe => a != b,
        Uop::GuardInRange => (a as u64) < b as u64,
        _ => panic!("{op:?} is not modelled"),
    }
}

/// Values that a law was checked with, by law.
#[derive(Default)]
struct Cases(BTreeMap<&'static str, u64>);

impl Cases {
    fn count(&mut self, law: &'static str, n: usize) {
        *self.0.entry(law).or_default() += n as u64;
    }
}

/// One choice of ranges, with the values to try in them.
struct Ranges<'a> {
    a: Range,
    b: Range,
    same: bool,
    values: &'a dyn Fn(Range) -> Vec<i64>,
    w: Width,
}

impl Ranges<'_> {
    fn pairs(&self) -> Vec<(i64, i64)> {
        let a = (self.values)(self.a);
        if self.same {
            return a.into_iter().map(|x| (x, x)).collect();
        }
        let b = (self.values)(self.b);
        a.iter().flat_map(|&x| b.iter().map(move |&y| (x, y))).collect()
    }

    fn binary(&self, op: Uop, cases: &mut Cases) {
        if let Some((law, rewrite)) = int_rules::binary(op, self.a, self.b, self.same, self.w) {
            let pairs = self.pairs();
            cases.count(law, pairs.len());
            for (a, b) in pairs {
                self.check(law, op, rewrite, a, b);
            }
        }
    }

    fn unary(&self, op: Uop, cases: &mut Cases) {
        if let Some((law, rewrite)) = int_rules::unary(op, self.a, self.w) {
            let values = (self.values)(self.a);
            cases.count(law, values.len());
            for a in values {
                self.check(law, op, rewrite, a, 0);
            }
        }
    }

    fn check(&self, law: &str, op: Uop, rewrite: Rewrite, a: i64, b: i64) {
        let original = eval(op, a, b, self.w);
        if original == Outcome::Undefined {
            return;
        }
        let of = |arg| match arg {
            Arg::A => a,
            Arg::B => b,
            Arg::Int(v) => v,
        };
        let holds = match rewrite {
            Rewrite::Value(arg) => original == Outcome::Value(of(arg)),
            Rewrite::Truth(truth) => original == Outcome::Value(truth.into()),
            Rewrite::Total(op, args, range) => {
                let new = eval(op, of(args[0]), of(args[1]), self.w);
                matches!(new, Outcome::Value(v) if new == original && range.contains(v))
            }
            Rewrite::Partial(op, args, range) => {
                let new = eval(op, of(args[0]), of(args[1]), self.w);
                new == original && !matches!(new, Outcome::Value(v) if !range.contains(v))
            }
            Rewrite::Again(op, args) => eval(op, of(args[0]), of(args[1]), self.w) == original,
        };
        assert!(
            holds,
            "'{law}': {op:?} of {a} and {b} ({:?}, {:?}, width {}) is {original:?}, not {rewrite:?}",
            self.a, self.b, self.w.0
        );
    }

    fn guard(&self, op: Uop, cases: &mut Cases) {
        let pairs = self.pairs();
        if let Some((law, truth)) = int_rules::decided(op, self.a, self.b, self.same) {
            cases.count(law, pairs.len());
            for (a, b) in &pairs {
                assert_eq!(passes(op, *a, *b), truth, "'{law}': {op:?} of {a} and {b}");
            }
            return;
        }
        let (law, na, nb) = int_rules::learned(op, self.a, self.b, self.w);
        if law == int_rules::NO_LAW {
            assert_eq!((na, nb), (self.w.all(), self.w.all()));
            return;
        }
        let passing = pairs.into_iter().filter(|&(a, b)| passes(op, a, b));
        for (a, b) in passing {
            cases.count(law, 1);
            assert!(na.contains(a) && nb.contains(b), "'{law}': {op:?} of {a} and {b} passed, not in {na:?}, {nb:?}");
        }
    }

    /// An index in `a`, a length in `b`.
    fn index(&self, cases: &mut Cases) {
        if self.b.lo < 0 || self.same {
            return;
        }
        let (law, learned) = int_rules::learned_index(self.b);
        for (i, n) in self.pairs() {
            if let Outcome::Value(wrapped) = eval(Uop::WrapIndex, i, n, self.w)
                && passes(Uop::GuardInRange, wrapped, n)
            {
                cases.count(law, 1);
                assert!(learned.contains(i), "'{law}': index {i} of {n} is in range, but not in {learned:?}");
            }
        }
    }

    fn everything(&self, cases: &mut Cases) {
        BINARY.iter().for_each(|&op| self.binary(op, cases));
        GUARDS.iter().for_each(|&op| self.guard(op, cases));
        self.index(cases);
    }
}

/// All ranges of a width.
fn all_ranges(w: Width) -> Vec<Range> {
    (w.min()..=w.max()).flat_map(|lo| (lo..=w.max()).map(move |hi| Range { lo, hi })).collect()
}

#[test]
fn every_range_and_value_of_small_widths() {
    let last: u32 = std::env::var("TIERUP_PROVE_WIDTH").ok().and_then(|w| w.parse().ok()).unwrap_or(4);
    let mut cases = Cases::default();
    for w in (3..=last).map(Width) {
        let ranges = all_ranges(w);
        let values = |r: Range| (r.lo..=r.hi).collect();
        for &a in &ranges {
            let one = Ranges { a, b: a, same: true, values: &values, w };
            one.everything(&mut cases);
            UNARY.iter().for_each(|&op| one.unary(op, &mut cases));
            assert_eq!(int_rules::converts_exactly(a, w), (a.lo..=a.hi).all(|x| w.exact_float().contains(x)));
            for &b in &ranges {
                Ranges { a, b, same: false, values: &values, w }.everything(&mut cases);
            }
        }
    }
    for (law, n) in &cases.0 {
        println!("law {law}: {n}");
    }
    assert!(cases.0.len() > 40, "only {} laws applied", cases.0.len());
}

/// Ends and neighbours of what matters at 64 bits.
fn edges() -> Vec<i64> {
    let mut out = vec![0, i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1];
    for bits in [0, 1, 2, 5, 29, 30, 31, 32, 52, 53, 54, 61, 62] {
        for near in [-1, 0, 1] {
            out.extend([(1i64 << bits) + near, -(1i64 << bits) + near]);
        }
    }
    out.extend([3, 7, 10, 63, 64, 62]);
    out.sort();
    out.dedup();
    out
}

#[test]
fn samples_of_the_machine_width() {
    let edges = edges();
    let within = |r: Range| {
        let inside = edges.iter().copied().filter(|&v| r.contains(v));
        let mut all: Vec<i64> = inside.step_by(3).chain([r.lo, r.hi, r.lo / 2 + r.hi / 2]).collect();
        all.retain(|&v| r.contains(v));
        all.dedup();
        all
    };
    let mut ranges = vec![Range::ALL, Range::COMPACT, Range::NON_NEGATIVE];
    ranges.extend(edges.iter().map(|&v| Range::point(v)));
    ranges.extend(edges.windows(7).step_by(3).map(|w| Range { lo: w[0], hi: w[6] }));
    let mut cases = Cases::default();
    let w = Width::MACHINE;
    for &a in &ranges {
        let one = Ranges { a, b: a, same: true, values: &within, w };
        one.everything(&mut cases);
        UNARY.iter().for_each(|&op| one.unary(op, &mut cases));
        for &b in &ranges {
            Ranges { a, b, same: false, values: &within, w }.everything(&mut cases);
        }
    }
    assert!(cases.0.len() > 40, "only {} laws applied", cases.0.len());
}

/// The model above is what the uops do.
#[test]
fn the_model_is_the_uops_bodies() {
    let edges = edges();
    let body = |op: Uop, args: &[u64]| {
        // SAFETY: uops on integers touch no memory.
        match unsafe { exec::body(op, 0, args, [0; 2]) } {
            Step::Next(v) => Outcome::Value(v as i64),
            Step::Exit => Outcome::Leaves,
        }
    };
    for (&a, &b) in edges.iter().flat_map(|a| edges.iter().map(move |b| (a, b))) {
        for &op in BINARY {
            let expected = eval(op, a, b, Width::MACHINE);
            if expected != Outcome::Undefined {
                assert_eq!(body(op, &[a as u64, b as u64]), expected, "{op:?} of {a} and {b}");
            }
        }
        for &op in GUARDS {
            assert_eq!(body(op, &[a as u64, b as u64]) != Outcome::Leaves, passes(op, a, b), "{op:?} of {a} and {b}");
        }
    }
    for &a in &edges {
        for &op in UNARY {
            assert_eq!(body(op, &[a as u64]), eval(op, a, 0, Width::MACHINE), "{op:?} of {a}");
        }
        let exact = Width::MACHINE.exact_float().contains(a);
        assert_eq!(body(Uop::IntToFloat, &[a as u64]) != Outcome::Leaves, exact, "{a} as a float");
    }
}
