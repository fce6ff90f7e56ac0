//! Hand-written traces.
use exec::{Escape, Exit, Host, OutOfFuel};
use ir::{Trace, Uop, ValueId};

/// Answers calls with fixed results and notes them.
#[derive(Default)]
struct Log {
    calls: Vec<(Uop, Vec<u64>)>,
    escapes: Vec<(u32, u64, Vec<u64>)>,
    result: u64,
}

impl Host for Log {
    fn call(&mut self, op: Uop, args: &[u64], _imms: [u64; 2]) -> u64 {
        self.calls.push((op, args.to_vec()));
        self.result
    }

    fn escape(&mut self, site: &Escape<'_>, value: &dyn Fn(ValueId) -> u64) -> Option<u64> {
        let seen = site.trace.snapshot(site.snap).values().map(value).collect();
        self.escapes.push((site.helper, site.arg, seen));
        (self.result != 0).then_some(self.result)
    }
}

fn run(text: &str, cx: u64, entry: &[u64], host: &mut Log, fuel: u64) -> Result<Exit, OutOfFuel> {
    let trace = Trace::parse(text).unwrap();
    trace.verify().unwrap();
    // SAFETY: the traces of this file touch only memory that their tests prepare.
    unsafe { exec::run(&trace, cx, entry, host, fuel) }
}

const COUNT: &str = "\
root code=0x1
  v0 = const_i64 0
  v1 = const_i64 1
  v2 = const_i64 10
  label v0, v1
  v4 = phi_i64 0
  v5 = phi_i64 1
  guard_int_lt v4, v2 ; s0
  v7 = int_add v4, v1 ; s0
  v8 = int_mul v5, v7 ; s0
  jump v7, v8
s0: before c0@0 [box_i64 v4, box_i64 v5]
";

#[test]
fn loops_until_a_guard_fails() {
    let exit = run(COUNT, 0, &[], &mut Log::default(), 100).unwrap();
    assert_eq!((exit.at, exit.iterations), (ValueId(6), 10));
    assert_eq!((exit.values[4], exit.values[5]), (10, 3_628_800));
}

#[test]
fn phis_change_together() {
    let text = COUNT.replace("jump v7, v8", "jump v7, v4");
    let exit = run(&text, 0, &[], &mut Log::default(), 100).unwrap();
    assert_eq!((exit.values[4], exit.values[5]), (10, 9));
}

#[test]
fn fuel_bounds_the_loop() {
    assert_eq!(run(COUNT, 0, &[], &mut Log::default(), 9), Err(OutOfFuel));
}

#[test]
fn memory_calls_and_escapes() {
    // Frame fields lie below the base pointer; localsplus of the interpreter frame holds one object.
    let mut object = vec![1u64, 0x7000, 0, 0];
    let mut frame = vec![0u64; 16];
    frame[uops::layout::FRAME_LOCALS as usize / 8 + 1] = object.as_mut_ptr() as u64;
    let mut native = vec![0u64; 8];
    let cx = native.as_mut_ptr() as u64 + 64;
    native[(64 + uops::layout::CX_FRAME) as usize / 8] = frame.as_mut_ptr() as u64;
    let text = "\
root code=0x1 entry=f64:slot0
  v0 = load_slot 8
  guard_type v0, 0x7000 ; s0
  incref v0
  v3 = entry_f64 0
  v4 = box_f64 v3
  v5 = escape 3, 9, v4 ; s1
  decref_dead v0
  decref_dead v0
  exit ; s2
s0: before c0@0 [=, =]
s1: during c0@0 [v4:steal, v0:borrow]
s2: before c0@0 [v5:steal, =]
";
    let mut host = Log { result: 77, ..Log::default() };
    let exit = run(text, cx, &[2.5f64.to_bits()], &mut host, 0).unwrap();
    assert_eq!((exit.at, exit.values[5]), (ValueId(8), 77));
    assert_eq!(host.escapes, [(3, 9, vec![77, object.as_ptr() as u64])]);
    let calls: Vec<Uop> = host.calls.iter().map(|c| c.0).collect();
    assert_eq!(calls, [Uop::BoxF64, Uop::DeallocHarmless]);
    assert_eq!(object[0] as u32, 0);

    object[0] = 1;
    let mut host = Log::default();
    let exit = run(text, cx, &[0], &mut host, 0).unwrap();
    assert_eq!(exit.at, ValueId(5), "an escape that fails leaves the trace");
}
