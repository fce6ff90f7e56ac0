//! Which Python functions special methods are: one table for all code, by operation and the versions of the operands'
//! types.
//!
//! A version stands for all that the look-up depends on and is never given twice, so an entry need not be forgotten,
//! and a place that sees many classes needs no cache of its own.

use core::cell::UnsafeCell;
use core::ptr::{null, null_mut};

use cpython::abi::*;

use super::call_python::FIRST_VALID_VERSION;
use crate::inst::Tier1Code;

/// What is asked of operands: an opcode, and above it an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation(u32);

impl Operation {
    pub(crate) const fn new(opcode: u8, argument: u32) -> Self {
        Self(opcode as u32 | argument << 8)
    }

    pub(super) fn opcode(self) -> u8 {
        self.0 as u8
    }

    pub(super) fn argument(self) -> u32 {
        self.0 >> 8
    }
}

pub(crate) const TRUTH: Operation = Operation::new(op::TO_BOOL, 0);
/// `len(x)`.
pub(crate) const LENGTH: Operation = Operation::new(op::CALL, 0);
/// An instance is called, with any number of arguments.
pub(crate) const CALLED: Operation = Operation::new(op::CALL, 1);
pub(crate) const CONTAINS: Operation = Operation::new(op::CONTAINS_OP, 0);
pub(crate) const NEXT: Operation = Operation::new(op::FOR_ITER, 0);
/// What is asked for an attribute that is not there.
pub(crate) const MISSING: Operation = Operation::new(op::LOAD_ATTR, 0);
/// What is asked for every attribute.
pub(crate) const ANY_ATTRIBUTE: Operation = Operation::new(op::LOAD_ATTR, 1);
/// What a descriptor on the class does for an attribute of an instance.
pub(crate) const GET: Operation = Operation::new(op::LOAD_ATTR, 2);
pub(crate) const SET: Operation = Operation::new(op::STORE_ATTR, 2);
pub(crate) const DELETE: Operation = Operation::new(op::DELETE_ATTR, 2);

/// How a method is called.
#[derive(Clone, Copy)]
pub(super) struct How(u32);

impl How {
    /// An argument that is no stack entry but the instruction's name, or the descriptor.
    pub(super) const NAME: u32 = 15;
    /// The class of the top entry.
    pub(super) const CLASS: u32 = 14;
    const NEGATED: u32 = 1 << 16;

    /// With these arguments: entries so far from the top of the stack, or [`Self::NAME`].
    pub(super) const fn with(arguments: &[u32]) -> Self {
        let mut how = arguments.len() as u32;
        let mut i = 0;
        while i < arguments.len() {
            how |= arguments[i] << (4 * i + 4);
            i += 1;
        }
        Self(how)
    }

    /// The instruction goes on in the second of two ways.
    const fn negated_if(self, negated: bool) -> Self {
        Self(if negated { self.0 | Self::NEGATED } else { self.0 })
    }

    pub(super) fn is_negated(self) -> bool {
        self.0 & Self::NEGATED != 0
    }

    pub(super) fn count(self) -> usize {
        (self.0 & 15) as usize
    }

    pub(super) fn argument(self, i: usize) -> u32 {
        self.0 >> (4 * i + 4) & 15
    }
}

/// A special method, for operands of some types.
#[derive(Clone, Copy)]
pub(crate) struct Method {
    /// Versions of the operands' types; the second is zero where one type decides.
    pub(super) versions: (u32, u32),
    /// Zero if the entry is free.
    pub(super) operation: Operation,
    pub(super) how: How,
    /// Borrowed from the type that has the version; null if there is no such function.
    pub(super) function: *mut Function,
    /// Its code, if the function still has this version, and the code has no other parameters than the arguments.
    pub(super) code: *mut Tier1Code,
    pub(super) function_version: u32,
}

impl Method {
    pub(crate) fn function(&self) -> *mut Function {
        self.function
    }

    pub(super) const FREE: Self = Self {
        versions: (0, 0),
        operation: Operation(0),
        how: How(0),
        function: null_mut(),
        code: null_mut(),
        function_version: 0,
    };
}

const SIZE: usize = 1024;

struct Methods(UnsafeCell<[Method; SIZE]>);

// SAFETY: accessed only by threads that hold the GIL of the one interpreter that tier 1 serves.
unsafe impl Sync for Methods {}

static METHODS: Methods = Methods(UnsafeCell::new([Method::FREE; SIZE]));

/// The entry for an operation on these operands, whatever is in it. (Of one operand, `right` is null.)
#[inline(always)]
unsafe fn place(operation: Operation, left: *mut Object, right: *mut Object) -> (*mut Method, bool) {
    // SAFETY: as the caller's.
    unsafe {
        let right = if right.is_null() { 0 } else { (*(*right).ob_type).tp_version_tag };
        let versions = ((*(*left).ob_type).tp_version_tag, right);
        // Three odd numbers that have nothing to do with each other: a version may well be a power of two, or follow
        // another.
        let mixed = versions.0.wrapping_mul(0x9e37_79b1)
            ^ versions.1.wrapping_mul(0x85eb_ca6b)
            ^ operation.0.wrapping_mul(0xc2b2_ae35);
        let entry = METHODS.0.get().cast::<Method>().add((mixed >> (u32::BITS - SIZE.ilog2())) as usize);
        (entry, (*entry).versions == versions && (*entry).operation == operation)
    }
}

