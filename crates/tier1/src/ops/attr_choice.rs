//! How attribute access chooses its special version, of those in [`super::attr_cache`].
//!
//! # What the caches rely on
//!
//! A type's version tag changes whenever the type or one of its bases does, so under an unchanged tag a look-up
//! on the type finds what it found before, and what it found is alive: the caches hold no references. Key tables
//! have versions that any change of the set of keys resets.
//!
//! Units of `LOAD_ATTR` behind the instruction: 1 handler, type (or keys) version and offset, 2 the attribute found on
//! the type and the version of the instance's keys, 3 the miss counter. `STORE_ATTR` uses 1 and 3 alike.
//!
//! # Several types in one place
//!
//! The other units keep up to three (two) versions that the place had before, for owners of other types, laid out as
//! units 1 and 2 (unit 1). A miss looks there first and swaps what it finds in: each handler then checks all it relies
//! on as ever.

use core::ptr::null_mut;

use cpython::abi::*;

use super::attr_cache::*;
use super::special::{ANY_ATTRIBUTE, MISSING};
use crate::hot::*;
use crate::inst::{Handler, Inst};

/// A special version and what its caches hold.
struct Choice {
    handler: Handler,
    version: u32,
    offset: u32,
    found: *mut Object,
    keys_version: u32,
}

impl Choice {
    fn new(handler: Handler, version: u32, offset: usize) -> Option<Self> {
        let offset = u32::try_from(offset).ok()?;
        (version != 0).then_some(Self { handler, version, offset, found: null_mut(), keys_version: 0 })
    }

    fn with_found(mut self, found: *mut Object) -> Self {
        self.found = found;
        self
    }

    fn with_keys_version(mut self, version: u32) -> Option<Self> {
        self.keys_version = version;
        (version != 0).then_some(self)
    }

    /// Writes the caches and installs the version. What was installed before is kept if it is for another type.
    unsafe fn install(self, ip: *mut Inst, has_second_unit: bool) {
        // SAFETY: the units are the instruction's caches.
        unsafe {
            let before = *ip.add(1);
            let others = if has_second_unit { &LOAD_OTHERS[..] } else { &STORE_OTHERS[..] };
            // One version for each type: with two, each could fail and switch to the other for ever. (Recording does
            // not look among the others first.)
            for &at in others {
                if (*ip.add(at)).a == self.version {
                    (*ip.add(at)).a = 0;
                }
            }
            if before.a != 0 && before.a != self.version && keyed_by_owner_type(before.word) {
                let free = others.iter().find(|&&at| (*ip.add(at)).a == 0);
                // With all of them taken, they are replaced in turn.
                let at = free.copied().unwrap_or(others[(*ip.add(3)).a as usize % others.len()]);
                *ip.add(at) = before;
                if has_second_unit {
                    *ip.add(at + 1) = *ip.add(2);
                }
            }
            (*ip.add(1)).word = self.handler as usize;
            (*ip.add(1)).a = self.version;
            (*ip.add(1)).b = self.offset;
            if has_second_unit {
                (*ip.add(2)).word = self.found as usize;
                (*ip.add(2)).a = self.keys_version;
            }
            (*ip).word = self.handler as usize;
            let others_exist = others.iter().any(|&at| (*ip.add(at)).a != 0);
            super::fused_attr::fuse(ip, !others_exist);
        }
    }
}

/// Where `LOAD_ATTR` keeps versions for other types: two units each.
const LOAD_OTHERS: [usize; 3] = [4, 6, 8];
/// Where `STORE_ATTR` does: one unit each.
const STORE_OTHERS: [usize; 2] = [2, 4];

/// Whether the version in a cache with this handler is that of the owner's type, by which others are found.
fn keyed_by_owner_type(handler: usize) -> bool {
    let others: [Handler; 4] = [
        load_attr_module::<false>,
        load_attr_class::<false>,
        load_attr_class_of_metaclass::<false>,
        load_attr_class_instance::<false>,
    ];
    !others.iter().any(|other| *other as usize == handler)
}

