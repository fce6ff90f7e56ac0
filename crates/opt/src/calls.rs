//! Calls of other executors, and the return to whoever called this one.
//!
//! A call materializes nothing: should anybody look, the runtime writes the callers' frames from the snapshot, and
//! takes back what it wrote before native code goes on. So boxes stay virtual and stores pending across it.
use ir::{Count, Inst, Source, Uop, ValueId};

use crate::Reason;
use crate::heap::writes;
use crate::state::Optimizer;
use crate::virtuals::{BoxKind, Val};

impl Optimizer<'_> {
    /// A call. Arguments whose box nobody else can name, or of whose value there is but one object, are handed over
    /// unboxed.
    pub fn call(&mut self, op: Uop, imms: [u64; 2]) -> Result<ValueId, Reason> {
        let id = self.snap_in.ok_or_else(|| Reason::invalid("a call without a snapshot"))?;
        let input = self.input;
        let callee = input.snapshot(id).innermost().expect("the verifier wants a frame");
        let mut fresh = Vec::new();
        for slot in callee.slots.changed() {
            let Source::Value(v) = slot.source else { continue };
            let val = self.norm(self.mapped(v)?);
            let Val::Virtual(n) = val else { continue };
            let virtual_ = self.st.virtuals[n as usize];
            let alone = callee.slots.changed().iter().filter(|s| s.source == slot.source).count() == 1;
            let number = matches!(virtual_.kind, BoxKind::I64 | BoxKind::F64);
            if number && alone && slot.count == Count::Steal && virtual_.refs == 1 {
                fresh.push(n);
            } else {
                self.force(val)?;
            }
        }
        self.flush_fields();
        let snap = self.translate(id)?;
        for n in 0..callee.slots.changed().len() {
            let slot = self.out.snapshot(snap).innermost().expect("as the input's").slots.changed()[n];
            if let Source::Value(v) = slot.source
                && let Some(value) = self.constant(v).and_then(|c| self.oracle.int_value(c))
                && self.oracle.is_small_int(value)
            {
                let raw = self.const_i64(value);
                let (_, slots) = self.out.snapshots.innermost_mut(snap).expect("as the input's");
                (slots[n].source, slots[n].count) = (Source::BoxI64(raw), Count::New);
            }
        }
        let v = self.push_inst(Inst::new(op, &[]).imm(imms[0]).snap(snap));
        for n in fresh {
            self.st.virtuals[n as usize].refs = 0;
        }
        self.st.kill(writes(op, imms));
        self.forget_classes();
        Ok(v)
    }

    /// `RETURN_VALUE` of the root frame: what is pending in its slots dies here, not in memory, where that is harmless.
    pub fn return_(&mut self, value: Val, [pc, locals]: [u64; 2]) -> Result<(), Reason> {
        for slot in (0..locals).rev() {
            let Some(known) = self.st.slots.get(8 * slot).copied() else { continue };
            let (true, true, Some(pending)) = (known.stale, known.owned, known.value) else { continue };
            match self.norm(pending) {
                Val::Id(v) if !self.dies_unseen(v) => self.store_slot(pending, 8 * slot)?,
                pending => self.decref(Uop::DecrefDead, pending)?,
            }
        }
        let owned = locals > 64 || (0..locals).any(|slot| self.st.unowned >> slot & 1 == 0);
        let imms = [pc, if owned { locals } else { 0 }];
        match self.as_virtual(value) {
            Some(v) if v.refs == 1 && v.kind == BoxKind::I64 => self.push(Uop::ReturnI64, &[v.raw], imms)?,
            Some(v) if v.refs == 1 && v.kind == BoxKind::F64 => self.push(Uop::ReturnF64, &[v.raw], imms)?,
            _ => {
                let object = self.force(value)?;
                self.push(Uop::ReturnObj, &[object], imms)?
            }
        };
        Ok(())
    }

    /// Whether nobody can see the object die.
    fn dies_unseen(&self, v: ValueId) -> bool {
        self.is_immortal(v) || self.info(v).ty.is_some_and(|ty| self.oracle.dies_unseen(ty))
    }
}
