//! WHATWG HTML 9.2.6, to the letter, on a whole stream; and what an event that has no end is.

pub(crate) const UNFINISHED: &str = "unfinished";

pub(crate) fn event(event: &str, data: &str, id: &str) -> String {
    format!("event {event:?} {data:?} {id:?}")
}

pub(crate) fn retry(ms: u64) -> String {
    format!("retry {ms}")
}

pub(crate) fn comment(text: &[u8]) -> String {
    format!("comment {text:?}")
}

/// What the stream holds, and its last event id.
pub(crate) fn read(wire: &[u8], dispatch_at_eof: bool) -> (Vec<String>, String) {
    let wire = wire.strip_prefix(b"\xef\xbb\xbf").unwrap_or(wire);
    // CRLF before CR and LF; what follows the last line end is no line.
    let (mut lines, mut last, mut i) = (Vec::new(), Vec::new(), 0);
    while i < wire.len() {
        match wire[i] {
            b'\r' | b'\n' => {
                lines.push(std::mem::take(&mut last));
                i += usize::from(wire[i..].starts_with(b"\r\n"));
            }
            byte => last.push(byte),
        }
        i += 1;
    }
    let mut stream = Stream::default();
    for line in &lines {
        stream.line(line, false);
    }
    let has_begun = stream.begun || !last.is_empty() && last[0] != b':';
    if dispatch_at_eof && has_begun {
        stream.line(&last, true);
    }
    if dispatch_at_eof && has_begun && !stream.data.is_empty() {
        stream.line(b"", false);
    } else if has_begun {
        stream.items.push(UNFINISHED.into());
    }
    (stream.items, stream.last_event_id)
}

/// The buffers of the specification.
#[derive(Default)]
struct Stream {
    items: Vec<String>,
    data: String,
    event: String,
    id: Option<String>,
    last_event_id: String,
    begun: bool,
}

impl Stream {
    /// A line; of one that the end of the stream has ended, only what an event is made of counts.
    fn line(&mut self, line: &[u8], is_last: bool) {
        if line.is_empty() {
            if !is_last {
                self.dispatch();
            }
            return;
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = match colon {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        if colon == Some(0) {
            if !is_last {
                self.items.push(comment(value));
            }
            return;
        }
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = String::from_utf8_lossy(value);
        match name {
            b"event" => self.event = text.into(),
            b"data" => self.data += &(text + "\n"),
            b"id" if !text.contains('\0') => self.id = Some(text.into()),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) && !is_last => {
                self.items.push(retry(text.parse().unwrap_or(u64::MAX)));
            }
            _ => {}
        }
        self.begun |= matches!(name, b"event" | b"data" | b"id");
    }

    fn dispatch(&mut self) {
        self.last_event_id = self.id.take().unwrap_or(std::mem::take(&mut self.last_event_id));
        if let Some(data) = self.data.strip_suffix('\n') {
            let kind = if self.event.is_empty() { "message" } else { &self.event };
            self.items.push(event(kind, data, &self.last_event_id));
        }
        (self.data, self.event, self.begun) = Default::default();
    }
}