/// Swaps in the version for the owner's type, if the place had one before.
#[inline(always)]
pub(crate) unsafe fn switch_version(ip: *mut Inst, owner: *mut Object, load: bool) -> bool {
    // SAFETY: a live object; the units are the instruction's caches.
    unsafe {
        let version = (*(*owner).ob_type).tp_version_tag;
        let others = if load { &LOAD_OTHERS[..] } else { &STORE_OTHERS[..] };
        for &at in others {
            if (*ip.add(at)).a == version && version != 0 {
                core::ptr::swap(ip.add(1), ip.add(at));
                if load {
                    core::ptr::swap(ip.add(2), ip.add(at + 1));
                }
                (*ip).word = (*ip.add(1)).word;
                return true;
            }
        }
        false
    }
}

/// Whether what kind of descriptor `op` is can change: its type is no type whose version a cache checks.
unsafe fn is_mutable_descriptor(op: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe { !Type::has_flag((*op).ob_type, TPFLAGS_IMMUTABLETYPE) }
}

unsafe fn is_data_descriptor(op: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe { !(*(*op).ob_type).tp_descr_set.is_null() }
}

unsafe fn is_descriptor(op: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe { !(*(*op).ob_type).tp_descr_get.is_null() }
}

unsafe fn is_method(op: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe { Type::has_flag((*op).ob_type, TPFLAGS_METHOD_DESCRIPTOR) }
}

/// The type's version, and what it has by that name, or null. `None` where a cache could not tell what that does.
unsafe fn look_up(ty: *mut Type, name: *mut Object) -> Option<(u32, *mut Object)> {
    // SAFETY: live objects.
    unsafe {
        let version = Type::version(ty);
        let descr = _PyType_Lookup(ty, name);
        (descr.is_null() || !is_mutable_descriptor(descr)).then_some((version, descr))
    }
}

/// Where the instance keeps an attribute of that name.
enum Own {
    /// In an inline value at this byte offset from the object.
    Value(usize),
    /// At this entry of its dict.
    Entry(usize),
    /// Nowhere, for the reason that makes this sure.
    Absent(Absent),
    Unknown,
}

#[derive(PartialEq, Eq)]
enum Absent {
    /// Its values are inline, and their keys, which the type's instances share, lack it.
    FromKeys(*mut DictKeys),
    /// It has no dict at all.
    NoDict,
    /// It could have a dict, at this byte offset from the object, but does not have one yet.
    LazyDict(isize),
    /// Its dict lacks it.
    FromDict(*mut DictKeys),
}

unsafe fn own_attribute(owner: *mut Object, name: *mut Object) -> Own {
    // SAFETY: live objects; the flags say what the object has.
    unsafe {
        let ty = (*owner).ob_type;
        if Type::has_flag(ty, TPFLAGS_INLINE_VALUES) && (*Object::inline_values(owner)).valid != 0 {
            let keys = (*ty.cast::<HeapType>()).ht_cached_keys;
            return match DictKeys::index_of_name(keys, name) {
                Some(i) => Own::Value(DictValues::slot(Object::inline_values(owner), i) as usize - owner as usize),
                None => Own::Absent(Absent::FromKeys(keys)),
            };
        }
        if Type::has_flag(ty, TPFLAGS_MANAGED_DICT) {
            let dict = *Object::managed_dict(owner);
            if dict.is_null() {
                return if Type::has_flag(ty, TPFLAGS_INLINE_VALUES) {
                    Own::Unknown
                } else {
                    let slot = Object::managed_dict(owner);
                    Own::Absent(Absent::LazyDict(slot.cast::<u8>().offset_from(owner.cast())))
                };
            }
            let keys = (*dict).ma_keys;
            if (*keys).dk_kind as usize != DICT_KEYS_UNICODE {
                return Own::Unknown;
            }
            return match DictKeys::index_of_name(keys, name) {
                None => Own::Absent(Absent::FromDict(keys)),
                Some(i) if (*DictKeys::unicode_entries(keys).add(i)).me_key == name => Own::Entry(i),
                Some(_) => Own::Unknown,
            };
        }
        match (*ty).tp_dictoffset {
            0 => Own::Absent(Absent::NoDict),
            at if at > 0 && (*owner.byte_offset(at).cast::<*mut Object>()).is_null() => {
                Own::Absent(Absent::LazyDict(at))
            }
            _ => Own::Unknown,
        }
    }
}

