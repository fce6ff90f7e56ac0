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

/// The escape iteration of one point, `z = z * z + c` until `|z| > 2`.
const MANDELBROT: &str = "\
root code=0x1
  va = load_slot 0
  vcr = unbox_f64 va
  vb = load_slot 8
  vci = unbox_f64 vb
  vz = const_f64 0.0
  vn = const_i64 0
  label vz, vz, vn
  vr = phi_f64 0
  vi = phi_f64 1
  vk = phi_i64 2
  vlimit = const_i64 200
  guard_int_lt vk, vlimit ; s0
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
  jump vr2, vi2, vk2
s0: before c0@4 [=, =, box_i64 vk]
s1: before c0@5 [=, =, box_i64 vk, box_f64 vr, box_f64 vi]
";

#[test]
fn mandelbrot() {
    for options in all_options() {
        let mut m = Machine::new(options);
        let point = [-0.75f64, 0.02];
        let objects = point.map(|p| Box::new([1, 0, p.to_bits()]));
        m.set_local(0, objects[0].as_ptr() as u64);
        m.set_local(1, objects[1].as_ptr() as u64);
        let root = m.root(MANDELBROT);
        let left = m.run(root);
        let (mut r, mut i, mut k) = (0.0f64, 0.0f64, 0);
        while k < 200 && r * r + i * i <= 4.0 {
            (r, i) = (r * r - i * i + point[0], (r * i + r * i) + point[1]);
            k += 1;
        }
        assert_eq!(left.snapshot, 1);
        let values: Vec<u64> = left.values.values().copied().collect();
        assert_eq!(values, [r.to_bits(), i.to_bits(), k], "{}", m.dump(root));
    }
}

/// `for x in items: s += x`, guarded; boxes each partial sum and releases the last.
const LIST_SUM: &str = "\
root code=0x1
  vlist = load_slot 0
  guard_type vlist, 0x2222 ; s0
  vzero = const_i64 0
  label vzero, vzero
  vi = phi_i64 0
  vs = phi_i64 1
  vn = list_len vlist
  guard_in_range vi, vn ; s1
  vitems = list_items vlist
  vx = load_item vitems, vi
  guard_type vx, 0x1111 ; s1
  guard_compact vx ; s1
  incref vx
  vv = unbox_compact vx
  vt = int_add vs, vv ; s1
  vold = load_slot 8
  decref_alive vold
  store_slot vx, 8
  vbox = box_i64 vt
  decref_dead vx
  incref vx
  vone = const_i64 1
  vj = int_add_nowrap vi, vone
  guard_eval_breaker 0 ; s2
  jump vj, vt
s0: before c0@2 [=, =]
s1: before c0@4 [=, box_i64 vi, box_i64 vs]
s2: before c0@4 [=, vbox:steal, box_i64 vt]
";

#[test]
fn list_sum() {
    for options in all_options() {
        let mut m = Machine::new(options);
        let values = [5i64, -3, 0, 1 << 29, 17];
        let ints = values.map(int_object);
        let items: Vec<u64> = ints.iter().map(|i| i.as_ptr() as u64).collect();
        let list = [1, 0x2222, items.len() as u64, items.as_ptr() as u64];
        m.set_local(0, list.as_ptr() as u64);
        m.set_local(1, items[0]);
        let root = m.root(LIST_SUM);
        // The first slot value is the first item, owned by slot and list.
        // SAFETY: the object is ours, and no other reference to it is live.
        unsafe { *(items[0] as *mut u64) += 1 };
        let left = m.run(root);
        let context = m.dump(root);
        assert_eq!(left.snapshot, 1, "{context}");
        assert_eq!(left.values.values().copied().collect::<Vec<_>>(), [5, values.iter().sum::<i64>() as u64]);
        // Each item once in the list; the last one in the slot as well.
        let counts = items.iter().map(|&i| {
            // SAFETY: as above.
            unsafe { *(i as *const u64) }
        });
        assert_eq!(counts.collect::<Vec<_>>(), [1, 1, 1, 1, 2], "{context}");
        assert_eq!(m.local(1), items[4]);
        let boxed: Vec<u64> = m.calls().iter().map(|c| c.1).collect();
        assert_eq!(boxed, [5, 2, 2, 2 + (1 << 29), 19 + (1 << 29)]);
    }
}

