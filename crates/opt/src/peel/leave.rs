//! The loop's end against its plan.
use std::collections::BTreeMap;

use ir::ValueId;

use super::growth;
use super::plan::{Carried, Place, Plan, Planned, alone, carried, last_value, twin, weaker};
use crate::Reason;
use crate::state::Optimizer;
use crate::virtuals::{BoxKind, Val};

/// Compares the body's end with the plan: the jump's operands, or a weaker plan in `places` and `None`.
pub(super) fn leave_loop(o: &mut Optimizer<'_>, places: &mut [Planned]) -> Result<Option<Vec<ValueId>>, Reason> {
    if growth::take_back(o, places) {
        return Ok(None);
    }
    // Objects first: a box that one place carries as an object exists for all.
    for p in places.iter().filter(|p| matches!(p.plan, Plan::Object { .. })) {
        if let Some(last) = last_value(o, &p.place) {
            o.force(last)?;
        }
    }
    let lasts: Vec<Option<Val>> = places.iter().map(|p| last_value(o, &p.place)).collect();
    let mut agreed = true;
    // The box that each shared box of the preamble's end became.
    let mut shared: BTreeMap<u32, Val> = BTreeMap::new();
    let mut next = Vec::new();
    for n in 0..places.len() {
        let stale = matches!(places[n].place, Place::Slot(s) if o.st.slots[s].stale);
        if stale != places[n].stale {
            return Err(Reason::JumpState);
        }
        let Some(last) = lasts[n] else {
            if !matches!(places[n].plan, Plan::Unknown) {
                places[n].plan = Plan::Unknown;
                agreed = false;
            }
            continue;
        };
        let weakened = match places[n].plan.clone() {
            Plan::Unknown if stale => return Err(Reason::JumpState),
            Plan::Unknown => None,
            Plan::Same if o.is_untouched(&places[n], last) || o.same_box(&places[n], last, &lasts) => None,
            Plan::Same => {
                places[n].varies = true;
                match (places[n].virtual_box(), o.as_virtual(last)) {
                    (Some(_), Some(_)) if alone(places, n) => Some(weaker(o, &places[n])),
                    (Some(first), _) => {
                        carry_objects(o, places, &[first]);
                        agreed = false;
                        None
                    }
                    (None, _) => Some(weaker(o, &places[n])),
                }
            }
            // Nothing changed it: no phi is needed.
            Plan::Raw(..) | Plan::RangeIter(..) | Plan::Scalar(_) | Plan::Object { .. }
                if !places[n].varies
                    && alone(places, n)
                    && (o.is_untouched(&places[n], last)
                        || last == o.norm(places[n].first)
                        || o.same_box(&places[n], last, &lasts)) =>
            {
                places[n].varies = true;
                Some(Plan::Same)
            }
            Plan::Raw(kind, range) => {
                let Some(group) = places[n].virtual_box() else { return Err(Reason::JumpState) };
                match (o.as_virtual(last), shared.get(&group)) {
                    // Already passed with another slot of the group.
                    (Some(_), Some(&other)) if other == last => None,
                    (Some(v), None) if v.kind == kind && !shared.values().any(|&v| v == last) => {
                        shared.insert(group, last);
                        next.push(v.raw);
                        let found = o.range(v.raw);
                        (!found.within(range)).then(|| Plan::Raw(kind, range.widen(found)))
                    }
                    _ => {
                        // Slots that share an object at one end only, or a box that exists: carry the objects.
                        let sharing = (0..places.len()).filter(|&m| lasts[m] == Some(last));
                        let mut boxes: Vec<u32> = sharing.filter_map(|m| places[m].virtual_box()).collect();
                        boxes.push(group);
                        carry_objects(o, places, &boxes);
                        agreed = false;
                        None
                    }
                }
            }
            Plan::RangeIter(start, len) => match (o.as_virtual(last).and_then(|v| v.fields()), places[n].fields) {
                (Some([s, l, step]), Some([.., same])) if step == same => {
                    next.extend([s, l]);
                    let (s, l) = (o.range(s), o.range(l));
                    let fits = s.within(start) && l.within(len);
                    (!fits).then(|| Plan::RangeIter(start.widen(s), len.widen(l)))
                }
                _ => return Err(Reason::Pending),
            },
            Plan::Scalar(c) => {
                let v = o.force(last)?;
                next.push(v);
                if o.kind(v) != c.kind {
                    return Err(Reason::JumpState);
                }
                let found = o.range(v);
                (!found.within(c.range)).then(|| Plan::Scalar(Carried { range: c.range.widen(found), ..c }))
            }
            Plan::Object { ty, non_null, twin: t } => {
                let v = o.force(last)?;
                next.push(v);
                let mut plan = (ty, non_null, t);
                let found = *o.info(v);
                let mut changed = false;
                if ty.is_some() && found.ty != ty {
                    plan.0 = None;
                    changed = true;
                }
                if non_null && !found.non_null {
                    plan.1 = false;
                    changed = true;
                }
                if let Some(c) = t {
                    match twin(o, v, c.kind) {
                        Some(raw) => {
                            next.push(raw);
                            let found = o.range(raw);
                            if !found.within(c.range) {
                                plan.2 = Some(Carried { range: c.range.widen(found), ..c });
                                changed = true;
                            }
                        }
                        None => {
                            plan.2 = None;
                            changed = true;
                        }
                    }
                }
                changed.then_some(Plan::Object { ty: plan.0, non_null: plan.1, twin: plan.2 })
            }
        };
        if let Some(plan) = weakened {
            places[n].plan = plan;
            agreed = false;
        }
    }
    Ok(agreed.then_some(next))
}

/// Places that carry an object although the iteration ends with a box that nothing else needs.
pub(super) fn boxes_carried(o: &Optimizer<'_>, places: &[Planned]) -> usize {
    let as_object = |p: &&Planned| matches!(p.plan, Plan::Object { .. }) && p.virtual_box().is_none();
    let boxed = |p: &Planned| last_value(o, &p.place).and_then(|v| o.as_virtual(v));
    places.iter().filter(as_object).filter_map(boxed).filter(|v| !matches!(v.kind, BoxKind::Bool(_))).count()
}

impl Optimizer<'_> {
    /// Whether the iteration ends with the very value that it began with, as it was.
    fn is_untouched(&self, p: &Planned, last: Val) -> bool {
        last == p.inside && self.as_virtual(last).and_then(|v| v.fields()) == p.fields
    }

    /// Whether the iteration ends with a box of the very value that the loop was entered with, in this place alone.
    fn same_box(&self, p: &Planned, last: Val, lasts: &[Option<Val>]) -> bool {
        let same = match (self.as_virtual(p.first), self.as_virtual(last)) {
            (Some(a), Some(b)) => a.kind == b.kind && a.raw == b.raw && a.rest == b.rest,
            _ => false,
        };
        same && lasts.iter().filter(|&&l| l == Some(last)).count() == 1
    }
}

/// Plans that every place with one of these boxes carries the object.
fn carry_objects(o: &Optimizer<'_>, places: &mut [Planned], boxes: &[u32]) {
    for p in places {
        if let Some(n) = p.virtual_box().filter(|n| boxes.contains(n))
            && matches!(p.plan, Plan::Raw(..) | Plan::Same)
        {
            let v = o.st.virtuals[n as usize];
            let ty = Some(o.virtual_type(v.kind));
            let twin = if v.rest.is_none() { carried(o, v.raw) } else { None };
            p.plan = Plan::Object { ty, non_null: true, twin };
        }
    }
}
