//! Runs a trace on a machine's own heap and frame, and puts the machine where the trace is left.
use std::collections::HashMap;

use exec::{Escape, Exit, Host};
use ir::{Count, Resume, SlotVal, SnapId, Source, Trace, Uop, ValueId};

use super::heap::Value;
use super::{LOCALS, Machine};

pub struct Native<'a> {
    pub machine: &'a mut Machine,
    /// The trace is left by this uop, in this iteration of its loop, whether or not something fails there.
    pub leave: Option<(ValueId, u64)>,
}

impl Native<'_> {
    /// The object for one slot of a snapshot and whether the slot owns it; boxes are made once each.
    fn slot(
        &mut self,
        slot: SlotVal,
        value: &dyn Fn(ValueId) -> u64,
        boxes: &mut HashMap<ValueId, u64>,
    ) -> (u64, bool) {
        let heap = &mut self.machine.heap;
        let object = match slot.source {
            Source::Value(v) => {
                if slot.count == Count::New {
                    heap.incref(value(v));
                }
                return (value(v), slot.count != Count::Borrow);
            }
            Source::BoxI64(v) | Source::BoxF64(v) => {
                if let Some(&object) = boxes.get(&v) {
                    heap.incref(object);
                    return (object, true);
                }
                let object = match slot.source {
                    Source::BoxI64(_) => heap.int((value(v) as i64).into()),
                    _ => heap.float(f64::from_bits(value(v))),
                };
                boxes.insert(v, object);
                object
            }
            Source::BoxBool(v) => heap.bool_(value(v) != 0),
            Source::Const(object) => {
                heap.incref(object);
                object
            }
            Source::Unchanged | Source::Null | Source::RangeIter { .. } => panic!("{slot} is nothing to write"),
        };
        (object, true)
    }

    fn write_locals(
        &mut self,
        trace: &Trace,
        snap: SnapId,
        value: &dyn Fn(ValueId) -> u64,
        boxes: &mut HashMap<ValueId, u64>,
    ) {
        let mut stale = Vec::new();
        for n in 0..LOCALS {
            let slot = trace.snapshot(snap).frame(0).slots.get(n);
            if slot.source == Source::Unchanged {
                continue;
            }
            let (object, owned) = self.slot(slot, value, boxes);
            assert!(owned, "a local owns its value");
            stale.push(std::mem::replace(self.machine.local_mut(n), object));
        }
        for object in stale {
            self.machine.heap.decref(object);
        }
    }

    /// Puts the machine where the trace was left.
    pub fn leave(&mut self, trace: &Trace, exit: &Exit) {
        let value = |v: ValueId| exit.values[v.0 as usize];
        let mut boxes = HashMap::new();
        let frame = trace.snapshot(exit.snap).frame(0);
        let stack: Vec<(u64, bool)> =
            frame.slots.iter().skip(LOCALS).map(|s| self.slot(s, &value, &mut boxes)).collect();
        self.machine.stack = stack;
        self.machine.pc = frame.pc as usize;
        if trace.snapshot(exit.snap).resume == Resume::During {
            // The escape wrote the locals.
            self.machine.stack.push((value(exit.at), true));
            self.machine.pc += 1;
        } else {
            self.write_locals(trace, exit.snap, &value, &mut boxes);
        }
    }
}

impl Host for Native<'_> {
    fn leaves(&mut self, at: ValueId, iterations: u64) -> bool {
        self.leave == Some((at, iterations))
    }

    fn call(&mut self, op: Uop, args: &[u64], _imms: [u64; 2]) -> u64 {
        let heap = &mut self.machine.heap;
        match op {
            Uop::BoxI64 => heap.int((args[0] as i64).into()),
            Uop::BoxF64 => heap.float(f64::from_bits(args[0])),
            Uop::IntFitsI64 => match heap.value(args[0]) {
                Value::Int(x) => i64::try_from(x).is_ok().into(),
                other => panic!("int_fits_i64 of {other:?}"),
            },
            Uop::UnboxWideInt => match heap.value(args[0]) {
                Value::Int(x) => i64::try_from(x).expect("it was checked") as u64,
                other => panic!("unbox_wide_int of {other:?}"),
            },
            Uop::DeallocHarmless => {
                heap.dealloc(args[0]);
                0
            }
            _ => panic!("{op:?}: no such helper here"),
        }
    }

    fn escape(&mut self, site: &Escape<'_>, value: &dyn Fn(ValueId) -> u64) -> Option<u64> {
        for slot in site.trace.snapshot(site.snap).frame(0).slots.iter() {
            let made = matches!(slot.source, Source::BoxI64(_) | Source::BoxF64(_) | Source::BoxBool(_));
            assert!(!made && slot.count != Count::New, "an escape sees only what exists and is owned");
        }
        let frame = site.trace.snapshot(site.snap).frame(0);
        let stack = frame.slots.iter().skip(LOCALS);
        self.machine.stack = stack.map(|s| self.slot(s, value, &mut HashMap::new())).collect();
        self.machine.pc = frame.pc as usize + 1;
        self.write_locals(site.trace, site.snap, value, &mut HashMap::new());
        let result = self.machine.opaque(site.operands[0]);
        // The trace has it.
        self.machine.stack.clear();
        if site.arg & 1 != 0 {
            self.machine.heap.decref(site.operands[0]);
        }
        Some(result)
    }
}