/// Installs the version of `LOAD_ATTR` for this owner, if there is one.
#[inline(never)]
pub(crate) unsafe fn specialize_load(
    ts: *mut ThreadState,
    ip: *mut Inst,
    owner: *mut Object,
    name: *mut Object,
    method: bool,
) {
    // SAFETY: the contract of handlers.
    unsafe {
        if let Some(choice) = choose_load(ts, owner, name, method) {
            choice.install(ip, true);
        }
    }
}

/// Installs the version of `STORE_ATTR` for this owner, if there is one.
#[inline(never)]
pub(crate) unsafe fn specialize_store(ip: *mut Inst, owner: *mut Object, name: *mut Object) {
    // SAFETY: the contract of handlers.
    unsafe {
        if let Some(choice) = choose_store(owner, name) {
            choice.install(ip, false);
        }
    }
}

/// Chooses the version of `LOAD_ATTR` for this owner; `method` says that a call follows.
unsafe fn choose_load(ts: *mut ThreadState, owner: *mut Object, name: *mut Object, method: bool) -> Option<Choice> {
    // SAFETY: live objects.
    unsafe {
        let ty = (*owner).ob_type;
        if ty == module_type() {
            return choose_module(ts, owner, name);
        }
        if Type::has_flag(ty, TPFLAGS_TYPE_SUBCLASS) && (*ty).tp_getattro == (*type_type()).tp_getattro {
            return choose_class(owner.cast(), name);
        }
        // Where the class has `__getattr__`, that is asked after an AttributeError of a getter.
        let plain = (*ty).tp_getattro == address::PyObject_GenericGetAttr();
        if !plain && !Type::looks_attributes_up_plainly(ty) {
            let is_python = |operation| !super::special::find(operation, owner, null_mut()).is_null();
            return if is_python(MISSING) || is_python(ANY_ATTRIBUTE) { None } else { by_c(Type::version(ty)) };
        }
        let (version, descr) = look_up(ty, name)?;
        let by_c = || if plain { by_c_unless_property(version, descr) } else { None };
        if !descr.is_null() && is_data_descriptor(descr) {
            if plain && let Some(getter) = special::c_getter(ty, descr) {
                return by_getter(version, getter);
            }
            if let Some(offset) = special::slot_offset(ty, descr, false) {
                return Choice::new(load_attr_slot::<false>, version, offset);
            }
            if (*descr).ob_type == PyProperty_Type() && !method && plain {
                let getter = (*descr.cast::<Property>()).prop_get;
                if !getter.is_null() && super::call_python::is_simple_function(getter, 1) {
                    return Some(Choice::new(load_attr_property::<false>, version, 0)?.with_found(getter));
                }
            }
            return by_c();
        }
        match own_attribute(owner, name) {
            Own::Value(offset) => {
                let value = *owner.byte_add(offset).cast::<*mut Object>();
                if value.is_null() {
                    return None;
                }
                Choice::new(load_attr_instance_value::<false>, version, offset)
            }
            Own::Entry(i) => Choice::new(load_attr_with_hint::<false>, version, i),
            Own::Absent(_) | Own::Unknown if descr.is_null() => by_c(),
            Own::Absent(absent) if method && is_method(descr) => match absent {
                Absent::FromKeys(keys) => Choice::new(load_attr_method_with_values::<false>, version, 0)?
                    .with_found(descr)
                    .with_keys_version(DictKeys::version(keys, ts)),
                Absent::FromDict(keys) => Choice::new(load_attr_method_with_dict::<false>, version, 0)?
                    .with_found(descr)
                    .with_keys_version(DictKeys::version(keys, ts)),
                Absent::NoDict => Some(Choice::new(load_attr_method_no_dict::<false>, version, 0)?.with_found(descr)),
                Absent::LazyDict(at) => {
                    let at = i32::try_from(at).ok()? as u32 as usize;
                    Some(Choice::new(load_attr_method_lazy_dict::<false>, version, at)?.with_found(descr))
                }
            },
            Own::Absent(absent) if !is_descriptor(descr) => match absent {
                Absent::FromKeys(keys) => Choice::new(load_attr_nondescriptor_with_values::<false>, version, 0)?
                    .with_found(descr)
                    .with_keys_version(DictKeys::version(keys, ts)),
                Absent::FromDict(keys) => Choice::new(load_attr_nondescriptor_with_dict::<false>, version, 0)?
                    .with_found(descr)
                    .with_keys_version(DictKeys::version(keys, ts)),
                Absent::NoDict => {
                    Some(Choice::new(load_attr_nondescriptor_no_dict::<false>, version, 0)?.with_found(descr))
                }
                Absent::LazyDict(_) => by_c(),
            },
            _ => by_c(),
        }
    }
}

