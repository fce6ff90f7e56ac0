//! The operations that run as escapes: arbitrary Python code may run inside.

/// What an `escape` uop does. Its second immediate holds a detail (an oparg, a name's address), and one bit per operand,
/// whether the trace hands over a reference to it: [`EscapeHelper::immediate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum EscapeHelper {
    /// Releases the operands in order.
    Release,
    /// `BINARY_OP` with oparg `arg`.
    BinaryOp,
    /// `PyObject_RichCompare` with comparison `arg`; bit 8 converts the result to bool.
    Compare,
    /// Truth of the operand as `True`/`False`.
    ToBool,
    /// `-x`.
    Negative,
    /// `~x`.
    Invert,
    /// `getattr(x, name)`.
    GetAttr,
    /// `x.name = v` (operands v, x).
    SetAttr,
    /// `x[k] = v` (operands v, x, k).
    SetItem,
    /// `del x[k]` (operands x, k).
    DelItem,
    /// `callable(*args)`: operands callable, then self or null, then arguments.
    Call,
    /// As `Call`, keyword names (a tuple) as last operand.
    CallKw,
    /// `callable(*args, **kwargs)`: operands callable, null, args, kwargs or null.
    CallEx,
    /// Adds the operands after the first to the first, a container: what SET_ADD, MAP_ADD, LIST_EXTEND, SET_UPDATE or
    /// DICT_UPDATE, whose number is `arg`, does to exact builtin types.
    AddTo,
    /// As `GetAttr`, with a NULL pushed behind: the callable of a call.
    GetMethod,
    /// `a in b` (operands a, b); `arg` 1 negates.
    Contains,
    /// `iter(x)`.
    GetIter,
    /// A list of the operands.
    BuildList,
    /// A tuple of the operands.
    BuildTuple,
    /// A dict of key, value, ... operands.
    BuildMap,
    /// A set of the operands.
    BuildSet,
    /// The concatenation of the operands (all str).
    BuildString,
    /// `format(x)` as FORMAT_SIMPLE does it.
    FormatSimple,
    /// `format(x, spec)`.
    FormatWithSpec,
    /// A slice of the operands (two or three).
    BuildSlice,
    /// `a[b:c]`.
    BinarySlice,
    /// `a[b:c] = v` (operands v, a, b, c).
    StoreSlice,
    /// `f"{x!r}"` conversions by oparg.
    ConvertValue,
    /// FOR_ITER's step of the operand, which stays on the stack; the result is the item or `iteration_end()`.
    ForIter,
    /// Clears the frame of a generator that returns at offset `arg` (operands value, generator); the result is the
    /// value.
    FinishGenerator,
    /// `CALL_INTRINSIC_1` with oparg `arg`.
    Intrinsic1,
    /// `CALL_INTRINSIC_2` with oparg `arg`.
    Intrinsic2,
    /// Adds the keyword arguments in operand 1 to the dict in operand 0, for a call of operand 2 (`DICT_MERGE`).
    MergeKeywords,
    /// `import name` (operands level, fromlist).
    ImportName,
    /// `del x.name`.
    DelAttr,
}

/// Bits of an escape's detail; those above say what is handed over.
const DETAIL_BITS: u32 = 48;

impl EscapeHelper {
    /// The second immediate of such an escape; `None` where it hands over more operands than there are bits for.
    pub(crate) fn immediate(self, detail: u64, owned: u64) -> Option<u64> {
        match self {
            // A frame may have more variables than the others have operands.
            EscapeHelper::Release => Some(owned),
            _ if owned >> (u64::BITS - DETAIL_BITS) != 0 => None,
            _ => Some(detail & ((1 << DETAIL_BITS) - 1) | owned << DETAIL_BITS),
        }
    }

    /// Which operands are handed over, and the detail, of that immediate.
    pub fn owned_and_detail(self, immediate: u64) -> (u64, u64) {
        match self {
            EscapeHelper::Release => (immediate, 0),
            _ => (immediate >> DETAIL_BITS, immediate & ((1 << DETAIL_BITS) - 1)),
        }
    }

    const ALL: [EscapeHelper; 35] = [
        EscapeHelper::Release,
        EscapeHelper::BinaryOp,
        EscapeHelper::Compare,
        EscapeHelper::ToBool,
        EscapeHelper::Negative,
        EscapeHelper::Invert,
        EscapeHelper::GetAttr,
        EscapeHelper::SetAttr,
        EscapeHelper::SetItem,
        EscapeHelper::DelItem,
        EscapeHelper::Call,
        EscapeHelper::CallKw,
        EscapeHelper::CallEx,
        EscapeHelper::AddTo,
        EscapeHelper::GetMethod,
        EscapeHelper::Contains,
        EscapeHelper::GetIter,
        EscapeHelper::BuildList,
        EscapeHelper::BuildTuple,
        EscapeHelper::BuildMap,
        EscapeHelper::BuildSet,
        EscapeHelper::BuildString,
        EscapeHelper::FormatSimple,
        EscapeHelper::FormatWithSpec,
        EscapeHelper::BuildSlice,
        EscapeHelper::BinarySlice,
        EscapeHelper::StoreSlice,
        EscapeHelper::ConvertValue,
        EscapeHelper::ForIter,
        EscapeHelper::FinishGenerator,
        EscapeHelper::Intrinsic1,
        EscapeHelper::Intrinsic2,
        EscapeHelper::MergeKeywords,
        EscapeHelper::ImportName,
        EscapeHelper::DelAttr,
    ];

    /// The helper of this number.
    pub fn from_number(n: u32) -> Option<EscapeHelper> {
        Self::ALL.get(n as usize).copied()
    }

    /// Whether a NULL is pushed behind the result.
    pub fn pushes_null(self) -> bool {
        self == EscapeHelper::GetMethod
    }

    /// Whether the instruction's result is pushed on the stack when it succeeds.
    pub fn pushes(self) -> bool {
        !matches!(
            self,
            EscapeHelper::Release
                | EscapeHelper::SetAttr
                | EscapeHelper::SetItem
                | EscapeHelper::DelItem
                | EscapeHelper::StoreSlice
                | EscapeHelper::AddTo
                | EscapeHelper::MergeKeywords
                | EscapeHelper::DelAttr
        )
    }
}
