//! The log: an append-only file of events, one JSON text a line.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wirefeed::replay::{Entry, History, Missed};
use wirefeed::sse::Event;

/// A log of events whose ids are 1, 2, and so on.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    /// Where each event ends, after the beginning of the first.
    ends: Vec<u64>,
}

impl Log {
    /// Opens a log, and creates a missing one.
    ///
    /// A killed server may leave an incomplete line. Its event was never sent, and is removed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let (mut reader, mut line, mut ends) = (BufReader::new(&file), Vec::new(), vec![0]);
        loop {
            line.clear();
            let len = reader.read_until(b'\n', &mut line)? as u64;
            let end = ends.last().copied().unwrap_or_default();
            if line.last() != Some(&b'\n') {
                file.set_len(end)?;
                break;
            }
            if event(&line).as_ref().and_then(Entry::id) != Some(&ends.len().to_string()) {
                let words = format!("{}: line {} is not its event", path.display(), ends.len());
                return Err(io::Error::new(io::ErrorKind::InvalidData, words));
            }
            ends.push(end + len);
        }
        Ok(Self { path: path.into(), file, ends })
    }

    /// The id of the newest event; 0 before the first.
    pub(crate) fn newest(&self) -> u64 {
        self.ends.len() as u64 - 1
    }

    /// Appends an event, and returns what to send.
    ///
    /// After that a killed process loses nothing: the system has what was written. A machine that
    /// loses its power would also need `File::sync_data`.
    pub(crate) fn append(&mut self, kind: &str, data: &str) -> io::Result<Entry> {
        let id = (self.newest() + 1).to_string();
        let message = Event { id: Some(&id), event: kind, data, retry: None };
        let event = message.encode().map_err(io::Error::other)?;
        let line = format!("{}\n", json!({"id": id, "type": kind, "data": data}));
        let end = self.ends.last().copied().unwrap_or_default();
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // Remove an incomplete line before the next one is written.
            self.file.set_len(end)?;
            return Err(error);
        }
        self.ends.push(end + line.len() as u64);
        Ok(event)
    }

    /// The events after the one with this number, as far as they are written.
    fn after(&self, last: usize) -> io::Result<impl Iterator<Item = Entry> + use<>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.ends[last]))?;
        let lines = BufReader::new(file).split(b'\n').take(self.ends.len() - 1 - last);
        // Stop at a line that cannot be read: a client would never request it again.
        Ok(lines.map_while(|line| event(&line.ok()?)))
    }
}

impl History for Log {
    fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Entry>> {
        let known = last_event_id.parse().ok().filter(|last| *last < self.ends.len());
        let last = match (last_event_id, known) {
            ("", _) => self.ends.len() - 1,
            (_, Some(last)) => last,
            (_, None) => 0,
        };
        let events = self.after(last).inspect_err(|error| {
            eprintln!("{}: {error}", self.path.display());
        });
        let events = events.into_iter().flatten();
        Missed::new(events, known.is_none() && !last_event_id.is_empty())
    }
}

/// The event of a line.
fn event(line: &[u8]) -> Option<Entry> {
    let row: Value = serde_json::from_slice(line).ok()?;
    let (id, event, data) = (row["id"].as_str()?, row["type"].as_str()?, row["data"].as_str()?);
    Event { id: Some(id), event, data, retry: None }.encode().ok()
}