/// For an attribute that a C function gets.
fn by_getter(version: u32, getter: *const GetSetDef) -> Option<Choice> {
    Some(Choice::new(load_attr_getset::<false>, version, 0)?.with_found(getter.cast_mut().cast()))
}

/// For attributes that only C code looks for: that there is nothing of Python's to enter need not be found out again.
fn by_c(version: u32) -> Option<Choice> {
    Choice::new(load_attr_by_c::<false>, version, 0)
}

/// [`by_c`] for an attribute that is not there, or what a descriptor of an immutable type does; but a property's getter
/// may become one that can be entered.
unsafe fn by_c_unless_property(version: u32, descr: *mut Object) -> Option<Choice> {
    // SAFETY: a live object or null.
    let property = unsafe { !descr.is_null() && (*descr).ob_type == PyProperty_Type() };
    if property { None } else { by_c(version) }
}

unsafe fn choose_module(ts: *mut ThreadState, owner: *mut Object, name: *mut Object) -> Option<Choice> {
    // SAFETY: a module; its dict is a dict.
    unsafe {
        if !_PyType_Lookup(module_type(), name).is_null() {
            return None;
        }
        let keys = (*(*owner.cast::<Module>()).md_dict.cast::<Dict>()).ma_keys;
        if (*keys).dk_kind as usize != DICT_KEYS_UNICODE {
            return None;
        }
        let index = DictKeys::index_of_name(keys, name)?;
        let entry = DictKeys::unicode_entries(keys).add(index);
        if (*entry).me_value.is_null() {
            return None;
        }
        let distance = &raw const (*entry).me_value as usize - keys as usize;
        Choice::new(load_attr_module::<false>, DictKeys::version(keys, ts), distance)
    }
}

unsafe fn choose_class(owner: *mut Type, name: *mut Object) -> Option<Choice> {
    // SAFETY: a class that looks attributes up as `type` does.
    unsafe {
        let metaclass = Object::type_of(owner.cast());
        let (metaclass_version, on_metaclass) = look_up(metaclass, name)?;
        if !on_metaclass.is_null() && is_data_descriptor(on_metaclass) {
            return match special::c_getter(metaclass, on_metaclass) {
                Some(getter) => by_getter(metaclass_version, getter),
                None => by_c_unless_property(metaclass_version, on_metaclass),
            };
        }
        let found = _PyType_Lookup(owner, name);
        if found.is_null() {
            return None;
        }
        if is_mutable_descriptor(found) && !is_descriptor(found) && metaclass_version != 0 {
            return Choice::new(load_attr_class_instance::<false>, Type::version(owner), metaclass_version as usize)?
                .with_found(found)
                .with_keys_version(Type::version((*found).ob_type));
        }
        // Binding a function to no instance gives the function itself.
        if is_mutable_descriptor(found) || is_descriptor(found) && !is_method(found) {
            return None;
        }
        let version = Type::version(owner);
        let choice = if metaclass == type_type() {
            Choice::new(load_attr_class::<false>, version, 0)
        } else if metaclass_version != 0 {
            Choice::new(load_attr_class_of_metaclass::<false>, version, metaclass_version as usize)
        } else {
            None
        };
        Some(choice?.with_found(found))
    }
}

/// Chooses the version of `STORE_ATTR` for this owner.
unsafe fn choose_store(owner: *mut Object, name: *mut Object) -> Option<Choice> {
    // SAFETY: live objects.
    unsafe {
        let ty = (*owner).ob_type;
        if (*ty).tp_setattro != address::PyObject_GenericSetAttr() {
            return None;
        }
        let (version, descr) = look_up(ty, name)?;
        if !descr.is_null() && is_data_descriptor(descr) {
            let offset = special::slot_offset(ty, descr, true)?;
            return Choice::new(store_attr_slot::<false>, version, offset);
        }
        match own_attribute(owner, name) {
            Own::Value(offset) if (*Object::managed_dict(owner)).is_null() => {
                Choice::new(store_attr_instance_value::<false>, version, offset)
            }
            Own::Entry(i) => Choice::new(store_attr_with_hint::<false>, version, i),
            _ => None,
        }
    }
}
