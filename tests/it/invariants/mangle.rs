//! Damage that logs really suffer, and some that they do not: lines moved, doubled, cut, joined and
//! lost, bytes changed. A plain function of its edits, so that proptest can shrink them and a
//! fuzzer can make them.

/// One change; the places are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    /// What is done.
    pub(crate) how: u8,
    /// The line, or the byte, it is done to.
    pub(crate) at: u32,
    /// The other line, or the new byte.
    pub(crate) with: u32,
}

/// The bytes after all edits.
pub(crate) fn mangle(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    for edit in edits {
        apply(&mut lines, *edit);
    }
    lines.join(&b'\n')
}

fn apply(lines: &mut Vec<Vec<u8>>, edit: Edit) {
    let (at, with) = (edit.at as usize % lines.len(), edit.with as usize % lines.len());
    let place = |line: &[u8]| edit.with as usize % (line.len() + 1);
    match edit.how % 9 {
        0 => lines.swap(at, with),
        1 => lines.insert(with, lines[at].clone()),
        2 => {
            let cut = place(&lines[at]);
            lines[at].truncate(cut);
        }
        3 => {
            let more = lines[with].clone();
            lines[at].extend(more);
        }
        4 if lines.len() > 1 => drop(lines.remove(at)),
        5 => {
            let start = lines[at].len().min(place(&lines[at]));
            lines[at].drain(..start);
        }
        6 => {
            let split = place(&lines[at]);
            let rest = lines[at].split_off(split);
            lines.insert(at + 1, rest);
        }
        7 => lines[at].push(b'\r'),
        _ => {
            let (byte, length) = (edit.with.to_le_bytes()[3], lines[at].len());
            if length > 0 {
                lines[at][edit.with as usize % length] = byte;
            }
        }
    }
}