/// The function that an operation on these operands calls, if that is Python's and decided by their types alone, and
/// the table has it. Else null.
///
/// # Safety
/// The operands are alive; the GIL is held. What is found is read before anything else runs.
#[inline(always)]
pub(crate) unsafe fn known(operation: Operation, left: *mut Object, right: *mut Object) -> *const Method {
    // SAFETY: the caller's.
    unsafe {
        let (entry, is_its) = place(operation, left, right);
        if !is_its || (*entry).function.is_null() { null() } else { entry }
    }
}

/// As [`known`]; looks the function up if the table does not have it.
///
/// # Safety
/// As for [`known`].
#[inline(always)]
pub(crate) unsafe fn find(operation: Operation, left: *mut Object, right: *mut Object) -> *const Method {
    // SAFETY: the caller's.
    unsafe {
        if !place(operation, left, right).1 {
            choose(operation, left, right);
        }
        known(operation, left, right)
    }
}

/// Looks a function up for the table, which it gets into if the types have versions: else it can change unnoticed.
#[cold]
#[inline(never)]
unsafe fn choose(operation: Operation, left: *mut Object, right: *mut Object) {
    // SAFETY: as the caller's; looking up interned names in types runs no Python code.
    unsafe {
        let (function, how) = method_of(operation, left, right).unwrap_or((null_mut(), How(0)));
        let versions =
            (Type::version((*left).ob_type), if right.is_null() { 0 } else { Type::version((*right).ob_type) });
        if versions.0 == 0 || versions.1 == 0 && !right.is_null() {
            return;
        }
        let mut method = Method { versions, operation, how, function, ..Method::FREE };
        if !function.is_null()
            && (*function).func_version >= FIRST_VALID_VERSION
            && let Some(code) = super::call::enterable(PyThreadState_Get(), function.cast())
            && (operation == CALLED || (*code).simple_arguments as usize == how.count())
        {
            method.code = code;
            method.function_version = (*function).func_version;
        }
        *place(operation, left, right).0 = method;
    }
}

unsafe fn method_of(operation: Operation, left: *mut Object, right: *mut Object) -> Option<(*mut Function, How)> {
    // SAFETY: as the caller's.
    unsafe {
        let ty = (*left).ob_type;
        Some(match operation.opcode() {
            op::BINARY_OP if operation.argument() == nb::SUBSCR => {
                (special::special_function(ty, c"__getitem__")?, How::with(&[2, 1]))
            }
            op::BINARY_OP => {
                let found = special::operator_method(left, right, operation.argument())?;
                (found.function, How::with(if found.reflected { &[1, 2] } else { &[2, 1] }))
            }
            op::COMPARE_OP => {
                let found = special::comparison_method(left, right, operation.argument())?;
                (found.function, How::with(&[2, 1]).negated_if(found.negated))
            }
            op::CONTAINS_OP => (special::special_function(ty, c"__contains__")?, How::with(&[1, 2])),
            op::TO_BOOL if special::is_true_by_length(ty) => {
                (special::special_function(ty, c"__len__")?, How::with(&[1]).negated_if(true))
            }
            op::TO_BOOL => (special::special_function(ty, c"__bool__")?, How::with(&[1])),
            op::CALL if operation == CALLED => (special::called_function(ty)?, How::with(&[])),
            op::CALL => (special::special_function(ty, c"__len__")?, How::with(&[1])),
            op::FOR_ITER => (special::special_function(ty, c"__next__")?, How::with(&[1])),
            op::GET_ITER => (special::special_function(ty, c"__iter__")?, How::with(&[1])),
            op::UNARY_NEGATIVE => (special::special_function(ty, c"__neg__")?, How::with(&[1])),
            op::UNARY_INVERT => (special::special_function(ty, c"__invert__")?, How::with(&[1])),
            op::STORE_SUBSCR => (special::special_function(ty, c"__setitem__")?, How::with(&[2, 1, 3])),
            op::DELETE_SUBSCR => (special::special_function(ty, c"__delitem__")?, How::with(&[2, 1])),
            op::LOAD_ATTR if operation == GET => {
                (special::special_function(ty, c"__get__")?, How::with(&[How::NAME, 1, How::CLASS]))
            }
            op::STORE_ATTR if operation == SET => {
                (special::special_function(ty, c"__set__")?, How::with(&[How::NAME, 1, 2]))
            }
            op::DELETE_ATTR if operation == DELETE => {
                (special::special_function(ty, c"__delete__")?, How::with(&[How::NAME, 1]))
            }
            op::FORMAT_SIMPLE => match special::special_function(ty, c"__format__") {
                Some(function) => (function, How::with(&[1, How::NAME])),
                None => (special::str_function_of_format(ty)?, How::with(&[1]).negated_if(true)),
            },
            op::FORMAT_WITH_SPEC => (special::special_function(ty, c"__format__")?, How::with(&[2, 1])),
            op::CONVERT_VALUE if operation.argument() == FVC_STR => (special::str_function(ty)?, How::with(&[1])),
            op::CONVERT_VALUE if operation.argument() == FVC_REPR => {
                (special::special_function(ty, c"__repr__")?, How::with(&[1]))
            }
            op::STORE_ATTR => (special::special_function(ty, c"__setattr__")?, How::with(&[1, How::NAME, 2])),
            op::DELETE_ATTR => (special::special_function(ty, c"__delattr__")?, How::with(&[1, How::NAME])),
            op::LOAD_ATTR if operation == ANY_ATTRIBUTE => {
                (special::attribute_function(ty)?, How::with(&[1, How::NAME]))
            }
            op::LOAD_ATTR if Type::looks_attributes_up_plainly(ty) => {
                (special::special_function(ty, c"__getattr__")?, How::with(&[1, How::NAME]))
            }
            _ => return None,
        })
    }
}
