//! Loops: the preamble, the phis and the body.
//!
//! A *place* is something whose value the preamble's end knows: a slot, or memory that a load remembers. The plan
//! says how each place's value reaches the body. It starts hopeful (unboxed, invariant) and is weakened until the
//! body's end delivers what its start assumed:
//!
//! ```text
//! Same  ->  Raw (a virtual box: only its raw value is carried)
//!       ->  Object (with the facts and the raw twin that both ends know, each dropped when one end does not)
//!       ->  Unknown (memory is right: load it again)
//! ```
mod reach;

use std::collections::{BTreeMap, BTreeSet};

use ir::{EntrySource, FieldStore, Inst, Kind, Trace, Uop, ValueId};

use crate::facts::{Info, Range};
use crate::heap::{Write, may_change, writes};
use crate::state::{Key, Optimizer, State};
use crate::virtuals::{BoxKind, Val};
use crate::workspace::Workspace;
use crate::{Oracle, Reason};

/// Iterations peeled at most. A value that moves through several variables (`a, b = b, a + b`) is unboxed in all of
/// them only after as many iterations.
const MAX_COPIES: usize = 3;
/// Rounds until the plan is given up. Each round weakens at least one place; real loops need two or three.
const MAX_ROUNDS: usize = 16;

/// A phi: what enters the loop, and what is known of it in every iteration.
#[derive(Clone, Copy, Debug)]
struct Carried {
    kind: Kind,
    range: Range,
}

#[derive(Clone, Debug)]
enum Plan {
    /// The same value in every iteration.
    Same,
    /// The raw value of a virtual box.
    Raw(BoxKind, Range),
    /// A virtual range iterator: its start and length are carried, its step is the same.
    RangeIter(Range, Range),
    /// A raw value itself.
    Scalar(Carried),
    Object {
        ty: Option<u64>,
        non_null: bool,
        twin: Option<Carried>,
    },
    /// Loaded again where needed.
    Unknown,
}

#[derive(Clone, Debug)]
enum Place {
    Slot(u64),
    Memory(Key),
}

struct Planned {
    place: Place,
    /// At the end of the preamble.
    first: Val,
    plan: Plan,
    /// In the body.
    inside: Val,
    /// Of a virtual range iterator, its fields at the start of the body.
    fields: Option<[ValueId; 3]>,
    /// `Same` was tried and failed.
    varies: bool,
    /// Whether memory was stale at the end of the preamble.
    stale: bool,
}

impl Planned {
    fn new(place: Place, first: Val) -> Self {
        Self { place, first, plan: Plan::Same, inside: first, fields: None, varies: false, stale: false }
    }

    /// The virtual box it had at the end of the preamble.
    fn virtual_box(&self) -> Option<u32> {
        match self.first {
            Val::Virtual(n) => Some(n),
            Val::Id(_) => None,
        }
    }
}

/// Optimizes a trace that does not loop.
pub(crate) fn straight(trace: &Trace, oracle: &dyn Oracle, lazy: bool, ws: &mut Workspace) -> Result<Trace, Reason> {
    let mut o = Optimizer::new(trace, oracle, lazy, ws);
    let fed = o.feed_entry().and_then(|()| o.feed(0..trace.insts.len()));
    Ok(o.done(fed, ws)?.0)
}

/// Optimizes a loop within one iteration: everything is in memory at the label.
pub(crate) fn simple_loop(trace: &Trace, oracle: &dyn Oracle, lazy: bool, ws: &mut Workspace) -> Result<Trace, Reason> {
    if !trace.entry.is_empty() {
        return Err(Reason::EntryState);
    }
    let mut o = Optimizer::new(trace, oracle, lazy, ws);
    let fed = feed_simple_loop(&mut o);
    Ok(o.done(fed, ws)?.0)
}

fn feed_simple_loop(o: &mut Optimizer<'_>) -> Result<(), Reason> {
    o.push(Uop::Label, &[], [0; 2])?;
    feed_iteration(o)?;
    o.flush_slots()?;
    o.flush_fields();
    o.push(Uop::Jump, &[], [0; 2])?;
    Ok(())
}

/// Feeds all but the jump, and checks the state there.
fn feed_iteration(o: &mut Optimizer<'_>) -> Result<(), Reason> {
    let end = o.input.insts.len() - 1;
    o.feed(0..end)?;
    o.snap_in = o.input.insts[end].snap;
    if !o.jump_state_is_plain() {
        return Err(Reason::JumpState);
    }
    let made = o.translate(o.snap_in.expect("a recorded jump has a snapshot"))?;
    o.out.snapshots.truncate(made.0 as usize);
    Ok(())
}

