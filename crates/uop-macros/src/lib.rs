//! `#[uop(...)]`: marks a uop declaration.
//!
//! The attribute's arguments are read from the source text by `uop-table`, not here; the macro only makes the
//! attribute legal Rust, so that rustfmt, clippy and editors work on the declarations.

use proc_macro::TokenStream;

/// Marks a function (or a bodyless trait method) as the declaration of a uop. Returns the item unchanged.
#[proc_macro_attribute]
pub fn uop(_facts: TokenStream, item: TokenStream) -> TokenStream {
    item
}
