//! Structural pattern matching.

use cpython::abi::*;

use crate::dispatch::*;
use crate::hot::*;

handlers! {
    fn match_mapping(f, ip, sp, ts) {
        let ty = (*(*sp.sub(1)).object()).ob_type;
        *sp = bool_ref(Type::has_flag(ty, TPFLAGS_MAPPING));
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn match_sequence(f, ip, sp, ts) {
        let ty = (*(*sp.sub(1)).object()).ob_type;
        *sp = bool_ref(Type::has_flag(ty, TPFLAGS_SEQUENCE));
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn match_class(f, ip, sp, ts) {
        match_class_out_of_line::<R>(f, ip, sp, ts)
    }

    fn match_keys(f, ip, sp, ts) {
        match_keys_out_of_line::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    fn match_class_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let (subject, class, names) = ((*sp.sub(3)).object(), (*sp.sub(2)).object(), (*sp.sub(1)).object());
        let attributes = _PyEval_MatchClass(ts, subject, class, (*ip).a as isize, names);
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        close_slot(sp.sub(3));
        *sp.sub(3) = if !attributes.is_null() {
            StackRef::steal(attributes)
        } else if (*ts).current_exception.is_null() {
            none_ref()
        } else {
            return error::<R>(f, ip, sp.sub(3), ts);
        };
        proceed::<R>(f, ip, ip.add(1), sp.sub(2), ts)
    }

    fn match_keys_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let values = _PyEval_MatchKeys(ts, (*sp.sub(2)).object(), (*sp.sub(1)).object());
        if values.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(values);
        proceed::<R>(f, ip, ip.add(1), sp.add(1), ts)
    }
}