#[test]
fn a_slot_is_overwritten_and_what_it_held_released() {
    for options in all_options() {
        let mut m = Machine::new(options);
        let objects = [int_object(1), int_object(2), int_object(3)];
        let [a, b, c] = [0, 1, 2].map(|n: usize| objects[n].as_ptr() as u64);
        // SAFETY: our own objects; c is immortal.
        unsafe { *(c as *mut u32) = 0xC000_0000 };
        m.set_local(0, a);
        m.set_local(1, b);
        // Borrowed.
        m.set_local(2, b | 1);
        let root = m.root(&format!(
            "root code=0x1
  va = load_slot 0
  vb = load_slot 8
  vc = const_obj {c:#x}
  vx = const_i64 41
  vy = int_neg vx ; s0
  incref vb
  vh = slot_reference 0, {c:#x}
  store_slot vb, 0
  decref_dead vh
  vk = slot_reference 16, {c:#x}
  store_slot va, 16
  decref_dead vk
  decref_dead vb
  exit ; s0
s0: before c0@0 [va:new, vb:new, vc:new, box_i64 vx]
"
        ));
        let left = m.run(root);
        assert_eq!((m.local(0), m.local(2)), (b, a));
        assert_eq!(m.calls(), [(ir::Uop::DeallocHarmless, a)]);
        // SAFETY: our own objects.
        let counts = [a, b, c].map(|p| unsafe { *(p as *const u32) });
        assert_eq!(counts, [0, 1, 0xC000_0000]);
        assert_eq!(left.values.values().copied().collect::<Vec<_>>(), [a, b, c, 41]);
    }
}

/// Twenty-four values alive around a helper call, more than there are registers.
#[test]
fn many_values() {
    use std::fmt::Write;
    for options in all_options() {
        let mut text = String::from("root code=0x1\n  va = load_slot 0\n");
        for n in 0..24 {
            writeln!(text, "  vi{n} = load_field_i64 va, {}\n  vf{n} = int_to_float vi{n} ; s0", 8 * n).unwrap();
        }
        text.push_str("  vbox = box_i64 vi3\n");
        for n in 0..23 {
            writeln!(text, "  vj{n} = int_sub_nowrap vi{}, vi{n}", 23 - n).unwrap();
            writeln!(text, "  vg{n} = float_sub vf{}, vf{n}", 23 - n).unwrap();
        }
        text.push_str("  exit ; s1\ns0: before c0@0 []\ns1: before c0@0 [vbox:steal");
        for n in 0..23 {
            write!(text, ", box_i64 vj{n}, box_f64 vg{n}").unwrap();
        }
        text.push_str("]\n");
        let mut m = Machine::new(options);
        let fields: Vec<u64> = (0..24u64).map(|n| n * n + 1).collect();
        m.set_local(0, fields.as_ptr() as u64);
        let root = m.root(&text);
        let left = m.run(root);
        let found: Vec<u64> = left.values.values().copied().collect();
        let mut expected = vec![fields[3] << 4 | 1];
        for n in 0..23 {
            let d = fields[23 - n].wrapping_sub(fields[n]);
            expected.extend([d, (d as i64 as f64).to_bits()]);
        }
        assert_eq!(found, expected, "{}", m.dump(root));
    }
}

#[test]
fn escapes_keep_registers_and_may_leave() {
    const TEXT: &str = "\
root code=0x1
  va = load_slot 0
  vx = load_field_i64 va, 0
  vf = unbox_f64 va
  vk = const_i64 5
  ve = escape 3, 0x123456789a, va, vk, vx ; s0
  vg = escape 4, 0, ve ; s0
  vy = int_add vx, vk ; s1
  vh = float_add vf, vf
  exit ; s2
s0: during c0@3 [va:new, box_i64 vk, box_f64 vf]
s1: before c0@4 []
s2: before c0@5 [box_i64 vy, box_f64 vh, ve:steal, vg:steal]
";
    for options in all_options() {
        let mut m = Machine::new(options);
        let object = Box::new([70u64, 0, 1.5f64.to_bits()]);
        let a = object.as_ptr() as u64;
        m.set_local(0, a);
        let root = m.root(TEXT);
        m.escape_results(&[0xE1, 0xE2]);
        let left = m.run(root);
        assert_eq!(left.snapshot, 2);
        let found: Vec<u64> = left.values.values().copied().collect();
        assert_eq!(found, [0xE1, 0xE2, 75, 3.0f64.to_bits()], "{}", m.dump(root));
        let seen = m.escaped();
        assert_eq!(seen.len(), 2);
        assert_eq!((seen[0].helper, seen[0].arg), (3, 0x12_3456_789a));
        assert_eq!(seen[0].operands, [a, 5, 70]);
        assert_eq!(seen[0].values.values().copied().collect::<Vec<_>>(), [a, 1.5f64.to_bits(), 5]);
        assert_eq!((seen[1].helper, &seen[1].operands[..]), (4, &[0xE1][..]));
        // The second one leaves: the executor returns the status.
        m.escape_results(&[0xE1]);
        assert_eq!(m.enter(root), 77);
        assert_eq!(m.escaped().len(), 2);
    }
}

#[test]
fn null_helpers_leave_with_everything_in_place() {
    const TEXT: &str = "\
root code=0x1
  va = load_slot 0
  vx = load_field_i64 va, 0
  vo = load_slot 8
  vr = big_int_op va, vo, 13 ; s0
  vs = big_int_op vr, vo, 7 ; s1
  exit ; s2
s0: before c0@3 [va:new, box_i64 vx]
s1: before c0@4 [vo:new, vr:steal, box_i64 vx]
s2: before c0@5 [vs:steal, box_i64 vx]
";
    for options in all_options() {
        let mut m = Machine::new(options);
        let object = Box::new([70u64]);
        let a = object.as_ptr() as u64;
        m.set_local(0, a);
        let root = m.root(TEXT);
        // The test's helper is (a ^ b << 1) * op - 1, null where op is 7 and b is 8.
        m.set_local(1, 0x100);
        let r = ((a ^ 0x200) * 13).wrapping_sub(1);
        let s = ((r ^ 0x200).wrapping_mul(7)).wrapping_sub(1);
        let left = m.run(root);
        assert_eq!(left.values.values().copied().collect::<Vec<_>>(), [70, s]);
        m.set_local(1, 8);
        let r = ((a ^ 16) * 13).wrapping_sub(1);
        let left = m.run(root);
        assert_eq!(left.snapshot, 1);
        assert_eq!(left.values.values().copied().collect::<Vec<_>>(), [70, 8, r], "{}", m.dump(root));
    }
}

/// A root that exits with a value in every kind of place, patched to a bridge that links back to a second root.
#[test]
fn bridges_and_links() {
    const ROOT: &str = "\
root code=0x1
  va = load_slot 0
  vx = load_field_i64 va, 0
  vy = load_field_i64 va, 8
  vf = unbox_f64 va
  vbox = box_f64 vf
  vk = const_i64 1000
  guard_int_lt vx, vk ; s0
  exit ; s1
s0: before c0@3 [box_i64 vx, box_i64 vy, box_f64 vf, vbox:new, box_i64 vk, box_i64 vx]
s1: before c0@4 []
";
    const TARGET: &str = "\
root code=0x1 entry=i64:slot0,f64:slot1,obj:slot2,i64:slot3
  vi = entry_i64 0
  vf = entry_f64 1
  vo = entry_obj 2
  vunused = entry_i64 3
  vone = const_i64 1
  vj = int_add vi, vone ; s0
  exit ; s0
s0: before c0@9 [box_i64 vi, box_f64 vf, vo:steal]
";
    for options in all_options() {
        let mut m = Machine::new(options);
        let object = Box::new([5000u64, 7, 2.5f64.to_bits()]);
        m.set_local(0, object.as_ptr() as u64);
        let boxed = 2.5f64.to_bits() ^ 0xF0F0;
        let root = m.root(ROOT);
        let target = m.root(TARGET);
        let left = m.run(root);
        assert_eq!((left.executor, left.snapshot), (root, 0));
        // By value number: x, y, f, the box, k.
        let expected = [5000, 7, 2.5f64.to_bits(), boxed, 1000];
        assert_eq!(left.values.values().copied().collect::<Vec<_>>(), expected);

        // The bridge takes them where they are, the same value twice.
        let exit = m.executors[root].exit_values(0).collect::<Vec<_>>();
        let of = |n: usize| exit.iter().find(|(v, _)| v.0 == [1, 2, 3, 4, 5][n]).expect("it is there").1;
        let entry = vec![of(0), of(1), of(2), of(3), of(4), of(0)];
        let bridge = m.compile(
            &format!(
                "bridge parent=0 exit=0 code=0x1 entry=i64:v1,i64:v2,f64:v3,obj:v4,i64:v5,i64:v1
  vx = entry_i64 0
  vy = entry_i64 1
  vf = entry_f64 2
  vbox = entry_obj 3
  vk = entry_i64 4
  vx2 = entry_i64 5
  vs = int_add vx, vy ; s0
  vt = int_mul vx2, vk ; s0
  vg = float_add vf, vf
  vu = int_sub vt, vs ; s0
  guard_int_ne vu, vk ; s0
  link {target}, vu, vg, vbox, vs ; s1
s0: before c0@3 [box_i64 vx, box_i64 vy, box_f64 vf, vbox:new, box_i64 vk, box_i64 vx2]
s1: before c0@7 [box_i64 vu, box_f64 vg, vbox:steal, box_i64 vs]
"
            ),
            Some(entry),
        );
        let Machine { arena, executors, .. } = &mut m;
        arena.patch_exit(&executors[root], 0, executors[bridge].entry).unwrap();
        let left = m.run(root);
        let context = m.dump(bridge);
        assert_eq!((left.executor, left.snapshot), (target, 0), "{context}");
        let expected = [5_000_000 - 5007, 5.0f64.to_bits(), boxed];
        assert_eq!(left.values.values().copied().collect::<Vec<_>>(), expected, "{context}");

        // Unpatched, the exit reports again.
        let Machine { arena, executors, .. } = &mut m;
        arena.unpatch_exit(&executors[root], 0, 0).unwrap();
        assert_eq!(m.run(root).executor, root);

        // Without a target a link is an exit.
        let lost = m.compile(
            "root code=0x1
  va = load_slot 0
  vx = load_field_i64 va, 8
  link 99, vx ; s0
s0: before c0@7 [box_i64 vx]
",
            None,
        );
        let left = m.run(lost);
        assert_eq!((left.snapshot, left.uop), (0, ir::Uop::Link));
        assert_eq!(left.values.values().copied().collect::<Vec<_>>(), [7]);
    }
}

/// Phis that trade places, one in more iterations than it has registers for.
#[test]
fn phis_rotate() {
    use std::fmt::Write;
    for options in all_options() {
        let n = 20;
        let mut text = String::from("root code=0x1\n  va = load_slot 0\n");
        for k in 0..n {
            writeln!(text, "  vi{k} = load_field_i64 va, {}", 8 * k).unwrap();
        }
        let list =
            |p: &str, from: usize| (0..n).map(|k| format!("v{p}{}", (k + from) % n)).collect::<Vec<_>>().join(", ");
        writeln!(text, "  vzero = const_i64 0\n  label {}, vzero", list("i", 0)).unwrap();
        for k in 0..n {
            writeln!(text, "  vp{k} = phi_i64 {k}").unwrap();
        }
        writeln!(
            text,
            "  vc = phi_i64 {n}\n  vlimit = const_i64 7\n  guard_int_lt vc, vlimit ; s0\n  vone = const_i64 1
  vd = int_add_nowrap vc, vone\n  jump {}, vd",
            list("p", 3)
        )
        .unwrap();
        let slots = (0..n).map(|k| format!("box_i64 vp{k}")).collect::<Vec<_>>().join(", ");
        writeln!(text, "s0: before c0@0 [{slots}]").unwrap();
        let mut m = Machine::new(options);
        let fields: Vec<u64> = (0..n as u64).map(|k| 100 + k).collect();
        m.set_local(0, fields.as_ptr() as u64);
        let root = m.root(&text);
        let left = m.run(root);
        let expected: Vec<u64> = (0..n as u64).map(|k| 100 + (k + 21) % n as u64).collect();
        assert_eq!(left.values.values().copied().collect::<Vec<_>>(), expected, "{}", m.dump(root));
    }
}

#[test]
fn the_arena_is_reused_and_capped() {
    let mut m = Machine::new(codegen::Options::default());
    let before = m.arena.used();
    let first = m.root(SQUARES);
    let entry = m.executors[first].entry;
    let activation = m.arena.begin_activation();
    m.arena.retire(m.executors[first].code, first as u32);
    let second = m.root(SQUARES);
    assert_ne!(m.executors[second].entry, entry, "somebody may still be in the first");
    m.arena.end_activation(activation);
    let third = m.root(SQUARES);
    assert_eq!(m.executors[third].entry, entry);
    for e in [second, third] {
        m.arena.retire(m.executors[e].code, e as u32);
    }
    assert_eq!(m.arena.used(), before);
    assert!(m.arena.is_settled());
    let trace = ir::Trace::parse(SQUARES).unwrap();
    let error = loop {
        if let Err(e) = m.try_compile(&trace, None) {
            break e;
        }
    };
    assert_eq!(error, codegen::CompileError::ArenaFull);
    assert!(m.arena.used() <= m.arena.size());
}
