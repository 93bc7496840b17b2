//! pkt-lines: the frames git's protocols are made of (`gitprotocol-common`).
//!
//! Owns framing only. Takes bytes as they come in and knows no connection, so that whatever a server
//! sends can be put through it in a test.

use super::fault::Garbled;

/// Longest frame git knows, its four digits included.
const MAX_FRAME: usize = 65_520;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pkt {
    /// A line or a piece of a stream; a newline at its end is still there.
    Data(Vec<u8>),
    /// `0000`: the end of a message.
    Flush,
    /// `0001`: the end of a section.
    Delimiter,
    /// `0002`: the end of an answer over a connection without state.
    End,
}

/// Bytes that came in and are not a whole frame yet.
#[derive(Debug, Default)]
pub(crate) struct PktBuffer {
    bytes: Vec<u8>,
    read: usize,
}

impl PktBuffer {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        // What was read is dropped here and not with each frame, which would move the rest every time.
        self.bytes.drain(..self.read);
        self.read = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing is left over.
    pub(crate) fn is_empty(&self) -> bool {
        self.read == self.bytes.len()
    }

    /// The next frame; `None` until more bytes are in.
    pub(crate) fn next(&mut self) -> Result<Option<Pkt>, Garbled> {
        let rest = &self.bytes[self.read..];
        let Some((digits, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = length(*digits)?;
        let (taken, pkt) = match length {
            0 => (4, Pkt::Flush),
            1 => (4, Pkt::Delimiter),
            2 => (4, Pkt::End),
            4..=MAX_FRAME => match rest.get(..length - 4) {
                None => return Ok(None),
                Some(data) => (length, Pkt::Data(data.to_vec())),
            },
            _ => return Err(Garbled(format!("a frame of {length} bytes"))),
        };
        self.read += taken;
        Ok(Some(pkt))
    }
}

fn length(digits: [u8; 4]) -> Result<usize, Garbled> {
    digits.iter().try_fold(0, |sum, digit| {
        let value = char::from(*digit).to_digit(16);
        let value = value.ok_or_else(|| Garbled(format!("{digits:?} where a frame starts")))?;
        Ok(sum << 4 | value as usize)
    })
}

/// Appends a frame. `data` is ours and short: a command, a name, an object's name.
pub(crate) fn write(out: &mut Vec<u8>, data: &[u8]) {
    debug_assert!(data.len() + 4 <= MAX_FRAME);
    out.extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
    out.extend_from_slice(data);
}

/// Appends the end of a message.
pub(crate) fn flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// Appends the end of a section.
pub(crate) fn delimiter(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0001");
}

/// A line without the newline it may end with.
pub(crate) fn chomp(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<Pkt>, Garbled> {
        let mut buffer = PktBuffer::default();
        buffer.feed(bytes);
        std::iter::from_fn(|| buffer.next().transpose()).collect()
    }

    #[test]
    fn frames_are_read_however_they_are_cut() {
        let mut sent = Vec::new();
        write(&mut sent, b"hello\n");
        delimiter(&mut sent);
        write(&mut sent, b"");
        flush(&mut sent);
        let mut buffer = PktBuffer::default();
        let mut heard = Vec::new();
        for byte in &sent {
            buffer.feed(std::slice::from_ref(byte));
            heard.extend(buffer.next().unwrap());
        }
        let line = |text: &[u8]| Pkt::Data(text.to_vec());
        let expected = [line(b"hello\n"), Pkt::Delimiter, line(b""), Pkt::Flush];
        assert_eq!(heard, expected);
        assert!(buffer.is_empty());
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for junk in ["<htm", "0003", "fff1", "+0ab", "00 5"] {
            assert!(all(junk.as_bytes()).is_err(), "{junk}");
        }
    }
}