/// Peels an iteration, or as many as spare the loop boxes, and optimizes the loop behind.
pub(crate) fn peel(trace: &Trace, oracle: &dyn Oracle, lazy: bool, ws: &mut Workspace) -> Result<Trace, Reason> {
    if trace.entry.iter().any(|e| matches!(e.source, EntrySource::Parent(_))) {
        return Err(Reason::EntryState);
    }
    let written: Vec<Write> = trace.insts.iter().map(|i| writes(i.op, i.imms)).filter(|w| w.classes != 0).collect();
    let mut best: Option<Peeled> = None;
    for copies in 1..=MAX_COPIES {
        let mut o = Optimizer::new(trace, oracle, lazy, ws);
        let mut base = ws.state();
        let done = peel_copies(&mut o, &written, copies, &mut base);
        ws.keep_state(base);
        let peeled = match o.done(done, ws) {
            Ok((trace, Some(boxes))) => Peeled { trace, boxes },
            Ok((given_up, None)) => {
                ws.keep_trace(given_up);
                Peeled { trace: simple_loop(trace, oracle, lazy, ws)?, boxes: 0 }
            }
            Err(_) if best.is_some() => break,
            Err(e) => return Err(e),
        };
        let boxes = peeled.boxes;
        let worse = match &best {
            Some(b) if boxes >= b.boxes => Some(peeled),
            _ => best.replace(peeled),
        };
        if let Some(worse) = worse {
            ws.keep_trace(worse.trace);
        }
        if boxes == 0 {
            break;
        }
    }
    best.map(|b| b.trace).ok_or(Reason::JumpState)
}

struct Peeled {
    trace: Trace,
    /// Boxes made at the end of each iteration only to be carried, in place of an object that came from memory.
    boxes: usize,
}

/// Makes the trace with so many iterations peeled; `Peeled::boxes`, or `None` if no plan was found. `base` is room for
/// a copy of the state.
fn peel_copies(
    o: &mut Optimizer<'_>,
    written: &[Write],
    copies: usize,
    base: &mut State,
) -> Result<Option<usize>, Reason> {
    o.feed_entry()?;
    for _ in 0..copies {
        o.forget_inputs();
        feed_iteration(o)?;
    }
    let escapes = written.iter().any(|w| w.classes == u32::MAX);
    if escapes {
        o.forget_classes();
    }
    let mut places = places(o, written);
    base.clone_from(&o.st);
    let (insts, snapshots) = (o.out.insts.len(), o.out.snapshots.len());
    let fields = |o: &Optimizer<'_>| -> BTreeSet<_> { o.st.pending.iter().map(|s| (s.object, s.offset)).collect() };
    for round in 0..MAX_ROUNDS {
        if round > 0 {
            o.st.clone_from(base);
            o.out.insts.truncate(insts);
            o.out.snapshots.truncate(snapshots);
        }
        let phis = enter_loop(o, &mut places, written)?;
        let entered = fields(o);
        feed_iteration(o)?;
        if escapes {
            o.forget_classes();
        }
        let boxes = boxes_carried(o, &places);
        if let Some(next) = leave_loop(o, &mut places)? {
            if fields(o) != entered {
                return Err(Reason::Pending);
            }
            debug_assert_eq!(next.len(), phis);
            o.push(Uop::Jump, &next, [0; 2])?;
            return Ok(Some(boxes));
        }
    }
    Ok(None)
}

/// Places that carry an object although the iteration ends with a box that nothing else needs.
fn boxes_carried(o: &Optimizer<'_>, places: &[Planned]) -> usize {
    let as_object = |p: &&Planned| matches!(p.plan, Plan::Object { .. }) && p.virtual_box().is_none();
    let boxed = |p: &Planned| last_value(o, &p.place).and_then(|v| o.as_virtual(v));
    places.iter().filter(as_object).filter_map(boxed).filter(|v| !matches!(v.kind, BoxKind::Bool(_))).count()
}

