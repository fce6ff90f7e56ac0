//! The allocator's view of one point in the code: which value is in which register and spill slot.
use ir::ValueId;

use crate::CompileError;
use crate::abi::{Loc, SPILL_SLOTS};
use crate::target::RegSet;

/// Register class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Class {
    Int,
    Float,
}

impl Class {
    pub fn loc(self, r: u8) -> Loc {
        match self {
            Class::Int => Loc::Reg(r),
            Class::Float => Loc::Fpr(r),
        }
    }
}

/// Where a value is: in a register, in a spill slot, in both, or (a constant) in neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub reg: Option<u8>,
    pub slot: Option<u16>,
}

/// A [`Loc`] in one word, for tables that are copied and compared all the time. A constant's bits are where all
/// constants are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed(u32);

impl Packed {
    const FPR: u32 = 1 << 16;
    const SPILL: u32 = 2 << 16;
    const CONST: Packed = Packed(3 << 16);
    /// Of a value that is dead, or not made yet.
    const NOWHERE: Packed = Packed(4 << 16);

    fn reg(class: Class, r: u8) -> Packed {
        Packed(if class == Class::Float { Packed::FPR } else { 0 } | u32::from(r))
    }

    fn spill(slot: u16) -> Packed {
        Packed(Packed::SPILL | u32::from(slot))
    }

    /// Whether it is a vector register.
    pub fn is_fpr(self) -> bool {
        self.0 & !0xffff == Packed::FPR
    }

    /// Whether it is a constant's.
    pub fn is_const(self) -> bool {
        self == Packed::CONST
    }

    /// The location of `v`, whose bits `konst` knows if it is a constant.
    #[inline]
    pub fn unpack(self, v: ValueId, konst: impl FnOnce(ValueId) -> Option<u64>) -> Loc {
        let n = self.0 as u16;
        match self.0 >> 16 {
            0 => Loc::Reg(n as u8),
            1 => Loc::Fpr(n as u8),
            2 => Loc::Spill(n),
            _ => Loc::Const(konst(v).unwrap_or_else(|| unreachable!("{v} is nowhere"))),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Regs<'a> {
    /// By value: its bits if it is a constant.
    consts: &'a [Option<u64>],
    owners: Owners,
    places: Vec<Place>,
    /// By value: where to read it; asked for far more often than it changes.
    locs: Vec<Packed>,
}

/// What is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    /// By class and hardware number.
    owner: [[Option<ValueId>; 16]; 2],
    occupied: [RegSet; 2],
    /// By spill slot.
    slots: u128,
}

/// Room for the tables of [`Regs`].
#[derive(Default)]
pub(crate) struct RegsRoom {
    places: Vec<Place>,
    locs: Vec<Packed>,
}

const _: () = assert!(SPILL_SLOTS == 128, "`slots` has a bit for each");

impl<'a> Regs<'a> {
    pub fn new(consts: &'a [Option<u64>], room: &mut RegsRoom) -> Regs<'a> {
        let RegsRoom { mut places, mut locs } = std::mem::take(room);
        ir::filled(&mut places, consts.len(), Place::default());
        ir::make_room(&mut locs, consts.len());
        locs.extend(consts.iter().map(|c| if c.is_some() { Packed::CONST } else { Packed::NOWHERE }));
        Regs { consts, owners: Owners::default(), places, locs }
    }

    pub fn into_room(self) -> RegsRoom {
        RegsRoom { places: self.places, locs: self.locs }
    }

    /// Notes the present state: what is returned, and the rest in `room`.
    pub fn save(&self, room: &mut RegsRoom) -> Owners {
        room.places.clone_from(&self.places);
        room.locs.clone_from(&self.locs);
        self.owners.clone()
    }

    /// Goes back to a state that was noted.
    pub fn restore(&mut self, owners: &Owners, room: &RegsRoom) {
        self.places.clone_from(&room.places);
        self.locs.clone_from(&room.locs);
        self.owners.clone_from(owners);
    }

    pub fn place(&self, v: ValueId) -> Place {
        self.places[v.0 as usize]
    }

    /// Where to read `v`.
    #[inline]
    pub fn loc(&self, v: ValueId) -> Loc {
        self.packed(v).unpack(v, |v| self.consts[v.0 as usize])
    }

    /// The same, packed.
    #[inline]
    pub fn packed(&self, v: ValueId) -> Packed {
        self.locs[v.0 as usize]
    }

    /// `v` is in no register any more: it is read from its slot, or is a constant.
    fn locate(&mut self, v: ValueId) {
        let n = v.0 as usize;
        self.locs[n] = match (self.consts[n], self.places[n].slot) {
            (Some(_), _) => Packed::CONST,
            (None, slot) => slot.map_or(Packed::NOWHERE, Packed::spill),
        };
    }

    pub fn occupied(&self, class: Class) -> RegSet {
        self.owners.occupied[class as usize]
    }

    pub fn owner(&self, class: Class, r: u8) -> Option<ValueId> {
        self.owners.owner[class as usize][r as usize]
    }

    /// `v` is in `r` now, which was free.
    pub fn put(&mut self, class: Class, r: u8, v: ValueId) {
        debug_assert!(!self.owners.occupied[class as usize].contains(r));
        self.owners.owner[class as usize][r as usize] = Some(v);
        self.owners.occupied[class as usize].insert(r);
        self.places[v.0 as usize].reg = Some(r);
        self.locs[v.0 as usize] = Packed::reg(class, r);
    }

    /// The register may get a new owner; the present one is still read from it until it is forgotten.
    pub fn vacate(&mut self, class: Class, r: u8) {
        self.owners.owner[class as usize][r as usize] = None;
        self.owners.occupied[class as usize].remove(r);
    }

    /// `v` is no longer in its register.
    pub fn drop_reg(&mut self, class: Class, v: ValueId) {
        if let Some(r) = self.places[v.0 as usize].reg.take() {
            if self.owners.owner[class as usize][r as usize] == Some(v) {
                self.vacate(class, r);
            }
            self.locate(v);
        }
    }

    /// `v` is dead.
    pub fn forget(&mut self, class: Class, v: ValueId) {
        self.drop_reg(class, v);
        if let Some(s) = self.places[v.0 as usize].slot.take() {
            self.owners.slots &= !(1 << s);
            self.locate(v);
        }
    }

    /// Gives `v` a spill slot.
    pub fn add_slot(&mut self, v: ValueId) -> Result<u16, CompileError> {
        let s = (!self.owners.slots).trailing_zeros() as u16;
        if s as usize >= SPILL_SLOTS {
            return Err(CompileError::TooManySpills);
        }
        self.put_slot(v, s);
        Ok(s)
    }

    /// Gives `v` this spill slot.
    pub fn put_slot(&mut self, v: ValueId, s: u16) {
        self.owners.slots |= 1 << s;
        let n = v.0 as usize;
        self.places[n].slot = Some(s);
        if self.places[n].reg.is_none() {
            self.locate(v);
        }
    }

    pub fn slot_is_free(&self, s: u16) -> bool {
        self.owners.slots >> s & 1 == 0
    }
}
