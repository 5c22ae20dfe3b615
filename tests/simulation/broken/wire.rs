//! Responses as they stand on the wire, read strictly and by this file alone.

/// The responses of one connection.
#[derive(Debug, Default)]
pub(crate) struct Responses {
    wire: Vec<u8>,
    at: usize,
    state: State,
    /// The numbers of those that answer; none for a server's own.
    pub(crate) finals: Vec<Option<usize>>,
    /// One of them says that it is the last.
    pub(crate) closes: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    Length(usize),
    ChunkSize,
    /// So many bytes and what ends them.
    Chunk(usize),
    Trailers,
}

impl Responses {
    /// Reads on, where so many requests have begun.
    pub(crate) fn feed(&mut self, bytes: &[u8], begun: usize) {
        self.wire.extend(bytes);
        while self.step(begun) {}
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        self.state == State::Head && self.at == self.wire.len()
    }

    /// Whether all of them are whole.
    pub(crate) fn at_rest(&self) {
        assert!(self.is_at_rest(), "half a response: {:?}", self.wire.escape_ascii().to_string());
    }

    fn step(&mut self, begun: usize) -> bool {
        let rest = &self.wire[self.at..];
        match self.state {
            State::Head => {
                let Some(end) = find(rest, b"\r\n\r\n") else { return false };
                let head = std::str::from_utf8(&rest[..end]).expect("heads are ASCII").to_owned();
                self.at += end + 4;
                self.head(&head, begun);
            }
            State::Length(len) | State::Chunk(len) => {
                let after: &[u8] = if self.state == State::Length(len) { b"" } else { b"\r\n" };
                if rest.len() < len + after.len() {
                    return false;
                }
                assert_eq!(&rest[len..len + after.len()], after, "what ends a chunk");
                self.at += len + after.len();
                self.state = if after.is_empty() { State::Head } else { State::ChunkSize };
            }
            State::ChunkSize => {
                let Some(end) = find(rest, b"\r\n") else { return false };
                let digits = std::str::from_utf8(&rest[..end]).expect("sizes are ASCII");
                assert!(digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{digits:?}");
                let size = usize::from_str_radix(digits, 16).expect("a size");
                self.at += end + 2;
                self.state = if size == 0 { State::Trailers } else { State::Chunk(size) };
            }
            State::Trailers => {
                let Some(end) = find(rest, b"\r\n") else { return false };
                self.at += end + 2;
                if end == 0 {
                    self.state = State::Head;
                }
            }
        }
        true
    }

    fn head(&mut self, head: &str, begun: usize) {
        assert!(!self.closes, "a response after the last: {head:?}");
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..4));
        let status: u16 = status.and_then(|it| it.trim_end().parse().ok()).expect(line);
        let (mut number, mut length, mut chunked, mut close) = (None, None, false, false);
        for line in lines {
            let (name, value) = line.split_once(": ").expect(line);
            match name {
                "Number" => number = value.parse::<usize>().ok(),
                "Content-Length" => length = value.parse::<usize>().ok(),
                "Transfer-Encoding" => chunked = value == "chunked",
                "Connection" => close = value == "close",
                _ => {}
            }
        }
        assert!(self.finals.len() < begun, "a response to no request: {head:?}");
        if status < 200 {
            return;
        }
        let n = self.finals.len();
        assert!(number == Some(n) || (number.is_none() && close), "not the answer {n}: {head:?}");
        self.finals.push(number);
        self.closes = close;
        self.state = match (length, chunked) {
            _ if matches!(status, 204 | 304) => State::Head,
            (Some(0), false) => State::Head,
            (Some(length), false) => State::Length(length),
            (None, true) => State::ChunkSize,
            _ => panic!("a response without framing: {head:?}"),
        };
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
