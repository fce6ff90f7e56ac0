//! Parallel moves: all sources are read before any destination is written.
use crate::abi::Loc;
use crate::asm::RAX;

/// Holds one value while a cycle is rotated. No stencil or allocator keeps a value there between instructions.
const SCRATCH: Loc = Loc::Reg(RAX);

/// Orders `moves` (distinct destinations, none of them rax) so that executing them one by one has the effect of all at
/// once. Cycles go through rax, a vector register's value too. Constants come last: they may need rax as well.
pub(crate) fn sequence(moves: &[(Loc, Loc)], mut emit: impl FnMut(Loc, Loc)) {
    let mut pending: Vec<(Loc, Loc)> =
        moves.iter().copied().filter(|(dst, src)| dst != src && !matches!(src, Loc::Const(_))).collect();
    while !pending.is_empty() {
        let before = pending.len();
        let mut n = 0;
        while n < pending.len() {
            let (dst, src) = pending[n];
            if pending.iter().enumerate().any(|(m, p)| m != n && p.1 == dst) {
                n += 1;
            } else {
                emit(dst, src);
                pending.swap_remove(n);
            }
        }
        if pending.len() == before {
            // Only cycles are left: free one location of one cycle.
            let (_, src) = pending[0];
            emit(SCRATCH, src);
            for p in &mut pending {
                if p.1 == src {
                    p.1 = SCRATCH;
                }
            }
        }
    }
    for &(dst, src) in moves {
        if matches!(src, Loc::Const(_)) {
            emit(dst, src);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn location() -> impl Strategy<Value = Loc> {
        prop_oneof![
            prop_oneof![Just(3u8), Just(6), Just(7), Just(12)].prop_map(Loc::Reg),
            (3u8..7).prop_map(Loc::Fpr),
            (0u16..4).prop_map(Loc::Spill),
        ]
    }

    fn source() -> impl Strategy<Value = Loc> {
        prop_oneof![4 => location(), 1 => any::<u64>().prop_map(Loc::Const)]
    }

    proptest! {
        #[test]
        fn sequence_equals_parallel(moves in prop::collection::hash_map(location(), source(), 0..12)) {
            let moves: Vec<(Loc, Loc)> = moves.into_iter().collect();
            let initial = |l: Loc| match l {
                Loc::Const(c) => format!("const {c}"),
                l => format!("{l:?}"),
            };
            let mut state: HashMap<Loc, String> = HashMap::new();
            let mut steps = 0;
            sequence(&moves, |dst, src| {
                let value = match src {
                    Loc::Const(c) => format!("const {c}"),
                    l => state.get(&l).cloned().unwrap_or_else(|| initial(l)),
                };
                state.insert(dst, value);
                steps += 1;
            });
            for (dst, src) in &moves {
                prop_assert_eq!(state.get(dst).cloned().unwrap_or_else(|| initial(*dst)), initial(*src));
            }
            for (l, value) in &state {
                let is_destination = *l == SCRATCH || moves.iter().any(|m| m.0 == *l);
                prop_assert!(is_destination || *value == initial(*l));
            }
            prop_assert!(steps <= moves.len() + moves.len() / 2);
        }
    }
}
