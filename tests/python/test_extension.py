"""What the extension's machine code must be like, whatever it computes."""

import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile


@pytest.mark.skipif(sys.platform != "linux", reason="reads an ELF file")
def test_handlers_reach_their_variables_without_the_global_offset_table():
    """A load and a register for each access, in nearly every handler, if `tier1::hot::HOT` could be another library's."""
    import tierup._native

    with Path(tierup._native.__file__).open("rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".symtab")
        hot = [s["st_value"] for s in symbols.iter_symbols() if "5tier13hot3HOT" in s.name]
        assert len(hot) == 1, "the extension has its symbols, and one such variable"
        relocations = elf.get_section_by_name(".rela.dyn")
        assert relocations.num_relocations() > 100
        table = elf.get_section_by_name(".got")
        entries = range(table["sh_addr"], table["sh_addr"] + table["sh_size"])
        through_table = [
            r
            for r in relocations.iter_relocations()
            if r["r_offset"] in entries and r["r_addend"] == hot[0]
        ]
        assert not through_table, (
            "some `pub` function of crates/tier1 that uses it can be inlined: see hot.rs"
        )
