//! The loop's start: label, phis, and what the body knows of them.
use std::collections::{BTreeMap, BTreeSet};

use ir::{FieldStore, Inst, Kind, Uop, ValueId};

use super::plan::{Place, Plan, Planned, twin};
use crate::Reason;
use crate::heap::{Write, may_change};
use crate::state::{Key, Optimizer};
use crate::virtuals::Val;

/// Emits label and phis as planned and sets the state at the start of the body. The number of phis.
pub(super) fn enter_loop(o: &mut Optimizer<'_>, places: &mut [Planned], written: &[Write]) -> Result<usize, Reason> {
    // A box that the loop carries as an object is made before it.
    for p in places.iter() {
        if matches!(p.plan, Plan::Object { .. }) {
            o.force(p.first)?;
        }
    }
    // The facts planned must hold of the values that enter, too.
    let mut firsts = Vec::new();
    let mut shared = BTreeSet::new();
    for p in places.iter_mut() {
        match &mut p.plan {
            Plan::Raw(_, range) => {
                let Val::Virtual(n) = o.norm(p.first) else { return Err(Reason::JumpState) };
                let raw = o.st.virtuals[n as usize].raw;
                *range = range.widen(o.range(raw));
                // Slots that share a box share its phi, and so one object.
                if shared.insert(n) {
                    firsts.push(raw);
                }
            }
            Plan::RangeIter(start, len) => {
                let Some([s, l, _]) = o.as_virtual(p.first).and_then(|v| v.fields()) else {
                    return Err(Reason::Pending);
                };
                (*start, *len) = (start.widen(o.range(s)), len.widen(o.range(l)));
                firsts.extend([s, l]);
            }
            Plan::Scalar(c) => {
                let v = o.force(p.first)?;
                c.range = c.range.widen(o.range(v));
                firsts.push(v);
            }
            Plan::Object { ty, non_null, twin: t } => {
                let v = o.force(p.first)?;
                firsts.push(v);
                let info = *o.info(v);
                *ty = ty.filter(|_| info.ty == *ty);
                *non_null &= info.non_null;
                if let Some(c) = t {
                    match twin(o, v, c.kind) {
                        Some(raw) => {
                            c.range = c.range.widen(o.range(raw));
                            firsts.push(raw);
                        }
                        None => *t = None,
                    }
                }
            }
            Plan::Same | Plan::Unknown => {}
        }
    }
    o.st.heap.retain(|(key, _)| !written.iter().any(|&w| may_change(key, w)));
    o.forget_inputs();
    o.push(Uop::Label, &firsts, [0; 2])?;
    let phis: Vec<ValueId> = firsts.iter().enumerate().map(|(n, &v)| push_phi(o, o.kind(v), n)).collect();

    let mut boxes: BTreeMap<u32, Val> = BTreeMap::new();
    let mut next = 0;
    for p in places.iter_mut() {
        p.inside = match p.plan {
            Plan::Same => o.norm(p.first),
            Plan::Unknown => p.first,
            Plan::Raw(kind, range) => {
                let Some(n) = p.virtual_box() else { return Err(Reason::JumpState) };
                match boxes.get(&n) {
                    Some(&v) => {
                        o.incref(v)?;
                        v
                    }
                    None => {
                        let raw = phis[next];
                        next += 1;
                        o.info_mut(raw).range = range;
                        let v = o.new_virtual(kind, raw);
                        boxes.insert(n, v);
                        v
                    }
                }
            }
            Plan::RangeIter(start, len) => {
                let [.., step] = o.as_virtual(p.first).and_then(|v| v.fields()).ok_or(Reason::Pending)?;
                let [s, l] = [phis[next], phis[next + 1]];
                next += 2;
                (o.info_mut(s).range, o.info_mut(l).range) = (start, len);
                o.new_range_iter([s, l, step])?
            }
            Plan::Scalar(c) => {
                next += 1;
                o.info_mut(phis[next - 1]).range = c.range;
                Val::Id(phis[next - 1])
            }
            Plan::Object { ty, non_null, twin } => {
                let v = phis[next];
                next += 1;
                let raw = twin.map(|c| {
                    next += 1;
                    o.info_mut(phis[next - 1]).range = c.range;
                    phis[next - 1]
                });
                let info = o.info_mut(v);
                (info.ty, info.non_null, info.twin) = (ty, non_null, raw);
                Val::Id(v)
            }
        };
        p.fields = o.as_virtual(p.inside).and_then(|v| v.fields());
        match (&p.place, &p.plan) {
            (Place::Slot(offset), plan) => {
                let known = !matches!(plan, Plan::Unknown);
                let slot = o.st.slots.get_mut(*offset).expect("places come from it");
                slot.value = known.then_some(p.inside);
            }
            (Place::Memory(_), Plan::Unknown) => {}
            (Place::Memory(key), _) => {
                let v = o.force(p.inside)?;
                o.st.remember(*key, Some(v));
            }
        }
    }
    for n in 0..o.st.pending.len() {
        let FieldStore { object, offset, .. } = o.st.pending[n];
        let key = Key::new(Uop::LoadFieldI64, &[object], [offset.into(), 0]);
        let held = o.st.heap.iter().find(|(k, _)| *k == key).and_then(|(_, v)| *v);
        o.st.pending[n].value = held.ok_or(Reason::Pending)?;
    }
    Ok(phis.len())
}

fn push_phi(o: &mut Optimizer<'_>, kind: Kind, index: usize) -> ValueId {
    let op = match kind {
        Kind::I64 => Uop::PhiI64,
        Kind::F64 => Uop::PhiF64,
        _ => Uop::PhiObj,
    };
    o.push_inst(Inst::new(op, &[]).imm(index as u64))
}
