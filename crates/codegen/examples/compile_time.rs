//! How long it takes to compile a trace, and how fast its loop runs: `cargo run --release --example compile_time`.
use std::time::Instant;

use codegen::abi::Answer;
use codegen::escape::Recipe;
use codegen::{Arena, Callbacks, Env, LinkTarget, Loc, NativeFrame, Options, Workspace};
use ir::{Trace, Uop, ValueId};

struct Alone;

impl Env for Alone {
    fn helper(&self, _uop: Uop) -> usize {
        unreachable!("the traces call no helpers")
    }
    fn entry_locs(&self, _trace: &Trace) -> Option<Vec<Loc>> {
        None
    }
    fn link_target(&self, _executor: u32) -> Option<LinkTarget> {
        None
    }
    fn first_exit_id(&self, _count: usize) -> u32 {
        0
    }
    fn first_escape_id(&self, _count: usize) -> u32 {
        0
    }
    fn recipe(&self, _trace: &Trace, _inst: u32) -> Option<Recipe<ValueId>> {
        None
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

unsafe extern "sysv64" fn on_exit(_cx: *mut NativeFrame, exit: u32) -> u64 {
    u64::from(exit)
}

unsafe extern "sysv64" fn on_left(_cx: *mut NativeFrame, _escape: u32, _result: u64) -> u64 {
    unreachable!("nothing runs")
}

unsafe extern "sysv64" fn on_escape(_cx: *mut NativeFrame, _escape: u32) -> u64 {
    0
}

const SQUARES: &str = "\
root code=0x1
  va = load_slot 0
  vn = unbox_compact va
  vzero = const_i64 0
  label vzero, vzero
  vi = phi_i64 0
  vs = phi_i64 1
  guard_int_lt vi, vn ; s0
  vq = int_mul vi, vi ; s0
  vseven = const_i64 7
  vm = int_mod vq, vseven ; s0
  vt = int_add vs, vm ; s0
  vone = const_i64 1
  vj = int_add_nowrap vi, vone
  guard_eval_breaker 0 ; s1
  jump vj, vt
s0: before c0@4 [=, box_i64 vi, box_i64 vs]
s1: before c0@4 [=, box_i64 vj, box_i64 vt]
";

const MANDELBROT: &str = "\
root code=0x1
  va = load_slot 0
  vn = unbox_compact va
  vcr = const_f64 -0.1
  vci = const_f64 0.2
  vz = const_f64 0.0
  vk0 = const_i64 0
  label vz, vz, vk0
  vr = phi_f64 0
  vi = phi_f64 1
  vk = phi_i64 2
  guard_int_lt vk, vn ; s0
  vrr = float_mul vr, vr
  vii = float_mul vi, vi
  vsum = float_add vrr, vii
  vfour = const_f64 4.0
  guard_float_not_lt vfour, vsum ; s1
  vri = float_mul vr, vi
  vtwo = float_add vri, vri
  vi2 = float_add vtwo, vci
  vdiff = float_sub vrr, vii
  vr2 = float_add vdiff, vcr
  vone = const_i64 1
  vk2 = int_add_nowrap vk, vone
  guard_eval_breaker 0 ; s1
  jump vr2, vi2, vk2
s0: before c0@4 [=, =, box_i64 vk]
s1: before c0@5 [=, =, box_i64 vk, box_f64 vr, box_f64 vi]
";

/// About a hundred uops: loads, guards, arithmetic with exits, over snapshots of ten slots.
fn hundred() -> String {
    use std::fmt::Write;
    let mut t = String::from("root code=0x1\n  va = load_slot 0\n");
    for n in 0..10 {
        writeln!(t, "  vx{n} = load_field_i64 va, {}", 8 * n).expect("a string");
    }
    let firsts = (0..10).map(|n| format!("vx{n}")).collect::<Vec<_>>().join(", ");
    writeln!(t, "  label {firsts}").expect("a string");
    for n in 0..10 {
        writeln!(t, "  vp{n}_0 = phi_i64 {n}").expect("a string");
    }
    for round in 0..7 {
        for n in 0..10 {
            let (op, other) = [("int_add", n), ("int_sub", (n + 3) % 10), ("int_xor", (n + 1) % 10)][(n + round) % 3];
            let snap = if op == "int_xor" { "" } else { " ; s0" };
            writeln!(t, "  vp{n}_{} = {op} vp{n}_{round}, vp{other}_{round}{snap}", round + 1).expect("a string");
        }
    }
    let lasts = (0..10).map(|n| format!("vp{n}_7")).collect::<Vec<_>>().join(", ");
    writeln!(t, "  jump {lasts}").expect("a string");
    let slots = (0..10).map(|n| format!("box_i64 vp{n}_0")).collect::<Vec<_>>().join(", ");
    writeln!(t, "s0: before c0@1 [{slots}]").expect("a string");
    t
}

fn main() {
    let callbacks = Callbacks { on_exit, on_escape, on_left, on_call, on_returned, on_return, on_link };
    let mut arena = Arena::new(8 << 20, callbacks).expect("memory");
    let mut ws = Workspace::default();
    for (name, text) in [("squares", SQUARES.to_string()), ("mandelbrot", MANDELBROT.into()), ("hundred", hundred())] {
        let trace = Trace::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        trace.verify().unwrap_or_else(|e| panic!("{e}"));
        let mut times: Vec<f64> = (0..300)
            .map(|_| {
                let start = Instant::now();
                let c =
                    codegen::compile(&trace, &mut arena, &Alone, &Options::default(), &mut ws).expect("it compiles");
                let time = start.elapsed().as_secs_f64() * 1e6;
                arena.retire(c.code, 0);
                time
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let options = Options { marks: true, ..Options::default() };
        let compiled = codegen::compile(&trace, &mut arena, &Alone, &options, &mut ws).expect("it compiles");
        println!("{name}: {} uops, {} bytes, {:.1} us", trace.insts.len(), compiled.code.len, times[times.len() / 2]);
        if name == "hundred" {
            continue;
        }
        println!("{}", codegen::dump(&compiled, &arena));
        let n = 100_000_000u64;
        let int = [1u64, 0, 8, n];
        let mut frame = [0u64; 32];
        frame[10] = int.as_ptr() as u64;
        let breaker = 0u64;
        let best = (0..5)
            .map(|_| {
                let start = Instant::now();
                // SAFETY: the trace reads one slot of this frame, an int.
                unsafe { arena.enter(compiled.entry, frame.as_mut_ptr() as u64, 0, &raw const breaker as u64) };
                start.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        println!("{name}: {:.2} ns per iteration", best * 1e9 / n as f64);
    }
}