/// The places at the end of the preamble and the first plan for each.
fn places(o: &Optimizer<'_>, written: &[Write]) -> Vec<Planned> {
    let mut out = Vec::new();
    for (offset, slot) in o.st.slots.iter() {
        let Some(value) = slot.value else { continue };
        let first = o.norm(value);
        out.push(Planned { stale: slot.stale, ..Planned::new(Place::Slot(offset), first) });
    }
    for (key, value) in &o.st.heap {
        let Some(v) = *value else { continue };
        if written.iter().any(|&w| may_change(key, w)) && matches!(o.kind(v), Kind::Obj | Kind::I64 | Kind::F64) {
            out.push(Planned::new(Place::Memory(*key), Val::Id(v)));
        }
    }
    for n in 0..out.len() {
        let p = &out[n];
        let invariant = match (p.first, o.as_virtual(p.first)) {
            (_, Some(v)) if v.kind == BoxKind::RangeIter => {
                // One that the iteration does not step.
                v.fields().into_iter().flatten().all(|f| o.constant(f).is_some() || o.def(f).op == Uop::EntryI64)
            }
            (_, Some(v)) => o.constant(v.raw).is_some() || (reach::is_as_entered(o, &p.place, v.raw) && alone(&out, n)),
            (Val::Id(v), _) => o.constant(v).is_some() || matches!(o.def(v).op, Uop::LoadSlot | Uop::EntryObj),
            _ => false,
        };
        if !invariant {
            out[n].plan = weaker(o, &out[n]);
        }
    }
    reach::forget_unreachable(o, &mut out, written);
    out
}

/// The plan below `Same`: what the value at the preamble's end allows.
fn weaker(o: &Optimizer<'_>, p: &Planned) -> Plan {
    match o.as_virtual(p.first) {
        Some(v) if v.kind == BoxKind::RangeIter => {
            let [start, len, _] = v.fields().expect("a range iterator has fields");
            Plan::RangeIter(o.range(start), o.range(len))
        }
        Some(v) if !matches!(v.kind, BoxKind::Bool(_)) => Plan::Raw(v.kind, o.range(v.raw)),
        Some(v) => Plan::Object { ty: Some(o.virtual_type(v.kind)), non_null: true, twin: None },
        None => {
            let Val::Id(v) = o.norm(p.first) else { unreachable!("it is no virtual") };
            match o.kind(v) {
                Kind::Obj => object_plan(o, v),
                kind => Plan::Scalar(Carried { kind, range: o.range(v) }),
            }
        }
    }
}

fn object_plan(o: &Optimizer<'_>, v: ValueId) -> Plan {
    let info = o.info(v);
    Plan::Object { ty: info.ty, non_null: info.non_null, twin: info.twin.and_then(|t| carried(o, t)) }
}

fn carried(o: &Optimizer<'_>, raw: ValueId) -> Option<Carried> {
    let kind = o.kind(raw);
    matches!(kind, Kind::I64 | Kind::F64).then(|| Carried { kind, range: o.range(raw) })
}

/// The raw value that an object is known to hold.
fn twin(o: &mut Optimizer<'_>, v: ValueId, kind: Kind) -> Option<ValueId> {
    let Info { twin, constant, ty, .. } = *o.info(v);
    if let Some(t) = twin.filter(|&t| o.kind(t) == kind) {
        return Some(t);
    }
    let oracle = o.oracle;
    match kind {
        Kind::I64 if ty == Some(o.known.int) => constant.and_then(|c| oracle.int_value(c)).map(|x| o.const_i64(x)),
        Kind::F64 if ty == Some(o.known.float) => constant.and_then(|c| oracle.float_value(c)).map(|x| o.const_f64(x)),
        _ => None,
    }
}

/// Emits label and phis as planned and sets the state at the start of the body. The number of phis.
fn enter_loop(o: &mut Optimizer<'_>, places: &mut [Planned], written: &[Write]) -> Result<usize, Reason> {
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

/// What is known of a place now.
fn last_value(o: &Optimizer<'_>, place: &Place) -> Option<Val> {
    match place {
        Place::Slot(offset) => o.st.slots[*offset].value.map(|v| o.norm(v)),
        Place::Memory(key) => o.st.heap.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.map(Val::Id)),
    }
}

/// Compares the body's end with the plan: the jump's operands, or a weaker plan in `places` and `None`.
fn leave_loop(o: &mut Optimizer<'_>, places: &mut [Planned]) -> Result<Option<Vec<ValueId>>, Reason> {
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

/// Whether no other place has the same box at the end of the preamble.
fn alone(places: &[Planned], n: usize) -> bool {
    places[n].virtual_box().is_none_or(|b| places.iter().filter(|p| p.virtual_box() == Some(b)).count() == 1)
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
