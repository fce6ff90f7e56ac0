//! The snapshots of a trace in the making. Neighbouring guards leave through equal ones, which are made and stored
//! once.
use std::ops::{Deref, DerefMut};

use ir::{SnapId, Snapshots};

/// A part of what snapshots are made from, and how often it may have changed.
#[derive(Default)]
pub(crate) struct Versioned<T> {
    value: T,
    version: u32,
}

impl<T> Versioned<T> {
    pub fn version(&self) -> u32 {
        self.version
    }

    /// For a trace's beginning.
    pub fn begin(&mut self) -> &mut T {
        self.version = 0;
        &mut self.value
    }

    /// For a change that changes no snapshot.
    pub fn unversioned(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Deref for Versioned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Versioned<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.version += 1;
        &mut self.value
    }
}

/// What a snapshot is made from: the input's, and the state of what it names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SnapKey {
    pub input: SnapId,
    pub slots: u32,
    pub pending: u32,
    pub virtual_changes: u32,
}

/// The snapshot made last, and from what, if from that alone.
#[derive(Default)]
pub(crate) struct Snaps {
    last: Option<(Option<SnapKey>, SnapId)>,
}

impl Snaps {
    /// The snapshot made from `key`, if it is the last one.
    pub fn find(&self, key: SnapKey) -> Option<SnapId> {
        self.last.filter(|(k, _)| *k == Some(key)).map(|(_, id)| id)
    }

    /// The id of `new`, or of the one before if that is equal; then `new` is taken back where it is the last one.
    pub fn add(&mut self, all: &mut Snapshots, key: Option<SnapKey>, new: SnapId) -> SnapId {
        let id = match self.last {
            Some((_, id)) if id != new && all.are_equal(id, new) => {
                if new.0 as usize + 1 == all.len() {
                    all.truncate(new.0 as usize);
                }
                id
            }
            _ => new,
        };
        self.last = Some((key, id));
        id
    }

    /// What keys name has changed.
    pub fn forget(&mut self) {
        self.last = None;
    }
}
