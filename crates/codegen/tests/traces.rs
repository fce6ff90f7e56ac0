//! Hand-written traces, run as machine code under every allocator setting.
mod common;

use common::{Machine, all_options, int_object};

/// `for i in range(n): s += i * i % 7`, as the optimizer leaves it.
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

fn squares(n: i64) -> u64 {
    (0..n).map(|i| (i * i % 7) as u64).sum()
}

#[test]
fn sum_of_squares() {
    for options in all_options() {
        let mut m = Machine::new(options);
        let n = int_object(100_000);
        m.set_local(0, n.as_ptr() as u64);
        let root = m.root(SQUARES);
        let left = m.run(root);
        assert_eq!(left.snapshot, 0);
        let values: Vec<u64> = left.values.values().copied().collect();
        assert_eq!(values, [100_000, squares(100_000)], "{}", m.dump(root));
    }
}
