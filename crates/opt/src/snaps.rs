//! The snapshots of a trace in the making: equal ones are stored once.
use std::hash::BuildHasher;

use ir::{SnapId, Snapshot, Trace};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// Snapshots by hash; they themselves are in the trace. Of two with one hash the later is not found again, which only
/// costs room.
#[derive(Clone, Default)]
pub(crate) struct Snaps(FxHashMap<u64, SnapId>);

impl Snaps {
    /// The id of `snap`, which is appended to `out` if it is new.
    pub fn intern(&mut self, out: &mut Trace, snap: Snapshot) -> SnapId {
        let hash = FxBuildHasher.hash_one(&snap);
        match self.0.get(&hash) {
            Some(&id) if *out.snapshot(id) == snap => id,
            _ => {
                let id = out.push_snapshot(snap);
                self.0.insert(hash, id);
                id
            }
        }
    }
}
