//! Reading a snapshot's slots without a plan, for what is rarely done: the frames that wait at native calls.

use codegen::{Loc, NativeFrame};
use cpython::abi as py;
use ir::{Count, SlotVal, Source, ValueId};
use smallvec::SmallVec;

/// Reads trace values out of the native frame's save area, boxing each at most once.
pub(crate) struct Values<'a> {
    cx: &'a NativeFrame,
    locs: &'a [(ValueId, Loc)],
    boxed: SmallVec<[(ValueId, *mut py::Object); 8]>,
}

impl<'a> Values<'a> {
    pub fn new(cx: &'a NativeFrame, locs: &'a [(ValueId, Loc)]) -> Values<'a> {
        Values { cx, locs, boxed: SmallVec::new() }
    }

    fn raw(&self, v: ValueId) -> u64 {
        let loc = self.locs.iter().find(|(id, _)| *id == v).expect("the compiler located every snapshot value").1;
        self.cx.value(loc)
    }

    /// The object to store, with its reference counted as the slot says.
    ///
    /// # Safety
    /// The native frame is at the exit, escape or call that the locations belong to.
    pub unsafe fn slot(&mut self, slot: SlotVal) -> py::StackRef {
        // SAFETY: the values are those of the snapshot at this very exit: objects are alive, counts are as declared.
        unsafe {
            let object = match slot.source {
                Source::Unchanged => unreachable!("the caller skips unchanged slots"),
                Source::Null => return py::StackRef::NULL,
                Source::Const(address) => return py::StackRef::new(address as *mut py::Object),
                Source::Value(v) => {
                    let object = self.raw(v) as *mut py::Object;
                    if object.is_null() {
                        return py::StackRef::NULL;
                    }
                    return match slot.count {
                        Count::Steal => py::StackRef::steal(object),
                        Count::New => py::StackRef::new(object),
                        Count::Borrow => py::StackRef::borrowed(object),
                    };
                }
                Source::BoxBool(v) => {
                    let object = if self.raw(v) != 0 { py::_Py_TrueStruct() } else { py::_Py_FalseStruct() };
                    return py::StackRef::borrowed(object);
                }
                Source::BoxI64(v) | Source::BoxF64(v) => {
                    if let Some((_, object)) = self.boxed.iter().find(|(id, _)| *id == v) {
                        return py::StackRef::new(*object);
                    }
                    let bits = self.raw(v);
                    let object = match slot.source {
                        Source::BoxI64(_) => crate::helpers::box_i64(bits as i64),
                        _ => crate::helpers::box_f64(f64::from_bits(bits)),
                    } as *mut py::Object;
                    self.boxed.push((v, object));
                    object
                }
            };
            py::StackRef::steal(object)
        }
    }
}
