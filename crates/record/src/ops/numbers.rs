//! Items of `array.array` and `bytearray`.
use cpython::abi as py;
use ir::{Uop, ValueId};

use crate::state::Entry;
use crate::{Dependency, Recorder};

/// How the items of an array are loaded and stored, and what may be stored.
#[derive(Clone, Copy)]
struct Items {
    load: Uop,
    store: Uop,
    fits: Fits,
    /// Where the object has the items' address.
    at: usize,
    len: isize,
    /// Where an `array.array` says what its items are, and what it says.
    kind: Option<(usize, usize)>,
}

/// What may be stored.
#[derive(Clone, Copy)]
enum Fits {
    /// Unsigned integers below two to this.
    Unsigned(u32),
    /// Signed integers of so many bits.
    Signed(u32),
    Float,
}

/// The items of an object, if it is an array of machine numbers.
unsafe fn items_of(object: *mut py::Object) -> Option<Items> {
    // SAFETY: a live object, whose type is compared before its fields are read.
    unsafe {
        if py::Object::type_of(object) == py::PyByteArray_Type() {
            return Some(Items {
                load: Uop::LoadU8,
                store: Uop::StoreI8,
                fits: Fits::Unsigned(8),
                at: core::mem::offset_of!(py::ByteArray, ob_start),
                len: (*object.cast::<py::VarObject>()).ob_size,
                kind: None,
            });
        }
        let (array, typecode) = py::array::as_array(object)?;
        // By size: `l` has as many bits as a pointer here, and `i` has 32.
        let (load, store, fits) = match (typecode, (*(*array).ob_descr).itemsize) {
            (b'd', 8) => (Uop::LoadF64, Uop::StoreF64, Fits::Float),
            (b'f', 4) => (Uop::LoadF32, Uop::StoreF32, Fits::Float),
            (b'b', 1) => (Uop::LoadI8, Uop::StoreI8, Fits::Signed(8)),
            (b'B', 1) => (Uop::LoadU8, Uop::StoreI8, Fits::Unsigned(8)),
            (b'h', 2) => (Uop::LoadI16, Uop::StoreI16, Fits::Signed(16)),
            (b'H', 2) => (Uop::LoadU16, Uop::StoreI16, Fits::Unsigned(16)),
            (b'i' | b'l', 4) => (Uop::LoadI32, Uop::StoreI32, Fits::Signed(32)),
            (b'I' | b'L', 4) => (Uop::LoadU32, Uop::StoreI32, Fits::Unsigned(32)),
            (b'l' | b'q', 8) => (Uop::LoadI64, Uop::StoreI64, Fits::Signed(64)),
            _ => return None,
        };
        Some(Items {
            load,
            store,
            fits,
            at: core::mem::offset_of!(py::array::Array, ob_item),
            len: (*array).ob_base.ob_size,
            kind: Some((core::mem::offset_of!(py::array::Array, ob_descr), (*array).ob_descr as usize)),
        })
    }
}

impl Recorder {
    /// Guards that `v` is an array of the same numbers as `object`.
    fn guard_items(&mut self, v: ValueId, object: *mut py::Object, items: Items) {
        let ty = self.guard_type(v, object);
        if let Some((offset, kind)) = items.kind {
            // `array.array` is made when its module is imported, and can go with it.
            self.depend(Dependency::Type(ty));
            self.emit_imm(Uop::GuardFieldIs, &[v], offset as u64, kind as u64);
        }
    }

    /// The address of the items and the index into them, if it is one.
    unsafe fn item_place(&mut self, items: Items) -> Option<(ValueId, ValueId)> {
        let (key, v) = (self.peek_value(0).ok()?, self.peek_value(1).ok()?);
        let (key_object, object) = (self.real_peek(0), self.real_peek(1));
        let i = self.unbox_int(key, key_object)?;
        // SAFETY: an exact int, or unboxing had failed.
        let index = unsafe { py::Long::to_i64(key_object.cast()) }?;
        if index >= items.len as i64 || index < -(items.len as i64) {
            return None;
        }
        self.guard_items(v, object, items);
        let n = self.emit(Uop::NumbersLen, &[v]);
        let i = self.checked_index(i, n, index);
        Some((self.emit_imm(Uop::NumbersAt, &[v], items.at as u64, 0), i))
    }

    /// `array[i]`.
    pub(crate) unsafe fn numbers_subscr(&mut self) -> Option<()> {
        // SAFETY: the real frame holds the container.
        let items = unsafe { items_of(self.real_peek(1)) }?;
        // SAFETY: by the contract of `record`.
        let (at, i) = unsafe { self.item_place(items) }?;
        let (k, c) = (self.peek(0), self.peek(1));
        let plan = self.plan_release(&[(c, self.real_peek(1)), (k, self.real_peek(0))]);
        let raw = self.emit(items.load, &[at, i]);
        let result = if matches!(items.fits, Fits::Float) { self.box_float(raw) } else { self.box_int(raw) };
        self.pop_n(2);
        self.push(result);
        self.release(plan);
        Some(())
    }

    /// `array[i] = number`: stack value, array, index.
    pub(crate) unsafe fn numbers_store(&mut self) -> Option<()> {
        // SAFETY: the real frame holds the container.
        let items = unsafe { items_of(self.real_peek(1)) }?;
        let (value, value_object) = (self.peek_value(2).ok()?, self.real_peek(2));
        let number = match items.fits {
            Fits::Float => self.number(value, value_object).map(|n| self.as_float(n))?,
            Fits::Unsigned(_) | Fits::Signed(_) => self.unbox_int(value, value_object)?,
        };
        if let Fits::Unsigned(bits) | Fits::Signed(bits) = items.fits
            && bits < i64::BITS
        {
            // SAFETY: an exact int, or unboxing had failed.
            let value = unsafe { py::Long::to_i64(value_object.cast()) }?;
            let least = if matches!(items.fits, Fits::Signed(_)) { -1i64 << (bits - 1) } else { 0 };
            let bound = 1i64 << bits;
            if value.wrapping_sub(least) as u64 >= bound as u64 {
                return None;
            }
            let (low, high) = (self.const_i64(least), self.const_i64(least + bound));
            self.emit(Uop::GuardIntLe, &[low, number]);
            self.emit(Uop::GuardIntLt, &[number, high]);
        }
        // SAFETY: by the contract of `record`.
        let (at, i) = unsafe { self.item_place(items) }?;
        let (k, c, e) = (self.peek(0), self.peek(1), self.peek(2));
        let plan = self.plan_release(&[(c, self.real_peek(1)), (k, self.real_peek(0))]);
        self.emit(items.store, &[at, i, number]);
        self.pop_n(3);
        self.release(plan);
        self.release_harmless(e);
        Some(())
    }

    /// `len(array)`.
    pub(crate) fn numbers_len(&mut self) -> Option<Entry> {
        let (v, object) = (self.peek_value(0).ok()?, self.real_peek(0));
        // SAFETY: the real frame holds the container.
        let items = unsafe { items_of(object) }?;
        self.guard_items(v, object, items);
        let n = self.emit(Uop::NumbersLen, &[v]);
        Some(self.box_int(n))
    }
}
