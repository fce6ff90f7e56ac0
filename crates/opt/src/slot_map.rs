//! Root frame slots by byte offset, ascending.
use std::ops::Index;

use crate::slots::{Origin, Slot};
use crate::virtuals::Val;

/// What is known of each slot of the root frame.
#[derive(Default)]
pub(crate) struct SlotMap(Vec<Option<Slot>>);

impl SlotMap {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn get(&self, offset: u64) -> Option<&Slot> {
        self.0.get(offset as usize / 8)?.as_ref()
    }

    pub fn get_mut(&mut self, offset: u64) -> Option<&mut Slot> {
        self.0.get_mut(offset as usize / 8)?.as_mut()
    }

    /// What was known of the slot before.
    pub fn insert(&mut self, offset: u64, slot: Slot) -> Option<Slot> {
        let n = offset as usize / 8;
        if n >= self.0.len() {
            self.0.resize(n + 1, None);
        }
        self.0[n].replace(slot)
    }

    /// Notes what memory holds in a slot.
    pub fn loaded(&mut self, offset: u64, value: Val) {
        let unknown = Slot { value: None, stale: false, owned: true, origin: Origin::Loaded };
        let slot = self.get(offset).copied().unwrap_or(unknown);
        self.insert(offset, Slot { value: Some(value), ..slot });
    }

    /// By number.
    pub fn all(&self) -> &[Option<Slot>] {
        &self.0
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Slot)> {
        self.0.iter().enumerate().filter_map(|(n, slot)| Some((8 * n as u64, slot.as_ref()?)))
    }

    pub fn values(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter().flatten()
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.0.iter_mut().flatten()
    }
}

impl Index<u64> for SlotMap {
    type Output = Slot;

    fn index(&self, offset: u64) -> &Slot {
        self.get(offset).expect("the slot is known")
    }
}
