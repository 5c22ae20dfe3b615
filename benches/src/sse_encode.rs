//! Event streams: events out.

use std::cell::RefCell;
use std::convert::Infallible;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, Sse};
use futures_util::stream;
use wirefeed::sse::{self, encode_event, encode_retry};

use crate::measure::{Row, Run};
use crate::sse::{FIELDS, LINE, TINY, TOKEN};

pub(crate) fn rows(run: Run<'_>) {
    let line = format!("data: {}\n\n", "x".repeat(LINE));
    for (name, wire, items, to_plain, to_axum) in [
        ("token, 202 B", TOKEN, 2000, 1.25, 0.2),
        ("data: x", TINY, 20_000, 1.25, 0.2),
        ("id, event, retry, 3 lines", FIELDS, 2000, 1.25, 0.35),
        ("64 KiB line", &line, 16, 1.25, 1.25),
    ] {
        let fields = Fields::of(wire, items);
        let name = format!("sse, {name}, encoded");
        let row = Row {
            name,
            items,
            wire: fields.data.as_bytes().into(),
            piece: fields.piece,
            peer: "plain loop",
            bound: to_plain,
        };
        // One buffer for both: where it lies beside the data decides how fast it is copied to.
        let out = RefCell::new(Vec::new());
        let mut ours = |_: &[u8], _: usize| fields.ours(&mut out.borrow_mut());
        run(vec![row.clone()], &mut ours, &mut |_, _| fields.plain_loop(&mut out.borrow_mut()));
        let row = Row { peer: "axum", bound: to_axum, ..row };
        run(vec![row], &mut ours, &mut |_, _| fields.axum());
    }
}

/// What the events of a row are made of.
struct Fields {
    /// The data of all events, and how much of it is one's.
    data: Arc<str>,
    piece: usize,
    event: Option<&'static str>,
    id: Option<&'static str>,
    retry: Option<u64>,
    /// What each contender must write for one event.
    len: usize,
}

impl Fields {
    fn of(wire: &str, items: usize) -> Self {
        let full = wire == FIELDS;
        let lines: Vec<_> = wire.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let data = lines.join("\n");
        let fields = Self {
            data: data.repeat(items).into(),
            piece: data.len(),
            event: full.then_some("update"),
            id: full.then_some("1732312345-0"),
            retry: full.then_some(3000),
            len: wire.len(),
        };
        // All of them write the same bytes.
        let (one, mut out) = (fields.one(), Vec::new());
        assert_eq!(one.ours(&mut out), 1);
        assert_eq!(out, wire.as_bytes());
        assert_eq!(one.plain_loop(&mut out), 1);
        assert_eq!(out, wire.as_bytes());
        let mut written = Vec::new();
        one.axum_frames(|frame| written.extend_from_slice(frame));
        assert_eq!(written, wire.as_bytes());
        fields
    }

    /// The first event alone.
    fn one(&self) -> Self {
        Self { data: self.data[..self.piece].into(), ..*self }
    }

    fn pieces(&self) -> impl Iterator<Item = &str> {
        let Self { data, piece, .. } = self;
        (0..data.len()).step_by(*piece).map(move |at| &data[at..at + piece])
    }

    fn ours(&self, out: &mut Vec<u8>) -> usize {
        out.clear();
        let mut written = 0;
        for data in self.pieces() {
            written += make_room(out);
            if let Some(ms) = black_box(self.retry) {
                encode_retry(ms, out).unwrap();
            }
            let (event, id) = (black_box(self.event), black_box(self.id));
            let message =
                sse::Event { event: event.unwrap_or("message"), id, data, ..Default::default() };
            encode_event(&message, out).unwrap();
        }
        black_box(&*out);
        (written + out.len()) / self.len
    }

    /// The unavoidable work: what would end a line is looked for, and the rest copied.
    fn plain_loop(&self, out: &mut Vec<u8>) -> usize {
        out.clear();
        let mut written = 0;
        for data in self.pieces() {
            written += make_room(out);
            if let Some(mut ms) = black_box(self.retry) {
                let (mut digits, mut from) = ([0; 20], 20);
                while from == 20 || ms > 0 {
                    from -= 1;
                    digits[from] = b'0' + (ms % 10) as u8;
                    ms /= 10;
                }
                out.extend_from_slice(b"retry: ");
                out.extend_from_slice(&digits[from..]);
                out.push(b'\n');
            }
            for (name, value) in [("id: ", black_box(self.id)), ("event: ", black_box(self.event))]
            {
                let Some(value) = value else { continue };
                assert!(!value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(value.as_bytes());
                out.push(b'\n');
            }
            let mut rest = data.as_bytes();
            out.extend_from_slice(b"data: ");
            while let Some(end) = memchr::memchr2(b'\r', b'\n', rest) {
                out.extend_from_slice(&rest[..end]);
                out.extend_from_slice(b"\ndata: ");
                let crlf = rest[end..].starts_with(b"\r\n");
                rest = &rest[end + 1 + usize::from(crlf)..];
            }
            out.extend_from_slice(rest);
            out.extend_from_slice(b"\n\n");
        }
        black_box(&*out);
        (written + out.len()) / self.len
    }

    fn axum(&self) -> usize {
        let mut written = 0;
        self.axum_frames(|frame| written += black_box(frame).len());
        written / self.len
    }

    /// The frames of a response's body, polled as a server does that writes them one by one.
    fn axum_frames(&self, mut frame: impl FnMut(&[u8])) {
        let (data, piece) = (Arc::clone(&self.data), self.piece);
        let (event, id, retry) = (self.event, self.id, self.retry);
        let starts = (0..data.len()).step_by(piece);
        let events = starts.map(move |at| {
            let mut made = Event::default();
            if let Some(ms) = black_box(retry) {
                made = made.retry(Duration::from_millis(ms));
            }
            if let Some(id) = black_box(id) {
                made = made.id(id);
            }
            if let Some(event) = black_box(event) {
                made = made.event(event);
            }
            Ok::<_, Infallible>(made.data(&data[at..at + piece]))
        });
        let mut body = Sse::new(stream::iter(events)).into_response().into_body();
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(polled)) = Pin::new(&mut body).poll_frame(&mut context) {
            frame(&polled.unwrap().into_data().unwrap());
        }
    }
}

/// Empties the buffer once it is full, as if written to a socket: the number of bytes that were in
/// it.
fn make_room(out: &mut Vec<u8>) -> usize {
    if out.len() <= ROOM {
        return 0;
    }
    black_box(&*out);
    let len = out.len();
    out.clear();
    len
}

const ROOM: usize = 64 << 10;
