//! How one value is written: plain, single-quoted, double-quoted or as a literal block.
//!
//! Owns the rule that a string written plain must be a string to every YAML 1.1 and 1.2 reader.
//! It does not know where a value goes; the caller says which style was there before.

use crate::tree::Kind;

/// Whether `text` may stand unquoted and still be the same string to every YAML reader.
///
/// Conservative on purpose: `1234e56`, `0123456`, `12:30`, `1_000`, `y`, `2024-01-02` and `.inf`
/// are numbers, times, booleans or dates to one reader or another. `flow` is true between braces
/// or brackets, where fewer characters are allowed.
#[must_use]
pub fn is_plain_string(text: &str, flow: bool) -> bool {
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if b",[]{}#&*!|>'\"%@`-?:= \t".contains(&first) || b" \t:".contains(&last) {
        return false;
    }
    if text.starts_with("...") || text == "<<" || text.contains(": ") || text.contains(" #") {
        return false;
    }
    if flow && bytes.iter().any(|b| b",[]{}?".contains(b)) {
        return false;
    }
    text.chars().all(is_printable) && !reads_as_something_else(text)
}

/// Characters that may stand as they are in any style, on one line.
fn is_printable(c: char) -> bool {
    match c {
        ' '..='~' | '\u{a0}'..='\u{d7ff}' => !matches!(c, '\u{2028}' | '\u{2029}'),
        '\u{e000}'..='\u{fffd}' => c != '\u{feff}',
        '\u{10000}'..='\u{10ffff}' => true,
        _ => false,
    }
}

/// Whether a plain scalar is a number, a boolean, a date or null to some reader.
pub(crate) fn reads_as_something_else(text: &str) -> bool {
    const WORDS: [&str; 15] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".inf", ".nan", "inf",
        "nan", "infinity",
    ];
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if WORDS.iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return true;
    }
    looks_numeric(unsigned) || looks_like_a_date(text)
}

/// Integers in any base, floats, and base 60, each with the separators some reader allows.
fn looks_numeric(text: &str) -> bool {
    let all = |rest: &str, ok: fn(u8) -> bool| rest.bytes().all(|b| ok(b) || b == b'_');
    let lower = text.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("0x") {
        return all(rest, |b| b.is_ascii_hexdigit() || b == b'.' || b == b'p');
    }
    if let Some(rest) = lower
        .strip_prefix("0o")
        .or_else(|| lower.strip_prefix("0b"))
    {
        return all(rest, |b| b.is_ascii_digit());
    }
    let mantissa = match lower.split_once('e') {
        Some((mantissa, exponent)) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if !all(exponent, |b| b.is_ascii_digit()) {
                return false;
            }
            mantissa
        }
        None => lower.as_str(),
    };
    mantissa
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_digit() || b == b'.')
        && all(mantissa, |b| b.is_ascii_digit() || b",.:".contains(&b))
        && (mantissa.matches('.').count() <= 1)
}

fn looks_like_a_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let digits = |part: Option<&str>, max: usize| {
        part.is_some_and(|p| (1..=max).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    digits(parts.next(), 4) && digits(parts.next(), 2) && {
        let day = parts.next().unwrap_or_default();
        let end = day.find(['T', 't', ' ', '\t']).unwrap_or(day.len());
        digits(day.get(..end), 2)
    }
}

/// A number as JSON writes it: no sign `+`, no leading zero, no separators.
pub(crate) fn is_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|part| digits(part.strip_prefix(['+', '-']).unwrap_or(part)))
}

/// Writes a string on one line, in the style that was there where that is possible.
pub(crate) fn write_string(text: &str, before: Option<Kind>, flow: bool) -> String {
    match before {
        Some(Kind::Double) => double_quoted(text),
        Some(Kind::Single) if text.chars().all(is_printable) => single_quoted(text),
        _ if is_plain_string(text, flow) => text.to_owned(),
        _ => double_quoted(text),
    }
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Double quotes, escaped so that it is valid in YAML and JSON alike.
pub(crate) fn double_quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

/// Writes a literal block (`|`) whose lines start with `indent`, if `text` has a plain shape:
/// at least two lines or a final newline, no leading blank, nothing that needs escaping.
pub(crate) fn literal_block(text: &str, indent: &str, newline: &str) -> Option<String> {
    let (body, header) = match text.strip_suffix('\n') {
        Some(body) => (body, "|"),
        None => (text, "|-"),
    };
    let clean = |line: &str| line.chars().all(|c| c == '\t' || is_printable(c));
    if !text.contains('\n') || indent.is_empty() || !body.split('\n').all(clean) {
        return None;
    }
    if body.starts_with([' ', '\t', '\n']) || body.ends_with('\n') || body.is_empty() {
        return None;
    }
    let mut out = header.to_owned();
    for line in body.split('\n') {
        out.push_str(newline);
        if !line.is_empty() {
            out.push_str(indent);
            out.push_str(line);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests;
